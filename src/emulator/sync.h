/*
 * Listings under way (page tokens) and what a client has seen (sync tokens).
 *
 * A page token names a listing kept here, a snapshot: changes between two pages neither repeat nor skip anybody. A sync
 * token carries everything in itself, so it outlives the program; it is checksummed, and good for the parameters it
 * came with and for a time counted from the full listing.
 */
#pragma once

#include "emulator/model.h"

typedef struct Sync Sync;

typedef struct Listing {
  GPtrArray *people; /* PersonState */
  const char *name;  /* of this listing in page tokens; NULL until it is kept */
  char *parameters;  /* every request parameter but pageToken, in a fixed order */
  gboolean wants_token;
  guint64 seen;     /* the revision for the sync token */
  gint64 full_sync; /* when the full listing behind it was made */
} Listing;

typedef enum {
  TOKEN_GOOD,
  TOKEN_MALFORMED,
  TOKEN_EXPIRED,
  TOKEN_OTHER_PARAMETERS,
} TokenVerdict;

/* account: whose sync tokens are good here. */
Sync *sync_new (const char *account, gint64 lifetime_seconds);
void sync_free (Sync *self);

/* From now on tokens given so far are expired; the epoch survives restarts where somebody stores it. */
void sync_expire_all (Sync *self);
guint sync_get_epoch (const Sync *self);
void sync_set_epoch (Sync *self, guint epoch);

/* Keeps a listing for its next pages; takes it. The oldest of too many are forgotten. */
void sync_keep (Sync *self, Listing *listing);
char *sync_page_token (const Listing *listing, guint offset); /* transfer full */
/* The listing of a page token, borrowed, or NULL. */
Listing *sync_lookup (Sync *self, const char *page_token, guint *offset);
void listing_free (Listing *self);

/* parameters: those that must be the same next time. Transfer full. */
char *sync_token_new (Sync *self, guint64 revision, gint64 full_sync, const char *parameters);
TokenVerdict sync_token_read (Sync *self, const char *token, const char *parameters, guint64 newest, guint64 *revision,
                              gint64 *full_sync);
