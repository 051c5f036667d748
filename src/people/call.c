/*
 * A call's way:
 *
 *   step_token ─→ on_token ─→ step_send ─→ on_answer ─┬─ 2xx ───────────────────→ done
 *       ↑                                             ├─ 401, the first ─┐        failed
 *       ├─────────────────────────────────────────────│──────────────────┘
 *       └────────────── on_waited ←── step_again ←────┴─ 429, 5xx, no answer
 *
 * While an allowance is used up (pause.h), what is charged to it fails before the first step.
 * A request that is made once fails where it would be made again, and says what is known of its attempt.
 */
#define G_LOG_DOMAIN "contactfs"

#include "people/call.h"

#include <string.h>

#include "net/attempts.h"
#include "net/secret.h"
#include "people/page-ahead.h"
#include "people/photo-body.h"

/* Above this, reading JSON takes longer than the loop should stand still. */
#define WORKER_SIZE (128 * 1024)

/* A page of a thousand people has some megabytes. */
#define MAX_ANSWER (16 * 1024 * 1024)

typedef struct {
  PeopleClient *client; /* NULL: it is gone */
  PeopleRequest *request;
  GCancellable *caller; /* of the caller, or NULL */
  gulong caller_handler;
  GCancellable *cancellable; /* of this call: follows caller, and the end of client */
  gint64 timeout;            /* microseconds from its beginning to its deadline */
  Attempts attempts;
  char *token;
  gboolean renewed; /* one fresh token was asked for after a 401 */
  PeopleAttempt attempt;
} Call;

static void step_token (GTask *task);

static void
call_free (Call *self)
{
  if (self->client != NULL)
    g_hash_table_remove (self->client->calls, self);
  if (self->caller != NULL)
    g_cancellable_disconnect (self->caller, self->caller_handler);
  g_clear_object (&self->caller);
  g_object_unref (self->cancellable);
  people_request_free (self->request);
  attempts_clear (&self->attempts);
  secret_free (self->token);
  g_free (self);
}

/* TRUE, and the task is answered, when nothing may be touched any more. */
static gboolean
is_over (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  return self->client == NULL || g_cancellable_is_cancelled (self->cancellable)
             ? (g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the request was cancelled"), TRUE)
             : FALSE;
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (attempts_again_finish (result, &error))
    step_token (task);
  else
    g_task_return_error (task, error);
}

static void
step_again (GTask *task, GError *error, gint64 retry_after)
{
  Call *self = g_task_get_task_data (task);

  if (self->request->once) {
    self->attempt.may_pass = TRUE;
    self->attempt.retry_after = retry_after;
    g_task_return_error (task, error);
    return;
  }
  attempts_again_async (&self->attempts, error, retry_after, self->cancellable, on_waited, g_object_ref (task));
}

/* What is to be done about a token depends on where it comes from. Takes error. */
static GError *
advise (const Call *self, GError *error)
{
  gboolean scope = g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_SCOPE);
  g_autofree char *words = NULL, *advice = NULL;

  if (!scope && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH))
    return error;
  words = g_steal_pointer (&error->message);
  advice = token_cache_advice (self->client->token_cache, scope ? TOKEN_PROBLEM_SCOPE : TOKEN_PROBLEM_REFUSED);
  error->message = g_strdup_printf ("%s: %s", words, advice);
  return error;
}

/* Of what the request is charged to; NULL: of nothing that lasts for longer than a minute. */
static Pause *
pause_of (const Call *self)
{
  const AnswerRequest *about = &self->request->about;

  if (about->change)
    return &self->client->pauses[PEOPLE_CHANGES];
  return about->listing ? &self->client->pauses[PEOPLE_LISTINGS] : NULL;
}

static void
tell_pause (PeopleClient *client, const Pause *pause)
{
  g_autofree char *line = pause_print (pause, g_get_monotonic_time (), g_get_real_time ());

  if (client->pause_changed != NULL)
    client->pause_changed ((PeopleAllowance)(pause - client->pauses), line, client->pause_data);
}

/* Takes error. */
static GError *
pause_now (const Call *self, GError *error, gint64 retry_after)
{
  Pause *pause = pause_of (self);
  g_autoptr (GError) met = error;
  gint64 now = g_get_monotonic_time ();

  if (pause == NULL)
    return g_steal_pointer (&met);
  pause_begin (pause, met->message, retry_after, now);
  tell_pause (self->client, pause);
  return pause_error (pause, now);
}

static void
judge_answer (GTask *task, HttpResponse *response)
{
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;
  AnswerAdvice advice = answer_judge (response->status, response->body, &self->request->about, &error);

  if (g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_QUOTA))
    error = pause_now (self, error, response->retry_after);
  if (advice == ANSWER_AGAIN) {
    step_again (task, error, response->retry_after);
  } else if (advice == ANSWER_NEW_TOKEN && !self->renewed && !self->request->once) {
    self->renewed = TRUE;
    g_error_free (error);
    token_cache_invalidate (self->client->token_cache, self->token);
    step_token (task);
  } else {
    if (advice == ANSWER_NEW_TOKEN)
      token_cache_invalidate (self->client->token_cache, self->token);
    self->attempt.new_token = advice == ANSWER_NEW_TOKEN;
    g_task_return_error (task, advise (self, error));
  }
}

static void
pause_over (const Call *self)
{
  Pause *pause = pause_of (self);

  if (pause == NULL || pause->length == 0)
    return;
  pause_answered (pause);
  tell_pause (self->client, pause);
}

/* The service did as asked, but did not say how the person looks now: ask. */
static void
step_get_person (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  PeopleRequest *request = self->request;

  g_clear_pointer (&request->photo, g_bytes_unref);
  g_free (request->url);
  request->url = g_steal_pointer (&request->person_url);
  request->method = "GET";
  request->about = (AnswerRequest){ 0 };
  request->once = FALSE; /* and what was done stays done, whatever comes of this */
  request->parse = people_request_parse_person;
  step_token (task);
}

/* What is said of somebody else must not pass for the outcome here. */
static gboolean
is_about (const PeoplePerson *person, const char *resource_name)
{
  const char *const *before = (const char *const *)person->previous_resource_names;

  return g_str_equal (person->resource_name, resource_name)
         || (before != NULL && g_strv_contains (before, resource_name));
}

/* value and error: transfer full. Both NULL: the answer does not say. */
static void
take_value (GTask *task, gpointer value, GError *error)
{
  Call *self = g_task_get_task_data (task);

  if (value != NULL && self->request->resource_name != NULL && !is_about (value, self->request->resource_name)) {
    g_clear_pointer (&value, self->request->free_result);
    if (self->request->person_url == NULL)
      g_set_error (&error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "the answer is about somebody else than %s",
                   self->request->resource_name);
  }
  if (value != NULL)
    g_task_return_pointer (task, value, self->request->free_result);
  else if (error != NULL)
    g_task_return_error (task, error);
  else if (self->request->person_url != NULL)
    step_get_person (task);
  else
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "the answer says nothing");
}

/* What a worker reads: nothing in it is the loop's. */
typedef struct {
  GBytes *body;
  PeopleParseFunc parse;
  GDestroyNotify free_result;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *self = data;

  g_bytes_unref (self->body);
  g_free (self);
}

static void
read_in_worker (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *self = data;
  GError *error = NULL;
  gpointer value = self->parse (self->body, &error);

  if (error != NULL)
    g_task_return_error (worker, error);
  else
    g_task_return_pointer (worker, value, self->free_result);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;
  gpointer value = g_task_propagate_pointer (G_TASK (result), &error);

  if (is_over (task)) {
    g_clear_pointer (&value, self->request->free_result);
    g_clear_error (&error);
  } else {
    take_value (task, value, error);
  }
}

static void
read_answer (GTask *task, GBytes *body)
{
  Call *self = g_task_get_task_data (task);
  g_autoptr (GTask) worker = NULL;
  Reading *reading;

  if (g_bytes_get_size (body) <= WORKER_SIZE) {
    GError *error = NULL;
    gpointer value = self->request->parse (body, &error);

    take_value (task, value, error);
    return;
  }
  if (self->request->about.listing)
    page_ahead_begin (self->client, self->request, body, self->timeout, self->caller);
  reading = g_new0 (Reading, 1);
  reading->body = g_bytes_ref (body);
  reading->parse = self->request->parse;
  reading->free_result = self->request->free_result;
  worker = g_task_new (NULL, NULL, on_read, g_object_ref (task));
  g_task_set_task_data (worker, reading, reading_free);
  g_task_run_in_thread (worker, read_in_worker);
}

/* TRUE if an answer, or the lack of one, leaves it open whether the service has carried the request out. It has not when
 * no connection came about, nor when it says that it will not: 4xx, but for those that are about time and order. */
static gboolean
leaves_open (const HttpResponse *response, const GError *error)
{
  if (response == NULL)
    return !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE)
           && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TLS);
  return response->status < 400 || response->status >= 500 || response->status == 408 || response->status == 409;
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = http_send_finish (result, &error);

  if (self->request->once)
    self->attempt.reached = leaves_open (response, error);
  if (is_over (task))
    return;
  if (response != NULL && status_meaning (response->status)->advice == ANSWER_DONE)
    pause_over (self);
  if (response == NULL && attempts_may_pass (error))
    step_again (task, g_steal_pointer (&error), 0);
  else if (response == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (status_meaning (response->status)->advice == ANSWER_DONE)
    read_answer (task, response->body);
  else
    judge_answer (task, response);
}

static void
step_send (GTask *task)
{
  Call *self = g_task_get_task_data (task);
  const char *project = token_cache_quota_project (self->client->token_cache);
  HttpRequest *request = http_request_new (self->request->method, self->request->url);
  g_autofree char *bearer = g_strconcat ("Bearer ", self->token, NULL);

  http_request_add_header (request, "Authorization", bearer);
  explicit_bzero (bearer, strlen (bearer));
  http_request_add_header (request, "Accept", "application/json");
  if (project != NULL)
    http_request_add_header (request, "X-Goog-User-Project", project);
  if (self->request->photo != NULL)
    http_request_set_made_body (request, "application/json; charset=utf-8", self->request->photo, photo_body_make,
                                photo_body_size (self->request->photo));
  request->compressed = TRUE;
  request->max_answer = MAX_ANSWER;
  request->once = self->request->once;
  http_send_async (self->client->http, request, self->attempts.retry.deadline, self->cancellable, on_answer,
                   g_object_ref (task));
}

static void
on_token (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Call *self = g_task_get_task_data (task);
  GError *error = NULL;

  secret_free (self->token);
  self->token = token_cache_get_finish (self->client != NULL ? self->client->token_cache : NULL, result, &error);
  if (self->token == NULL)
    g_task_return_error (task, error);
  else if (!is_over (task))
    step_send (task);
}

static void
step_token (GTask *task)
{
  Call *self = g_task_get_task_data (task);

  if (is_over (task))
    return;
  token_cache_get_async (self->client->token_cache, self->attempts.retry.deadline, self->cancellable, on_token,
                         g_object_ref (task));
}

static void
on_caller_cancelled (GCancellable *caller, gpointer data)
{
  g_cancellable_cancel (data);
}

void
call_async (PeopleClient *client, PeopleRequest *request, gint64 deadline, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Call *self = g_new0 (Call, 1);
  GError *paused = NULL;

  self->client = client;
  self->request = request;
  self->cancellable = g_cancellable_new ();
  self->timeout = deadline - g_get_monotonic_time ();
  attempts_init (&self->attempts, deadline);
  g_hash_table_add (client->calls, self);
  g_task_set_source_tag (task, call_async);
  g_task_set_task_data (task, self, (GDestroyNotify)call_free);
  if (cancellable != NULL) {
    self->caller = g_object_ref (cancellable);
    self->caller_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_caller_cancelled),
                                                  g_object_ref (self->cancellable), g_object_unref);
  }
  if (pause_of (self) != NULL)
    paused = pause_error (pause_of (self), g_get_monotonic_time ());
  if (paused != NULL)
    g_task_return_error (task, paused);
  else
    step_token (task);
}

void
call_get_attempt (GAsyncResult *result, PeopleAttempt *attempt)
{
  const Call *self = g_async_result_is_tagged (result, call_async) ? g_task_get_task_data (G_TASK (result)) : NULL;

  *attempt = self != NULL ? self->attempt : (PeopleAttempt){ 0 };
}

void
call_cancel_all (PeopleClient *client)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, client->calls);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    Call *call = key;

    call->client = NULL;
    g_cancellable_cancel (call->cancellable);
  }
  g_hash_table_remove_all (client->calls);
}
