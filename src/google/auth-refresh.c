/* Tokens from the refresh grant of an authorized_user file. */
#define G_LOG_DOMAIN "contactfs"

#include "google/auth-file.h"
#include "google/auth-source.h"
#include "google/error.h"
#include "google/grant.h"
#include "google/secret.h"

typedef struct {
  HttpClient *http; /* borrowed */
  AuthorizedUser *user;
} Refresher;

typedef struct {
  AuthorizedUser *user;
  gint64 lifetime;
} Refresh;

static void
refresh_free (Refresh *self)
{
  authorized_user_unref (self->user);
  g_free (self);
}

static void
on_granted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Refresh *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (Grant) grant = grant_ask_finish (result, &error);

  if (grant == NULL) {
    g_task_return_error (task, error);
  } else if (grant->access_token == NULL) {
    g_autofree char *login = g_strdup_printf ("The login in %s", self->user->path);

    g_task_return_error (task, grant_refusal (grant, login, "log in again"));
  } else {
    self->lifetime = grant->lifetime;
    g_task_return_pointer (task, g_steal_pointer (&grant->access_token), (GDestroyNotify)secret_free);
  }
}

static void
refresher_make_async (gpointer data, const gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  Refresher *refresher = data;
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GBytes) form = authorized_user_grant (refresher->user);
  Refresh *self = g_new0 (Refresh, 1);

  self->user = authorized_user_ref (refresher->user);
  g_task_set_task_data (task, self, (GDestroyNotify)refresh_free);
  grant_ask_async (refresher->http, self->user->token_uri, form, deadline, cancellable, on_granted,
                   g_object_ref (task));
}

static char *
refresher_make_finish (GAsyncResult *result, gint64 *lifetime, GError **error)
{
  char *token = g_task_propagate_pointer (G_TASK (result), error);

  *lifetime = ((Refresh *)g_task_get_task_data (G_TASK (result)))->lifetime;
  return token;
}

static const char *
refresher_quota_project (gpointer data)
{
  Refresher *self = data;

  return self->user->quota_project;
}

static void
refresher_free (gpointer data)
{
  Refresher *self = data;

  authorized_user_unref (self->user);
  g_free (self);
}

static const AuthSource refresh_source
    = { refresher_make_async, refresher_make_finish, refresher_quota_project, refresher_free };

Auth *
auth_new_file (HttpClient *http, const char *path, GError **error)
{
  AuthorizedUser *user = authorized_user_load (path, error);
  Refresher *self;

  if (user == NULL)
    return NULL;
  self = g_new0 (Refresher, 1);
  self->http = http;
  self->user = user;
  return auth_new (&refresh_source, self, g_strdup_printf ("authorized_user file %s", path));
}
