/*
 * Whose credentials are, as far as they tell: what an ID token says of who logged in, or whom a service account acts for.
 * A value; any thread.
 * Document: OpenID Connect Core 1.0, sections 2 and 3.1.3.7.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *id;    /* "sub": what the sign-in service calls the person, for ever; or of a service account, the address */
  char *email; /* NULL: not told */
} Identity;

Identity *identity_new (const char *id, const char *email);
Identity *identity_copy (const Identity *self); /* NULL is fine, here and below: it is not known who it is */
void identity_free (Identity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Identity, identity_free)

/* The claims of an ID token in an answer of token_uri to client_id. Its signature is not checked: nobody but the token
 * endpoint itself can have written that answer, since it came over TLS. NULL: damaged, of another issuer, or for another
 * client, which says nothing. id_token may be NULL. */
Identity *identity_from_id_token (const char *id_token, const char *client_id, const char *token_uri);

/* Two people, or one, for certain; FALSE where that cannot be told. */
gboolean identity_is_other (const Identity *self, const Identity *other);
gboolean identity_is_same (const Identity *self, const Identity *other);

const char *identity_name (const Identity *self); /* for people, borrowed; NULL: nothing is known */
