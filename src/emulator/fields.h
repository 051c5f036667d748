/*
 * Partial answers: the members that a client wants, as ?fields= has them for all of Google's interfaces:
 *
 *   nextPageToken,connections(resourceName,names/displayName)     fields.names, a/b is a.b, * is every member
 *
 * A list is looked through: what is below it is meant for each of its members.
 */
#pragma once

#include "emulator/json.h"

typedef struct Fields Fields;

/* NULL: text is no such list, or names something at the top that no answer of the API has; *bad is what (transfer
 * full). Members may be in either style, "next_page_token" too. */
Fields *fields_parse (const char *text, char **bad);
void fields_free (Fields *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fields, fields_free)

/* Takes everything else out of value. */
void fields_apply (const Fields *self, cJSON *value);
