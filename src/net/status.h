/*
 * What an HTTP status says by itself: the one table of all of them, which "Errors" of docs/google.md mirrors. Pure.
 *
 * The API, the token service and the picture's host read it. What a body adds (the reason of a 403, say) is theirs.
 */
#pragma once

#include <glib.h>

#include "net/error.h"

typedef enum {
  ANSWER_DONE,      /* 2xx: what was asked for has come, or is done */
  ANSWER_FINAL,     /* asking again changes nothing */
  ANSWER_NEW_TOKEN, /* once more, with a fresh token */
  ANSWER_AGAIN,     /* later, inside the deadline; attempts.h says how often, by the error */
} AnswerAdvice;

typedef struct {
  guint first, last; /* statuses */
  PeopleError code;  /* not for ANSWER_DONE */
  AnswerAdvice advice;
  const char *what; /* the sentence up to the service's own words */
  const char *todo; /* and after them; NULL: nothing, or whoever asked goes on */
} StatusMeaning;

/* For every number; never NULL. */
const StatusMeaning *status_meaning (guint status);

/* The sentence: what (status: words): todo. words may be NULL. Transfer full. */
GError *status_error (guint status, const char *words);

/* What stands in place of the service's JSON: "no words", "a page of HTML" or "no JSON". Such a body is never shown. */
const char *status_body_kind (GBytes *body);
/* "the front end answered 502 (a page of HTML)". Transfer full. */
char *status_describe_body (guint status, GBytes *body);
