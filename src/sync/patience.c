/*
 * A wait during which the kernel holds a folder's lock, and nobody can be killed who waits for that: a rename. A slow
 * service is worth it, one that answers nothing at all is not.
 *
 *   waiting ──(PATIENCE)─→ asks it something small ─┬─ answered, whatever it says ─→ waiting
 *                                                   └─ nothing within CHECK ───────→ given up
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/internal.h"

#define PATIENCE_S 10
#define CHECK_S    5

/* g_rc_box: one reference is that of who waits, one of the question under way. */
struct Patience {
  Sync *sync;
  GCancellable *caller; /* or NULL */
  gulong handler;
  GCancellable *cancellable;
  guint timer;
  gboolean over;
  gboolean given_up;
};

static void wait_again (Patience *self);

static void
patience_clear (gpointer data)
{
  Patience *self = data;

  g_clear_object (&self->caller);
  g_object_unref (self->cancellable);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  Patience *self = data;
  Sync *sync = self->sync;
  g_autoptr (GError) error = NULL;
  gboolean answered = people_check_finish (sync->people, result, &error)
                      || (!g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)
                          && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE));

  if (!self->over && answered) {
    wait_again (self);
  } else if (!self->over) {
    self->given_up = TRUE;
    g_cancellable_cancel (self->cancellable);
  }
  g_rc_box_release_full (self, patience_clear);
  activity_release (sync->activity, ACTIVITY_WORK);
}

static gboolean
on_patience (gpointer data)
{
  Patience *self = data;

  self->timer = 0;
  activity_hold (self->sync->activity, ACTIVITY_WORK);
  people_check_async (self->sync->people, g_get_monotonic_time () + CHECK_S * G_TIME_SPAN_SECOND, NULL, on_checked,
                      g_rc_box_acquire (self));
  return G_SOURCE_REMOVE;
}

static void
wait_again (Patience *self)
{
  self->timer = g_timeout_add_seconds (PATIENCE_S, on_patience, self);
}

static void
on_caller_cancelled (GCancellable *caller, gpointer data)
{
  g_cancellable_cancel (data);
}

Patience *
patience_new (Sync *sync, GCancellable *caller)
{
  Patience *self = g_rc_box_new0 (Patience);

  self->sync = sync;
  self->cancellable = g_cancellable_new ();
  if (caller != NULL) {
    self->caller = g_object_ref (caller);
    self->handler = g_cancellable_connect (caller, G_CALLBACK (on_caller_cancelled), g_object_ref (self->cancellable),
                                           g_object_unref);
  }
  wait_again (self);
  return self;
}

GCancellable *
patience_cancellable (Patience *self)
{
  return self->cancellable;
}

GError *
patience_end (Patience *self, GError *error)
{
  self->over = TRUE;
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->caller != NULL)
    g_cancellable_disconnect (self->caller, self->handler);
  if (self->given_up && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    g_error_free (error);
    error = g_error_new (
        PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT,
        "the service has answered nothing for %d seconds, and a rename holds up everybody in the folder: "
        "try again later",
        PATIENCE_S + CHECK_S);
  }
  g_rc_box_release_full (self, patience_clear);
  return error;
}
