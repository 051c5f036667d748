/* Reading credentials files. */
#define G_LOG_DOMAIN "contactfs"

#include "account/credentials-file.h"

#include <string.h>

#include "account/web-token.h"
#include "net/error.h"
#include "net/http.h"
#include "net/json.h"
#include "net/secret.h"

#define GOOGLE_TOKEN_URI "https://oauth2.googleapis.com/token"
#define JWT_BEARER       "urn:ietf:params:oauth:grant-type:jwt-bearer"

CredentialsFile *
credentials_file_ref (CredentialsFile *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
credentials_file_unref (CredentialsFile *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_free (self->path);
  g_free (self->digest);
  g_free (self->token_uri);
  g_free (self->quota_project);
  g_free (self->client_id);
  secret_free (self->client_secret);
  secret_free (self->refresh_token);
  g_free (self->email);
  g_free (self->subject);
  g_free (self->key_id);
  secret_free (self->private_key);
  g_free (self);
}

/* ---- reading it ---- */

/* What a file is when contactfs cannot use it, and what to do: a sentence's end after the path. */
static const struct {
  const char *type;
  const char *words;
} other_types[] = {
  { "external_account", "is for workload identity federation (external_account), which contactfs does not do: give it "
                        "an authorized_user or a service_account file" },
  { "external_account_authorized_user",
    "is a login of a workforce pool (external_account_authorized_user), which has no contacts: log in with a Google "
    "account instead" },
  { "impersonated_service_account",
    "impersonates a service account (impersonated_service_account), which cannot act for a person: give contactfs the "
    "key file of a service account and --subject EMAIL, or an authorized_user file" },
};

static void
set_type_error (const JsonValue *root, const char *path, GError **error)
{
  const char *type = json_string (root, "type");

  for (gsize i = 0; i < G_N_ELEMENTS (other_types); i++)
    if (g_strcmp0 (type, other_types[i].type) == 0) {
      g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "%s %s", path, other_types[i].words);
      return;
    }
  if (json_member (root, "installed") != NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "%s is a client file, not a login: run `contactfs login --client %s`", path, path);
  else if (json_member (root, "web") != NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "%s is a client file of the type “Web application”, not a login: make a client of the type “Desktop "
                 "app” in the Google Cloud console and run `contactfs login --client` with its file",
                 path);
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "%s does not hold credentials of the type authorized_user or service_account: give contactfs such a "
                 "file or a token command",
                 path);
}

/* The first member that is missing is the one that is told. */
static char *
take_member (const JsonValue *root, const char *name, const CredentialsFile *self, GError **error)
{
  const char *value = json_string (root, name);

  if (value != NULL && value[0] != '\0')
    return g_strdup (value);
  if (*error == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the credentials file %s lacks “%s”: %s", self->path, name,
                 self->service_account ? "make a new key for the service account and download it" : "log in again");
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
                 "the token_uri of %s must be https, or http on this computer itself", path);
  return NULL;
}

/* A header's value: nothing that could end it. */
static char *
take_quota_project (const JsonValue *root)
{
  const char *project = json_string (root, "quota_project_id");

  return project != NULL && secret_is_token (project) ? g_strdup (project) : NULL;
}

static void
read_authorized_user (CredentialsFile *self, const JsonValue *root, const char *subject, GError **error)
{
  self->client_id = take_member (root, "client_id", self, error);
  self->client_secret = take_member (root, "client_secret", self, error);
  self->refresh_token = take_member (root, "refresh_token", self, error);
  if (subject != NULL && *error == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "%s is the login of a person, who cannot act for %s: --subject goes with a service_account file",
                 self->path, subject);
}

/* Acting for itself, a service account has an address book that nobody has ever seen. An empty folder in place of one's
 * contacts looks like a loss, so it must be asked for. */
static void
read_service_account (CredentialsFile *self, const JsonValue *root, const char *subject, GError **error)
{
  self->email = take_member (root, "client_email", self, error);
  self->private_key = take_member (root, "private_key", self, error);
  self->key_id = g_strdup (json_string (root, "private_key_id"));
  self->client_id = g_strdup (json_string (root, "client_id"));
  if (*error != NULL)
    return;
  if (subject == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "%s is a service account, whose own address book is empty: say with --subject EMAIL whose contacts "
                 "are meant (--subject %s, if really its own)",
                 self->path, self->email);
  else if (g_ascii_strcasecmp (subject, self->email) != 0)
    self->subject = g_strdup (subject);
}

static CredentialsFile *
read_file (const char *path, const JsonValue *root, const char *subject, GError **error)
{
  const char *type = json_string (root, "type");
  g_autoptr (CredentialsFile) self = g_new0 (CredentialsFile, 1);
  g_autoptr (GBytes) form = NULL;
  GError *local = NULL;

  g_atomic_ref_count_init (&self->references);
  self->path = g_strdup (path);
  self->service_account = g_strcmp0 (type, "service_account") == 0;
  if (self->service_account)
    read_service_account (self, root, subject, &local);
  else if (g_strcmp0 (type, "authorized_user") == 0)
    read_authorized_user (self, root, subject, &local);
  else
    set_type_error (root, path, &local);
  self->token_uri = take_token_uri (root, path, &local);
  self->quota_project = take_quota_project (root);
  /* A key that cannot sign is told now, not at the first token. */
  form = local == NULL ? credentials_file_form (self, &local) : NULL;
  if (form != NULL)
    return g_steal_pointer (&self);
  g_propagate_error (error, local);
  return NULL;
}

CredentialsFile *
credentials_file_load (const char *path, const char *subject, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr (GError) local = NULL;
  CredentialsFile *self = NULL;
  JsonValue *root;

  if (!g_file_get_contents (path, &text, &length, &local)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the credentials cannot be read: %s", local->message);
    return NULL;
  }
  root = json_parse (text, length, &local);
  if (root != NULL)
    self = read_file (path, root, subject, error);
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the credentials file %s %s", path, local->message);
  if (self != NULL)
    self->digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, (gssize)length);
  json_free_secret (root);
  explicit_bzero (text, length);
  return self;
}

/* ---- using it ---- */

GBytes *
credentials_file_form (const CredentialsFile *self, GError **error)
{
  WebTokenClaims claims = {
    .email = self->email,
    .subject = self->subject,
    .scope = CONTACTS_SCOPE,
    .audience = self->token_uri,
    .key_id = self->key_id,
    .now = g_get_real_time () / G_USEC_PER_SEC,
  };
  char *assertion;
  GBytes *form;

  if (!self->service_account)
    return token_endpoint_form ("grant_type", "refresh_token", "client_id", self->client_id, "client_secret",
                                self->client_secret, "refresh_token", self->refresh_token, NULL);
  assertion = web_token_sign (&claims, self->private_key, error);
  if (assertion == NULL) {
    g_prefix_error (error, "the service account in %s cannot be used: ", self->path);
    return NULL;
  }
  form = token_endpoint_form ("grant_type", JWT_BEARER, "assertion", assertion, NULL);
  secret_free (assertion);
  return form;
}

char *
credentials_file_describe (const CredentialsFile *self)
{
  if (!self->service_account)
    return g_strdup_printf ("authorized_user file %s", self->path);
  if (self->subject == NULL)
    return g_strdup_printf ("service account %s for itself, file %s", self->email, self->path);
  return g_strdup_printf ("service account %s for %s, file %s", self->email, self->subject, self->path);
}
