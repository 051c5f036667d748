/*
 * The client file: who the program is to the authorization server, as the Google Cloud console hands it out for a
 * "Desktop app" (client_secret_*.json). A plain value; any thread.
 *
 *   {"installed": {"client_id", "client_secret", "auth_uri", "token_uri", "revoke_uri"?}}
 */
#pragma once

#include <glib.h>

typedef struct {
  char *text;                              /* the whole file, to be remembered; wiped when freed */
  char *id, *secret;                       /* the secret is wiped when freed */
  char *auth_uri, *token_uri, *revoke_uri; /* https, or http on a loopback address */
} ClientFile;

/* PEOPLE_ERROR_AUTH with a sentence that names the file and what is wrong with it: not there, not JSON, of another
 * type (a web client, a service account, a login). */
ClientFile *client_file_load (const char *path, GError **error);
void client_file_free (ClientFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ClientFile, client_file_free)

/* Where logins at token_uri are revoked, when nobody says: Google's own place, else /revoke at the same origin. Transfer
 * full. */
char *client_file_revoke_uri (const char *token_uri);
