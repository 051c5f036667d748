/* Pauses. */
#define G_LOG_DOMAIN "contactfs"

#include "people/pause.h"

#include "net/error.h"

#define FIRST (5 * G_TIME_SPAN_MINUTE)
#define LAST  (6 * G_TIME_SPAN_HOUR)
#define MOST  G_TIME_SPAN_DAY

void
pause_clear (Pause *self)
{
  g_clear_pointer (&self->why, g_free);
}

void
pause_begin (Pause *self, const char *why, gint64 retry_after, gint64 now)
{
  self->length = self->length > 0 ? MIN (2 * self->length, LAST) : FIRST;
  self->whole = CLAMP (retry_after, self->length, MOST);
  self->until = now + self->whole;
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

char *
pause_print (const Pause *self, gint64 now, gint64 wall)
{
  if (self->length == 0)
    return NULL;
  return g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
                          wall + pause_left (self, now), self->whole, self->length, self->why);
}

void
pause_parse (Pause *self, const char *line, gint64 now, gint64 wall)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  gint64 until, whole, length;

  if (g_strv_length (words) != 4 || !g_ascii_string_to_signed (words[0], 10, 0, G_MAXINT64, &until, NULL)
      || !g_ascii_string_to_signed (words[1], 10, FIRST, MOST, &whole, NULL)
      || !g_ascii_string_to_signed (words[2], 10, FIRST, LAST, &length, NULL))
    return;
  self->until = now + CLAMP (until - wall, 0, whole);
  self->whole = whole;
  self->length = length;
  g_free (self->why);
  self->why = g_strdup (words[3]);
}
