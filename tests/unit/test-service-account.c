/* Service accounts: what is sent for them, checked with openssl, and what is refused. */
#include <cjson/cJSON.h>
#include <string.h>

#include "net/error.h"
#include "net/retry.h"
#include "token.h"

#define ROBOT "robot@project.iam.gserviceaccount.com"

static char *keys; /* a folder with key pairs, made once */

static char *
read_key (const char *name)
{
  g_autofree char *path = g_build_filename (keys, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static cJSON *
robot (const char *key)
{
  cJSON *json = cJSON_CreateObject ();
  g_autofree char *pem = read_key (key);

  cJSON_AddStringToObject (json, "type", "service_account");
  cJSON_AddStringToObject (json, "client_email", ROBOT);
  cJSON_AddStringToObject (json, "client_id", "1042");
  cJSON_AddStringToObject (json, "private_key_id", "key-1");
  cJSON_AddStringToObject (json, "private_key", pem);
  return json;
}

static void run (const char *format, ...) G_GNUC_PRINTF (1, 2);

static void
run (const char *format, ...)
{
  va_list arguments;
  g_autofree char *command = NULL;
  g_autofree char *errors = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  va_start (arguments, format);
  command = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_spawn_command_line_sync (command, NULL, &errors, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s: %s", command, errors);
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
make_keys (void)
{
  keys = g_dir_make_tmp ("contactfs-keys-XXXXXX", NULL);
  run ("openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out %s/good", keys);
  run ("openssl pkey -in %s/good -pubout -out %s/public", keys, keys);
  run ("openssl pkcs8 -topk8 -in %s/good -passout pass:x -out %s/encrypted", keys, keys);
  run ("openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/elliptic", keys);
  run ("sh -c 'head -n 5 %s/good > %s/cut'", keys, keys);
}

static guchar *
decode (const char *text, gsize *size)
{
  g_autofree char *padded = g_strconcat (text, "===", NULL);

  g_strdelimit (g_strdelimit (padded, "-", '+'), "_", '/');
  padded[(strlen (text) + 3) / 4 * 4] = '\0';
  return g_base64_decode (padded, size);
}

static cJSON *
decode_json (const char *text)
{
  gsize size;
  g_autofree guchar *bytes = decode (text, &size);
  cJSON *json = cJSON_ParseWithLength ((const char *)bytes, size);

  g_assert_nonnull (json);
  return json;
}

static void
save (const char *name, const void *bytes, gsize size)
{
  g_autofree char *path = g_build_filename (keys, name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, (gssize)size, NULL));
}

/* The claims of the last grant, whose signature is right. */
static cJSON *
read_claims (TokenFixture *f)
{
  const Seen *seen = script_server_seen (f->server, script_server_count (f->server) - 1);
  const char *start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  gsize size;
  const char *form = g_bytes_get_data (seen->body, &size);
  g_autofree char *text = g_strndup (form, size);
  g_auto (GStrv) parts = NULL;
  g_autofree char *signed_text = NULL;
  g_autofree guchar *signature = NULL;
  cJSON *header;

  g_assert_true (g_str_has_prefix (text, start));
  parts = g_strsplit (text + strlen (start), ".", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  signed_text = g_strconcat (parts[0], ".", parts[1], NULL);
  save ("signed", signed_text, strlen (signed_text));
  signature = decode (parts[2], &size);
  save ("signature", signature, size);
  run ("openssl dgst -sha256 -out /dev/null -verify %s/public -signature %s/signature %s/signed", keys, keys, keys);
  header = decode_json (parts[0]);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (header, "alg")), ==, "RS256");
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (header, "kid")), ==, "key-1");
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (header, "typ")), ==, "JWT");
  cJSON_Delete (header);
  return decode_json (parts[1]);
}

static void
test_service_account (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = NULL;
  g_autofree char *uri = script_server_url (f->server, "/token");
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  cJSON *claims;
  double issued;

  token_write_json (f, robot ("good"));
  token_cache = token_open_as (f, CREDENTIALS_ENVIRONMENT, "alice@example.com");
  g_assert_cmpuint (script_server_count (f->server), ==, 0);
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
  claims = read_claims (f);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "iss")), ==, ROBOT);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "sub")), ==, "alice@example.com");
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "aud")), ==, uri);
  g_assert_cmpstr (cJSON_GetStringValue (cJSON_GetObjectItem (claims, "scope")), ==, CONTACTS_SCOPE);
  issued = cJSON_GetNumberValue (cJSON_GetObjectItem (claims, "iat"));
  g_assert_cmpfloat (issued, <, (double)now);
  g_assert_cmpfloat (issued, >, (double)now - 60);
  g_assert_cmpfloat (cJSON_GetNumberValue (cJSON_GetObjectItem (claims, "exp")), ==, issued + 3600);
  cJSON_Delete (claims);
  g_test_message ("%s", token_cache_describe (token_cache));
  g_assert_nonnull (strstr (token_cache_describe (token_cache), "service account " ROBOT " for alice@example.com"));
  g_assert_nonnull (strstr (token_cache_describe (token_cache), "GOOGLE_APPLICATION_CREDENTIALS"));
}

static void
test_service_account_for_itself (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = NULL;
  cJSON *claims;

  token_write_json (f, robot ("good"));
  token_cache = token_open_as (f, CREDENTIALS_GIVEN, ROBOT);
  script_json (f->server, 200, GOOD);
  token_assert (token_cache, "tok");
  claims = read_claims (f);
  g_assert_false (cJSON_HasObjectItem (claims, "sub"));
  cJSON_Delete (claims);
}

static void
test_subjects (TokenFixture *f, gconstpointer data)
{
  token_write_json (f, robot ("good"));
  token_assert_no_file (f, NULL, "--subject EMAIL");
  token_write_json (f, token_user_json ("r"));
  token_assert_no_file (f, "alice@example.com", "--subject goes with a service_account");
}

static void
test_bad_keys (TokenFixture *f, gconstpointer data)
{
  const char *const names[] = { "public", "encrypted", "elliptic", "cut" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    token_write_json (f, robot (names[i]));
    token_assert_no_file (f, "alice@example.com", "private_key");
  }
}

static void
test_service_account_refused (TokenFixture *f, gconstpointer data)
{
  const struct {
    guint status;
    const char *error, *description;
    const char *says[3];
  } cases[] = {
    { 401,
      "unauthorized_client",
      "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the "
      "scopes requested.",
      { "admin.google.com", "1042", CONTACTS_SCOPE } },
    { 400,
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and "
      "exp values in the JWT claim.",
      { "clock", "timedatectl", ROBOT } },
    { 400, "invalid_grant", "Invalid JWT Signature.", { "key-1", "new key", "Service accounts" } },
    { 400, "invalid_grant", "Invalid email or User ID", { "alice@example.com", "--subject", ROBOT } },
    { 400, "invalid_grant", "Invalid grant: account not found", { "account not found", ROBOT, "Service accounts" } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (TokenCache) token_cache = NULL;
    g_autofree char *body
        = g_strdup_printf ("{\"error\":\"%s\",\"error_description\":\"%s\"}", cases[i].error, cases[i].description);

    token_write_json (f, robot ("good"));
    token_cache = token_open_as (f, CREDENTIALS_GIVEN, "alice@example.com");
    script_json (f->server, cases[i].status, body);
    for (guint k = 0; k < G_N_ELEMENTS (cases[i].says); k++)
      token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, cases[i].says[k]);
    g_assert_cmpuint (script_server_count (f->server), ==, i + 1); /* not asked again within the minute */
  }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  make_keys ();
  TOKEN_TEST ("/service-account/service-account", test_service_account);
  TOKEN_TEST ("/service-account/service-account-for-itself", test_service_account_for_itself);
  TOKEN_TEST ("/service-account/subjects", test_subjects);
  TOKEN_TEST ("/service-account/bad-keys", test_bad_keys);
  TOKEN_TEST ("/service-account/service-account-refused", test_service_account_refused);
  status = g_test_run ();
  run ("rm -r %s", keys);
  g_free (keys);
  return status;
}
