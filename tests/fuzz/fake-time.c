#define G_LOG_DOMAIN "contactfs"

#include "fake-time.h"

#define FIRST_MOMENT ((gint64)1000 * G_TIME_SPAN_SECOND)
#define BOOT         ((gint64)1790000000 * G_TIME_SPAN_SECOND) /* the time of day at moment 0 */

typedef struct {
  GSource source;
  gint64 due;
  gint64 interval;
} Timer;

typedef struct {
  GTask *task;
  GTaskThreadFunc func;
} Job;

static gint64 now;
static GList *timers;              /* of Timer, borrowed */
static GQueue jobs = G_QUEUE_INIT; /* of Job */

void
fake_time_begin (void)
{
  now = FIRST_MOMENT;
}

gint64
fake_time_now (void)
{
  return now;
}

/* ---- timers ---- */

static gboolean
timer_dispatch (GSource *source, GSourceFunc func, gpointer data)
{
  Timer *self = (Timer *)source;

  g_source_set_ready_time (source, -1);
  self->due = now + self->interval;
  return func (data);
}

static void
timer_finalize (GSource *source)
{
  timers = g_list_remove (timers, source);
}

static GSourceFuncs timer_funcs = { NULL, NULL, timer_dispatch, timer_finalize, NULL, NULL };

static GSource *
timer_new (gint64 interval)
{
  GSource *source = g_source_new (&timer_funcs, sizeof (Timer));
  Timer *self = (Timer *)source;

  self->interval = interval;
  self->due = now + interval;
  timers = g_list_append (timers, self);
  return source;
}

static guint
timer_add (gint64 interval, gint priority, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = timer_new (interval);

  g_source_set_priority (source, priority);
  g_source_set_callback (source, func, data, destroy);
  return g_source_attach (source, NULL);
}

static gboolean
is_waiting (const Timer *timer)
{
  return !g_source_is_destroyed ((GSource *)timer) && g_source_get_ready_time ((GSource *)timer) < 0;
}

gint64
fake_time_next (void)
{
  gint64 next = G_MAXINT64;

  for (GList *at = timers; at != NULL; at = at->next)
    if (is_waiting (at->data))
      next = MIN (next, ((Timer *)at->data)->due);
  return next;
}

void
fake_time_set (gint64 moment)
{
  now = MAX (now, moment);
  for (GList *at = timers; at != NULL; at = at->next)
    if (is_waiting (at->data) && ((Timer *)at->data)->due <= now)
      g_source_set_ready_time (at->data, 0);
}

/* ---- workers ---- */

gboolean
fake_time_work (void)
{
  Job *job = g_queue_pop_head (&jobs);

  if (job == NULL)
    return FALSE;
  job->func (job->task, g_task_get_source_object (job->task), g_task_get_task_data (job->task),
             g_task_get_cancellable (job->task));
  g_object_unref (job->task);
  g_free (job);
  return TRUE;
}

/* ---- what the linker leads here ---- */

#pragma GCC visibility push(default) /* the linker wants so, as libraries call what is wrapped; they are not led here */
gint64 __wrap_g_get_monotonic_time (void);
gint64 __wrap_g_get_real_time (void);
guint __wrap_g_timeout_add (guint interval, GSourceFunc func, gpointer data);
guint __wrap_g_timeout_add_full (gint priority, guint interval, GSourceFunc func, gpointer data,
                                 GDestroyNotify destroy);
guint __wrap_g_timeout_add_seconds (guint interval, GSourceFunc func, gpointer data);
GSource *__wrap_g_timeout_source_new_seconds (guint interval);
void __wrap_g_task_run_in_thread (GTask *task, GTaskThreadFunc func);
#pragma GCC visibility pop

gint64
__wrap_g_get_monotonic_time (void)
{
  return now;
}

gint64
__wrap_g_get_real_time (void)
{
  return BOOT + now;
}

guint
__wrap_g_timeout_add_full (gint priority, guint interval, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  return timer_add ((gint64)interval * G_TIME_SPAN_MILLISECOND, priority, func, data, destroy);
}

guint
__wrap_g_timeout_add (guint interval, GSourceFunc func, gpointer data)
{
  return __wrap_g_timeout_add_full (G_PRIORITY_DEFAULT, interval, func, data, NULL);
}

guint
__wrap_g_timeout_add_seconds (guint interval, GSourceFunc func, gpointer data)
{
  return timer_add ((gint64)interval * G_TIME_SPAN_SECOND, G_PRIORITY_DEFAULT, func, data, NULL);
}

GSource *
__wrap_g_timeout_source_new_seconds (guint interval)
{
  return timer_new ((gint64)interval * G_TIME_SPAN_SECOND);
}

void
__wrap_g_task_run_in_thread (GTask *task, GTaskThreadFunc func)
{
  Job *job = g_new0 (Job, 1);

  job->task = g_object_ref (task);
  job->func = func;
  g_queue_push_tail (&jobs, job);
}
