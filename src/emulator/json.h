/*
 * cJSON with the manners of GLib: autoptr, calm getters, GString output. The one header of this room that includes
 * cJSON. Getters take NULL and wrong types, and answer NULL or the default.
 */
#pragma once

#include <cjson/cJSON.h>
#include <glib.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (cJSON, cJSON_Delete)

cJSON *json_parse_bytes (GBytes *bytes); /* transfer full; NULL: no JSON */
/* The same of a message of protobuf (proto3's JSON): member names may be in either style, "photo_bytes" or "photoBytes",
 * and become the latter; a member that is null is not there. NULL: no JSON, or no UTF-8. */
cJSON *json_parse_message (GBytes *bytes);
/* "page_size" becomes "pageSize", in place. */
void json_camel_case (char *name);
const char *json_get_string (const cJSON *object, const char *name);
gint64 json_get_int (const cJSON *object, const char *name, gint64 otherwise);
gboolean json_get_bool (const cJSON *object, const char *name);
GBytes *json_to_bytes (const cJSON *value); /* compact text, transfer full */

/* Appends text as a JSON string, quotes included. */
void json_append_quoted (GString *out, const char *text);
char *json_quoted (const char *text); /* transfer full */
