/*
 * Asking a TokenCache for its token, on the test's own main loop; and what such tests begin and end with.
 */
#pragma once

#include "account/token-cache.h"
#include "script-server.h"

typedef struct {
  ScriptServer *server;
  HttpClient *http;
  char *dir, *file; /* the file is not there yet; it is removed in the end */
} TokenFixture;

void token_set_up (TokenFixture *f, gconstpointer data);
void token_tear_down (TokenFixture *f, gconstpointer data);

char *token_get (TokenCache *token_cache, double seconds, GError **error); /* transfer full, for secret_free */
void token_assert (TokenCache *token_cache, const char *expected);
/* It fails with this PEOPLE_ERROR code, in words that have says in them. */
void token_assert_fails (TokenCache *token_cache, int code, const char *says);
