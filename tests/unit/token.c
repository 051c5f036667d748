/* Asking for tokens. */
#include "token.h"

#include <glib/gstdio.h>
#include <string.h>

#include "net/error.h"

void
token_set_up (TokenFixture *f, gconstpointer data)
{
  f->server = script_server_new (NULL);
  f->http = http_client_new ();
  f->dir = g_dir_make_tmp ("contactfs-auth-XXXXXX", NULL);
  f->file = g_build_filename (f->dir, "file", NULL);
}

void
token_tear_down (TokenFixture *f, gconstpointer data)
{
  http_client_free (f->http);
  script_server_free (f->server);
  g_remove (f->file);
  g_assert_cmpint (g_rmdir (f->dir), ==, 0);
  g_free (f->file);
  g_free (f->dir);
}

char *
token_get (Auth *auth, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  auth_get_token_async (auth, deadline_in (seconds), NULL, keep_result, &result);
  return auth_get_token_finish (auth, await_result (&result), error);
}

void
token_assert (Auth *auth, const char *expected)
{
  g_autoptr (GError) error = NULL;
  char *token = token_get (auth, AMPLE, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (token, ==, expected);
  auth_token_free (token);
}

void
token_assert_fails (Auth *auth, int code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (token_get (auth, AMPLE, &error));
  g_assert_error (error, PEOPLE_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}
