/*
 * After Google's daily allowance is used up (QuotaFailure, "FBS quota limit exceeded"): how long nothing is sent that
 * would be charged to it. It comes back after minutes or hours, and asking meanwhile makes it worse. So the first pause
 * lasts five minutes; each that follows without an answer in between twice as long, up to six hours. The service may ask for
 * more, up to a day. Pure: the caller says what time it is. Times are monotonic microseconds, wall: microseconds since 1970.
 */
#pragma once

#include <glib.h>

typedef struct {
  gint64 until;  /* 0: never yet */
  gint64 whole;  /* from its begin to its end */
  gint64 length; /* of the last; 0: there was an answer since */
  char *why;     /* the sentence up to when we ask again, or NULL */
} Pause;

void pause_clear (Pause *self);

/* The allowance was found used up. why: a whole PEOPLE_ERROR_QUOTA sentence. retry_after: what the service asked for, 0
 * when it did not. */
void pause_begin (Pause *self, const char *why, gint64 retry_after, gint64 now);
void pause_answered (Pause *self); /* there is some again */

gint64 pause_left (const Pause *self, gint64 now); /* 0: none */
/* PEOPLE_ERROR_QUOTA, with the time of the next try; NULL: no pause. Transfer full. */
GError *pause_error (const Pause *self, gint64 now);

/* A line for the next mount, which does not begin anew with five minutes; NULL: there was an answer since. Transfer full. */
char *pause_print (const Pause *self, gint64 now, gint64 wall);
/* What is no such line is ignored. A clock that was set back makes a pause begin anew, never longer than it was. */
void pause_parse (Pause *self, const char *line, gint64 now, gint64 wall);
