/* The functions of people.h and photo.h, each a call that waits in fake-service.c. */
#define G_LOG_DOMAIN "contactfs"

#include "fake-calls.h"

/* The second half of each call. */
#define FINISH(type, call, kind)                                                                                       \
  type call##_finish (PeopleClient *self, GAsyncResult *result, GError **error)                                        \
  {                                                                                                                    \
    return g_task_propagate_##kind (G_TASK (result), error);                                                           \
  }
#define FINISH_CHANGE(call)                                                                                            \
  PeoplePerson *call##_finish (PeopleClient *self, GAsyncResult *result, PeopleAttempt *attempt, GError **error)       \
  {                                                                                                                    \
    *attempt = *(PeopleAttempt *)g_task_get_task_data (G_TASK (result));                                               \
    return g_task_propagate_pointer (G_TASK (result), error);                                                          \
  }

FINISH (gboolean, people_authorize, boolean)
FINISH (PeoplePage *, people_list, pointer)
FINISH (PeopleGroupPage *, people_groups, pointer)
FINISH (gboolean, people_check, boolean)
FINISH (PeoplePerson *, people_get, pointer)
FINISH_CHANGE (people_update_photo)
FINISH_CHANGE (people_delete_photo)

gboolean
people_client_is_at_home (const PeopleClient *self)
{
  return FALSE;
}

gint64
people_pause_left (PeopleClient *self, PeopleAllowance which, GError **error)
{
  return 0;
}

void
people_pause_watch (PeopleClient *self, PeoplePauseFunc func, gpointer data)
{
}

void
people_pause_resume (PeopleClient *self, PeopleAllowance which, const char *line)
{
}

void
people_authorize_async (PeopleClient *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  fake_call_begin (AUTHORIZE, NULL, deadline, cancellable, callback, data);
}

void
people_list_async (PeopleClient *self, const char *sync_token, const char *page_token, gint64 deadline,
                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  fake_call_begin (LIST, sync_token, deadline, cancellable, callback, data);
}

void
people_groups_async (PeopleClient *self, const char *page_token, gint64 deadline, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  fake_call_begin (GROUPS, NULL, deadline, cancellable, callback, data);
}

void
people_check_async (PeopleClient *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer data)
{
  fake_call_begin (CHECK, NULL, deadline, cancellable, callback, data);
}

void
people_get_async (PeopleClient *self, const char *resource_name, gint64 deadline, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  fake_call_begin (GET, resource_name, deadline, cancellable, callback, data);
}

void
people_update_photo_async (PeopleClient *self, const char *resource_name, GBytes *photo, gint64 deadline,
                           GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  Call *call = fake_call_begin (UPDATE, resource_name, deadline, cancellable, callback, data);

  call->picture = fake_picture_number (g_bytes_get_data (photo, NULL), g_bytes_get_size (photo));
  g_assert_cmpuint (call->picture, !=, 0); /* never half of one, or a mixture */
}

void
people_delete_photo_async (PeopleClient *self, const char *resource_name, gint64 deadline, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
  fake_call_begin (DELETE, resource_name, deadline, cancellable, callback, data);
}

void
photo_fetch_async (HttpClient *http, const char *url, gboolean at_home, gboolean once, const PhotoSink *sink,
                   gpointer sink_data, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer data)
{
  Call *call = fake_call_begin (FETCH, url, deadline, cancellable, callback, data);

  call->sink = sink;
  call->sink_data = sink_data;
}

gboolean
photo_fetch_finish (HttpClient *http, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
http_client_get_statistics (HttpClient *self, HttpStatistics *out)
{
  *out = (HttpStatistics){ 0 };
}

void
http_connect (HttpClient *self, const char *url, gboolean abroad)
{
}
