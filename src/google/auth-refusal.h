/*
 * What a refusal of a credentials file, or of its token, means, and what to do about it. Internal to src/google. Pure.
 * Document: docs/google.md "OAuth".
 */
#pragma once

#include "google/auth-file.h"
#include "google/auth.h"
#include "google/grant.h"

/* PEOPLE_ERROR_AUTH with a sentence. *lasts: nothing but another file helps; else asking again later may. */
GError *auth_refusal (const AuthFile *file, AuthFileOrigin origin, const Grant *grant, gboolean *lasts);

/* See auth_advice. */
char *auth_file_advice (const AuthFile *file, AuthFileOrigin origin, AuthTrouble trouble);
