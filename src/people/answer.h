/*
 * What an answer of the People API that is not 2xx means: the table of status.h, and what the body adds to it. Pure.
 */
#pragma once

#include <glib.h>

#include "net/status.h"

typedef struct {
  gboolean listing;    /* connections.list: has its own quota and its own tokens */
  gboolean change;     /* something is changed by it */
  gboolean sync_token; /* one was sent */
} AnswerRequest;

/* Sets *error to PEOPLE_ERROR and a sentence in the service's words, and says whether to ask again. What to do about a
 * refused token (AUTH, SCOPE) depends on where it comes from, and when to ask after a used up allowance (QUOTA) on how
 * often that was met: those sentences end before that, and token_cache_advice and pause.h go on. */
AnswerAdvice answer_judge (guint status, GBytes *body, const AnswerRequest *request, GError **error);
