/*
 * The address book of one account: people by name and inode, their photos, and what is being written to them.
 *
 * One Book owns all of it and lives on the loop thread; nothing here blocks, and whatever waits for the network is an
 * _async/_finish pair. FUSE-free: fs/ translates. News that the kernel must hear travels up by the BookEvents that fs/
 * registers.
 */
#pragma once

#include <gio/gio.h>

#include "book/archive.h"
#include "book/cache.h"
#include "book/store.h"
#include "people/people.h"

/* A field of log messages about failures: the GError, borrowed, with the length 0. */
#define BOOK_LOG_ERROR "CONTACTFS_GERROR"

typedef struct Book Book;
typedef struct BookNews BookNews; /* book/events.h */

typedef struct {
  const char *account;     /* "default" */
  const char *credentials; /* auth_describe, for status */
  gboolean anew;           /* what the folders hold is of others: it goes, and .previous and .rejected are set aside */
  const char *state_dir;   /* the database and its lock; created 0700 */
  const char *cache_dir;   /* photos */
  const char *data_dir;    /* .previous and .rejected */
  gint64 cache_bytes;
  guint sync_interval;     /* seconds */
  guint timeout;           /* seconds: reads */
  guint upload_timeout;    /* seconds: mutations */
  guint writes_per_minute; /* 0: no pacing */
  gboolean read_only;
  const char *image_helper;                                      /* path of contactfs-convert */
  gint64 max_photo_bytes;                                        /* what is larger is made smaller */
  guint max_photo_pixels;                                        /* a side */
  gboolean strip_metadata;                                       /* send no EXIF, GPS, XMP, comments */
  gboolean protect;                                              /* refuse smaller copies of the photo that is there */
  void (*reachable_changed) (gboolean reachable, gpointer data); /* the service is out of reach, or back; or NULL */
  gpointer reachable_data;
  const BookNews *news; /* borrowed; or NULL */
  gpointer news_data;
} BookOptions;

/* Opens the account's state, takes its lock (G_IO_ERROR_BUSY with a sentence when another mount of the account holds
 * it) and lists from it. Borrows people and http; copies options. No network. */
Book *book_new (PeopleClient *people, HttpClient *http, const BookOptions *options, GError **error);
void book_free (Book *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Book, book_free)

/* TRUE once there is a listing, from the state folder or from the service: a mount can be shown. */
gboolean book_is_listed (Book *self);

/* The first full listing, for a book that is not listed yet. */
void book_list_async (Book *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean book_list_finish (Book *self, GAsyncResult *result, GError **error);

/* From here on: a delta now and every sync_interval, and deletions left over from the last mount are carried out. */
void book_start (Book *self);

/* Carry out what was promised (deletions that wait for a successor, drafts still dirty), each inside its own deadline;
 * nothing new is begun. Always succeeds in the end; what could not be done is logged and, for deletions, kept for the
 * next mount. */
void book_stop_async (Book *self, GAsyncReadyCallback callback, gpointer data);
void book_stop_finish (Book *self, GAsyncResult *result);

/* Changes that wait for the service, or are on their way to it. */
guint book_waiting_mutations (Book *self);

/* JSON for user.contactfs.status: account, credentials, pid, people, photos, last_sync, waiting_mutations, last_error …
 * Transfer full. */
char *book_status_json (Book *self);

/* Where .previous and .rejected are; borrowed. */
BookArchive *book_archive (Book *self);
/* Where photos are cached: statfs answers for that disk. Borrowed. */
const char *book_cache_dir (Book *self);
