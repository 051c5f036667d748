/*
 * What a refusal of a credentials file, or of its token, means, and what to do about it. Internal to src/account. Pure.
 * Document: docs/google.md "OAuth".
 */
#pragma once

#include "account/credentials-file.h"
#include "account/token-cache.h"
#include "account/token-endpoint.h"

/* PEOPLE_ERROR_AUTH with a sentence. *lasts: nothing but another file helps; else asking again later may. */
GError *credentials_file_error (const CredentialsFile *file, CredentialsOrigin origin, const TokenResponse *response,
                                gboolean *lasts);

/* See token_cache_advice. */
char *credentials_file_advice (const CredentialsFile *file, CredentialsOrigin origin, TokenProblem problem);
