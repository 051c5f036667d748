/* A TokenSource with a token in hand, for a login that is not stored yet. */
#define G_LOG_DOMAIN "contactfs"

#include "account/token-source.h"
#include "net/secret.h"

static void
fixed_make_async (gpointer token, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  access_token_return (task, g_strdup (token), 0, NULL);
}

static char *
fixed_advice (gpointer token, TokenProblem problem)
{
  return g_strdup (problem == TOKEN_PROBLEM_SCOPE ? "log in again, and tick the box for contacts on the consent page"
                                                  : "log in again");
}

static void
fixed_free (gpointer token)
{
  secret_free (token);
}

static const TokenSource fixed_source = {
  .make_async = fixed_make_async,
  .advice = fixed_advice,
  .free = fixed_free,
};

TokenCache *
token_cache_new_fixed (const TokenResponse *response)
{
  return token_cache_new (&fixed_source, g_strdup (response->access_token), g_strdup ("this login"));
}
