/* The client, and its methods as calls. */
#define G_LOG_DOMAIN "contactfs"

#include "people/people.h"

#include <string.h>

#include "net/secret.h"
#include "people/call.h"
#include "people/page-ahead.h"

PeopleClient *
people_client_new (HttpClient *http, TokenCache *token_cache, const char *api_url, GError **error)
{
  PeopleClient *self;

  if (!http_url_allowed (api_url)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "“%s” is no API URL to show an access token to: it must be https, or http on this computer itself",
                 api_url);
    return NULL;
  }
  self = g_new0 (PeopleClient, 1);
  self->http = http;
  self->token_cache = token_cache;
  self->api_url = g_strdup (api_url);
  while (g_str_has_suffix (self->api_url, "/"))
    self->api_url[strlen (self->api_url) - 1] = '\0';
  self->is_at_home = http_url_is_loopback (self->api_url);
  self->calls = g_hash_table_new (NULL, NULL);
  return self;
}

void
people_client_free (PeopleClient *self)
{
  if (self == NULL)
    return;
  page_ahead_drop (self);
  call_cancel_all (self);
  g_hash_table_unref (self->calls);
  for (int i = 0; i < PEOPLE_N_ALLOWANCES; i++)
    pause_clear (&self->pauses[i]);
  g_free (self->api_url);
  g_free (self);
}

gboolean
people_client_is_at_home (const PeopleClient *self)
{
  return self->is_at_home;
}

gint64
people_pause_left (PeopleClient *self, PeopleAllowance which, GError **error)
{
  gint64 now = g_get_monotonic_time ();
  GError *paused = pause_error (&self->pauses[which], now);

  if (paused == NULL)
    return 0;
  g_propagate_error (error, paused);
  return pause_left (&self->pauses[which], now);
}

void
people_pause_watch (PeopleClient *self, PeoplePauseFunc func, gpointer data)
{
  self->pause_changed = func;
  self->pause_data = data;
}

void
people_pause_resume (PeopleClient *self, PeopleAllowance which, const char *line)
{
  pause_parse (&self->pauses[which], line, g_get_monotonic_time (), g_get_real_time ());
}

static void
on_authorized (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  char *token = token_cache_get_finish (NULL, result, &error);

  if (token != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  secret_free (token);
}

void
people_authorize_async (PeopleClient *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, people_authorize_async);
  token_cache_get_async (self->token_cache, deadline, cancellable, on_authorized, task);
}

gboolean
people_authorize_finish (PeopleClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Takes request and, when that is NULL, error. */
static void
start (PeopleClient *self, PeopleRequest *request, GError *error, gint64 deadline, GCancellable *cancellable,
       GAsyncReadyCallback callback, gpointer data)
{
  if (request != NULL)
    call_async (self, request, deadline, cancellable, callback, data);
  else
    g_task_report_error (NULL, callback, data, NULL, error);
}

void
people_list_async (PeopleClient *self, const char *sync_token, const char *page_token, gint64 deadline,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (PeopleRequest) request = people_request_list (self->api_url, sync_token, page_token);

  if (!page_ahead_take (self, request->url, cancellable, callback, data))
    call_async (self, g_steal_pointer (&request), deadline, cancellable, callback, data);
}

PeoplePage *
people_list_finish (PeopleClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
people_check_async (PeopleClient *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer data)
{
  start (self, people_request_check (self->api_url), NULL, deadline, cancellable, callback, data);
}

gboolean
people_check_finish (PeopleClient *self, GAsyncResult *result, GError **error)
{
  g_autoptr (PeoplePage) page = g_task_propagate_pointer (G_TASK (result), error);

  return page != NULL;
}

void
people_groups_async (PeopleClient *self, const char *page_token, gint64 deadline, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  start (self, people_request_groups (self->api_url, page_token), NULL, deadline, cancellable, callback, data);
}

PeopleGroupPage *
people_groups_finish (PeopleClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
people_get_async (PeopleClient *self, const char *resource_name, gint64 deadline, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  GError *error = NULL;
  PeopleRequest *request = people_request_get (self->api_url, resource_name, &error);

  start (self, request, error, deadline, cancellable, callback, data);
}

PeoplePerson *
people_get_finish (PeopleClient *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
people_update_photo_async (PeopleClient *self, const char *resource_name, GBytes *photo, gint64 deadline,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GError *error = NULL;
  PeopleRequest *request = people_request_update_photo (self->api_url, resource_name, photo, &error);

  start (self, request, error, deadline, cancellable, callback, data);
}

PeoplePerson *
people_update_photo_finish (PeopleClient *self, GAsyncResult *result, PeopleAttempt *attempt, GError **error)
{
  call_get_attempt (result, attempt);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
people_delete_photo_async (PeopleClient *self, const char *resource_name, gint64 deadline, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
  GError *error = NULL;
  PeopleRequest *request = people_request_delete_photo (self->api_url, resource_name, &error);

  start (self, request, error, deadline, cancellable, callback, data);
}

PeoplePerson *
people_delete_photo_finish (PeopleClient *self, GAsyncResult *result, PeopleAttempt *attempt, GError **error)
{
  call_get_attempt (result, attempt);
  return g_task_propagate_pointer (G_TASK (result), error);
}
