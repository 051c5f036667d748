/* The value, its JSON, and its file. Where the secrets are is in login-store.c. */
#define G_LOG_DOMAIN "contactfs"

#include "account/stored-login.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "account/stored-login-file.h"
#include "net/error.h"
#include "net/http.h"
#include "net/private-file.h"
#include "net/secret.h"

/* ---- the value ---- */

StoredLogin *
stored_login_ref (StoredLogin *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
stored_login_unref (StoredLogin *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self->account);
  g_free (self->folder);
  g_free (self->obtained);
  g_free (self->generation);
  identity_free (self->identity);
  g_free (self->api_url);
  secret_free (self->refresh_token);
  secret_free (self->client_id);
  secret_free (self->client_secret);
  g_free (self->token_uri);
  g_free (self->revoke_uri);
  g_free (self->scope);
  g_free (self);
}

static StoredLogin *
stored_login_new_empty (const char *account, const char *folder)
{
  StoredLogin *self = g_new0 (StoredLogin, 1);

  g_atomic_ref_count_init (&self->references);
  self->account = g_strdup (account);
  self->folder = g_strdup (folder);
  return self;
}

StoredLogin *
stored_login_new (const char *account, const char *folder, const ClientFile *client, const TokenResponse *response,
                  const char *api_url)
{
  StoredLogin *self = stored_login_new_empty (account, folder);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  self->obtained = g_date_time_format_iso8601 (now);
  self->generation = g_uuid_string_random ();
  self->identity = identity_copy (response->identity);
  self->api_url = g_strdup (api_url);
  self->refresh_token = g_strdup (response->refresh_token);
  self->client_id = g_strdup (client->id);
  self->client_secret = g_strdup (client->secret);
  self->token_uri = g_strdup (client->token_uri);
  self->revoke_uri = g_strdup (client->revoke_uri);
  self->scope = g_strdup (response->scope);
  return self;
}

char *
stored_login_command (const char *account)
{
  return g_strdup_printf ("contactfs login --account %s", account);
}

/* ---- JSON ---- */

GBytes *
stored_login_secret (const StoredLogin *self)
{
  return json_write_secret ("client_id", self->client_id, "client_secret", self->client_secret, "refresh_token",
                            self->refresh_token, NULL);
}

static GBytes *
write_json (const StoredLogin *self)
{
  gboolean secrets = !self->in_keyring;
  const Identity *who = self->identity;

  return json_write_secret ("place", self->in_keyring ? "keyring" : "file", "obtained", self->obtained, "generation",
                            self->generation, "id", who != NULL ? who->id : NULL, "email",
                            who != NULL ? who->email : NULL, "api_url", self->api_url, "scope", self->scope,
                            "token_uri", self->token_uri, "revoke_uri", self->revoke_uri, "client_id",
                            secrets ? self->client_id : NULL, "client_secret", secrets ? self->client_secret : NULL,
                            "refresh_token", secrets ? self->refresh_token : NULL, NULL);
}

static void
take (char **member, const JsonValue *root, const char *name)
{
  secret_free (*member);
  *member = g_strdup (json_string (root, name));
}

static void
take_secrets (StoredLogin *self, const JsonValue *root)
{
  take (&self->client_id, root, "client_id");
  take (&self->client_secret, root, "client_secret");
  take (&self->refresh_token, root, "refresh_token");
}

void
stored_login_take_secret (StoredLogin *self, GBytes *secret)
{
  JsonValue *root = json_parse_bytes (secret, NULL);

  take_secrets (self, root);
  json_free_secret (root);
}

static void
read_json (StoredLogin *self, const JsonValue *root)
{
  const char *id = json_string (root, "id");

  self->in_keyring = g_strcmp0 (json_string (root, "place"), "keyring") == 0;
  self->identity = id != NULL ? identity_new (id, json_string (root, "email")) : NULL;
  take (&self->obtained, root, "obtained");
  take (&self->generation, root, "generation");
  take (&self->api_url, root, "api_url");
  take (&self->scope, root, "scope");
  take (&self->token_uri, root, "token_uri");
  take (&self->revoke_uri, root, "revoke_uri");
  take_secrets (self, root);
}

gboolean
stored_login_is_whole (const StoredLogin *self, GError **error)
{
  g_autofree char *command = NULL;

  if (self->generation != NULL && self->refresh_token != NULL && self->client_id != NULL && self->client_secret != NULL
      && self->token_uri != NULL && self->revoke_uri != NULL && http_url_allowed (self->token_uri)
      && http_url_allowed (self->revoke_uri))
    return TRUE;
  command = stored_login_command (self->account);
  g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
               "the stored login of the account “%s” is damaged: log in again: %s", self->account, command);
  return FALSE;
}

/* ---- its file ---- */

char *
stored_login_path (const char *folder)
{
  return g_build_filename (folder, "login.json", NULL);
}

char *
stored_login_client_path (const char *folder)
{
  return g_build_filename (folder, "client.json", NULL);
}

gboolean
stored_login_exists (const char *folder)
{
  g_autofree char *path = stored_login_path (folder);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static JsonValue *
load_json (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  JsonValue *root;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  root = json_parse (text, length, error);
  explicit_bzero (text, length);
  return root;
}

StoredLogin *
stored_login_read_file (const char *account, const char *folder, GError **error)
{
  g_autofree char *path = stored_login_path (folder), *command = stored_login_command (account);
  g_autoptr (GError) local = NULL;
  JsonValue *root = load_json (path, &local);
  StoredLogin *self;

  if (root == NULL) {
    if (g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND, "no login is stored for the account “%s”: log in: %s",
                   account, command);
    else
      g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                   "the stored login of the account “%s” cannot be read (%s: %s): log in again: %s", account, path,
                   local->message, command);
    return NULL;
  }
  self = stored_login_new_empty (account, folder);
  read_json (self, root);
  json_free_secret (root);
  return self;
}

StoredLogin *
stored_login_peek (const char *account, const char *folder, GError **error)
{
  g_autoptr (GError) local = NULL;
  StoredLogin *self = stored_login_read_file (account, folder, &local);

  if (self != NULL) {
    g_clear_pointer (&self->refresh_token, secret_free);
    g_clear_pointer (&self->client_secret, secret_free);
  } else if (!g_error_matches (local, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND)) {
    g_propagate_error (error, g_steal_pointer (&local));
  }
  return self;
}

/* Whole or not at all, and on the disk before we go on. */
static gboolean
write_text (const char *folder, const char *path, const char *text, gsize length, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (g_mkdir_with_parents (folder, 0700) != 0 || g_chmod (folder, 0700) != 0)
    g_set_error (&local, G_FILE_ERROR, (int)g_file_error_from_errno (errno), "%s: %s", folder, g_strerror (errno));
  else if (private_file_write (path, text, length, &local))
    return TRUE;
  g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "%s", local->message);
  return FALSE;
}

gboolean
stored_login_write_file (const StoredLogin *self, GError **error)
{
  g_autofree char *path = stored_login_path (self->folder);
  g_autoptr (GBytes) json = write_json (self);
  gsize size;
  const char *text = g_bytes_get_data (json, &size);

  if (write_text (self->folder, path, text, size, error))
    return TRUE;
  g_prefix_error_literal (error, "the login cannot be kept: ");
  return FALSE;
}

gboolean
stored_login_keep_client (const char *folder, const ClientFile *client, GError **error)
{
  g_autofree char *path = stored_login_client_path (folder);

  return write_text (folder, path, client->text, strlen (client->text), error);
}
