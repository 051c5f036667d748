/*
 * A change of one contact's photo while it is in the account's queue: what mutation-queue.c (the queue) and attempt.c (the
 * attempts at the first of it) know of it, and how upload.c enters it. Loop thread.
 *
 * The GTask is the change; a Mutation is its task data. The queue owns the task until mutation_finish.
 */
#pragma once

#include "net/attempts.h"
#include "net/wait-limits.h"
#include "sync/revalidate.h"

typedef enum { QUEUED, PACING, AUTHORIZING, REVALIDATING, SAVING, REQUESTING, WAITING } MutationStage;

typedef struct {
  Sync *sync;
  BookPerson *person;
  GBytes *photo;  /* NULL: delete */
  char *sha256;   /* of photo */
  char *expected; /* delete only while this is the photo; NULL: whatever it is */
  gint64 deadline;
  SyncWantedFunc is_wanted; /* a removal that nobody waits for: its deadline begins with its turn; else NULL */
  gpointer wanted_data;
  MutationStage stage;
  gboolean paid; /* it has its token of the bucket */
  guint timer;   /* of the bucket */
  Limits limits; /* none of a promised removal */

  /* ---- attempt.c ---- */
  Attempts attempts;
  RevalidateDepth depth;      /* of the next revalidation */
  Revalidation *revalidation; /* while REVALIDATING */
  gint64 revalidated;         /* when the last revalidation began, monotonic */
  char *replaced;             /* the version that is there when we send; NULL: none */
  char *first;                /* … when the first attempt that may have reached the service was sent */
  gboolean requested;
  gboolean reached;      /* an attempt may have been carried out, and nothing has shown yet that it was */
  gboolean renewed;      /* the token, after a 401 */
  gboolean fetched_anew; /* since the cached photo could not be read */
  guint not_found;       /* so often the service said that there is no photo to delete */
} Mutation;

void mutations_init (Sync *sync);
/* Make photo, whose SHA-256 is sha256, the person's photo, before deadline (monotonic): what is there now goes to
 * .previous first. Nothing is sent when it is the photo that is there. */
void mutation_replace_async (Sync *sync, BookPerson *person, GBytes *photo, const char *sha256, gint64 deadline,
                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean mutation_replace_finish (Sync *sync, GAsyncResult *result, GError **error);

/* mutation-queue.c: the change is over; error is NULL for success, transfer full. */
void mutation_finish (GTask *task, GError *error);
gint64 mutation_time_left (const Mutation *self);

/* attempt.c: its turn has come. Ends in mutation_finish. */
void mutation_attempt (GTask *task);
/* It ends without success: says so, and finds out what came of it where that is not known. error: transfer full. */
void mutation_fail (GTask *task, GError *error);
void mutation_clear_attempts (Mutation *self);
