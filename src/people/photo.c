/*
 * Fetching a picture. Three spellings of its URL are tried:
 *
 *   variant      asks for        refused for good          may pass (status.h, lost, not whole)
 *   ORIGINAL     =s0             → LARGE                   again; from the third time on in turns with LARGE
 *   LARGE        =s2048          → GIVEN                   again (in turns with ORIGINAL, if that was not refused)
 *   GIVEN        as it came      failed                    again
 *
 * GIVEN is 100 pixels wide as a rule: only a service that refuses both others is worth that.
 */
#define G_LOG_DOMAIN "contactfs"

#include "people/photo.h"

#include <string.h>

#include "net/attempts.h"
#include "net/status.h"
#include "net/text.h"

#define MAX_REDIRECTS 5
#define MAX_TYPE      80 /* bytes of a Content-Type that are shown */
#define PATIENCE      3  /* failures of ORIGINAL that may pass, before LARGE is tried too */

enum { ORIGINAL, LARGE, GIVEN, N_VARIANTS };

typedef struct {
  HttpClient *http; /* owned */
  gboolean at_home;
  gboolean once; /* what may pass is not tried again */
  const PhotoSink *sink;
  gpointer sink_data;
  char *content_type; /* of the body that is checked */
  gint64 retry_after; /* … as it came with that */
  char *urls[N_VARIANTS];
  gboolean refused[N_VARIANTS];
  gboolean gone;  /* every refusal so far was 404 or 410 */
  guint failures; /* of ORIGINAL and LARGE, that may pass */
  int variant;
  guint redirects;
  Attempts attempts;
} Fetch;

static void step_request (GTask *task, const char *url);

static void
fetch_free (Fetch *self)
{
  http_client_unref (self->http);
  for (int i = 0; i < N_VARIANTS; i++)
    g_free (self->urls[i]);
  g_free (self->content_type);
  attempts_clear (&self->attempts);
  g_free (self);
}

static void
step_variant (GTask *task, int variant)
{
  Fetch *self = g_task_get_task_data (task);

  self->variant = variant;
  self->redirects = 0;
  step_request (task, self->urls[variant]);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Fetch *self = g_task_get_task_data (task);
  GError *error = NULL;
  int next = self->variant;

  if (!attempts_again_finish (result, &error)) {
    g_task_return_error (task, error);
    return;
  }
  if (self->failures >= PATIENCE && !self->refused[ORIGINAL] && !self->refused[LARGE])
    next = self->variant == ORIGINAL ? LARGE : ORIGINAL;
  step_variant (task, next);
}

static void
step_again (GTask *task, GError *error, gint64 retry_after)
{
  Fetch *self = g_task_get_task_data (task);

  if (self->once) {
    g_task_return_error (task, error);
    return;
  }
  self->failures++;
  attempts_again_async (&self->attempts, error, retry_after, g_task_get_cancellable (task), on_waited,
                        g_object_ref (task));
}

/* ---- what the host answered ---- */

static GError *
refusal (const Fetch *self, guint status)
{
  if (self->gone)
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND, "the picture is no longer at its address (%u)", status);
  if (status_meaning (status)->code == PEOPLE_ERROR_UNREACHABLE) /* a proxy or the network wants a login */
    return status_error (status, NULL);
  if (status_meaning (status)->code == PEOPLE_ERROR_AUTH || status_meaning (status)->code == PEOPLE_ERROR_PERMISSION)
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION, "the picture's host does not give it out (%u)", status);
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_SERVER, "the picture's host refused to send it (%u)", status);
}

/* Refused for good: the next spelling, unless one that only failed for now is left. */
static void
step_refused (GTask *task, guint status)
{
  Fetch *self = g_task_get_task_data (task);

  self->refused[self->variant] = TRUE;
  self->gone = self->gone && (status == 404 || status == 410);
  for (int i = 0; i < N_VARIANTS; i++)
    if (!self->refused[i]) {
      step_variant (task, i);
      return;
    }
  g_task_return_error (task, refusal (self, status));
}

static void
step_redirect (GTask *task, const HttpResponse *response)
{
  Fetch *self = g_task_get_task_data (task);
  g_autofree char *location = g_strdup (response->location);

  if (location == NULL)
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                             "the picture's host answered %u without saying where the picture is", response->status);
  else if (!photo_url_allowed (location, self->at_home))
    g_task_return_new_error (
        task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
        "the picture's host points to an address that is not https, or that is this computer's own: it is not "
        "followed");
  else if (++self->redirects > MAX_REDIRECTS)
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                             "the picture's host sends from one address to the next without end");
  else
    step_request (task, location);
}

gboolean
photo_type_allowed (const char *content_type, GError **error)
{
  g_autofree char *type = NULL, *shown = NULL;

  if (content_type == NULL || content_type[0] == '\0'
      || g_ascii_strncasecmp (content_type, "image/", strlen ("image/")) == 0
      || g_ascii_strncasecmp (content_type, "application/octet-stream", strlen ("application/octet-stream")) == 0)
    return TRUE;
  type = g_strndup (content_type, strcspn (content_type, ";"));
  shown = text_clean_to (type, MAX_TYPE);
  g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "it is %s", shown != NULL ? shown : "of no type");
  return FALSE;
}

/* Takes why. */
static void
step_not_the_picture (GTask *task, GError *why)
{
  Fetch *self = g_task_get_task_data (task);
  g_autoptr (GError) reason = why;

  step_again (task,
              g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "what the picture's host sent is not the picture: %s",
                           reason != NULL ? reason->message : "it is not whole"),
              self->retry_after);
}

static void
check_in_worker (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Fetch *self = data; /* kept by the fetch's task, which waits */
  GError *error = NULL;

  if (self->sink->check (self->sink_data, self->content_type, &error))
    g_task_return_boolean (worker, TRUE);
  else
    g_task_return_error (worker, error);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_task_return_boolean (task, TRUE);
  else
    step_not_the_picture (task, error);
}

static void
step_check (GTask *task, HttpResponse *response)
{
  Fetch *self = g_task_get_task_data (task);
  g_autoptr (GTask) worker = NULL;
  GError *why = NULL;

  self->retry_after = response->retry_after;
  g_free (self->content_type);
  self->content_type = g_steal_pointer (&response->content_type);
  if (!photo_type_allowed (self->content_type, &why)) {
    step_not_the_picture (task, why);
    return;
  }
  worker = g_task_new (NULL, NULL, on_checked, g_object_ref (task));
  g_task_set_task_data (worker, self, NULL);
  g_task_run_in_thread (worker, check_in_worker);
}

static gboolean
is_redirect (guint status)
{
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void
judge_answer (GTask *task, HttpResponse *response)
{
  guint status = response->status;
  const StatusMeaning *meaning = status_meaning (status);

  if (meaning->advice == ANSWER_DONE)
    step_check (task, response);
  else if (is_redirect (status))
    step_redirect (task, response);
  else if (meaning->advice != ANSWER_AGAIN)
    step_refused (task, status);
  else if (meaning->code == PEOPLE_ERROR_RATE)
    step_again (task,
                g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_RATE,
                             "the picture's host asks to slow down (%u): try again in a minute", status),
                response->retry_after);
  else
    step_again (task,
                g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_SERVER,
                             "the picture's host has trouble answering (%u): try again later", status),
                response->retry_after);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = http_send_finish (result, &error);

  if (response != NULL)
    judge_answer (task, response);
  else if (attempts_may_pass (error))
    step_again (task, g_steal_pointer (&error), 0);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
step_request (GTask *task, const char *url)
{
  Fetch *self = g_task_get_task_data (task);
  /* Another origin than the API's: no header of ours goes with it. */
  HttpRequest *request = http_request_new ("GET", url);

  request->abroad = !self->at_home;
  request->sink = &self->sink->bytes;
  request->sink_data = self->sink_data;
  http_send_async (self->http, request, self->attempts.retry.deadline, g_task_get_cancellable (task), on_answer,
                   g_object_ref (task));
}

void
photo_fetch_async (HttpClient *http, const char *url, gboolean at_home, gboolean once, const PhotoSink *sink,
                   gpointer sink_data, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Fetch *self = g_new0 (Fetch, 1);

  self->http = http_client_ref (http);
  self->at_home = at_home;
  self->once = once;
  self->sink = sink;
  self->sink_data = sink_data;
  self->urls[ORIGINAL] = photo_url_with_suffix (url, "s0");
  self->urls[LARGE] = photo_url_with_suffix (url, "s2048");
  self->urls[GIVEN] = g_strdup (url);
  /* An address without a suffix to replace, or with this very one, is not asked twice. */
  self->refused[LARGE] = g_str_equal (self->urls[LARGE], self->urls[ORIGINAL]);
  self->refused[GIVEN] = g_str_equal (url, self->urls[ORIGINAL]) || g_str_equal (url, self->urls[LARGE]);
  self->gone = TRUE;
  attempts_init (&self->attempts, deadline);
  g_task_set_task_data (task, self, (GDestroyNotify)fetch_free);
  if (photo_url_allowed (url, at_home))
    step_variant (task, ORIGINAL);
  else
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                             "the picture's address is not https, or it is this computer's own: it is not asked");
}

gboolean
photo_fetch_finish (HttpClient *http, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
