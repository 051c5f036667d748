/* Asking for tokens. */
#include "token.h"

#include <string.h>

#include "google/error.h"
#include "script-server.h"

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
  char *token = token_get (auth, 10, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (token, ==, expected);
  auth_token_free (token);
}

void
token_assert_fails (Auth *auth, int code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (token_get (auth, 10, &error));
  g_assert_error (error, PEOPLE_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, says));
}
