/*
 * Asking an Auth for its token, on the test's own main loop; and what such tests begin and end with.
 */
#pragma once

#include "account/auth.h"
#include "script-server.h"

typedef struct {
  ScriptServer *server;
  HttpClient *http;
  char *dir, *file; /* the file is not there yet; it is removed in the end */
} TokenFixture;

void token_set_up (TokenFixture *f, gconstpointer data);
void token_tear_down (TokenFixture *f, gconstpointer data);

char *token_get (Auth *auth, double seconds, GError **error); /* transfer full, for auth_token_free */
void token_assert (Auth *auth, const char *expected);
/* It fails with this PEOPLE_ERROR code, in words that have says in them. */
void token_assert_fails (Auth *auth, int code, const char *says);
