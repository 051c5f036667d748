/*
 * Whose an account is: its holder, to whom the names, the photos and .previous in its folders belong.
 *
 *   nobody known ── credentials that tell whose they are ──→ held by that person ── contactfs logout ──→ over
 *        ↑                                                      │ somebody else is refused                │
 *        └── another service (--api-url): begins anew           └── the same, and who does not tell,      │
 *                                                                    is admitted                          │
 *   over: the same person goes on; anybody else begins anew, with nothing of the holder's ←───────────────┘
 *
 * That is all that protects one person's address book from another's credentials, and it is enough: resource names are
 * nobody else's, so that another person's token meets 404 for them, and a sync token of another account is refused.
 *
 * Kept as holder.json in the account's state folder. Loop thread only. Document: docs/google.md "Whose it is".
 */
#pragma once

#include "account/identity.h"

typedef struct Holder Holder;

/* As it was kept; of what cannot be read, nobody is known. Reads a small file at once. */
Holder *holder_open (const char *folder, const char *account, const char *api_url);
void holder_free (Holder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Holder, holder_free)

/* At the beginning: TRUE: what the account's folders hold is of another service, or of somebody who is perhaps not this
 * person and has left; from now on nobody is known. identity may be NULL: it is not known. */
gboolean holder_begins_anew (Holder *self, const Identity *identity);

/* FALSE: identity is known to be somebody else's; PEOPLE_ERROR_AUTH with a sentence. */
gboolean holder_check (const Holder *self, const Identity *identity, GError **error);
/* The same, of whom a token was had: who is the first of whom something is known becomes the holder. */
gboolean holder_admit (Holder *self, const Identity *identity, GError **error);

/* Writes it, and whoever becomes the holder later is written then, in the background. FALSE: error is set. */
gboolean holder_keep (Holder *self, GError **error);

/* The holder leaves. FALSE without an error: there was none in folder. */
gboolean holder_end (const char *folder, GError **error);
