/* Numbers, names of contacts, and ID tokens. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/account.h"

#include <string.h>

#include "emulator/base64.h"
#include "emulator/clock.h"
#include "emulator/json.h"

#define ID_TOKEN_LIFETIME 3600

/* So many decimal digits that follow from the address. */
static char *
digits_of (const char *account, gsize length)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, account, -1);
  char *digits = g_strndup (sum, length);

  for (char *c = digits; *c != '\0'; c++)
    *c = (char)('0' + g_ascii_xdigit_value (*c) % 10);
  return digits;
}

char *
account_number (const char *account)
{
  g_autofree char *digits = digits_of (account, 20);

  return g_strconcat ("1", digits, NULL);
}

char *
account_contact_name (const char *account, guint64 n)
{
  g_autofree char *digits = g_str_equal (account, ACCOUNT_DEFAULT) ? g_strdup ("") : digits_of (account, 10);

  return g_strdup_printf ("people/c%s%" G_GUINT64_FORMAT, digits, n);
}

static char *
encode_object (const cJSON *object)
{
  g_autoptr (GBytes) bytes = json_to_bytes (object);

  return base64_encode_url (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static char *
sign (const char *text, const char *secret)
{
  g_autoptr (GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA256, (const guchar *)secret, strlen (secret));
  guint8 digest[32];
  gsize size = sizeof digest;

  g_hmac_update (hmac, (const guchar *)text, -1);
  g_hmac_get_digest (hmac, digest, &size);
  return base64_encode_url (digest, size);
}

char *
account_id_token (const char *account, gboolean with_email, const char *issuer, const char *client_id,
                  const char *client_secret)
{
  g_autofree char *number = account_number (account);
  gint64 now = clock_now () / G_USEC_PER_SEC;
  g_autoptr (cJSON) header = cJSON_CreateObject ();
  g_autoptr (cJSON) claims = cJSON_CreateObject ();
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;
  g_autofree char *text = NULL;
  g_autofree char *signature = NULL;

  cJSON_AddStringToObject (header, "alg", "HS256");
  cJSON_AddStringToObject (header, "typ", "JWT");
  cJSON_AddStringToObject (claims, "iss", issuer);
  cJSON_AddStringToObject (claims, "azp", client_id);
  cJSON_AddStringToObject (claims, "aud", client_id);
  cJSON_AddStringToObject (claims, "sub", number);
  if (with_email) {
    cJSON_AddStringToObject (claims, "email", account);
    cJSON_AddBoolToObject (claims, "email_verified", TRUE);
  }
  cJSON_AddNumberToObject (claims, "iat", (double)now);
  cJSON_AddNumberToObject (claims, "exp", (double)(now + ID_TOKEN_LIFETIME));
  first = encode_object (header);
  second = encode_object (claims);
  text = g_strconcat (first, ".", second, NULL);
  signature = sign (text, client_secret);
  return g_strconcat (text, ".", signature, NULL);
}
