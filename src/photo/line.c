/*
 * The line to the photos' host: how much may be on its way at once.
 *
 *   window = twice what it carries in one round trip, by the best of what was measured lately; at least MIN_WINDOW and at
 *            most what all photos on their way may have
 *
 * Twice, so that it is never idle and grows each round trip for as long as more is carried. A host that asks to slow down
 * (429) brings the window down to a single photo, and each photo that comes lets it grow by itself.
 */
#define G_LOG_DOMAIN "contactfs"

#include "photo/internal.h"

#define MIN_WINDOW  (1024 * 1024)
#define MAX_STREAMS 96          /* servers allow 100 on a connection, and somebody may want a photo now */
#define TYPICAL     (32 * 1024) /* bytes of a photo, as long as none has come */

/* A best measurement is forgotten by and by: the line may have become another. */
#define FADE 16

void
line_init (Line *self)
{
  *self = (Line){ .typical = TYPICAL, .limit = LINE_MAX_BYTES };
}

void
line_begin_body (Line *self, LineTransfer *transfer)
{
  gint64 delay;

  transfer->first = transfer->latest = g_get_monotonic_time ();
  transfer->before = self->carried;
  delay = transfer->first - transfer->asked;
  self->delay = self->delay == 0 ? delay : MIN (delay, self->delay + self->delay / FADE);
}

void
line_take (Line *self, LineTransfer *transfer, gsize size)
{
  transfer->latest = g_get_monotonic_time ();
  self->carried += size;
}

void
line_whole (Line *self, const LineTransfer *transfer, gint64 size)
{
  double time = (double)MAX (transfer->latest - transfer->first, 1000) / G_USEC_PER_SEC;
  double rate = (double)(self->carried - transfer->before) / time;

  self->rate = MAX (rate, self->rate - self->rate / FADE);
  self->typical = self->any ? (7 * self->typical + size) / 8 : size;
  self->any = TRUE;
  self->limit = MIN (self->limit + size, LINE_MAX_BYTES);
}

void
line_slow_down (Line *self)
{
  self->limit = self->typical;
}

static gint64
window (const Photos *photos)
{
  const Line *self = &photos->line;
  gint64 carries = (gint64)(2 * self->rate * (double)self->delay / G_USEC_PER_SEC);

  return MIN (CLAMP (carries, MIN_WINDOW, LINE_MAX_BYTES), MIN (self->limit, photos->options.cache_bytes / 2));
}

gboolean
line_has_room (const Photos *photos)
{
  return photos->fetch_runs < MAX_STREAMS && photos->fetch_held + photos->line.typical <= window (photos);
}

guint
line_photos (const Photos *photos)
{
  return (guint)MIN (window (photos) / MAX (photos->line.typical, 1), MAX_STREAMS);
}
