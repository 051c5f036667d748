/* Back-off. */
#define G_LOG_DOMAIN "contactfs"

#include "net/retry.h"

#define FIRST_CAP       G_USEC_PER_SEC
#define MAX_DOUBLINGS   5
#define MAX_UNREACHABLE 2
#define MAX_CONFLICTS   3
/* With less than this left, an attempt would hardly get an answer. */
#define LEAST_REMAINDER (200 * 1000)

static gint64 first_cap = FIRST_CAP;

void
retry_set_first (gint64 first)
{
  first_cap = first > 0 ? first : FIRST_CAP;
}

void
retry_init (Retry *self, gint64 deadline)
{
  *self = (Retry){ .deadline = deadline, .random = g_random_double };
}

/* TRUE: so often that it will not pass. */
static gboolean
is_too_often (Retry *self, RetryCause cause)
{
  self->unreachable = cause == RETRY_UNREACHABLE ? self->unreachable + 1 : 0;
  self->conflicts += cause == RETRY_CONFLICT;
  return self->unreachable > MAX_UNREACHABLE || self->conflicts > MAX_CONFLICTS;
}

gint64
retry_delay (Retry *self, RetryCause cause, gint64 retry_after, gint64 now)
{
  gint64 most = self->deadline - now - LEAST_REMAINDER; /* what is waited longer is of no use */
  gint64 delay;

  if (is_too_often (self, cause))
    return -1;
  if (retry_after > 0) {
    /* A little later than asked for: many may have been told the same second. */
    delay = retry_after + (gint64)(self->random () * (double)MIN (retry_after, FIRST_CAP) / 10);
  } else {
    gint64 longest = first_cap << MIN (self->delays, MAX_DOUBLINGS), shortest = longest / 2;

    /* The shortest wait grows, too: a deadline that is near is no reason to ask again and again. */
    delay = shortest + (gint64)(self->random () * (double)MAX (MIN (longest, most) - shortest, 0));
  }
  if (delay > most)
    return -1;
  self->delays++;
  return delay;
}
