/*
 * Asking a TokenCache for its token, on the test's own main loop; and what such tests begin and end with.
 */
#pragma once

#include <cjson/cJSON.h>

#include "account/token-cache.h"
#include "script-server.h"

typedef struct {
  ScriptServer *server;
  HttpClient *http;
  char *dir, *file; /* the file is not there yet; it is removed in the end */
} TokenFixture;

void token_set_up (TokenFixture *f, gconstpointer data);
void token_tear_down (TokenFixture *f, gconstpointer data);
#define TOKEN_TEST(path, func) g_test_add (path, TokenFixture, NULL, token_set_up, func, token_tear_down)

char *token_get (TokenCache *token_cache, double seconds, GError **error); /* transfer full, for secret_free */
void token_assert (TokenCache *token_cache, const char *expected);
/* It fails with this PEOPLE_ERROR code, in words that have says in them. */
void token_assert_fails (TokenCache *token_cache, int code, const char *says);

/* An answer of the token service. */
#define GOOD "{\"access_token\":\"tok\",\"expires_in\":3600,\"token_type\":\"Bearer\"}"

/* ---- credentials files ---- */
cJSON *token_user_json (const char *refresh_token);   /* of the type authorized_user */
void token_write_json (TokenFixture *f, cJSON *json); /* to f->file, with the scripted token service; takes json */
TokenCache *token_open_as (TokenFixture *f, CredentialsOrigin origin, const char *subject);
/* f->file is refused, in words that have says in them, and no secret. */
void token_assert_no_file (TokenFixture *f, const char *subject, const char *says);
