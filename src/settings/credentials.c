/* The order in which credentials are looked for. */
#define G_LOG_DOMAIN "contactfs"

#include "settings/credentials.h"

#include <gio/gio.h>

#include "account/stored-login.h"
#include "net/error.h"
#include "net/http.h"
#include "net/private-file.h"
#include "people/people.h"
#include "settings/folders.h"

static void
set_file (Credentials *self, const char *path, CredentialsOrigin origin)
{
  self->file = g_canonicalize_filename (path, NULL);
  self->origin = origin;
}

/* Each says whether it has something. */

static gboolean
find_command (Credentials *self, const Options *options)
{
  if (options->token_command != NULL && options->credentials != NULL)
    g_message ("--token-command is used, and --credentials %s is not", options->credentials);
  self->command = g_strdup (options->token_command);
  return self->command != NULL;
}

static gboolean
find_given (Credentials *self, const Options *options)
{
  if (options->credentials != NULL)
    set_file (self, options->credentials, CREDENTIALS_GIVEN);
  return self->file != NULL;
}

static gboolean
find_stored_login (Credentials *self, const Options *options)
{
  g_autofree char *folder = folders_config (options->account);
  if (!stored_login_exists (folder))
    return FALSE;
  self->account = g_strdup (options->account);
  self->folder = g_steal_pointer (&folder);
  return TRUE;
}

static gboolean
find_in_environment (Credentials *self, const Options *options)
{
  const char *named = g_getenv ("GOOGLE_APPLICATION_CREDENTIALS");
  if (named != NULL && named[0] != '\0')
    set_file (self, named, CREDENTIALS_ENVIRONMENT);
  return self->file != NULL;
}

static gboolean
find_of_gcloud (Credentials *self, const Options *options)
{
  const char *config = g_getenv ("CLOUDSDK_CONFIG");
  g_autofree char *folder
      = config != NULL && config[0] != '\0'
            ? g_canonicalize_filename (config, NULL)
            : g_build_filename (g_get_home_dir (), ".config", "gcloud", NULL); /* whatever $XDG_CONFIG_HOME says */
  g_autofree char *path = g_build_filename (folder, "application_default_credentials.json", NULL);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    set_file (self, path, CREDENTIALS_GCLOUD);
  return self->file != NULL;
}

/* The order of docs/google.md. */
static gboolean (*const finders[]) (Credentials *self, const Options *options)
    = { find_command, find_given, find_stored_login, find_in_environment, find_of_gcloud };

/* Where a login comes first, --subject cannot apply, and what comes after the login may be anybody's. */
static gboolean
check_subject (const Credentials *self, GError **error)
{
  if (self->subject == NULL || self->account == NULL)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "--subject goes with a service account, and the account “%s” is logged in as a person: pass the service "
               "account with --credentials FILE, or choose another name with --account NAME",
               self->account);
  return FALSE;
}

Credentials *
credentials_find (const Options *options, GError **error)
{
  g_autoptr (Credentials) self = g_new0 (Credentials, 1);
  self->subject = g_strdup (options->subject);
  for (gsize i = 0; i < G_N_ELEMENTS (finders); i++)
    if (finders[i](self, options))
      return check_subject (self, error) ? g_steal_pointer (&self) : NULL;
  g_autofree char *folder = folders_config (options->account);
  g_autofree char *client = stored_login_client_path (folder);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "there are no credentials for the account “%s”: log in with contactfs login --account %s%s, or pass "
               "--credentials FILE or --token-command CMD",
               options->account, options->account,
               g_file_test (client, G_FILE_TEST_EXISTS)
                   ? ""
                   : " --client FILE (`man contactfs` says under LOGGING IN how to get that file)");
  return NULL;
}

Credentials *
credentials_new_file (const char *file)
{
  Credentials *self = g_new0 (Credentials, 1);
  set_file (self, file, CREDENTIALS_GIVEN);
  return self;
}

void
credentials_free (Credentials *self)
{
  if (self == NULL)
    return;
  g_free (self->command);
  g_free (self->file);
  g_free (self->subject);
  g_free (self->account);
  g_free (self->folder);
  g_free (self);
}

char *
credentials_exposed (const Credentials *self)
{
  g_autofree char *file = self->folder != NULL ? stored_login_path (self->folder) : g_strdup (self->file);
  return file != NULL && private_file_is_exposed (file) ? g_steal_pointer (&file) : NULL;
}

void
credentials_guard_login (const char *folder)
{
  g_autofree char *login = stored_login_path (folder);
  g_autofree char *client = stored_login_client_path (folder);

  if (private_file_mend (login))
    g_message ("others could read %s; it is yours alone again; if somebody may have done so: contactfs logout, which "
               "revokes the login, and contactfs login",
               login);
  if (private_file_mend (client))
    g_message (
        "others could read %s; it is yours alone again; if somebody may have done so, make another client in the "
        "Google Cloud console",
        client);
}

void
credentials_guard (const Credentials *self)
{
  if (self->folder != NULL)
    credentials_guard_login (self->folder);
  g_autofree char *file = credentials_exposed (self);
  if (file != NULL)
    g_message ("others can read %s, which opens the contacts to whoever has it: run chmod 600 %s", file, file);
}

char *
credentials_find_api_url (const Credentials *self, const char *asked, GError **error)
{
  g_autoptr (StoredLogin) login = self->account != NULL ? stored_login_peek (self->account, self->folder, NULL) : NULL;
  if (asked != NULL)
    return g_strdup (asked);
  if (login == NULL || (login->api_url == NULL && http_url_is_google (login->token_uri)))
    return g_strdup (PEOPLE_DEFAULT_API_URL);
  if (login->api_url != NULL)
    return g_strdup (login->api_url);
  g_set_error (
      error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
      "the login of the account “%s” is one of %s, not of Google, and Google is not shown its tokens: say with "
      "--api-url URL which service they are for",
      self->account, login->token_uri);
  return NULL;
}

TokenCache *
credentials_open (const Credentials *self, HttpClient *http, GError **error)
{
  if (self->command != NULL)
    return token_cache_new_command (self->command);
  if (self->account != NULL)
    return token_cache_new_login (http, self->account, self->folder, error);
  return token_cache_new_file (http, self->file, self->origin, self->subject, error);
}
