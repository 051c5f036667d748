/*
 * By libjwt, which signs with OpenSSL. It keeps a copy of the key, and zeroes it in jwt_free; its answers are plain
 * malloc. A key that it cannot use, and a token that is none, is EINVAL and no more words.
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/web-token.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "net/error.h"

/* Google takes an hour at most, and no time that is in its future: computers' clocks differ a little. */
#define LIFETIME 3600
#define SKEW     30

G_DEFINE_AUTOPTR_CLEANUP_FUNC (jwt_t, jwt_free)

/* OpenSSL asks the terminal for the password of an encrypted key, and waits. */
static gboolean
is_plain_key (const char *pem)
{
  return (g_str_has_prefix (pem, "-----BEGIN PRIVATE KEY-----")
          || g_str_has_prefix (pem, "-----BEGIN RSA PRIVATE KEY-----"))
         && strstr (pem, "ENCRYPTED") == NULL && strlen (pem) <= G_MAXINT;
}

static gboolean
fill (jwt_t *jwt, const WebTokenClaims *self)
{
  gint64 issued = self->now - SKEW;

  return (self->key_id == NULL || jwt_add_header (jwt, "kid", self->key_id) == 0)
         && jwt_add_grant (jwt, "iss", self->email) == 0
         && (self->subject == NULL || jwt_add_grant (jwt, "sub", self->subject) == 0)
         && jwt_add_grant (jwt, "scope", self->scope) == 0 && jwt_add_grant (jwt, "aud", self->audience) == 0
         && jwt_add_grant_int (jwt, "iat", issued) == 0 && jwt_add_grant_int (jwt, "exp", issued + LIFETIME) == 0;
}

static char *
encode (jwt_t *jwt, const char *private_key)
{
  char *encoded, *copy;

  if (!is_plain_key (private_key)
      || jwt_set_alg (jwt, JWT_ALG_RS256, (const unsigned char *)private_key, (int)strlen (private_key)) != 0)
    return NULL;
  encoded = jwt_encode_str (jwt);
  if (encoded == NULL)
    return NULL;
  copy = g_strdup (encoded);
  explicit_bzero (encoded, strlen (encoded));
  free (encoded);
  return copy;
}

char *
web_token_sign (const WebTokenClaims *self, const char *private_key, GError **error)
{
  g_autoptr (jwt_t) jwt = NULL;
  char *encoded;

  if (jwt_new (&jwt) != 0 || !fill (jwt, self)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "its names, or the --subject, are not UTF-8");
    return NULL;
  }
  encoded = encode (jwt, private_key);
  if (encoded == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                 "its private_key is damaged, or not an RSA key: make a new key for it and download that");
  return encoded;
}

char *
web_token_read (const char *token)
{
  g_autoptr (jwt_t) jwt = NULL;
  char *claims, *copy;

  /* libjwt writes past the end of a part that has nothing in it */
  if (*token == '\0' || *token == '.' || strstr (token, "..") != NULL)
    return NULL;
  if (jwt_decode (&jwt, token, NULL, 0) != 0)
    return NULL;
  claims = jwt_get_grants_json (jwt, NULL);
  copy = g_strdup (claims);
  free (claims);
  return copy;
}
