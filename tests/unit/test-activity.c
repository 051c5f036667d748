/* The mount ends when nothing is held any more, and not before. */
#include "book/activity.h"

typedef struct {
  Activity *activity;
  guint spare, asked; /* to be given up; how often that was asked for */
  gboolean over;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->activity = activity_new ();
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  activity_free (self->activity);
}

static void
give_up_spare (gpointer data)
{
  Fixture *self = data;

  self->asked++;
  for (; self->spare > 0; self->spare--)
    activity_release (self->activity, ACTIVITY_SPARE);
}

static void
on_over (GObject *source, GAsyncResult *result, gpointer data)
{
  Fixture *self = data;

  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  self->over = TRUE;
}

static void
begin_end (Fixture *self)
{
  activity_end_async (self->activity, give_up_spare, self, on_over, self);
}

static void
run (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

static void
ends_when_idle (Fixture *self, gconstpointer data)
{
  g_assert_false (activity_is_ending (self->activity));
  begin_end (self);
  g_assert_true (activity_is_ending (self->activity));
  g_assert_true (g_cancellable_is_cancelled (activity_cancellable (self->activity)));
  g_assert_false (activity_is_over (self->activity));
  run ();
  g_assert_true (self->over);
  g_assert_true (activity_is_over (self->activity));
}

static void
waits_for_work (Fixture *self, gconstpointer data)
{
  activity_hold (self->activity, ACTIVITY_WORK);
  activity_hold (self->activity, ACTIVITY_WORK);
  begin_end (self);
  activity_release (self->activity, ACTIVITY_WORK);
  run ();
  g_assert_false (self->over);
  activity_release (self->activity, ACTIVITY_WORK);
  run ();
  g_assert_true (self->over);
}

static void
last_release_may_hold_again (Fixture *self, gconstpointer data)
{
  activity_hold (self->activity, ACTIVITY_WORK);
  begin_end (self);
  activity_release (self->activity, ACTIVITY_WORK);
  activity_hold (self->activity, ACTIVITY_WORK);
  run ();
  g_assert_false (activity_is_over (self->activity));
  activity_release (self->activity, ACTIVITY_WORK);
  run ();
  g_assert_true (self->over);
}

static void
spare_is_given_up_last (Fixture *self, gconstpointer data)
{
  activity_hold (self->activity, ACTIVITY_WORK);
  activity_hold (self->activity, ACTIVITY_SPARE);
  self->spare = 1;
  begin_end (self);
  run ();
  g_assert_cmpuint (self->asked, ==, 0);
  activity_release (self->activity, ACTIVITY_WORK);
  run ();
  g_assert_cmpuint (self->asked, ==, 1);
  g_assert_true (self->over);
}

static void
waits_for_spare_that_goes_on (Fixture *self, gconstpointer data)
{
  activity_hold (self->activity, ACTIVITY_SPARE);
  begin_end (self);
  run ();
  g_assert_false (self->over);
  activity_release (self->activity, ACTIVITY_SPARE);
  run ();
  g_assert_true (self->over);
}

static void
on_refused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (g_task_propagate_boolean (G_TASK (result), &error));
  g_assert_nonnull (error);
  *(gboolean *)data = TRUE;
}

static void
refuses_when_over (Fixture *self, gconstpointer data)
{
  gboolean refused = FALSE;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_refused, &refused);

  g_assert_false (activity_refuse (self->activity, task));
  begin_end (self);
  g_assert_false (activity_refuse (self->activity, task));
  run ();
  g_assert_true (activity_refuse (self->activity, task));
  run ();
  g_assert_true (refused);
}

#define ADD(name) g_test_add ("/activity/" #name, Fixture, NULL, set_up, name, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD (ends_when_idle);
  ADD (waits_for_work);
  ADD (last_release_may_hold_again);
  ADD (spare_is_given_up_last);
  ADD (waits_for_spare_that_goes_on);
  ADD (refuses_when_over);
  return g_test_run ();
}
