/* Tokens: from a command, from a refresh grant, shared, renewed, refused. */
#include <string.h>

#include "account/token-cache.h"
#include "net/error.h"
#include "net/retry.h"
#include "net/secret.h"
#include "script-server.h"
#include "token.h"

static TokenCache *
refresher (TokenFixture *f)
{
  g_autofree char *uri = script_server_url (f->server, "/token");
  g_autofree char *json
      = g_strdup_printf ("{\"type\":\"authorized_user\",\"client_id\":\"id &1\",\"client_secret\":\"s=cret\","
                         "\"refresh_token\":\"1//re+fresh\",\"quota_project_id\":\"bill-me\",\"token_uri\":\"%s\"}",
                         uri);
  g_autoptr (GError) error = NULL;
  TokenCache *token_cache;

  g_assert_true (g_file_set_contents (f->file, json, -1, NULL));
  token_cache = token_cache_new_file (f->http, f->file, CREDENTIALS_GIVEN, NULL, &error);
  g_assert_no_error (error);
  return token_cache;
}

/* A command that appends a line to the file, which tells how often it ran. */
static TokenCache *
counting_command (TokenFixture *f, const char *rest)
{
  g_autofree char *command = g_strdup_printf ("echo run >> '%s'; %s", f->file, rest);

  return token_cache_new_command (command);
}

static gsize
runs (TokenFixture *f)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  g_file_get_contents (f->file, &text, &length, NULL);
  return length / strlen ("run\n");
}

/* ---- the command ---- */

static void
test_command (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = counting_command (f, "printf '  ya29.tok~en\\n\\n'; echo noise >&2");

  token_assert (token_cache, "ya29.tok~en");
  token_assert (token_cache, "ya29.tok~en");
  g_assert_cmpuint (runs (f), ==, 1);
  token_cache_invalidate (token_cache, "another");
  token_assert (token_cache, "ya29.tok~en");
  g_assert_cmpuint (runs (f), ==, 1);
  token_cache_invalidate (token_cache, "ya29.tok~en");
  token_assert (token_cache, "ya29.tok~en");
  g_assert_cmpuint (runs (f), ==, 2);
  g_assert_cmpstr (token_cache_describe (token_cache), ==, "token command");
  g_assert_null (token_cache_quota_project (token_cache));
}

static void
test_command_failures (TokenFixture *f, gconstpointer data)
{
  const char *cases[][2] = {
    { "echo first >&2; echo 'ERROR: not logged in' >&2; exit 3", "ERROR: not logged in" },
    { "exit 3", "exit status 3" },
    { "kill -9 $$", "signal 9" },
    { "true", "printed nothing" },
    { "echo two words", "one word" },
    { "printf 'caf\\303\\251'", "ASCII" },
    { "head -c 20000 /dev/zero | tr '\\0' x", "not an access token" },
    { "head -c 200000 /dev/zero | tr '\\0' x; exit 1", "exit status 1" },
    { "no-such-program-anywhere", "not found" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (TokenCache) token_cache = token_cache_new_command (cases[i][0]);

    token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, cases[i][1]);
  }
}

static void
test_command_that_echoes_its_token (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = token_cache_new_command ("echo sesame; echo got sesame >&2; exit 1");
  g_autoptr (GError) error = NULL;

  g_assert_null (token_get (token_cache, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
  g_assert_null (strstr (error->message, "sesame"));
}

/* A daemon that the command leaves behind keeps the pipes open. */
static void
test_command_with_a_daemon (TokenFixture *f, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("tail -f /dev/null & echo $! > '%s'; echo tok", f->file);
  g_autoptr (TokenCache) token_cache = token_cache_new_command (command);
  g_autofree char *pid = NULL;
  g_autofree char *kill = NULL;

  token_assert (token_cache, "tok"); /* though they are never closed */
  g_assert_true (g_file_get_contents (f->file, &pid, NULL, NULL));
  kill = g_strdup_printf ("kill %s", pid);
  g_assert_true (g_spawn_command_line_sync (kill, NULL, NULL, NULL, NULL));
}

/* The shell's child holds the lock of the file until it dies: it must not outlive the deadline. */
static void
test_command_deadline (TokenFixture *f, gconstpointer data)
{
  g_autofree char *command = g_strdup_printf ("flock '%s' tail -f /dev/null; echo never", f->file);
  g_autofree char *unlocked = g_strdup_printf ("flock -w 300 '%s' true", f->file);
  g_autoptr (TokenCache) token_cache = token_cache_new_command (command);
  g_autoptr (GError) error = NULL;
  int status;

  g_assert_null (token_get (token_cache, 0.5, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT);
  while (g_main_context_iteration (NULL, FALSE)) /* the kill comes from the loop */
    continue;
  g_assert_true (g_spawn_command_line_sync (unlocked, NULL, NULL, &status, NULL));
  g_assert_true (g_spawn_check_wait_status (status, NULL));
}

static void
assert_20_get_it (TokenCache *token_cache, const char *expected)
{
  GAsyncResult *results[20] = { NULL };

  for (int i = 0; i < 20; i++)
    token_cache_get_async (token_cache, deadline_in (AMPLE), NULL, keep_result, &results[i]);
  for (int i = 0; i < 20; i++) {
    char *token = token_cache_get_finish (token_cache, await_result (&results[i]), NULL);

    g_assert_cmpstr (token, ==, expected);
    secret_free (token);
    g_object_unref (results[i]);
  }
}

static void
test_command_is_shared (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = counting_command (f, "echo tok");

  assert_20_get_it (token_cache, "tok");
  g_assert_cmpuint (runs (f), ==, 1);
}

static void
test_cancel_one_of_two (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) second = NULL;
  g_autoptr (GError) error = NULL;
  char *token;

  script_json (f->server, 200, "{\"access_token\":\"tok\",\"expires_in\":3600,\"token_type\":\"Bearer\"}");
  token_cache_get_async (token_cache, deadline_in (AMPLE), cancellable, keep_result, &first);
  token_cache_get_async (token_cache, deadline_in (AMPLE), NULL, keep_result, &second);
  g_cancellable_cancel (cancellable);
  g_assert_null (token_cache_get_finish (token_cache, await_result (&first), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  token = token_cache_get_finish (token_cache, await_result (&second), NULL);
  g_assert_cmpstr (token, ==, "tok");
  secret_free (token);
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
}

static void
test_free_while_running (TokenFixture *f, gconstpointer data)
{
  TokenCache *token_cache = token_cache_new_command ("tail -f /dev/null");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  token_cache_get_async (token_cache, deadline_in (AMPLE), NULL, keep_result, &result);
  token_cache_free (token_cache);
  g_assert_null (result);
  g_assert_null (token_cache_get_finish (NULL, await_result (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* ---- held ---- */

/* ---- the refresh grant ---- */

static void
test_refresh (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);
  const Seen *seen;
  gsize size;
  const char *form;
  g_autofree char *text = NULL;

  script_json (f->server, 200,
               "{\"access_token\":\"tok\",\"expires_in\":3600,\"scope\":\"x\",\"token_type\":\"Bearer\"}");
  assert_20_get_it (token_cache, "tok");
  token_assert (token_cache, "tok");
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
  seen = script_server_seen (f->server, 0);
  g_assert_cmpstr (seen->method, ==, "POST");
  g_assert_cmpstr (seen->path, ==, "/token");
  g_assert_null (seen->query);
  g_assert_null (seen->authorization);
  g_assert_cmpstr (seen->content_type, ==, "application/x-www-form-urlencoded");
  form = g_bytes_get_data (seen->body, &size);
  text = g_strndup (form, size);
  g_assert_cmpstr (
      text, ==, "grant_type=refresh_token&client_id=id%20%261&client_secret=s%3Dcret&refresh_token=1%2F%2Fre%2Bfresh");
  g_assert_cmpstr (token_cache_quota_project (token_cache), ==, "bill-me");
  g_assert_nonnull (strstr (token_cache_describe (token_cache), f->file));
}

/* Asks until the service has been asked wanted times; every token that comes is good. */
static void
ask_until (TokenFixture *f, TokenCache *token_cache, guint wanted)
{
  gint64 end = deadline_in (AMPLE);

  while (script_server_count (f->server) < wanted && g_get_monotonic_time () < end) {
    g_autoptr (GError) error = NULL;
    char *token = token_get (token_cache, AMPLE, &error);

    g_assert_no_error (error);
    secret_free (token);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpuint (script_server_count (f->server), ==, wanted);
}

/* A token that lives for 4 s: renewed after 3, in use until 3.6. */
static void
test_renewed_ahead (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);

  script_json (f->server, 200, "{\"access_token\":\"short\",\"expires_in\":4}");
  script_hang (f->server);
  token_assert (token_cache, "short");
  token_assert (token_cache, "short");
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
  ask_until (f, token_cache, 2);
  token_assert (token_cache, "short"); /* at once, though the renewal hangs */
}

static void
test_renewal_fails (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);

  script_json (f->server, 200, "{\"access_token\":\"short\",\"expires_in\":4}");
  script_json (f->server, 200, "{}");
  script_json (f->server, 200, "{\"access_token\":\"long\",\"expires_in\":3600}");
  token_assert (token_cache, "short");
  ask_until (f, token_cache, 2);
  ask_until (f, token_cache, 3); /* when it has ended, not before: once in ten seconds is enough */
  token_assert (token_cache, "long");
}

static void
test_refresh_is_tried_again (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);

  script_answer (f->server, 503, "text/html", "<html>", -1);
  script_raw (f->server, "");
  script_json (f->server, 200, "{\"access_token\":\"tok\"}");
  token_assert (token_cache, "tok");
  g_assert_cmpuint (script_server_count (f->server), ==, 3);
}

static void
test_refresh_redirect_is_not_followed (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);

  script_answer (f->server, 307, "text/plain", "", -1);
  script_header (f->server, "Location", "/elsewhere");
  token_assert_fails (token_cache, PEOPLE_ERROR_BAD_ANSWER, "307");
  g_assert_cmpuint (script_server_count (f->server), ==, 1);
}

/* ---- whose it is ---- */

/* An answer with an unsigned ID token for the client of refresher (). */
static void
script_token_of (TokenFixture *f, const char *sub)
{
  g_autofree char *issuer = script_server_url (f->server, "");
  g_autofree char *claims = g_strdup_printf ("{\"iss\":\"%s\",\"aud\":\"id &1\",\"sub\":\"%s\"}", issuer, sub);
  g_autofree char *encoded = g_base64_encode ((const guchar *)claims, strlen (claims));
  g_autofree char *json = NULL;

  g_strdelimit (g_strdelimit (encoded, "+", '-'), "/", '_');
  encoded[strcspn (encoded, "=")] = '\0';
  json = g_strdup_printf ("{\"access_token\":\"tok-%s\",\"id_token\":\"eyJhbGciOiJub25lIn0.%s.\"}", sub, encoded);
  script_json (f->server, 200, json);
}

static void
test_only_the_principals_tokens (TokenFixture *f, gconstpointer data)
{
  g_autoptr (TokenCache) token_cache = refresher (f);
  g_autoptr (Principal) principal = principal_open (f->dir, "default", "https://people.example");
  g_autofree char *file = g_build_filename (f->dir, "principal.json", NULL);

  token_cache_set_principal (token_cache, principal);
  script_json (f->server, 200, "{\"access_token\":\"anybodys\"}");
  token_assert (token_cache, "anybodys");
  token_cache_invalidate (token_cache, "anybodys");
  script_token_of (f, "ann");
  token_assert (token_cache, "tok-ann");
  token_cache_invalidate (token_cache, "tok-ann");
  script_token_of (f, "bob");
  token_assert_fails (token_cache, PEOPLE_ERROR_AUTH, "that of ann, and these credentials are those of bob");
  script_json (f->server, 200, "{\"access_token\":\"anybodys\"}");
  token_assert (token_cache, "anybodys"); /* where it is not known, it is believed */
  token_cache_invalidate (token_cache, "anybodys");
  script_json (f->server, 200, "{\"access_token\":\"damaged\",\"id_token\":\"x.y.z\"}");
  token_assert (token_cache, "damaged");
  token_cache_invalidate (token_cache, "damaged");
  script_token_of (f, "ann");
  token_assert (token_cache, "tok-ann");
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS)); /* it was only looked at */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  retry_set_first (G_USEC_PER_SEC / 50); /* so that the suite is not held up */
  TOKEN_TEST ("/token-cache/command", test_command);
  TOKEN_TEST ("/token-cache/command-failures", test_command_failures);
  TOKEN_TEST ("/token-cache/command-that-echoes-its-token", test_command_that_echoes_its_token);
  TOKEN_TEST ("/token-cache/command-with-a-daemon", test_command_with_a_daemon);
  TOKEN_TEST ("/token-cache/command-deadline", test_command_deadline);
  TOKEN_TEST ("/token-cache/command-is-shared", test_command_is_shared);
  TOKEN_TEST ("/token-cache/cancel-one-of-two", test_cancel_one_of_two);
  TOKEN_TEST ("/token-cache/free-while-running", test_free_while_running);
  TOKEN_TEST ("/token-cache/only-the-principals-tokens", test_only_the_principals_tokens);
  TOKEN_TEST ("/token-cache/refresh", test_refresh);
  TOKEN_TEST ("/token-cache/renewed-ahead", test_renewed_ahead);
  TOKEN_TEST ("/token-cache/renewal-fails", test_renewal_fails);
  TOKEN_TEST ("/token-cache/refresh-is-tried-again", test_refresh_is_tried_again);
  TOKEN_TEST ("/token-cache/refresh-redirect-is-not-followed", test_refresh_redirect_is_not_followed);
  return g_test_run ();
}
