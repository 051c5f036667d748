/*
 * Photos by version (the URL without its size suffix): fetched once for all who want them, cached, read ahead, and saved in
 * .previous before they are replaced (archive.h).
 *
 * Loop thread only, but for photo_read. Nothing here blocks but for reading the cache; what waits for the network is a pair
 * of _async and _finish. Errors: BOOK_ERROR (book/error.h), PEOPLE_ERROR, and G_FILE_ERROR of what is saved. _finish takes
 * its Photos for the form only.
 */
#pragma once

#include "book/person.h"
#include "photo/archive.h"

typedef struct Photos Photos;

typedef struct {
  const char *cache_dir;
  gint64 cache_bytes;
  const char *data_dir;                  /* .previous and .rejected */
  guint timeout;                         /* seconds: of whatever reads from the service */
  gboolean keep_all;                     /* every photo is fetched before it is wanted (keep-all.c) */
  void (*cache_changed) (gpointer data); /* photos came into the cache, or went; or NULL */
  gpointer cache_data;
} PhotosOptions;

/* Borrows the others, which must outlive it; copies options. Makes the folder of the cache. */
Photos *photos_new (Book *book, PeopleClient *people, HttpClient *http, const PhotosOptions *options, GError **error);
void photos_start (Photos *self); /* once: the mount begins, and the book is listed */
void photos_free (Photos *self);  /* nothing is under way any more: the activity is over */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Photos, photos_free)

/* What the activity has as spare is given up. data: the Photos. */
void photos_give_up_spare (gpointer data);

/* Where .previous and .rejected are; borrowed. */
Archive *photos_archive (Photos *self);
/* The state is another person's: what is kept is nobody's to show now, and nobody's to delete. Blocks. */
gboolean photos_set_archive_aside (Photos *self, GError **error);
const char *photos_cache_dir (const Photos *self);
gint64 photos_cache_bytes (const Photos *self); /* used of the limit */
gint64 photos_cache_limit (const Photos *self);
guint photos_timeout (const Photos *self);

/* ---- a photo ---- */

typedef struct {
  int fd; /* -1: not there */
  gint64 size;
  char *version;
  char mime_type[32];
  char sha256[65]; /* of what the service delivered, in hexadecimal; "": not known */
} Photo;

/* fd is the photo's from now on. */
Photo *photo_new (const char *version, int fd, gint64 size, const char *mime_type, const char *sha256);
void photo_free (Photo *self); /* closes fd */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Photo, photo_free)

/* All its bytes, BOOK_ERROR_IO when they are not what the service delivered; any thread. Never mapped: where the disk cannot
 * be read, that is an error and no signal. */
GBytes *photo_read (const Photo *self, GError **error);

/* ---- fetching ---- */

/* The person's photo (or profile picture) as it is now, from the cache or the network, inside timeout seconds.
 * BOOK_ERROR_NOT_FOUND when there is none (any more). */
void photos_get_async (Photos *photos, BookPerson *person, gboolean profile, guint timeout, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data);
Photo *photos_get_finish (Photos *photos, GAsyncResult *result, GError **error);

/* TRUE for a minute after a change of the person: a photo that is not delivered (BOOK_ERROR_LOST) may come yet. */
gboolean photos_may_be_too_new (const BookPerson *person);

/* Fetch it into the cache, for nobody yet. */
typedef enum { PHOTOS_AHEAD_BEGUN, PHOTOS_AHEAD_THERE /* or on its way, or none */, PHOTOS_AHEAD_FULL } PhotosAhead;
PhotosAhead photos_prefetch (Photos *photos, BookPerson *person, gboolean size_alone);

/* How far it is with keep_all, in words, and how many photos are left at most; NULL: that is not wanted. Static. */
const char *photos_keep_all_state (const Photos *photos, guint *left);

/* A session lists the folder of a contact (read-ahead.c). */
void photos_list (Photos *photos, gint64 session);

/* Photos may be wanted soon: where nothing was fetched for a minute, and the first of the listing is not here, a connection to
 * its host is made. Nothing is asked there. */
void photos_expect (Photos *photos);

/* A photo is wanted by a session (0: by whoever writes): the next ones are fetched when a stream is going on (read-ahead.c).
 * size_alone: a body is needed only where the size is not known. is_there: nothing has to be fetched for it. */
void photos_want (Photos *photos, BookPerson *person, gboolean size_alone, gboolean is_there, gint64 session);

/* ---- what is known of a version ---- */

/* TRUE and its row when it was ever fetched, even when its bytes are no longer here. */
gboolean photos_lookup (Photos *photos, const char *version, BookStorePhoto *row);
/* Counts up whenever what photos_lookup tells of a version may change. It tells more when a photo comes for the first time. */
guint64 photos_revision (const Photos *self);
/* From the cache, or NULL; also for a large one that photos_get_async has to check first. */
Photo *photos_cached (Photos *photos, const char *version);
/* The file in the cache that has its bytes, or NULL; does not look at it. Transfer full. */
char *photos_cached_path (Photos *photos, const char *version);
/* The cached bytes are to be trusted no longer. */
void photos_drop (Photos *photos, const char *version);
/* TRUE if bytes with that SHA-256 are the photo that the person has, as far as we know: they were sent and became it, or
 * the service delivered them for it. */
gboolean photos_is_present (Photos *photos, const BookPerson *person, const char *sha256);
/* The SHA-256 of the bytes that were sent and became the photo that the person has now; transfer full. NULL: it came otherwise,
 * or there is none. */
char *photos_sent (Photos *photos, const BookPerson *person);
/* Bytes with that SHA-256 were sent, and became the photo that the person has now. */
void photos_note_uploaded (Photos *photos, const BookPerson *person, const char *sha256);

/* ---- .previous and .rejected ----
 *
 * By the archive's one worker (archive-worker.c): in the order of the calls, so who looks finds what was saved before. After
 * the end of the mount each is BOOK_ERROR_IO. */

/* Saves photo, which it takes, or else bytes, with fsync. Errors: those of archive_add and photo_read. */
void photos_save_async (Photos *photos, ArchiveKind kind, const BookPerson *person, Photo *photo, GBytes *bytes,
                        GAsyncReadyCallback callback, gpointer data);
/* The same for .rejected by archive_add_unsent. FALSE without an error: the bytes were there. */
void photos_save_unsent_async (Photos *photos, const BookPerson *person, GBytes *bytes, GAsyncReadyCallback callback,
                               gpointer data);
gboolean photos_save_finish (GAsyncResult *result, GError **error); /* of both */
/* The name that bytes have in .rejected, if they were not there before; else NULL. Until result goes. */
const char *photos_save_added (GAsyncResult *result);

/* archive_list; transfer full. */
void photos_archive_list_async (Photos *photos, ArchiveKind kind, const BookPerson *person,
                                GAsyncReadyCallback callback, gpointer data);
GPtrArray *photos_archive_list_finish (GAsyncResult *result, GError **error);
/* archive_open: the caller owns the descriptor. -1: BOOK_ERROR_NOT_FOUND. */
void photos_archive_open_async (Photos *photos, ArchiveKind kind, const BookPerson *person, const char *name,
                                GAsyncReadyCallback callback, gpointer data);
int photos_archive_open_finish (GAsyncResult *result, GError **error);
/* archive_earlier of .previous; transfer full. NULL without an error: there are none. */
void photos_archive_earlier_async (Photos *photos, const BookPerson *person, GAsyncReadyCallback callback,
                                   gpointer data);
char *photos_archive_earlier_finish (GAsyncResult *result, GError **error);
/* The picture of .previous that has this SHA-256; transfer full. BOOK_ERROR_NOT_FOUND: there is none. */
void photos_archive_read_async (Photos *photos, const BookPerson *person, const char *sha256,
                                GAsyncReadyCallback callback, gpointer data);
GBytes *photos_archive_read_finish (GAsyncResult *result, GError **error);
/* archive_remove. */
void photos_archive_remove (Photos *photos, ArchiveKind kind, const BookPerson *person, const char *name);
/* Calls back when all that was to be saved is saved, or has failed, and whoever wanted it saved knows. */
void photos_archive_settle_async (Photos *photos, GAsyncReadyCallback callback, gpointer data);
gboolean photos_archive_settle_finish (GAsyncResult *result, GError **error);
