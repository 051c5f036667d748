/*
 * A stored login as JSON and as a file: what stored-login.c, stored-login-keep.c and stored-login-save.c share. Internal to them; any thread,
 * and what touches files blocks.
 */
#pragma once

#include "google/json.h"
#include "google/stored-login.h"

StoredLogin *stored_login_new_empty (const char *account, const char *folder);

/* place: "keyring" or "file"; NULL: for the keyring itself. Wiped when freed, with a NUL behind it. */
GBytes *stored_login_write (const StoredLogin *self, const char *place, gboolean secrets);
void stored_login_read (StoredLogin *self, const JsonValue *root);
gboolean stored_login_is_whole (const StoredLogin *self, GError **error);

/* PEOPLE_ERROR_NOT_FOUND: there is none. */
StoredLogin *stored_login_read_file (const char *account, const char *folder, GError **error);
gboolean stored_login_write_file (const char *folder, const char *path, const char *text, gsize length, GError **error);
