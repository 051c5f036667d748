/* Pauses. */
#define G_LOG_DOMAIN "contactfs"

#include "google/pause.h"

#include "google/error.h"

#define FIRST (5 * G_TIME_SPAN_MINUTE)
#define LAST  (6 * G_TIME_SPAN_HOUR)

void
pause_clear (Pause *self)
{
  g_clear_pointer (&self->why, g_free);
}

void
pause_begin (Pause *self, const char *why, gint64 retry_after, gint64 now)
{
  self->length = self->length > 0 ? MIN (2 * self->length, LAST) : FIRST;
  self->until = now + MAX (self->length, retry_after);
  g_free (self->why);
  self->why = g_strdup (why);
}

void
pause_answered (Pause *self)
{
  self->length = 0;
  self->until = 0;
}

gint64
pause_left (const Pause *self, gint64 now)
{
  return MAX (self->until - now, 0);
}

GError *
pause_error (const Pause *self, gint64 now)
{
  gint64 left = pause_left (self, now);
  g_autoptr (GDateTime) today = NULL;
  g_autoptr (GDateTime) then = NULL;
  g_autofree char *time = NULL;

  if (left == 0)
    return NULL;
  today = g_date_time_new_now_local ();
  then = g_date_time_add (today, left + G_TIME_SPAN_MINUTE - 1); /* whole minutes, and none too early */
  time = g_date_time_format (then, "%H:%M");
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_QUOTA, "%s: try again at %s, and not before", self->why, time);
}
