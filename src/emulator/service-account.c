/* The claims of a service account, checked in the order in which Google finds fault with them. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/service-account.h"

#include <gio/gio.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "emulator/base64.h"
#include "emulator/clock.h"
#include "emulator/json.h"
#include "emulator/oauth.h"
#include "emulator/secret.h"

#define EMAIL     "robot@people-emulator.iam.gserviceaccount.com"
#define CLIENT_ID "104242424242424242424"
#define KEY_BITS  2048
#define LONGEST   3600 /* seconds */
#define SKEW      300

struct ServiceAccount {
  gnutls_pubkey_t public_key;
  char *private_key; /* PEM */
  char *key_id;
  char *token_uri;
  gboolean delegated;
};

static gboolean
succeeded (int code, GError **error)
{
  if (code < 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the key of the service account: %s", gnutls_strerror (code));
  return code >= 0;
}

static gboolean
make_keys (ServiceAccount *self, gnutls_x509_privkey_t key, GError **error)
{
  gnutls_datum_t pem = { NULL, 0 };
  guint8 id[20];
  gsize size = sizeof id;

  if (!succeeded (gnutls_x509_privkey_generate (key, GNUTLS_PK_RSA, KEY_BITS, 0), error)
      || !succeeded (gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem),
                     error))
    return FALSE;
  self->private_key = g_strndup ((const char *)pem.data, pem.size);
  gnutls_free (pem.data);
  if (!succeeded (gnutls_x509_privkey_get_key_id (key, 0, id, &size), error))
    return FALSE;
  self->key_id = g_compute_checksum_for_data (G_CHECKSUM_SHA1, id, size);
  return TRUE;
}

static gboolean
take_public_key (ServiceAccount *self, gnutls_x509_privkey_t key, GError **error)
{
  gnutls_privkey_t abstract = NULL;
  gboolean fine = succeeded (gnutls_privkey_init (&abstract), error)
                  && succeeded (gnutls_privkey_import_x509 (abstract, key, 0), error)
                  && succeeded (gnutls_pubkey_init (&self->public_key), error)
                  && succeeded (gnutls_pubkey_import_privkey (self->public_key, abstract, 0, 0), error);

  gnutls_privkey_deinit (abstract);
  return fine;
}

ServiceAccount *
service_account_new (const char *token_uri, GError **error)
{
  g_autoptr (ServiceAccount) self = g_new0 (ServiceAccount, 1);
  gnutls_x509_privkey_t key = NULL;
  gboolean made = succeeded (gnutls_x509_privkey_init (&key), error) && make_keys (self, key, error)
                  && take_public_key (self, key, error);

  gnutls_x509_privkey_deinit (key);
  self->token_uri = g_strdup (token_uri);
  self->delegated = TRUE;
  return made ? g_steal_pointer (&self) : NULL;
}

void
service_account_free (ServiceAccount *self)
{
  if (self == NULL)
    return;
  if (self->public_key != NULL)
    gnutls_pubkey_deinit (self->public_key);
  g_free (self->private_key);
  g_free (self->key_id);
  g_free (self->token_uri);
  g_free (self);
}

gboolean
service_account_write (const ServiceAccount *self, const char *path, GError **error)
{
  g_autoptr (cJSON) object = cJSON_CreateObject ();
  g_autoptr (GBytes) bytes = NULL;

  cJSON_AddStringToObject (object, "type", "service_account");
  cJSON_AddStringToObject (object, "project_id", "people-emulator");
  cJSON_AddStringToObject (object, "private_key_id", self->key_id);
  cJSON_AddStringToObject (object, "private_key", self->private_key);
  cJSON_AddStringToObject (object, "client_email", EMAIL);
  cJSON_AddStringToObject (object, "client_id", CLIENT_ID);
  cJSON_AddStringToObject (object, "token_uri", self->token_uri);
  cJSON_AddStringToObject (object, "universe_domain", "googleapis.com");
  bytes = json_to_bytes (object);
  return secret_write_bytes (bytes, path, error);
}

void
service_account_set_delegated (ServiceAccount *self, gboolean delegated)
{
  self->delegated = delegated;
}

/* ---- checking ---- */

static cJSON *
decode_object (const char *text)
{
  g_autoptr (GBytes) bytes = base64_decode (text);
  cJSON *object = json_parse_bytes (bytes);

  if (cJSON_IsObject (object))
    return object;
  cJSON_Delete (object);
  return NULL;
}

static gboolean
is_signed (const ServiceAccount *self, const cJSON *header, const char *assertion, const char *signature)
{
  g_autoptr (GBytes) bytes = base64_decode (signature);
  gsize size = 0;
  gconstpointer bits = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  gnutls_datum_t data = { (unsigned char *)assertion, (unsigned int)(signature - 1 - assertion) };
  gnutls_datum_t given = { (unsigned char *)bits, (unsigned int)size };
  const char *key_id = json_get_string (header, "kid");

  return bits != NULL && g_strcmp0 (json_get_string (header, "alg"), "RS256") == 0
         && (key_id == NULL || g_str_equal (key_id, self->key_id))
         && gnutls_pubkey_verify_data2 (self->public_key, GNUTLS_SIGN_RSA_SHA256, 0, &data, &given) >= 0;
}

static gboolean
is_timely (const cJSON *claims)
{
  gint64 now = clock_now () / G_USEC_PER_SEC;
  gint64 issued = json_get_int (claims, "iat", 0), expires = json_get_int (claims, "exp", 0);

  return issued <= now + SKEW && expires > now && expires > issued && expires - issued <= LONGEST;
}

static gboolean
asks_for_contacts (const char *scope)
{
  g_auto (GStrv) words = g_strsplit (scope, " ", -1);

  for (char **word = words; *word != NULL; word++)
    if (!g_str_equal (*word, OAUTH_SCOPE_CONTACTS) && !g_str_equal (*word, OAUTH_SCOPE_CONTACTS_READ))
      return FALSE;
  return TRUE;
}

/* Google's library for Python names Google's token endpoint, whichever the key file names. */
static gboolean
is_for_us (const ServiceAccount *self, const char *audience)
{
  return g_strcmp0 (audience, self->token_uri) == 0 || g_strcmp0 (audience, "https://oauth2.googleapis.com/token") == 0;
}

static ServiceAccountVerdict
refusal (guint status, const char *error, const char *description)
{
  return (ServiceAccountVerdict){ .status = status, .error = error, .description = description };
}

static ServiceAccountVerdict
check_claims (const ServiceAccount *self, const cJSON *claims)
{
  const char *subject = json_get_string (claims, "sub");
  const char *scope = json_get_string (claims, "scope");

  if (!is_timely (claims))
    return refusal (400, "invalid_grant",
                    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check "
                    "your iat and exp values in the JWT claim.");
  if (!is_for_us (self, json_get_string (claims, "aud")))
    return refusal (400, "invalid_grant", "Invalid JWT: Failed audience check.");
  if (scope == NULL || *scope == '\0')
    return refusal (400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.");
  if (subject != NULL && (!g_str_has_suffix (subject, "@example.com") || g_str_has_prefix (subject, "nobody@")))
    return refusal (400, "invalid_grant", "Invalid email or User ID");
  if (subject != NULL && (!self->delegated || !asks_for_contacts (scope)))
    return refusal (401, "unauthorized_client",
                    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for "
                    "any of the scopes requested.");
  return (ServiceAccountVerdict){ .status = 200, .scope = g_strdup (scope) };
}

ServiceAccountVerdict
service_account_check (const ServiceAccount *self, const char *assertion)
{
  g_auto (GStrv) parts = g_strsplit (assertion != NULL ? assertion : "", ".", -1);
  gboolean whole = g_strv_length (parts) == 3;
  g_autoptr (cJSON) header = whole ? decode_object (parts[0]) : NULL;
  g_autoptr (cJSON) claims = whole ? decode_object (parts[1]) : NULL;

  if (assertion == NULL)
    return refusal (400, "invalid_request", "Missing required parameter: assertion");
  if (header == NULL || claims == NULL)
    return refusal (400, "invalid_grant", "Bad Request");
  if (self == NULL || g_strcmp0 (json_get_string (claims, "iss"), EMAIL) != 0)
    return refusal (400, "invalid_grant", "Invalid grant: account not found");
  if (!is_signed (self, header, assertion, strrchr (assertion, '.') + 1))
    return refusal (400, "invalid_grant", "Invalid JWT Signature.");
  return check_claims (self, claims);
}
