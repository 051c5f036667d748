/*
 * A stored login as JSON and as a file: what stored-login.c and login-store.c share. Internal to them; any thread, and
 * what touches files blocks.
 */
#pragma once

#include "account/stored-login.h"
#include "net/json.h"

/* What goes into the keyring: JSON, wiped when freed, with a NUL behind it. */
GBytes *stored_login_secret (const StoredLogin *self);
void stored_login_take_secret (StoredLogin *self, GBytes *secret);
gboolean stored_login_is_whole (const StoredLogin *self, GError **error);

/* login.json, with the secrets unless these are in the keyring. PEOPLE_ERROR_NOT_FOUND: there is none. */
StoredLogin *stored_login_read_file (const char *account, const char *folder, GError **error);
gboolean stored_login_write_file (const StoredLogin *self, GError **error);
