/*
 * When to try again: exponential back-off from 1 s, doubled, at most 32 s, of which a random part between a half and the
 * whole is waited, inside one deadline. There is no attempt less than half a second after the one before, and none when
 * its wait would not end before the deadline. Pure: the caller says what time it is, and sleeps.
 *
 *   Retry retry;
 *   retry_init (&retry, deadline);
 *   for (;;) { … try …; delay = retry_delay (&retry, cause, retry_after, now); if (delay < 0) give up; wait delay; }
 *
 * Times are monotonic microseconds.
 */
#pragma once

#include <glib.h>

typedef enum {
  RETRY_TRANSIENT,   /* an answer that may be another one later, or a lost connection: until the deadline */
  RETRY_UNREACHABLE, /* no connection came about: twice in a row, so that a computer without network hears soon */
  RETRY_CONFLICT,    /* another program changes the same address book: three times */
} RetryCause;

typedef struct {
  gint64 deadline;
  guint delays;      /* given so far */
  guint unreachable; /* in a row */
  guint conflicts;
  double (*random) (void); /* [0, 1) */
} Retry;

void retry_init (Retry *self, gint64 deadline);

/* For tests that have no time: the longest first wait from now on, in place of a second. 0: a second again. */
void retry_set_first (gint64 first);

/* How long to wait before the next attempt; -1: there is none before the deadline. retry_after: what the service asked
 * for, 0 when it did not; kept to, and ends it when it lies behind the deadline. */
gint64 retry_delay (Retry *self, RetryCause cause, gint64 retry_after, gint64 now);
