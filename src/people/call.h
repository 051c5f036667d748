/*
 * One call of a People API method: authorized, tried again as long as that is safe and there is time, and ended by its
 * deadline, by its cancellable or by the end of the PeopleClient. Internal to src/people. Loop thread only.
 */
#pragma once

#include "people/pause.h"
#include "people/people-request.h"
#include "people/people.h"

typedef struct PageAhead PageAhead;

struct PeopleClient {
  HttpClient *http;        /* borrowed */
  TokenCache *token_cache; /* borrowed */
  char *api_url;           /* without a slash at the end */
  gboolean is_at_home;     /* that is a loopback address */
  GHashTable *calls;       /* set of running calls, borrowed: the end of the client cancels them */
  Pause pauses[PEOPLE_N_ALLOWANCES];
  PeoplePauseFunc pause_changed; /* or NULL */
  gpointer pause_data;
  PageAhead *ahead; /* page-ahead.h; NULL: none */
};

/* Takes request. The result is a GTask: what request->parse made of the answer. */
void call_async (PeopleClient *client, PeopleRequest *request, gint64 deadline, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer data);

/* Of a request that is made once, when its call has failed. */
void call_get_attempt (GAsyncResult *result, PeopleAttempt *attempt);

/* Cancels what runs; its callbacks come later, and touch client no more. */
void call_cancel_all (PeopleClient *client);
