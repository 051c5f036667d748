/*
 * Between the book and the service: listings and deltas come in, changes of photos go out.
 *
 * The listing is brought up to date at every interval, and before a change. Changes go through one queue, one after the
 * other; each revalidates what is there and saves it before it is sent (attempt.c).
 *
 * Loop thread only; nothing here blocks. Errors: PEOPLE_ERROR, BOOK_ERROR, G_FILE_ERROR (the photo could not be saved),
 * G_IO_ERROR_CANCELLED. After the activity is over everything is refused. _finish takes its Sync for the form only.
 */
#pragma once

#include "photo/photos.h"

typedef struct Sync Sync;

typedef struct {
  guint interval;           /* seconds */
  guint upload_timeout;     /* seconds: mutations */
  guint writes_per_minute;  /* 0: no pacing */
  const char *image_helper; /* path of contactfs-convert */
  gint64 max_photo_bytes;   /* what is larger is made smaller */
  guint max_photo_pixels;   /* a side */
  gboolean strip_metadata;  /* send no EXIF, GPS, XMP, comments */
  gboolean protect;         /* refuse smaller copies of the photo that is there */
} SyncOptions;

/* Borrows the others, which must outlive it; copies options. */
Sync *sync_new (Book *book, Photos *photos, PeopleClient *people, const SyncOptions *options);
void sync_free (Sync *self); /* nothing is under way any more: the activity is over */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sync, sync_free)

/* ---- what comes in ---- */

/* The first full listing, for a book that is not listed yet. */
void sync_list_async (Sync *sync, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean sync_list_finish (Sync *sync, GAsyncResult *result, GError **error);
/* A delta now (or the one under way): whether the service answers. */
void sync_now_async (Sync *sync, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean sync_now_finish (Sync *sync, GAsyncResult *result, GError **error);
/* From here on: a delta now and every interval. */
void sync_start (Sync *sync);
void sync_end (Sync *sync); /* no more of them, and the one under way is cancelled */

typedef struct {
  gint64 last;       /* seconds since 1970 of the last that succeeded; 0: never */
  gint64 next;       /* monotonic, microseconds; 0: none is planned */
  const char *doubt; /* why the last listing may not be the whole, borrowed; NULL: it is */
  guint waiting;     /* changes that wait for the service, or are on their way to it */
  guint upload_timeout;
} SyncStatus;
void sync_get_status (Sync *sync, SyncStatus *status);

/* ---- what goes out ---- */

/* Make what a program wrote into what the service takes, and that the person's photo. BOOK_ERROR_INVALID when it is no
 * picture of which that can be made; BOOK_ERROR_EXISTS when it is a smaller copy and the mount protects from those.
 * base: the photo that was changed in places to become it, or NULL (image_prepare_async). */
void sync_upload_async (Sync *sync, BookPerson *person, GBytes *written, GBytes *base, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
/* Does all of an upload but the change itself, and answers whether the upload would fail.
 * Fails too when the service is known to be out of reach (sync_recheck_async). */
void sync_upload_check_async (Sync *sync, BookPerson *person, GBytes *written, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean sync_upload_finish (Sync *sync, GAsyncResult *result, GError **error); /* of both */

/* Remove the person's photo if it is still version (NULL: whatever it is). */
void sync_delete_async (Sync *sync, BookPerson *person, const char *version, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data);
/* The same for a removal that was promised: its deadline begins with its turn, since nobody waits for it. is_wanted is
 * called with data until the removal ends; FALSE ends it as cancelled. earlier: it was promised in an earlier
 * mount, and the person is fetched before. */
typedef gboolean (*SyncWantedFunc) (gpointer data);
void sync_delete_promised_async (Sync *sync, BookPerson *person, const char *version, gboolean earlier,
                                 SyncWantedFunc is_wanted, GAsyncReadyCallback callback, gpointer data);
gboolean sync_delete_finish (Sync *sync, GAsyncResult *result, GError **error);

/* ---- can anything be sent? ---- */

/* TRUE: what is sent to change something fails, as far as is known: nothing can be sent (book_down), or Google's allowance
 * for changes is used up. */
gboolean sync_is_down (Sync *sync);
/* Success, unless it is down and still is; to learn that takes three seconds at most. Cannot be cancelled. */
void sync_recheck_async (Sync *sync, GAsyncReadyCallback callback, gpointer data);
gboolean sync_recheck_finish (GAsyncResult *result, GError **error);

typedef struct Patience Patience;
/* Wraps caller's cancellable (or NULL) in one of its own, which is cancelled, too, when the service has answered nothing at all
 * for about fifteen seconds (patience.c). */
Patience *patience_new (Sync *sync, GCancellable *caller);
GCancellable *patience_cancellable (Patience *self);
/* It has ended, with error or with NULL. Returns what to report; both transfer full. */
GError *patience_end (Patience *self, GError *error);
