#define G_LOG_DOMAIN "contactfs"

#include "book/activity.h"
#include "book/error.h"

struct Activity {
  guint held[ACTIVITY_SPARE + 1];
  GCancellable *cancellable;
  GTask *end; /* NULL: it has not begun, or it has been answered */
  gboolean ending;
  gboolean over;
  guint idle;
  void (*give_up_spare) (gpointer data);
  gpointer spare_data;
};

Activity *
activity_new (void)
{
  Activity *self = g_new0 (Activity, 1);

  self->cancellable = g_cancellable_new ();
  return self;
}

void
activity_free (Activity *self)
{
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_object (&self->end);
  g_object_unref (self->cancellable);
  g_free (self);
}

static gboolean
on_idle (gpointer data)
{
  Activity *self = data;
  g_autoptr (GTask) end = NULL;

  self->idle = 0;
  if (self->held[ACTIVITY_WORK] > 0)
    return G_SOURCE_REMOVE;
  if (self->held[ACTIVITY_SPARE] > 0) {
    self->give_up_spare (self->spare_data);
    return G_SOURCE_REMOVE;
  }
  self->over = TRUE;
  end = g_steal_pointer (&self->end);
  g_task_return_boolean (end, TRUE);
  return G_SOURCE_REMOVE;
}

/* In a turn of its own: who releases may be about to hold again. */
static void
check_later (Activity *self)
{
  if (self->end != NULL && self->idle == 0 && self->held[ACTIVITY_WORK] == 0)
    self->idle = g_idle_add_full (G_PRIORITY_DEFAULT, on_idle, self, NULL);
}

void
activity_hold (Activity *self, ActivityKind kind)
{
  self->held[kind]++;
}

void
activity_release (Activity *self, ActivityKind kind)
{
  g_assert (self->held[kind] > 0);
  self->held[kind]--;
  check_later (self);
}

gboolean
activity_is_ending (const Activity *self)
{
  return self->ending;
}

gboolean
activity_is_over (const Activity *self)
{
  return self->over;
}

gboolean
activity_refuse (const Activity *self, GTask *task)
{
  if (self->over)
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_IO, "the mount is ending");
  return self->over;
}

GCancellable *
activity_cancellable (Activity *self)
{
  return self->cancellable;
}

void
activity_end_async (Activity *self, void (*give_up_spare) (gpointer data), gpointer spare_data,
                    GAsyncReadyCallback callback, gpointer data)
{
  g_assert (!self->ending);
  self->ending = TRUE;
  self->end = g_task_new (NULL, NULL, callback, data);
  self->give_up_spare = give_up_spare;
  self->spare_data = spare_data;
  g_cancellable_cancel (self->cancellable);
  check_later (self);
}
