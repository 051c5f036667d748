/* A PeopleClient for one call, on an Auth that has the token already. */
#define G_LOG_DOMAIN "contactfs"

#include "google/login-probe.h"

#include "google/auth-source.h"
#include "google/secret.h"

/* ---- an AuthSource with a token in hand ---- */

static void
ready_make_async (gpointer token, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_return_pointer (task, g_strdup (token), (GDestroyNotify)secret_free);
}

static gboolean
ready_make_finish (GAsyncResult *result, AuthToken *made, GError **error)
{
  made->token = g_task_propagate_pointer (G_TASK (result), error);
  return made->token != NULL;
}

static void
ready_free (gpointer token)
{
  secret_free (token);
}

static char *
ready_advice (gpointer token, AuthTrouble trouble)
{
  return g_strdup (trouble == AUTH_SCOPE_MISSING ? "log in again, and tick the box for contacts on the consent page"
                                                 : "log in again");
}

static const AuthSource ready_source = {
  .make_async = ready_make_async,
  .make_finish = ready_make_finish,
  .advice = ready_advice,
  .free = ready_free,
};

/* ---- the call ---- */

typedef struct {
  Auth *auth;
  PeopleClient *people;
} Probe;

static void
probe_free (gpointer data)
{
  Probe *self = data;

  people_client_free (self->people);
  auth_free (self->auth);
  g_free (self);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Probe *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (people_probe_finish (self->people, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
login_probe_async (HttpClient *http, const Grant *grant, const char *api_url, gint64 deadline,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Probe *self = g_new0 (Probe, 1);
  GError *error = NULL;

  self->auth = auth_new (&ready_source, g_strdup (grant->access_token), g_strdup ("this login"));
  self->people = people_client_new (http, self->auth, api_url, &error);
  g_task_set_task_data (task, self, probe_free);
  if (self->people == NULL)
    g_task_return_error (task, error);
  else
    people_probe_async (self->people, deadline, cancellable, on_probed, g_object_ref (task));
}

gboolean
login_probe_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
