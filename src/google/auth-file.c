/* Reading authorized_user files. */
#define G_LOG_DOMAIN "contactfs"

#include "google/auth-file.h"

#include <string.h>

#include "google/error.h"
#include "google/grant.h"
#include "google/http.h"
#include "google/json.h"
#include "google/secret.h"

#define GOOGLE_TOKEN_URI "https://oauth2.googleapis.com/token"

AuthorizedUser *
authorized_user_ref (AuthorizedUser *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
authorized_user_unref (AuthorizedUser *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self->path);
  g_free (self->token_uri);
  g_free (self->quota_project);
  secret_free (self->client_id);
  secret_free (self->client_secret);
  secret_free (self->refresh_token);
  g_free (self);
}

static JsonValue *
load_json (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) local = NULL;
  JsonValue *root;

  if (!g_file_get_contents (path, &text, &length, &local)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "The credentials cannot be read: %s", local->message);
    return NULL;
  }
  root = json_parse (text, length, &local);
  explicit_bzero (text, length);
  if (root == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "The credentials file %s %s", path, local->message);
  return root;
}

static gboolean
check_type (const JsonValue *root, const char *path, GError **error)
{
  const char *type = json_string (root, "type");

  if (g_strcmp0 (type, "authorized_user") == 0)
    return TRUE;
  if (g_strcmp0 (type, "service_account") == 0)
    g_set_error (
        error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "%s is a service_account file, which this contactfs cannot use yet: give it an authorized_user file or a "
        "token command",
        path);
  else if (json_member (root, "installed") != NULL || json_member (root, "web") != NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "%s is a client file, not a login: run 'contactfs login --client %s'", path, path);
  else
    g_set_error (
        error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "%s does not hold credentials of the type authorized_user: give contactfs such a file or a token command",
        path);
  return FALSE;
}

static char *
take_member (const JsonValue *root, const char *name, const char *path, GError **error)
{
  const char *value = json_string (root, name);

  if (value != NULL && value[0] != '\0')
    return g_strdup (value);
  if (error != NULL && *error == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "The credentials file %s lacks '%s': log in again", path,
                 name);
  return NULL;
}

static char *
take_token_uri (const JsonValue *root, const char *path, GError **error)
{
  const char *uri = json_string (root, "token_uri");

  if (uri == NULL)
    uri = GOOGLE_TOKEN_URI;
  if (http_url_allowed (uri))
    return g_strdup (uri);
  if (*error == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "The token_uri of %s must be https, or http on this computer itself", path);
  return NULL;
}

/* A header's value: nothing that could end it. */
static char *
take_quota_project (const JsonValue *root)
{
  const char *project = json_string (root, "quota_project_id");

  return project != NULL && secret_is_token (project) ? g_strdup (project) : NULL;
}

AuthorizedUser *
authorized_user_load (const char *path, GError **error)
{
  GError *local = NULL;
  JsonValue *root = load_json (path, error);
  AuthorizedUser *self;

  if (root == NULL)
    return NULL;
  if (!check_type (root, path, error)) {
    json_free_secret (root);
    return NULL;
  }
  self = g_new0 (AuthorizedUser, 1);
  g_atomic_ref_count_init (&self->references);
  self->path = g_strdup (path);
  self->client_id = take_member (root, "client_id", path, &local);
  self->client_secret = take_member (root, "client_secret", path, &local);
  self->refresh_token = take_member (root, "refresh_token", path, &local);
  self->token_uri = take_token_uri (root, path, &local);
  self->quota_project = take_quota_project (root);
  json_free_secret (root);
  if (local != NULL) {
    g_propagate_error (error, local);
    g_clear_pointer (&self, authorized_user_unref);
  }
  return self;
}

GBytes *
authorized_user_grant (const AuthorizedUser *self)
{
  return grant_form ("grant_type", "refresh_token", "client_id", self->client_id, "client_secret", self->client_secret,
                     "refresh_token", self->refresh_token, NULL);
}
