/*
 * What a refusal of a credentials file, or of its token, means, and what to do about it. Internal to src/account. Pure.
 * Document: docs/google.md "OAuth".
 */
#pragma once

#include "account/auth-file.h"
#include "account/auth.h"
#include "account/token-endpoint.h"

/* PEOPLE_ERROR_AUTH with a sentence. *lasts: nothing but another file helps; else asking again later may. */
GError *auth_refusal (const AuthFile *file, AuthFileOrigin origin, const TokenResponse *response, gboolean *lasts);

/* See auth_advice. */
char *auth_file_advice (const AuthFile *file, AuthFileOrigin origin, AuthTrouble trouble);
