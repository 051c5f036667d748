/* A PeopleClient for one call, on an Auth that has the token already. */
#define G_LOG_DOMAIN "contactfs"

#include "google/login-identity.h"

#include "google/answer.h"
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

static char *
ready_make_finish (GAsyncResult *result, gint64 *lifetime, GError **error)
{
  *lifetime = 0;
  return g_task_propagate_pointer (G_TASK (result), error);
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
} Identify;

static void
identify_free (gpointer data)
{
  Identify *self = data;

  people_client_free (self->people);
  auth_free (self->auth);
  g_free (self);
}

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Identify *self = g_task_get_task_data (task);
  GError *error = NULL;
  PeoplePerson *person = people_get_finish (self->people, result, &error);

  if (person != NULL)
    g_task_return_pointer (task, person, (GDestroyNotify)people_person_free);
  else
    g_task_return_error (task, error);
}

void
login_identify_async (HttpClient *http, const Grant *grant, const char *api_url, gint64 deadline,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Identify *self = g_new0 (Identify, 1);
  GError *error = NULL;

  self->auth = auth_new (&ready_source, g_strdup (grant->access_token), g_strdup ("this login"));
  self->people = people_client_new (http, self->auth, api_url, &error);
  g_task_set_task_data (task, self, identify_free);
  if (self->people == NULL)
    g_task_return_error (task, error);
  else
    people_get_async (self->people, "people/me", deadline, cancellable, on_person, g_object_ref (task));
}

PeoplePerson *
login_identify_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
login_describe_person (const PeoplePerson *person)
{
  g_autofree char *name = answer_clean (person->display_name), *email = answer_clean (person->email);

  if (name != NULL && email != NULL)
    return g_strdup_printf ("%s <%s>", name, email);
  return name != NULL ? g_steal_pointer (&name) : g_steal_pointer (&email);
}
