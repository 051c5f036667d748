/*
 * Sending: each request is a task with a clock and a cancellable around one transfer.
 *
 *   http_send ─→ transfer ─┬─ on_done (answer, failure) ─┐
 *                          ├─ on_deadline ───────────────┼→ sending_end ─→ the task is answered
 *                          ├─ on_cancelled ──────────────┤
 *                          └─ http_client_free ──────────┘
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "net/http-failure.h"
#include "net/http-transport.h"
#include "net/wait-limits.h"

#define MAX_LOGGED_URL 80
#define CONNECT_US     (10 * G_TIME_SPAN_SECOND)

struct HttpClient {
  grefcount references;
  HttpTransport *transport; /* NULL: http_client_free was called */
  GHashTable *sendings;     /* set of Sending, owned by themselves */
  HttpStatistics statistics;
};

typedef struct {
  HttpClient *client;
  GTask *task; /* owned */
  HttpRequest *request;
  HttpOrigin origin;
  HttpTransfer *transfer; /* NULL: ended */
  Limits limits;
} Sending;

/* 256 requests over HTTP/1.1 are 256 sockets, beside the files of the mount. */
static void
raise_file_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    g_info ("the limit of open files stays as it is: %s", g_strerror (errno));
}

HttpClient *
http_client_new (void)
{
  HttpClient *self = g_new0 (HttpClient, 1);

  raise_file_limit ();
  g_ref_count_init (&self->references);
  self->transport = http_transport_new ();
  self->sendings = g_hash_table_new (NULL, NULL);
  return self;
}

HttpClient *
http_client_ref (HttpClient *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
http_client_unref (HttpClient *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_hash_table_unref (self->sendings);
  g_free (self);
}

void
http_client_get_statistics (HttpClient *self, HttpStatistics *out)
{
  *out = self->statistics;
  if (self->transport != NULL)
    out->connections = http_transport_connections (self->transport);
}

/* ---- one request ---- */

/* Frees it and hands back the task, to be answered last: its callback may free the client. */
static GTask *
sending_end (Sending *self)
{
  GTask *task = self->task;

  g_hash_table_remove (self->client->sendings, self);
  limits_stop (&self->limits);
  http_origin_clear (&self->origin);
  http_request_free (self->request);
  g_free (self);
  return task;
}

static void
on_done (gpointer data, HttpResponse *response, GError *error)
{
  Sending *self = data;
  g_autoptr (GTask) task = NULL;

  /* Neither the query, which may carry a sync token, nor the whole of a picture's address, which is all that one needs
   * to get it. */
  g_debug ("%s %.*s: %s", self->request->method, (int)MIN (strcspn (self->request->url, "?"), MAX_LOGGED_URL),
           self->request->url, response != NULL ? "answered" : error->message);
  task = sending_end (self);
  if (response != NULL)
    g_task_return_pointer (task, response, (GDestroyNotify)http_response_free);
  else
    g_task_return_error (task, error);
}

static gboolean
on_deadline (gpointer data)
{
  Sending *self = data;
  GError *error = http_failure_new (HTTP_FAILURE_TIMED_OUT, self->origin.host, "the time for it is up");
  g_autoptr (GTask) task = NULL;

  http_transfer_abort (self->transfer, TRUE);
  task = sending_end (self);
  g_task_return_error (task, error);
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Sending *self = data;
  g_autoptr (GTask) task = NULL;

  http_transfer_abort (self->transfer, FALSE);
  task = sending_end (self);
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
sending_start (HttpClient *client, GTask *task, HttpRequest *request, HttpOrigin *origin, gint64 deadline)
{
  Sending *self = g_new0 (Sending, 1);

  self->client = client;
  self->task = g_object_ref (task);
  self->request = request;
  self->origin = *origin;
  *origin = (HttpOrigin){ 0 };
  limits_start (&self->limits, deadline, on_deadline, g_task_get_cancellable (task), on_cancelled, self);
  g_hash_table_add (client->sendings, self);
  client->statistics.requests += request->unsent ? 0 : 1;
  self->transfer = http_transport_start (client->transport, request, &self->origin, deadline, on_done, self);
}

static gboolean
report_ended (gpointer task)
{
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the program is ending");
  return G_SOURCE_REMOVE;
}

void
http_send_async (HttpClient *self, HttpRequest *request, gint64 deadline, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (HttpRequest) owned = request;
  g_auto (HttpOrigin) origin = { 0 };

  if (g_task_return_error_if_cancelled (task))
    return;
  if (self->transport == NULL)
    report_ended (task);
  else if (!http_origin_parse (&origin, request->url) || !http_origin_allowed (&origin))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                             "only https is spoken, or http with this computer itself");
  else if (request->abroad && !http_origin_leads_abroad (&origin))
    g_task_return_error (task, http_failure_new (HTTP_FAILURE_HOME, origin.host, ""));
  else if (deadline <= g_get_monotonic_time ())
    g_task_return_error (task, http_failure_new (HTTP_FAILURE_TIMED_OUT, origin.host, "no time was left to ask"));
  else
    sending_start (self, task, g_steal_pointer (&owned), &origin, deadline);
}

HttpResponse *
http_send_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
http_connect (HttpClient *self, const char *url, gboolean abroad)
{
  g_autoptr (HttpRequest) request = http_request_new ("GET", url);
  g_auto (HttpOrigin) origin = { 0 };

  if (!http_origin_parse (&origin, url) || !http_origin_is_tls (&origin))
    return;
  request->abroad = abroad;
  request->unsent = TRUE;
  http_send_async (self, g_steal_pointer (&request), g_get_monotonic_time () + CONNECT_US, NULL, NULL, NULL);
}

void
http_client_free (HttpClient *self)
{
  g_autoptr (GList) pending = NULL;

  if (self == NULL)
    return;
  pending = g_hash_table_get_keys (self->sendings);
  for (GList *item = pending; item != NULL; item = item->next) {
    Sending *sending = item->data;
    g_autoptr (GSource) idle = g_idle_source_new ();

    /* Callers hear it from the main context, when the client is gone. */
    http_transfer_abort (sending->transfer, FALSE);
    g_source_set_callback (idle, report_ended, sending_end (sending), g_object_unref);
    g_source_attach (idle, g_main_context_get_thread_default ());
  }
  g_clear_pointer (&self->transport, http_transport_free);
  http_client_unref (self);
}
