/*
 * One token for all who ask.
 *
 * idle ── get, no token ──→ running (one TokenSource run, waiters join) ── made or failed ──→ idle, all waiters answered
 *                               └── last waiter cancelled or out of time: the run is cancelled → idle; one of a source that
 *                                   goes on is not, and waits for others
 * idle ── get, the token's end is near ──→ running ahead: nobody waits, the token that is still good is given out; a
 *                                          failure is news only when it has ended
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/token-cache.h"

#include <string.h>

#include "account/token-source.h"
#include "net/error.h"
#include "net/secret.h"
#include "net/wait-limits.h"

/* Before its end a token is renewed, and shortly before it is given out no more: on the way it would end. Of a token
 * that lives less than some minutes, a part of its life. */
#define RENEW_AHEAD (60 * G_USEC_PER_SEC)
#define SPARE       (5 * G_USEC_PER_SEC)

/* How long a renewal ahead of need may take, and when the next one is tried after it failed. */
#define AHEAD_TIME  (30 * G_USEC_PER_SEC)
#define AHEAD_AGAIN (10 * G_USEC_PER_SEC)

typedef struct {
  TokenCache *cache; /* NULL: the run was given up; its result is dropped */
  GCancellable *cancellable;
  gint64 deadline;  /* of the most patient waiter */
  gboolean goes_on; /* without waiters */
} Run;

struct TokenCache {
  const TokenSource *source;
  gpointer source_self;
  char *description;
  char *token;          /* or NULL */
  gint64 expiry;        /* monotonic: it is not given out any more; 0: not told */
  gint64 renewal;       /* monotonic: it is time for another one */
  Run *run;             /* or NULL */
  Principal *principal; /* borrowed; NULL: anybody's token will do */
  GPtrArray *waiters;   /* of Waiter, borrowed: each frees itself when it is answered */
};

typedef struct {
  TokenCache *cache;
  GTask *task; /* owned */
  Limits limits;
} Waiter;

TokenCache *
token_cache_new (const TokenSource *source, gpointer source_self, char *description)
{
  TokenCache *self = g_new0 (TokenCache, 1);

  self->source = source;
  self->source_self = source_self;
  self->description = description;
  self->waiters = g_ptr_array_new ();
  return self;
}

/* Takes it out of the queue; the caller answers the task that it hands back. */
static GTask *
waiter_leave (Waiter *self)
{
  GTask *task = self->task;

  g_ptr_array_remove (self->cache->waiters, self);
  limits_stop (&self->limits);
  g_free (self);
  return task;
}

static void
run_give_up (TokenCache *self)
{
  Run *run = g_steal_pointer (&self->run);

  if (run == NULL)
    return;
  run->cache = NULL;
  g_cancellable_cancel (run->cancellable);
}

static void
waiter_fail (Waiter *self, GError *error)
{
  TokenCache *cache = self->cache;
  g_autoptr (GTask) task = waiter_leave (self);

  if (cache->waiters->len == 0 && cache->run != NULL && !cache->run->goes_on)
    run_give_up (cache);
  g_task_return_error (task, error);
}

static gboolean
on_waiter_deadline (gpointer data)
{
  Waiter *self = data;
  const TokenCache *cache = self->cache;
  const char *hanging = cache->source->hanging != NULL ? cache->source->hanging (cache->source_self) : NULL;

  waiter_fail (self, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, "no access token came in time from %s: %s",
                                  cache->description, hanging != NULL ? hanging : "try again later"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  waiter_fail (data, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "the request was cancelled"));
  return G_SOURCE_REMOVE;
}

static gboolean
answer_error (gpointer data)
{
  GTask *task = data;

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "the program is ending");
  return G_SOURCE_REMOVE;
}

static gboolean
on_settled_enough (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

void
token_cache_finish_renewal (TokenCache *self, guint seconds)
{
  gboolean over = FALSE;
  guint timer = g_timeout_add_seconds (seconds, on_settled_enough, &over);

  while (!over && self->run != NULL && self->source->unfinished != NULL && self->source->unfinished (self->source_self))
    g_main_context_iteration (NULL, TRUE);
  if (!over)
    g_source_remove (timer);
}

void
token_cache_free (TokenCache *self)
{
  if (self == NULL)
    return;
  run_give_up (self);
  while (self->waiters->len > 0) {
    g_autoptr (GSource) idle = g_idle_source_new ();

    g_source_set_callback (idle, answer_error, waiter_leave (self->waiters->pdata[0]), g_object_unref);
    g_source_attach (idle, g_main_context_get_thread_default ());
  }
  g_ptr_array_unref (self->waiters);
  self->source->free (self->source_self);
  secret_free (self->token);
  g_free (self->description);
  g_free (self);
}

static void
run_free (Run *self)
{
  g_object_unref (self->cancellable);
  g_free (self);
}

void
access_token_free (AccessToken *self)
{
  secret_free (self->token);
  identity_free (self->identity);
  g_free (self);
}

void
access_token_return (GTask *run, char *token, gint64 lifetime, const Identity *identity)
{
  AccessToken *self = g_new (AccessToken, 1);

  *self = (AccessToken){ .token = token, .lifetime = lifetime, .identity = identity_copy (identity) };
  g_task_return_pointer (run, self, (GDestroyNotify)access_token_free);
}

static void
keep_token (TokenCache *self, AccessToken *made)
{
  gint64 now = g_get_monotonic_time ();

  secret_free (self->token);
  self->token = g_steal_pointer (&made->token);
  self->expiry = made->lifetime > 0 ? now + made->lifetime - MIN (SPARE, made->lifetime / 10) : 0;
  self->renewal = now + made->lifetime - MIN (RENEW_AHEAD, made->lifetime / 4);
}

/* Callers may ask again, reject the token or free self: all are given what came now. error NULL: the token. */
static void
answer_waiters (TokenCache *self, const GError *error)
{
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  char *copy = error == NULL ? g_strdup (self->token) : NULL;

  while (self->waiters->len > 0)
    g_ptr_array_add (tasks, waiter_leave (self->waiters->pdata[0]));
  for (guint i = 0; i < tasks->len; i++)
    if (copy != NULL)
      g_task_return_pointer (tasks->pdata[i], g_strdup (copy), (GDestroyNotify)secret_free);
    else
      g_task_return_error (tasks->pdata[i], g_error_copy (error));
  secret_free (copy);
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  TokenCache *self = run->cache;
  g_autoptr (GError) error = NULL;
  g_autoptr (AccessToken) made = g_task_propagate_pointer (G_TASK (result), &error);

  run_free (run);
  if (self == NULL)
    return;
  self->run = NULL;
  if (made != NULL && (self->principal == NULL || principal_admit (self->principal, made->identity, &error)))
    keep_token (self, made);
  answer_waiters (self, error);
}

static void
run_start (TokenCache *self, gint64 deadline, gboolean ahead)
{
  Run *run = g_new0 (Run, 1);

  run->cache = self;
  run->deadline = deadline;
  run->goes_on = ahead || self->source->goes_on;
  run->cancellable = g_cancellable_new ();
  self->run = run;
  self->source->make_async (self->source_self, &run->deadline, run->cancellable, on_made, run);
}

static void
waiter_new (TokenCache *cache, GTask *task, gint64 deadline)
{
  Waiter *self = g_new0 (Waiter, 1);

  self->cache = cache;
  self->task = g_object_ref (task);
  limits_start (&self->limits, deadline, on_waiter_deadline, g_task_get_cancellable (task), on_waiter_cancelled, self);
  g_ptr_array_add (cache->waiters, self);
}

static gboolean
is_good (const TokenCache *self)
{
  return self->token != NULL && (self->expiry == 0 || g_get_monotonic_time () < self->expiry);
}

static void
renew_ahead (TokenCache *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->expiry == 0 || now < self->renewal || self->run != NULL)
    return;
  self->renewal = now + AHEAD_AGAIN;
  run_start (self, now + AHEAD_TIME, TRUE);
}

void
token_cache_get_async (TokenCache *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  if (g_task_return_error_if_cancelled (task))
    return;
  if (is_good (self)) {
    g_task_return_pointer (task, g_strdup (self->token), (GDestroyNotify)secret_free);
    renew_ahead (self);
    return;
  }
  waiter_new (self, task, deadline);
  if (self->run == NULL)
    run_start (self, deadline, FALSE);
  else
    self->run->deadline = MAX (self->run->deadline, deadline);
}

char *
token_cache_get_finish (TokenCache *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
token_cache_invalidate (TokenCache *self, const char *token)
{
  if (g_strcmp0 (self->token, token) == 0)
    g_clear_pointer (&self->token, secret_free);
}

char *
token_cache_advice (TokenCache *self, TokenProblem problem)
{
  return self->source->advice (self->source_self, problem);
}

const char *
token_cache_quota_project (TokenCache *self)
{
  return self->source->quota_project != NULL ? self->source->quota_project (self->source_self) : NULL;
}

const Identity *
token_cache_identity (TokenCache *self)
{
  return self->source->identity != NULL ? self->source->identity (self->source_self) : NULL;
}

void
token_cache_set_principal (TokenCache *self, Principal *principal)
{
  self->principal = principal;
}

const char *
token_cache_describe (TokenCache *self)
{
  return self->description;
}
