/*
 * Accounts: who a token is of, by e-mail address. What else is told of one follows from that, so that it is the same in
 * every run: its number at the sign-in service, and the names of its contacts, which no other account's contacts have.
 */
#pragma once

#include <glib.h>

#define ACCOUNT_DEFAULT "you@example.com"

char *account_number (const char *account); /* "sub" of an ID token, and what stands behind "people/"; transfer full */
/* Of the n-th contact; the default account's are short. Transfer full. */
char *account_contact_name (const char *account, guint64 n);

/* The ID token that goes with an access token: a JWT for the client, signed with its secret (HS256, OpenID Connect Core
 * 10.1; Google signs with a key of its own, by RS256). Transfer full. */
char *account_id_token (const char *account, gboolean with_email, const char *issuer, const char *client_id,
                        const char *client_secret);
