/*
 * An authorized_user file as a value. Internal to src/google; any thread.
 */
#pragma once

#include <glib.h>

typedef struct {
  gatomicrefcount references;
  char *path;
  char *token_uri;
  char *quota_project;                             /* or NULL */
  char *client_id, *client_secret, *refresh_token; /* wiped when freed */
} AuthorizedUser;

/* PEOPLE_ERROR_AUTH with a sentence that names the file. */
AuthorizedUser *authorized_user_load (const char *path, GError **error);
AuthorizedUser *authorized_user_ref (AuthorizedUser *self);
void authorized_user_unref (AuthorizedUser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AuthorizedUser, authorized_user_unref)

/* The refresh grant of RFC 6749 section 6 as a form; wiped when freed. */
GBytes *authorized_user_grant (const AuthorizedUser *self);
