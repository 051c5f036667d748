/*
 * What an answer of the People API that is not 2xx means: the table "Errors" of docs/google.md as a function. Pure.
 */
#pragma once

#include <glib.h>

#include "google/error.h"

typedef enum {
  ANSWER_FINAL,     /* asking again changes nothing */
  ANSWER_NEW_TOKEN, /* once more, with a fresh token */
  ANSWER_AGAIN,     /* later, inside the deadline */
} AnswerAdvice;

typedef struct {
  gboolean listing;    /* connections.list: has its own quota and its own tokens */
  gboolean sync_token; /* one was sent */
} AnswerRequest;

/* Sets *error to PEOPLE_ERROR and a sentence in the service's words, and says whether to ask again. What to do about a
 * refused token (AUTH, SCOPE) depends on where it comes from: the sentence ends before that, and auth_advice goes on. */
AnswerAdvice answer_judge (guint status, GBytes *body, const AnswerRequest *request, GError **error);

/* The words of a text from outside, fit for a log line and an attribute: one line, valid UTF-8, not endless. Transfer
 * full; NULL for NULL and for what has no words. */
char *answer_clean (const char *text);

/* "the front end answered 502 (HTML)", for bodies that are not the service's JSON: never shown as they are. Transfer
 * full. */
char *answer_describe_raw (guint status, GBytes *body);
