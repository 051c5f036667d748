/*
 * What survives between mounts, in one SQLite database (WAL) per account: people and their given names, the sync token,
 * photo versions with their sizes and last use, deletions that were acknowledged but not carried out.
 *
 * Loop thread only; store-internal.h alone includes <sqlite3.h>. A kill at any moment leaves the last committed
 * state. Writers group changes with begin/commit. Errors are BOOK_STORE_ERROR with SQLite's words and the path.
 */
#pragma once

#include <gio/gio.h>

#define BOOK_STORE_ERROR (book_store_error_quark ())
GQuark book_store_error_quark (void);
typedef enum { BOOK_STORE_ERROR_FAILED, BOOK_STORE_ERROR_NEWER /* made by a later contactfs */ } BookStoreError;

typedef struct BookStore BookStore;

/* Opens or creates path (0600, in an existing folder) and migrates it by PRAGMA user_version. A damaged database is set
 * aside as PATH.damaged-<time> and a new one is made, with a g_warning: it is a cache of the service plus given names.
 */
BookStore *book_store_open (const char *path, GError **error);
void book_store_close (BookStore *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookStore, book_store_close)

gboolean book_store_begin (BookStore *self, GError **error);
gboolean book_store_commit (BookStore *self, GError **error);
void book_store_rollback (BookStore *self);
/* Gives back the memory that holds pages of the database: after many rows were read or written. */
void book_store_trim (BookStore *self);

/* ---- people ---- strings are borrowed in both directions: copied by put, valid only during the callback of each */
typedef struct {
  const char *resource_name;
  const char *name;      /* the directory's name, given once */
  const char *base_name; /* what book_name_base said when the name was given: a change of it is a renaming */
  gint64 update_time;    /* microseconds since 1970; 0 unknown */
  gint64 profile_update_time;
  const char *photo_url; /* or NULL */
  const char *profile_url;
  const char *superseded;               /* as in BookPerson */
  const char *emails, *phones, *labels; /* as in BookPerson */
} BookStorePerson;

typedef void (*BookStorePersonFunc) (const BookStorePerson *person, gpointer data);
gboolean book_store_each_person (BookStore *self, BookStorePersonFunc func, gpointer data,
                                 GError **error); /* by resource name */
gboolean book_store_put_person (BookStore *self, const BookStorePerson *person, GError **error);
gboolean book_store_remove_person (BookStore *self, const char *resource_name, GError **error);
gboolean book_store_remove_people (BookStore *self, GError **error); /* all of them */

/* ---- labels ---- */
typedef void (*BookStoreLabelFunc) (const char *resource_name, const char *name, gpointer data);
gboolean book_store_each_label (BookStore *self, BookStoreLabelFunc func, gpointer data, GError **error);
gboolean book_store_put_label (BookStore *self, const char *resource_name, const char *name, GError **error);
gboolean book_store_remove_labels (BookStore *self, GError **error); /* all of them */

/* ---- small facts by key: "sync_token", "person_fields", "last_sync" … value NULL removes. get: transfer full or NULL
 */
char *book_store_get (BookStore *self, const char *key);
gboolean book_store_set (BookStore *self, const char *key, const char *value, GError **error);

/* ---- photos by version (the URL without suffix) ---- a row outlives the cached bytes: the size stays known */
typedef struct {
  gint64 size;     /* bytes */
  gint64 last_use; /* microseconds since 1970 */
  gboolean cached; /* the bytes are in the cache folder */
  char mime_type[32];
  char sha256[65]; /* of the bytes that the service delivered, in hexadecimal; "": not known */
} BookStorePhoto;
gboolean book_store_get_photo (BookStore *self, const char *version, BookStorePhoto *out); /* FALSE: never fetched */
gboolean book_store_put_photo (BookStore *self, const char *version, const BookStorePhoto *photo, GError **error);
gboolean book_store_touch_photo (BookStore *self, const char *version, gint64 last_use, GError **error);
gint64 book_store_cached_bytes (BookStore *self);
/* Cached versions, least recently used first. */
typedef gboolean (*BookStorePhotoFunc) (const char *version, const BookStorePhoto *photo,
                                        gpointer data); /* FALSE: stop */
gboolean book_store_each_cached_photo (BookStore *self, BookStorePhotoFunc func, gpointer data, GError **error);

/* ---- deletions the user was told are done ---- */
typedef void (*BookStoreDeletionFunc) (const char *resource_name, const char *version, gpointer data);
gboolean book_store_put_deletion (BookStore *self, const char *resource_name, const char *version, GError **error);
gboolean book_store_remove_deletion (BookStore *self, const char *resource_name, GError **error);
/* The person is called otherwise now. Success when there is none for from. */
gboolean book_store_rename_deletion (BookStore *self, const char *from, const char *to, GError **error);
gboolean book_store_each_deletion (BookStore *self, BookStoreDeletionFunc func, gpointer data, GError **error);

/* ---- the disk ---- a commit alone outlives a kill; a power cut may undo it until it was synced */
/* TRUE: no power cut undoes a change of the deletions. */
gboolean book_store_deletions_are_synced (BookStore *self);
/* Brings to the disk what was committed. _async: in a worker, which the store must outlive. */
gboolean book_store_sync (BookStore *self, GError **error);
void book_store_sync_async (BookStore *self, GAsyncReadyCallback callback, gpointer data);
gboolean book_store_sync_finish (BookStore *self, GAsyncResult *result, GError **error);

/* ---- what was last sent for a person, and the version that it became: the service compresses photos anew, so the bytes
 * that it delivers for that version may be others ---- sha256: in hexadecimal */
gboolean book_store_put_sent (BookStore *self, const char *resource_name, const char *version, const char *sha256,
                              GError **error);
/* Transfer full; NULL: nothing became that version. */
char *book_store_get_sent (BookStore *self, const char *resource_name, const char *version);
gboolean book_store_was_sent (BookStore *self, const char *resource_name, const char *version, const char *sha256);
