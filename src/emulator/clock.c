/* The emulator's time. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/clock.h"

static gint64 offset;

gint64
clock_now (void)
{
  return g_get_real_time () + offset;
}

void
clock_advance (gint64 seconds)
{
  offset += seconds * G_USEC_PER_SEC;
}

char *
clock_format (gint64 time)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%06dZ", text, (int)(time % G_USEC_PER_SEC));
}
