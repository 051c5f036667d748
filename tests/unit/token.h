/*
 * Asking an Auth for its token, on the test's own main loop.
 */
#pragma once

#include "google/auth.h"

char *token_get (Auth *auth, double seconds, GError **error); /* transfer full, for auth_token_free */
void token_assert (Auth *auth, const char *expected);
/* It fails with this PEOPLE_ERROR code, in words that have says in them. */
void token_assert_fails (Auth *auth, int code, const char *says);
