/*
 * The members of Sync, and what its parts share. Only src/sync/ includes this.
 */
#pragma once

#include "book/apply.h"
#include "book/events.h"
#include "book/failures.h"
#include "image/helper.h"
#include "sync/sync.h"

struct Sync {
  Book *book;
  Photos *photos;
  PeopleClient *people;
  BookStore *store;    /* the book's */
  Activity *activity;  /* the book's */
  SyncOptions options; /* its strings are ours */

  /* ---- sync.c, listing.c ---- */
  GCancellable *cancellable; /* a listing or delta is under way */
  GPtrArray *found;          /* of PeoplePerson: the pages so far */
  GHashTable *pages;         /* their tokens */
  gboolean full;
  guint64 size;       /* bytes of its pages so far */
  guint64 ignored;    /* … and people in them who could not be taken */
  gint64 total;       /* the most that a page of this listing said for all */
  char *missing;      /* whom the last full listing left out, which was not believed; or NULL */
  char *doubt;        /* why it was not, as a sentence; or NULL */
  GPtrArray *waiting; /* of GTask: who wants to know how the next sync ends */
  guint timer;
  guint failures;
  guint doubts;     /* full listings in a row that may not have been the whole */
  gboolean outage;  /* the last one failed since nobody answered us: it is worth a try when somebody does */
  gint64 last_sync; /* seconds since 1970 of the last that succeeded; 0: never */
  gint64 next_sync; /* monotonic, microseconds */

  /* ---- revalidate.c ---- monotonic */
  gint64 delta_came;          /* when a listing or delta last came; 0: not in this mount */
  gint64 delta_tried;         /* … when a mutation last requested one */
  gint64 revalidation_missed; /* … and when a whole revalidation last saw nothing at all */

  GHashTable *doubted;        /* reconcile.c: BookPerson, of which what the service says is older than what we know */
  GPtrArray *recheck_waiting; /* recheck.c: of GTask; NULL: none is under way */

  /* ---- mutation-queue.c ---- */
  GQueue mutations; /* of GTask with a Mutation, the first one is under way */
  double tokens;    /* what the bucket holds */
  gint64 tokens_time;

  /* ---- upload.c ---- */
  ImageHelper *image_helper;
  GQueue uploads; /* of GTask with an Upload, in the order in which they came; not yet in mutations */
};

/* ---- sync.c ---- TRUE: the next sync, or the one under way, lists what has changed; FALSE: everybody. */
gboolean sync_would_be_delta (Sync *sync);

/* ---- listing.c ---- what to make of a full listing that ended with sync_token, which may be NULL. TRUE: people is the
 * complete list. FALSE: it may be a part: add who is in it, and remove nobody. sync->doubt has the reason. */
gboolean listing_is_whole (Sync *sync, GPtrArray *people, const char *sync_token);

/* ---- reconcile.c ---- after a mutation whose answer did not say */
/* It failed, and may have been carried out all the same; replaced: the version that it was to replace, or NULL. */
void reconcile_outcome (Sync *sync, BookPerson *person, const char *replaced);
/* photo was taken, and is not shown: it is the person's unconfirmed one until it is */
void reconcile_unconfirmed (Sync *sync, BookPerson *person, GBytes *photo);
/* What the service says of the person is older than what we know, and not known to us: what stands in the end is true. */
void reconcile_doubt (Sync *sync, BookPerson *person);

/* ---- allowance.c ---- */
void allowances_load (Sync *sync);
void allowances_clear (Sync *sync);
