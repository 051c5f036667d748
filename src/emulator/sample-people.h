/*
 * The people that a new address book starts with.
 */
#pragma once

#include "emulator/model.h"
#include "emulator/options.h"

/* account: whose they are. */
void demo_people_load (Model *model, const char *account);
/* count people, always the same ones, named apart from each other. */
void synthetic_people_load (Model *model, const char *account, int count, PhotosOption photos);

/* For both: the entries of a field, for person_state_set_field (). "value":"…" and, if not NULL, "type":"…". */
char **sample_value (const char *value, const char *type);
char **sample_entry (char *entry); /* takes entry; NULL: none */
/* face: any word; another word, another face. PHOTO_PROFILE links a profile. */
/* In myContacts, as everybody is, and in that group as well unless it is NULL. */
char **sample_memberships (const char *group);
void sample_photo (PersonState *state, PhotoKind kind, const char *face);
