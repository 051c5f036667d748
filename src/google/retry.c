/* Back-off. */
#define G_LOG_DOMAIN "contactfs"

#include "google/retry.h"

#define FIRST_CAP       G_USEC_PER_SEC
#define LAST_CAP        (32 * G_USEC_PER_SEC)
#define MAX_UNREACHABLE 2
/* With less than this left, an attempt would hardly get an answer. */
#define LEAST_REMAINDER (200 * 1000)

static double (*default_random) (void) = g_random_double;

void
retry_set_random (double (*random) (void))
{
  default_random = random != NULL ? random : g_random_double;
}

void
retry_init (Retry *self, gint64 deadline)
{
  *self = (Retry){ .deadline = deadline, .random = default_random };
}

static gint64
cap (guint delays)
{
  return delays >= 5 ? LAST_CAP : (gint64)FIRST_CAP << delays;
}

gint64
retry_delay (Retry *self, RetryCause cause, gint64 retry_after, gint64 now)
{
  gint64 remaining = self->deadline - now;
  gint64 delay;

  self->unreachable = cause == RETRY_UNREACHABLE ? self->unreachable + 1 : 0;
  if (self->unreachable > MAX_UNREACHABLE || remaining < LEAST_REMAINDER)
    return -1;
  if (retry_after > 0) {
    /* A little later than asked for: many may have been told the same second. */
    delay = retry_after + (gint64)(self->random () * (double)MIN (retry_after, FIRST_CAP) / 10);
    if (delay >= remaining)
      return -1;
  } else {
    /* Full jitter, over what is left at most: the last attempts come before the deadline, not after it. */
    delay = (gint64)(self->random () * (double)MIN (cap (self->delays), remaining));
  }
  self->delays++;
  return delay;
}
