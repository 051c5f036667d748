/*
 * How far a long command is, on stderr: a bar on a terminal, with count, rate and time left; else one line a minute. On a
 * narrow terminal the bar goes first, then the words. Main thread.
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
void progress_step (Progress *self); /* one more is done */
void progress_free (Progress *self); /* takes the bar away */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Progress, progress_free)

/* Pure: seconds until the rest is done, where done took seconds. */
double progress_time_left (guint done, guint total, double seconds, ProgressPace pace);

/* Pure: the line of a terminal that is so many columns wide. Transfer full. */
char *progress_line (const char *verb, guint done, guint total, double seconds, ProgressPace pace, guint columns);
