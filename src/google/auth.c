/*
 * One token for all who ask.
 *
 * idle ── get, no token ──→ running (one AuthSource run, waiters join) ── made or failed ──→ idle, all waiters answered
 *                               └── last waiter cancelled or out of time: the run is cancelled → idle; one of a source that
 *                                   goes on is not, and waits for others
 * idle ── get, the token's end is near ──→ running ahead: nobody waits, the token that is still good is given out; a
 *                                          failure is news only when it has ended
 *
 * held: who asks waits, whatever the state, until auth_identify, auth_disown, auth_fail_held or auth_bar. Only those who
 * ask for the first token (whose is it?) go the way above. A source may say of a token that it was just made that it has
 * to be held.
 */
#define G_LOG_DOMAIN "contactfs"

#include "google/auth.h"

#include <string.h>

#include "google/auth-source.h"
#include "google/error.h"
#include "google/secret.h"
#include "google/wait-limits.h"

/* Before its end a token is renewed, and shortly before it is given out no more: on the way it would end. Of a token
 * that lives less than some minutes, a part of its life. */
#define RENEW_AHEAD (60 * G_USEC_PER_SEC)
#define SPARE       (5 * G_USEC_PER_SEC)

/* How long a renewal ahead of need may take, and when the next one is tried after it failed. */
#define AHEAD_TIME  (30 * G_USEC_PER_SEC)
#define AHEAD_AGAIN (10 * G_USEC_PER_SEC)

typedef struct {
  Auth *auth; /* NULL: the run was given up; its result is dropped */
  GCancellable *cancellable;
  gint64 deadline;  /* of the most patient waiter */
  gboolean goes_on; /* without waiters */
  const AuthSource *source;
} Run;

struct Auth {
  const AuthSource *source;
  gpointer source_self;
  char *description;
  char *token;    /* or NULL */
  gint64 expiry;  /* monotonic: it is not given out any more; 0: not told */
  gint64 renewal; /* monotonic: it is time for another one */
  Run *run;       /* or NULL */
  GError *barred; /* or NULL */
  gboolean held;
  AuthWantedFunc wanted; /* of a hold, or NULL */
  gpointer wanted_data;
  GPtrArray *waiters; /* of Waiter, borrowed: each frees itself when it is answered */
};

typedef struct {
  Auth *auth;
  GTask *task;     /* owned */
  gint64 deadline; /* monotonic */
  gboolean first;  /* it asks for the first token */
  gboolean held;   /* not for the run, but for the end of the hold */
  Limits limits;
} Waiter;

Auth *
auth_new (const AuthSource *source, gpointer source_self, char *description)
{
  Auth *self = g_new0 (Auth, 1);

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

  g_ptr_array_remove (self->auth->waiters, self);
  limits_stop (&self->limits);
  g_free (self);
  return task;
}

static void
run_give_up (Auth *self)
{
  Run *run = g_steal_pointer (&self->run);

  if (run == NULL)
    return;
  run->auth = NULL;
  g_cancellable_cancel (run->cancellable);
}

/* The first waiter for the run, or the first that is held; NULL: there is none. */
static Waiter *
find_waiter (const Auth *self, gboolean held)
{
  for (guint i = 0; i < self->waiters->len; i++) {
    Waiter *waiter = self->waiters->pdata[i];

    if (waiter->held == held)
      return waiter;
  }
  return NULL;
}

static void
waiter_fail (Waiter *self, GError *error)
{
  Auth *auth = self->auth;
  g_autoptr (GTask) task = waiter_leave (self);

  if (find_waiter (auth, FALSE) == NULL && auth->run != NULL && !auth->run->goes_on)
    run_give_up (auth);
  g_task_return_error (task, error);
}

static gboolean
on_waiter_deadline (gpointer data)
{
  Waiter *self = data;
  const Auth *auth = self->auth;
  const char *hanging = auth->source->hanging != NULL ? auth->source->hanging (auth->source_self) : NULL;

  if (hanging == NULL && self->held)
    hanging = "the service has not said yet whose contacts it opens";
  waiter_fail (self, g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, "No access token came in time from %s: %s",
                                  auth->description, hanging != NULL ? hanging : "try again later"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_waiter_cancelled (GCancellable *cancellable, gpointer data)
{
  waiter_fail (data, g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The request was cancelled"));
  return G_SOURCE_REMOVE;
}

static gboolean
answer_error (gpointer data)
{
  GTask *task = data;

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The program is ending");
  return G_SOURCE_REMOVE;
}

static gboolean
on_settled_enough (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

void
auth_settle (Auth *self, guint seconds)
{
  gboolean over = FALSE;
  guint timer = g_timeout_add_seconds (seconds, on_settled_enough, &over);

  while (!over && self->run != NULL && self->source->unfinished != NULL && self->source->unfinished (self->source_self))
    g_main_context_iteration (NULL, TRUE);
  if (!over)
    g_source_remove (timer);
}

void
auth_free (Auth *self)
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
  auth_token_free (self->token);
  g_clear_error (&self->barred);
  g_free (self->description);
  g_free (self);
}

static void
run_free (Run *self)
{
  g_object_unref (self->cancellable);
  g_free (self);
}

/* All but those who ask for the first token. */
static void
hold_waiters (Auth *self)
{
  self->held = TRUE;
  for (guint i = 0; i < self->waiters->len; i++) {
    Waiter *waiter = self->waiters->pdata[i];

    waiter->held = !waiter->first;
  }
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  Auth *self = run->auth;
  gint64 lifetime = 0;
  g_autoptr (GError) error = NULL;
  char *token = run->source->make_finish (result, &lifetime, &error);
  g_autoptr (GPtrArray) tasks = g_ptr_array_new_with_free_func (g_object_unref);
  gboolean begins; /* a hold */

  run_free (run);
  if (self == NULL) {
    auth_token_free (token);
    return;
  }
  self->run = NULL;
  begins = token != NULL && !self->held && self->wanted != NULL && self->source->doubtful != NULL
           && self->source->doubtful (self->source_self);
  if (begins)
    hold_waiters (self);
  if (token != NULL) {
    auth_token_free (self->token);
    self->token = token;
    self->expiry = lifetime > 0 ? g_get_monotonic_time () + lifetime - MIN (SPARE, lifetime / 10) : 0;
    self->renewal = g_get_monotonic_time () + lifetime - MIN (RENEW_AHEAD, lifetime / 4);
  }
  if (begins)
    self->wanted (self->wanted_data);
  for (Waiter *waiter = find_waiter (self, FALSE); waiter != NULL; waiter = find_waiter (self, FALSE))
    g_ptr_array_add (tasks, waiter_leave (waiter));
  /* Callers may ask again, reject the token or free self: all are given what came now. */
  {
    g_autofree char *copy = g_strdup (token);

    for (guint i = 0; i < tasks->len; i++)
      if (copy != NULL)
        g_task_return_pointer (tasks->pdata[i], g_strdup (copy), (GDestroyNotify)auth_token_free);
      else
        g_task_return_error (tasks->pdata[i], g_error_copy (error));
    if (copy != NULL)
      explicit_bzero (copy, strlen (copy));
  }
}

static void
run_start (Auth *self, gint64 deadline, gboolean ahead)
{
  Run *run = g_new0 (Run, 1);

  run->auth = self;
  run->source = self->source;
  run->deadline = deadline;
  run->goes_on = ahead || self->source->goes_on;
  run->cancellable = g_cancellable_new ();
  self->run = run;
  self->source->make_async (self->source_self, &run->deadline, run->cancellable, on_made, run);
}

static void
waiter_new (Auth *auth, GTask *task, gint64 deadline, gboolean first, gboolean held)
{
  Waiter *self = g_new0 (Waiter, 1);

  self->auth = auth;
  self->task = g_object_ref (task);
  self->deadline = deadline;
  self->first = first;
  self->held = held;
  limits_start (&self->limits, deadline, on_waiter_deadline, g_task_get_cancellable (task), on_waiter_cancelled, self);
  g_ptr_array_add (auth->waiters, self);
}

static gboolean
is_good (const Auth *self)
{
  return self->token != NULL && (self->expiry == 0 || g_get_monotonic_time () < self->expiry);
}

static void
renew_ahead (Auth *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->expiry == 0 || now < self->renewal || self->run != NULL || self->held)
    return;
  self->renewal = now + AHEAD_AGAIN;
  run_start (self, now + AHEAD_TIME, TRUE);
}

static void
get_token (Auth *self, GTask *task, gint64 deadline, gboolean first)
{
  if (g_task_return_error_if_cancelled (task))
    return;
  if (self->barred != NULL) {
    g_task_return_error (task, g_error_copy (self->barred));
    return;
  }
  if (is_good (self)) {
    g_task_return_pointer (task, g_strdup (self->token), (GDestroyNotify)auth_token_free);
    renew_ahead (self);
    return;
  }
  waiter_new (self, task, deadline, first, FALSE);
  if (self->run == NULL)
    run_start (self, deadline, FALSE);
  else
    self->run->deadline = MAX (self->run->deadline, deadline);
}

void
auth_get_first_token_async (Auth *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  get_token (self, task, deadline, TRUE);
}

void
auth_get_token_async (Auth *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  if (!self->held || g_cancellable_is_cancelled (cancellable)) {
    get_token (self, task, deadline, FALSE);
    return;
  }
  waiter_new (self, task, deadline, FALSE, TRUE);
  self->wanted (self->wanted_data);
}

char *
auth_get_token_finish (Auth *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
auth_token_free (char *token)
{
  secret_free (token);
}

void
auth_reject (Auth *self, const char *token)
{
  if (g_strcmp0 (self->token, token) == 0)
    g_clear_pointer (&self->token, auth_token_free);
}

char *
auth_advice (Auth *self, AuthTrouble trouble)
{
  return self->source->advice (self->source_self, trouble);
}

const char *
auth_quota_project (Auth *self)
{
  return self->source->quota_project != NULL ? self->source->quota_project (self->source_self) : NULL;
}

const char *
auth_owner (Auth *self)
{
  return self->source->owner != NULL ? self->source->owner (self->source_self) : NULL;
}

const char *
auth_lineage (Auth *self)
{
  return self->source->lineage != NULL ? self->source->lineage (self->source_self) : NULL;
}

const char *
auth_login (Auth *self)
{
  return self->source->login != NULL ? self->source->login (self->source_self) : NULL;
}

void
auth_watch (Auth *self, AuthWantedFunc wanted, gpointer data)
{
  self->wanted = wanted;
  self->wanted_data = data;
}

void
auth_hold (Auth *self)
{
  self->held = TRUE;
}

static void
release (Auth *self)
{
  self->held = FALSE;
  for (Waiter *waiter = find_waiter (self, TRUE); waiter != NULL; waiter = find_waiter (self, TRUE)) {
    gint64 deadline = waiter->deadline;
    g_autoptr (GTask) task = waiter_leave (waiter);

    get_token (self, task, deadline, FALSE);
  }
}

gboolean
auth_is_wanted (Auth *self)
{
  return find_waiter (self, TRUE) != NULL;
}

void
auth_fail_held (Auth *self, const GError *error)
{
  for (Waiter *waiter = find_waiter (self, TRUE); waiter != NULL; waiter = find_waiter (self, TRUE))
    waiter_fail (waiter, g_error_copy (error));
}

void
auth_bar (Auth *self, GError *error)
{
  g_clear_error (&self->barred);
  self->barred = error;
  release (self);
}

void
auth_identify (Auth *self, const char *person, const char *who)
{
  if (self->source->identify != NULL)
    self->source->identify (self->source_self, person, who);
  release (self);
}

void
auth_disown (Auth *self, const char *person, const char *who, const GError *why)
{
  if (self->source->disown == NULL) {
    auth_bar (self, g_error_copy (why));
    return;
  }
  self->source->disown (self->source_self, person, who, why);
  g_clear_pointer (&self->token, auth_token_free);
  release (self);
}

const char *
auth_describe (Auth *self)
{
  return self->description;
}
