/* Reading client files. */
#define G_LOG_DOMAIN "contactfs"

#include "account/client-file.h"

#include <gio/gio.h>
#include <string.h>

#include "net/error.h"
#include "net/http.h"
#include "net/json.h"
#include "net/secret.h"

#define GOOGLE_TOKEN_URI  "https://oauth2.googleapis.com/token"
#define GOOGLE_REVOKE_URI "https://oauth2.googleapis.com/revoke"

void
client_file_free (ClientFile *self)
{
  if (self == NULL)
    return;
  secret_free (self->text);
  secret_free (self->secret);
  g_free (self->id);
  g_free (self->auth_uri);
  g_free (self->token_uri);
  g_free (self->revoke_uri);
  g_free (self);
}

static gboolean refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_propagate_error (error, g_error_new_valist (PEOPLE_ERROR, PEOPLE_ERROR_AUTH, format, arguments));
  va_end (arguments);
  return FALSE;
}

static gboolean
check_type (const JsonValue *root, const char *path, GError **error)
{
  const char *type = json_string (root, "type");

  if (json_is_object (json_member (root, "installed")))
    return TRUE;
  if (json_member (root, "web") != NULL)
    return refuse (error,
                   "%s is the client of a web application, and logging in here needs one of the type “Desktop app”: "
                   "make one in the Google Cloud console (`man contactfs`, LOGGING IN)",
                   path);
  if (g_strcmp0 (type, "service_account") == 0)
    return refuse (error,
                   "%s is the key of a service account, which nobody logs in with: use it as it is, with contactfs "
                   "mount --credentials %s --subject EMAIL",
                   path, path);
  if (g_strcmp0 (type, "authorized_user") == 0)
    return refuse (error,
                   "%s is a login already, not a client file: use it as it is, with contactfs mount --credentials %s",
                   path, path);
  return refuse (
      error,
      "%s is not a client file: download the one of a client of the type “Desktop app” from the Google Cloud "
      "console (`man contactfs`, LOGGING IN)",
      path);
}

static char *
take_text (const JsonValue *client, const char *name, const char *path, GError **error)
{
  const char *value = json_string (client, name);

  if (value != NULL && value[0] != '\0')
    return g_strdup (value);
  if (*error == NULL)
    refuse (error, "the client file %s lacks “%s”: download it again from the Google Cloud console", path, name);
  return NULL;
}

static char *
take_uri (const JsonValue *client, const char *name, const char *path, GError **error)
{
  char *uri = take_text (client, name, path, error);

  if (uri != NULL && *error == NULL && !http_url_allowed (uri))
    refuse (error, "the %s of the client file %s must be https, or http on this computer itself", name, path);
  return uri;
}

char *
client_file_revoke_uri (const char *token_uri)
{
  g_autoptr (GUri) uri = g_uri_parse (token_uri, G_URI_FLAGS_ENCODED, NULL);

  if (uri == NULL || g_str_equal (token_uri, GOOGLE_TOKEN_URI))
    return g_strdup (GOOGLE_REVOKE_URI);
  return g_uri_join (G_URI_FLAGS_ENCODED, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                     "/revoke", NULL, NULL);
}

static ClientFile *
read_client (const JsonValue *root, const char *path, GError **error)
{
  const JsonValue *client = json_member (root, "installed");
  g_autoptr (ClientFile) self = g_new0 (ClientFile, 1);
  GError *local = NULL;

  if (!check_type (root, path, error))
    return NULL;
  self->id = take_text (client, "client_id", path, &local);
  self->secret = take_text (client, "client_secret", path, &local);
  self->auth_uri = take_uri (client, "auth_uri", path, &local);
  self->token_uri = take_uri (client, "token_uri", path, &local);
  if (json_member (client, "revoke_uri") != NULL)
    self->revoke_uri = take_uri (client, "revoke_uri", path, &local);
  else if (self->token_uri != NULL)
    self->revoke_uri = client_file_revoke_uri (self->token_uri);
  if (local == NULL)
    return g_steal_pointer (&self);
  g_propagate_error (error, local);
  return NULL;
}

ClientFile *
client_file_load (const char *path, GError **error)
{
  g_autoptr (GError) local = NULL;
  ClientFile *self = NULL;
  JsonValue *root;
  char *text;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &local)) {
    refuse (error, "the client file cannot be read: %s", local->message);
    return NULL;
  }
  root = json_parse (text, length, NULL);
  if (root == NULL)
    refuse (error, "%s is not JSON, so it is no client file: download it again from the Google Cloud console", path);
  else
    self = read_client (root, path, error);
  json_free_secret (root);
  if (self != NULL)
    self->text = text;
  else
    secret_free (text);
  return self;
}
