/* A PeopleClient for one call, on a TokenCache that has the token already. */
#define G_LOG_DOMAIN "contactfs"

#include "people/login-check.h"

typedef struct {
  TokenCache *token_cache;
  PeopleClient *people;
} Check;

static void
check_free (gpointer data)
{
  Check *self = data;

  people_client_free (self->people);
  token_cache_free (self->token_cache);
  g_free (self);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Check *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (people_check_finish (self->people, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
login_check_async (HttpClient *http, const TokenResponse *response, const char *api_url, gint64 deadline,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Check *self = g_new0 (Check, 1);
  GError *error = NULL;

  self->token_cache = token_cache_new_fixed (response);
  self->people = people_client_new (http, self->token_cache, api_url, &error);
  g_task_set_task_data (task, self, check_free);
  if (self->people == NULL)
    g_task_return_error (task, error);
  else
    people_check_async (self->people, deadline, cancellable, on_checked, g_object_ref (task));
}

gboolean
login_check_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
