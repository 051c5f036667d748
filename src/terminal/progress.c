/* A bar, or a line a minute (progress.h). */
#define G_LOG_DOMAIN "contactfs"

#include "terminal/progress.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BURST          50  /* changes that the service takes without a pause */
#define PACED_SECONDS  1.2 /* a change from then on */
#define DEFAULT_WIDTH  80
#define BAR_WIDTH      30
#define LINE_INTERVAL  (60 * G_TIME_SPAN_SECOND)
#define FRAME_INTERVAL (100 * G_TIME_SPAN_MILLISECOND)

struct Progress {
  const char *verb;
  guint done, total;
  guint limit; /* seconds: a wait for one thing; 0: a count */
  ProgressPace pace;
  gboolean is_quiet, is_terminal, is_drawn;
  gint64 begun, shown; /* monotonic, µs */
};

double
progress_time_left (guint done, guint total, double seconds, ProgressPace pace)
{
  guint left = total - MIN (done, total);
  double each = done > 0 ? seconds / done : 0;
  if (pace == PROGRESS_READS)
    return left * each;
  /* while the first fifty last, each takes as long as they did; later ones at least as long as the pace says */
  guint at_once = done < BURST ? MIN (left, BURST - done) : 0;
  double fast = MIN (each, PACED_SECONDS);
  gboolean is_unpaced = done > 2 * BURST && each < PACED_SECONDS / 3; /* --writes-per-minute 0 */
  return at_once * fast + (left - at_once) * (is_unpaced ? each : MAX (each, PACED_SECONDS));
}

static char *
describe_left (double seconds)
{
  if (seconds < 60)
    return g_strdup_printf ("%.0f s left", seconds);
  if (seconds < 3600)
    return g_strdup_printf ("%.0f min left", seconds / 60);
  return g_strdup_printf ("%.1f h left", seconds / 3600);
}

static char *
describe_wait (const char *what, double left)
{
  g_autofree char *words = describe_left (left);
  return g_strdup_printf ("waiting for %s, %s", what, words);
}

char *
progress_wait_line (const char *what, double left, guint columns)
{
  g_autofree char *words = describe_wait (what, left);
  return g_utf8_substring (words, 0, MIN (g_utf8_strlen (words, -1), columns > 0 ? (glong)columns - 1 : 0));
}

static char *
describe (const char *verb, guint done, guint total, double seconds, ProgressPace pace)
{
  g_autofree char *left = describe_left (progress_time_left (done, total, seconds, pace));
  if (done == 0 || seconds <= 0)
    return g_strdup_printf ("%u/%u %s", done, total, verb);
  return g_strdup_printf ("%u/%u %s, %.0f a minute, %s", done, total, verb, done * 60 / seconds, left);
}

char *
progress_line (const char *verb, guint done, guint total, double seconds, ProgressPace pace, guint columns)
{
  g_autofree char *count = g_strdup_printf ("%u/%u", done, total);
  g_autofree char *words = describe (verb, done, total, seconds, pace);
  guint length = (guint)g_utf8_strlen (words, -1);
  /* the last column stays free: a terminal may begin a new line there */
  guint room = columns > 0 ? columns - 1 : 0;
  if (length > room)
    return g_strndup (count, room);
  if (room < length + 8)
    return g_steal_pointer (&words);
  guint width = MIN (room - length - 3, BAR_WIDTH), full = total > 0 ? width * done / total : width;
  g_autofree char *bar = g_strnfill (full, '#'), *rest = g_strnfill (width - full, '-');
  return g_strdup_printf ("[%s%s] %s", bar, rest, words);
}

static guint
terminal_width (void)
{
  struct winsize size;
  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : DEFAULT_WIDTH;
}

static char *
words_of (const Progress *self, double seconds)
{
  return self->limit > 0 ? describe_wait (self->verb, MAX (self->limit - seconds, 0))
                         : describe (self->verb, self->done, self->total, seconds, self->pace);
}

static char *
line_of (const Progress *self, double seconds)
{
  return self->limit > 0 ? progress_wait_line (self->verb, MAX (self->limit - seconds, 0), terminal_width ())
                         : progress_line (self->verb, self->done, self->total, seconds, self->pace, terminal_width ());
}

static void
show (Progress *self)
{
  gint64 now = g_get_monotonic_time ();
  double seconds = (double)(now - self->begun) / G_USEC_PER_SEC;
  gboolean is_over = self->limit == 0 && self->done >= self->total;
  if (self->is_quiet || (now - self->shown < (self->is_terminal ? FRAME_INTERVAL : LINE_INTERVAL) && !is_over))
    return;
  self->shown = now;
  if (self->is_terminal) {
    g_autofree char *line = line_of (self, seconds);
    fprintf (stderr, "\r\033[K%s", line);
    self->is_drawn = TRUE;
  } else if (!is_over) {
    g_autofree char *words = words_of (self, seconds);
    fprintf (stderr, "contactfs: %s\n", words);
  }
  fflush (stderr);
}

static Progress *new (const char *verb, gboolean quiet)
{
  Progress *self = g_new0 (Progress, 1);
  self->verb = verb;
  self->is_quiet = quiet;
  self->is_terminal = isatty (STDERR_FILENO) != 0;
  self->begun = g_get_monotonic_time ();
  self->shown = self->is_terminal ? 0 : self->begun;
  return self;
}

Progress *
progress_new (const char *verb, guint total, ProgressPace pace, gboolean quiet)
{
  Progress *self = new (verb, quiet);
  self->pace = pace;
  progress_set (self, 0, total);
  return self;
}

Progress *
progress_new_wait (const char *what, guint seconds, gboolean quiet)
{
  Progress *self = new (what, quiet);
  self->limit = MAX (seconds, 1);
  show (self);
  return self;
}

void
progress_step (Progress *self)
{
  self->done++;
  show (self);
}

void
progress_set (Progress *self, guint done, guint total)
{
  self->done = done;
  self->total = total;
  if (total > 0)
    show (self);
}

void
progress_tick (Progress *self)
{
  show (self);
}

void
progress_clear (Progress *self)
{
  if (self->is_drawn)
    fprintf (stderr, "\r\033[K");
  fflush (stderr);
  self->is_drawn = FALSE;
}

void
progress_free (Progress *self)
{
  if (self == NULL)
    return;
  progress_clear (self);
  g_free (self);
}
