/*
 * JSON Web Tokens: the claims that a service account signs (RS256), and those of ID tokens. The only door to libjwt.
 * Internal to src/account. Pure; any thread.
 * Documents: RFC 7519; RFC 7523 section 3, Google's "OAuth 2.0 for server to server applications".
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *email;    /* iss */
  const char *subject;  /* sub; NULL: the service account itself */
  const char *scope;    /* separated by spaces */
  const char *audience; /* aud: the token_uri */
  const char *key_id;   /* kid; or NULL */
  gint64 now;           /* seconds since 1970 */
} WebTokenClaims;

/* private_key: PEM, PKCS #8 or PKCS #1, not encrypted. The text is as good as a password until it expires: wipe it with
 * secret_free. PEOPLE_ERROR_AUTH when the key cannot sign. */
char *web_token_sign (const WebTokenClaims *self, const char *private_key, GError **error);

/* The claims, as JSON; the signature is not looked at. NULL: it is no such token. Transfer full. */
char *web_token_read (const char *token);
