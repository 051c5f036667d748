/*
 * The principal of an account: the person to whom the names, the photos and .previous in its folders belong.
 *
 *   unknown ── a token that names a person ──→ that person ── contactfs logout ──→ has left
 *
 *   that person:  the same person goes on, and so do credentials that name nobody. Somebody else is refused.
 *   has left:     the same person goes on. For anybody else the account starts over.
 *   another service (--api-url): the account starts over.
 *
 * No more is needed to protect one person's address book from another's credentials. Nobody else's contacts have these
 * resource names, so another person's token meets 404. A sync token of another account is refused.
 *
 * Kept as principal.json in the account's state folder. Loop thread only. Document: docs/google.md "Whose it is".
 */
#pragma once

#include "account/identity.h"

typedef struct Principal Principal;

/* As it was stored. A file that cannot be read means unknown. Reads a small file at once. */
Principal *principal_open (const char *folder, const char *account, const char *api_url);
void principal_free (Principal *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Principal, principal_free)

/* Call it first. TRUE: the account's folders belong to another service, or to somebody who has left and is not known to
 * be this person. The principal is unknown then. identity may be NULL: it is not known. */
gboolean principal_start_over (Principal *self, const Identity *identity);

/* FALSE: identity is somebody else's; PEOPLE_ERROR_AUTH with a sentence. */
gboolean principal_check (const Principal *self, const Identity *identity, GError **error);
/* The same, for the identity that came with a token. The first one that is known becomes the principal. */
gboolean principal_admit (Principal *self, const Identity *identity, GError **error);

/* Writes it now, and in the background when a person becomes the principal later. FALSE: error is set. */
gboolean principal_save (Principal *self, GError **error);

/* The principal leaves. FALSE without an error: folder has none. */
gboolean principal_end (const char *folder, GError **error);
