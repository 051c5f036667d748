/* Reading and comparing. */
#define G_LOG_DOMAIN "contactfs"

#include "account/identity.h"

#include <string.h>

#include "account/web-token.h"
#include "net/http.h"
#include "net/json.h"
#include "net/text.h"

#define MAX_ID 255 /* OpenID Connect Core, section 2 */

Identity *
identity_new (const char *id, const char *email)
{
  Identity *self = g_new0 (Identity, 1);

  self->id = g_strdup (id);
  self->email = g_strdup (email);
  return self;
}

Identity *
identity_copy (const Identity *self)
{
  return self != NULL ? identity_new (self->id, self->email) : NULL;
}

void
identity_free (Identity *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->email);
  g_free (self);
}

const char *
identity_name (const Identity *self)
{
  if (self == NULL)
    return NULL;
  return self->email != NULL ? self->email : self->id;
}

/* ---- comparing ---- */

static gboolean
is_address (const char *id)
{
  return strchr (id, '@') != NULL;
}

typedef enum { SAME, OTHER, UNKNOWN } Match;

/* A person logs in by a number, and a service account acts for an address: then addresses are compared. */
static Match
compare (const Identity *self, const Identity *other)
{
  const char *one, *two;

  if (self == NULL || other == NULL)
    return UNKNOWN;
  if (!is_address (self->id) && !is_address (other->id))
    return g_str_equal (self->id, other->id) ? SAME : OTHER;
  one = is_address (self->id) ? self->id : self->email;
  two = is_address (other->id) ? other->id : other->email;
  if (one == NULL || two == NULL)
    return UNKNOWN;
  return g_ascii_strcasecmp (one, two) == 0 ? SAME : OTHER;
}

gboolean
identity_is_other (const Identity *self, const Identity *other)
{
  return compare (self, other) == OTHER;
}

gboolean
identity_is_same (const Identity *self, const Identity *other)
{
  return compare (self, other) == SAME;
}

/* ---- ID tokens ---- */

/* Google's token endpoint is not where its issuer is; of others only the origin is known. */
static gboolean
is_issuer (const char *issuer, const char *token_uri)
{
  g_autoptr (GUri) here = g_uri_parse (token_uri, G_URI_FLAGS_SCHEME_NORMALIZE, NULL);
  g_autoptr (GUri) there = issuer != NULL ? g_uri_parse (issuer, G_URI_FLAGS_SCHEME_NORMALIZE, NULL) : NULL;

  if (http_url_is_google (token_uri))
    return g_strcmp0 (issuer, "https://accounts.google.com") == 0 || g_strcmp0 (issuer, "accounts.google.com") == 0;
  return here != NULL && there != NULL && g_strcmp0 (g_uri_get_scheme (here), g_uri_get_scheme (there)) == 0
         && g_strcmp0 (g_uri_get_host (here), g_uri_get_host (there)) == 0
         && g_uri_get_port (here) == g_uri_get_port (there);
}

/* One name, or a list of which it is one. */
static gboolean
is_for (const JsonValue *claims, const char *client_id)
{
  const JsonValue *audience = json_member (claims, "aud");

  for (const JsonValue *one = json_first (audience); one != NULL; one = json_next (one))
    if (g_strcmp0 (json_text (one), client_id) == 0)
      return TRUE;
  return g_strcmp0 (json_text (audience), client_id) == 0;
}

Identity *
identity_from_id_token (const char *id_token, const char *client_id, const char *token_uri)
{
  g_autofree char *text = id_token != NULL && client_id != NULL ? web_token_read (id_token) : NULL;
  g_autoptr (JsonValue) claims = text != NULL ? json_parse (text, strlen (text), NULL) : NULL;
  const char *id = json_string (claims, "sub");
  g_autofree char *clean = text_clean (id);
  g_autofree char *email = text_clean (json_string (claims, "email"));

  if (claims == NULL) {
    if (id_token != NULL)
      g_info ("the ID token that came with an access token cannot be read");
    return NULL;
  }
  if (!is_issuer (json_string (claims, "iss"), token_uri) || !is_for (claims, client_id)) {
    g_info ("the ID token that came with an access token is of another issuer, or for another client");
    return NULL;
  }
  if (id == NULL || clean == NULL || !g_str_equal (id, clean) || strlen (id) > MAX_ID)
    return NULL;
  return identity_new (id, email);
}
