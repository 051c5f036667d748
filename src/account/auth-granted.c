/* An AuthSource with a token in hand, for a login that is not stored yet. */
#define G_LOG_DOMAIN "contactfs"

#include "account/auth-source.h"
#include "net/secret.h"

static void
granted_make_async (gpointer token, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_return_pointer (task, g_strdup (token), (GDestroyNotify)secret_free);
}

static gboolean
granted_make_finish (GAsyncResult *result, AuthToken *made, GError **error)
{
  made->token = g_task_propagate_pointer (G_TASK (result), error);
  return made->token != NULL;
}

static void
granted_free (gpointer token)
{
  secret_free (token);
}

static char *
granted_advice (gpointer token, AuthTrouble trouble)
{
  return g_strdup (trouble == AUTH_SCOPE_MISSING ? "log in again, and tick the box for contacts on the consent page"
                                                 : "log in again");
}

static const AuthSource granted_source = {
  .make_async = granted_make_async,
  .make_finish = granted_make_finish,
  .advice = granted_advice,
  .free = granted_free,
};

Auth *
auth_new_granted (const TokenResponse *response)
{
  return auth_new (&granted_source, g_strdup (response->access_token), g_strdup ("this login"));
}
