/*
 * What programs see and do inside one contact's directory. FUSE-free; fs/ turns requests into these calls.
 *
 * A BookFile is one *lineage of content* under one name. Its id is its FUSE node id: it is never used again, and the
 * bytes behind it change only through its own handles. When the service's photo changes, photo.jpg becomes a new
 * BookFile with a new id and the same inode number, so the kernel's pages of the old one can stay as they are and can
 * never show for the new one.
 *
 * A BookDraft is what somebody is writing: bytes in a memfd. Where that is to become the photo, O_TRUNC begins a draft of
 * the handle's own, so two programs that replace one photo at the same time do not mix their bytes; other writers of the
 * file, and all writers of a temporary, share its newest draft.
 *
 *   photo.jpg     seen by programs                     what happens next
 *   SHOWN         the service's photo, or none         -
 *   (draft)       the newest draft of folder->photo    sent at flush; SHOWN once it was taken or refused, or closed
 *   REMOVED       absent                               deleted in BOOK_SUCCESSOR_WAIT unless a successor is created
 *   MOVED         absent                               SHOWN in BOOK_SUCCESSOR_WAIT unless a successor comes
 *   (empty)       an empty file, created or cut        never sent; what was before, in BOOK_EMPTY_WAIT
 *
 * A draft is there while somebody has it open, while its file is empty, and while a temporary lies: what is settled
 * takes no memory.
 *
 * Loop thread only. Pointers are borrowed unless said; a BookFile or BookHandle that must outlive a wait is referenced.
 */
#pragma once

#include "book/draft.h"
#include "book/error.h"
#include "book/person.h"

#define BOOK_PHOTO_NAME   "photo.jpg"
#define BOOK_PROFILE_NAME "profile.jpg"

#define BOOK_SUCCESSOR_WAIT_MS 1000
#define BOOK_EMPTY_WAIT_MS     5000
#define BOOK_ALIAS_WAIT_MS     5000             /* how long "any other name" answers after it became the photo */
#define BOOK_TEMPORARY_WAIT_MS (60 * 60 * 1000) /* a temporary nobody opens is forgotten after this */
#define BOOK_REFUSED_WAIT_MS   (60 * 1000)      /* and after this when it did not become the photo */

typedef enum { BOOK_FILE_PHOTO, BOOK_FILE_PROFILE, BOOK_FILE_OTHER } BookFileKind;

typedef struct {
  guint refs;
  guint64 id;
  BookFileKind kind;
  Book *book;
  BookPerson *person; /* referenced */
  char *name;         /* its name in the folder (OTHER); NULL when unlinked, and for PHOTO and PROFILE */
  gboolean linked; /* a name leads to it, or led to it when its photo was overtaken: what is written to it is meant for
                       the contact */
  gboolean temporary; /* OTHER: its name only passes by (temporary-name.c) */
  gboolean alias;     /* OTHER: its bytes became the photo; answers for a moment, is not listed (dropped.c) */
  gboolean announced; /* OTHER: that it became the photo was told to who watches (book_file_is_news) */
  gboolean ending;    /* OTHER: an alias of which they hear once more, and which goes then */
  char *version;      /* photo version behind it when there is no draft */
  BookDraft *draft;   /* the newest; NULL: none */
  guint handles;
  gint64 writer;      /* the process that flushed it last; 0: not known */
  gint64 told_writer; /* OTHER: the process that wrote it was told that it did not become the photo; 0: not so */
  guint timer;        /* source id: forget it, or end its empty draft */
} BookFile;

typedef struct {
  guint refs;
  BookFile *file;   /* referenced */
  BookDraft *draft; /* what it writes to and reads from; NULL until there is one */
  int fd;           /* the cached photo, -1 for none */
  gboolean writable;
  gboolean append;
} BookHandle;

BookFile *book_file_ref (BookFile *self);
void book_file_unref (BookFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookFile, book_file_unref)
BookHandle *book_handle_ref (BookHandle *self);
void book_handle_unref (BookHandle *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookHandle, book_handle_unref)

/* ---- names ---- */

/* The file of that name, transfer full; NULL when there is none. Never waits for the network. */
BookFile *book_folder_lookup (Book *book, BookPerson *person, const char *name);

/* Names to list, photo.jpg first. Elements: BookFile, referenced; transfer full. Use book_file_name for the name. */
GPtrArray *book_folder_list (Book *book, BookPerson *person);
const char *book_file_name (const BookFile *self);

/* TRUE once, if its name stands for the photo since a moment: who watches the folder does not know. */
gboolean book_file_is_news (BookFile *self);

/* Who watches the folder has heard that a dropped name ends: it is gone. No effect on other names. */
void book_dropped_ended (Book *book, BookPerson *person, const char *name);

/* TRUE for names that only pass by: ".x", "x~", "x.part", "x_tmp", sed's and vim's, and what derives from a name of neighbours
 * (each "photo.jpg" or another file in the folder; NULL-terminated). created: a program makes a new file of that name, it
 * renames none to it. Pure (temporary-name.c). */
gboolean book_name_is_temporary (const char *name, const char *const *neighbours, gboolean created);

/* ---- attributes ---- */

guint64 book_file_ino (const BookFile *self);
gint64 book_file_mtime (const BookFile *self);          /* microseconds since 1970 */
gboolean book_file_size (BookFile *self, gint64 *size); /* FALSE: not known before the photo is fetched */

/* Who wants a photo is known by session (getsid): what programs of one session want next may be fetched ahead (scan.c). 0:
 * not known. */

/* Its size was told to somebody who did not have to wait. */
void book_file_seen (BookFile *self, gint64 session);
/* Fetches the photo if need be; afterwards book_file_size knows. */
void book_file_load_async (BookFile *self, gint64 session, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data);
gboolean book_file_load_finish (BookFile *self, GAsyncResult *result, GError **error);
const char *book_file_mime_type (BookFile *self, char buffer[32]); /* of what is loaded; NULL: not known */

/* ---- open files ---- flags are open(2)'s O_ACCMODE, O_TRUNC, O_APPEND */

/* Creates name (or opens it when it is there: CREATE races with other creates). Waits only where nothing could be sent,
 * and name is meant for the contact: three seconds at most, to learn whether that is still so. */
void book_folder_create_async (Book *book, BookPerson *person, const char *name, int flags, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
BookHandle *book_folder_create_finish (Book *book, GAsyncResult *result, GError **error);

void book_file_open_async (BookFile *self, int flags, gint64 session, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
BookHandle *book_file_open_finish (BookFile *self, GAsyncResult *result, GError **error);

gssize book_handle_read (BookHandle *self, void *buffer, gsize size, goffset offset, GError **error);
/* mapped: the kernel writes a page that a program changed by mmap, maybe while it still does. Else the write fails when no
 * picture can come of it any more (refuse.c); the bytes are there all the same. */
gboolean book_handle_write (BookHandle *self, const void *data, gsize size, goffset offset, gboolean mapped,
                            GError **error);

/* ftruncate, or truncate by path with handle NULL. Waits for nothing that is not open (a photo must be loaded:
 * BOOK_ERROR_STALE when it is not; call book_file_load first). */
gboolean book_file_truncate (BookFile *self, BookHandle *handle, goffset size, GError **error);

/* A program set the file's time, which is not kept; but who does that is done with writing (flush.c). */
void book_file_time_set (BookFile *self);

/* TRUE if a photo was edited in place through it, and not sent yet: it may be a whole picture at any moment. */
gboolean book_handle_is_editing (const BookHandle *self);

/* The close that comes now is not the program's will: it is dying or has failed. What it was editing is then no picture
 * that anybody meant, whole as it may look, until somebody writes on. */
void book_handle_abandon (BookHandle *self);

/* close(2) or fsync(2) by process: sends a whole, changed picture and ends with the outcome. */
void book_handle_flush_async (BookHandle *self, gint64 process, GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer data);
gboolean book_handle_flush_finish (BookHandle *self, GAsyncResult *result, GError **error);

/* The last close: consumes the handle. A draft still dirty is sent now, in the background. */
void book_handle_release (BookHandle *self);

/* ---- events ---- */

typedef struct {
  void (*photo_gone) (BookPerson *person, const char *file_name, guint64 file_id, gpointer data); /* by the service */
  void (*dropped_name_ends) (BookPerson *person, const char *file_name, gpointer data); /* soon: see dropped.c */
} FolderEvents;

void book_set_folder_events (Book *book, const FolderEvents *events, gpointer data); /* events is borrowed; or NULL */

/* ---- changes of names ---- */

/* process: who removes it, 0 when that is not known (take-back.c) */
void book_folder_unlink_async (Book *book, BookPerson *person, const char *name, gint64 process,
                               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean book_folder_unlink_finish (Book *book, GAsyncResult *result, GError **error);

/* exclusive: RENAME_NOREPLACE; process: who renames, 0 when that is not known */
void book_folder_rename_async (Book *book, BookPerson *person, const char *name, BookPerson *new_person,
                               const char *new_name, gboolean exclusive, gint64 process, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data);
gboolean book_folder_rename_finish (Book *book, GAsyncResult *result, GError **error);
