/*
 * The signed claims of a service account (a JWT, RS256): the one room that includes <jwt.h>. Internal to src/google.
 * Pure; any thread. Document: RFC 7523 section 3, Google's "OAuth 2.0 for server to server applications".
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
} ServiceAccountClaims;

/* private_key: PEM, PKCS #8 or PKCS #1, not encrypted. The text is as good as a password until it expires: wipe it with
 * secret_free. PEOPLE_ERROR_AUTH when the key cannot sign. */
char *service_account_sign (const ServiceAccountClaims *self, const char *private_key, GError **error);
