/*
 * How far a long command is, on stderr: a bar on a terminal, with count, rate and time left; else one line a minute. On a
 * narrow terminal the bar goes first, then the words. A wait for one thing has words and the time left alone. Main thread.
 */
#pragma once

#include <glib.h>

typedef enum {
  PROGRESS_READS,   /* as fast as it goes */
  PROGRESS_CHANGES, /* fifty at once, and then fifty a minute: the service's pace */
} ProgressPace;

typedef struct Progress Progress;

/* verb: what is done to them ("placed"), static. quiet: shows nothing. */
Progress *progress_new (const char *verb, guint total, ProgressPace pace, gboolean quiet);
/* A wait for one thing ("the keyring", static), seconds at most. It is shown anew by progress_tick. */
Progress *progress_new_wait (const char *what, guint seconds, gboolean quiet);
void progress_step (Progress *self);                         /* one more is done */
void progress_set (Progress *self, guint done, guint total); /* for who is told both; 0 in all: nothing is shown yet */
void progress_tick (Progress *self);                         /* time has passed */
void progress_clear (Progress *self); /* takes the bar away until it is shown anew: other words come */
void progress_free (Progress *self);  /* takes the bar away */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)

/* Pure: seconds until the rest is done, where done took seconds. */
double progress_time_left (guint done, guint total, double seconds, ProgressPace pace);

/* Pure: the line of a terminal that is so many columns wide. Transfer full. */
char *progress_line (const char *verb, guint done, guint total, double seconds, ProgressPace pace, guint columns);

/* Pure: the same for a wait. left: seconds. Transfer full. */
char *progress_wait_line (const char *what, double left, guint columns);
