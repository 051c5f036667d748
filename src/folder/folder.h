/*
 * What programs see and do inside one contact's directory. FUSE-free; fs/ turns requests into these calls.
 *
 * A FolderFile is one content under one name. Its id is its FUSE node id: it is never used again, and the
 * bytes behind it change only through its own handles. When the service's photo changes, photo.jpg becomes a new
 * FolderFile with a new id and the same inode number, so the kernel's pages of the old one can stay as they are and can
 * never show for the new one.
 *
 * A Draft is what somebody is writing: bytes in a memfd. O_TRUNC on a file that is meant for the contact gives the handle a
 * draft of its own, so two programs that replace one photo at the same time do not mix their bytes. All other writers share
 * the file's newest draft.
 *
 *   photo.jpg     seen by programs                     what happens next
 *   SHOWN         the service's photo, or none         -
 *   (draft)       the newest draft of folder->photo    each flush sends it; SHOWN when the service took or refused it
 *   REMOVED       absent                               deleted in FOLDER_SUCCESSOR_WAIT_MS unless a successor is created
 *   MOVED         absent                               SHOWN in FOLDER_SUCCESSOR_WAIT_MS unless a successor comes
 *   (empty)       an empty file, created or cut        never sent; what was before, in FOLDER_EMPTY_WAIT_MS
 *
 * A draft is there while somebody has it open, while its file is empty, and while a temporary lies: what is settled
 * takes no memory.
 *
 * Loop thread only. Pointers are borrowed unless said; a FolderFile or FolderHandle that must outlive a wait is referenced.
 */
#pragma once

#include "book/person.h"
#include "draft/draft.h"
#include "folder/contacts.h"

#define FOLDER_PHOTO_NAME   "photo.jpg"
#define FOLDER_PROFILE_NAME "profile.jpg"

#define FOLDER_SUCCESSOR_WAIT_MS 1000
#define FOLDER_EMPTY_WAIT_MS     5000
#define FOLDER_ALIAS_WAIT_MS     5000             /* how long "any other name" answers after it became the photo */
#define FOLDER_TEMPORARY_WAIT_MS (60 * 60 * 1000) /* a temporary nobody opens is forgotten after this */
#define FOLDER_REFUSED_WAIT_MS   (60 * 1000)      /* and after this when it did not become the photo */

typedef enum { FOLDER_FILE_PHOTO, FOLDER_FILE_PROFILE, FOLDER_FILE_OTHER } FolderFileKind;

typedef struct {
  guint refs;
  guint64 id;
  FolderFileKind kind;
  Contacts *contacts;
  BookPerson *person; /* referenced */
  char *name;         /* its name in the folder (OTHER); NULL when unlinked, and for PHOTO and PROFILE */
  gboolean
      linked; /* a name leads to it. It stays so when the service's photo changed under it: what is written is meant for
                      the contact */
  gboolean temporary; /* OTHER: its name only passes by (temporary-name.c) */
  gboolean alias;     /* OTHER: its bytes became the photo; answers for a moment, is not listed (dropped.c) */
  gboolean announced; /* OTHER: that it became the photo was told to who watches (folder_file_must_be_announced) */
  gboolean ending;    /* OTHER: an alias of which they hear once more, and which goes then */
  char *version;      /* photo version behind it when there is no draft; folder_file_set_version sets it */
  gint64 size;        /* of that version, as mime_type is, if revision is photos_revision */
  const char *mime_type;
  guint64 revision; /* 0: the size is not known */
  Draft *draft;     /* the newest; NULL: none */
  guint handles;
  gint64 writer;      /* the process that flushed it last; 0: not known */
  gint64 told_writer; /* OTHER: the process that wrote it was told that it did not become the photo; 0: not so */
  guint timer;        /* source id: forget it, or end its empty draft */
} FolderFile;

typedef struct {
  guint refs;
  FolderFile *file; /* referenced */
  Draft *draft;     /* what it writes to and reads from; NULL until there is one */
  int fd;           /* the cached photo, -1 for none */
  gboolean writable;
  gboolean append;
} FolderHandle;

FolderFile *folder_file_ref (FolderFile *self);
void folder_file_unref (FolderFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FolderFile, folder_file_unref)
FolderHandle *folder_handle_ref (FolderHandle *self);
void folder_handle_unref (FolderHandle *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FolderHandle, folder_handle_unref)

/* ---- names ---- */

/* The file of that name, transfer full; NULL when there is none. Never waits for the network. */
FolderFile *folder_lookup (Contacts *contacts, BookPerson *person, const char *name);

/* TRUE from rm photo.jpg until the service has removed the photo, or it stays. */
gboolean folder_removal_waits (Contacts *contacts, const BookPerson *person);

/* Names to list, photo.jpg first. Elements: FolderFile, referenced; transfer full. Use folder_file_name for the name. */
GPtrArray *folder_list (Contacts *contacts, BookPerson *person);
const char *folder_file_name (const FolderFile *self);

/* TRUE once, if its name stands for the photo since a moment: who watches the folder does not know. */
gboolean folder_file_must_be_announced (FolderFile *self);

/* Who watches the folder has heard that a dropped name ends: it is gone. No effect on other names. */
void dropped_ended (Contacts *contacts, BookPerson *person, const char *name);

/* TRUE for temporary names: ".x", "x~", "x.part", "x_tmp", those of sed and vim, and names that derive from a neighbour's.
 * neighbours: "photo.jpg" and the other files in the folder, NULL-terminated. created: a program makes a new file of that
 * name, it renames none to it. Pure (temporary-name.c). */
gboolean folder_name_is_temporary (const char *name, const char *const *neighbours, gboolean created);

/* ---- attributes ---- */

guint64 folder_file_ino (const FolderFile *self);
gint64 folder_file_mtime (const FolderFile *self);          /* microseconds since 1970 */
gboolean folder_file_size (FolderFile *self, gint64 *size); /* FALSE: not known before the photo is fetched */

/* session, below: the caller's getsid; 0: not known. Read-ahead follows one session at a time (photo/read-ahead.c). */

/* Its size was told to somebody who did not have to wait. */
void folder_file_seen (FolderFile *self, gint64 session);
/* Fetches the photo if need be; afterwards folder_file_size knows. */
void folder_file_load_async (FolderFile *self, gint64 session, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data);
gboolean folder_file_load_finish (FolderFile *self, GAsyncResult *result, GError **error);
const char *folder_file_mime_type (FolderFile *self); /* of what is loaded; NULL: not known */

/* ---- open files ---- flags are open(2)'s O_ACCMODE, O_TRUNC, O_APPEND */

/* Creates name (or opens it when it is there: CREATE races with other creates). Waits only where nothing could be sent,
 * and name is meant for the contact: three seconds at most, to learn whether that is still so. */
void folder_create_async (Contacts *contacts, BookPerson *person, const char *name, int flags,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
FolderHandle *folder_create_finish (Contacts *contacts, GAsyncResult *result, GError **error);

/* To be read alone, from the cache: without a turn of the loop. NULL: folder_file_open_async has to be used. */
FolderHandle *folder_file_open_at_once (FolderFile *self, int flags, gint64 session);
void folder_file_open_async (FolderFile *self, int flags, gint64 session, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
FolderHandle *folder_file_open_finish (FolderFile *self, GAsyncResult *result, GError **error);

gssize folder_handle_read (FolderHandle *self, void *buffer, gsize size, goffset offset, GError **error);
/* mapped: the kernel writes a page that a program changed by mmap, maybe while it still does. Else the write fails when no
 * picture can come of it any more (refuse.c); the bytes are there all the same. */
gboolean folder_handle_write (FolderHandle *self, const void *data, gsize size, goffset offset, gboolean mapped,
                              GError **error);

/* ftruncate, or truncate by path with handle NULL. Fetches nothing: call folder_file_load first. A photo that is not loaded is
 * BOOK_ERROR_STALE. */
gboolean folder_file_truncate (FolderFile *self, FolderHandle *handle, goffset size, GError **error);

/* A program set the file's time, which is not kept; but who does that is done with writing (flush.c). */
void folder_file_time_set (FolderFile *self);

/* TRUE if a photo was edited in place through it, and not sent yet: it may be a whole picture at any moment. */
gboolean folder_handle_is_editing (const FolderHandle *self);

/* The close that comes now is not the program's will: it is dying or has failed. What it was editing is then no picture
 * that anybody meant, whole as it may look, until somebody writes on. */
void folder_handle_abandon (FolderHandle *self);

/* close(2) or fsync(2) by process: sends a whole, changed picture and ends with the outcome. */
void folder_handle_flush_async (FolderHandle *self, gint64 process, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data);
gboolean folder_handle_flush_finish (FolderHandle *self, GAsyncResult *result, GError **error);

/* The last close: consumes the handle. A draft still dirty is sent now, in the background. */
void folder_handle_release (FolderHandle *self);

/* ---- events ---- */

typedef struct {
  void (*photo_gone) (BookPerson *person, const char *file_name, guint64 file_id, gpointer data); /* by the service */
  void (*dropped_name_ends) (BookPerson *person, const char *file_name, gpointer data); /* soon: see dropped.c */
} FolderEvents;

void folder_set_events (Contacts *contacts, const FolderEvents *events,
                        gpointer data); /* events is borrowed; or NULL */

/* ---- changes of names ---- */

/* process: who removes it, 0 when that is not known (take-back.c) */
void folder_unlink_async (Contacts *contacts, BookPerson *person, const char *name, gint64 process,
                          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean folder_unlink_finish (Contacts *contacts, GAsyncResult *result, GError **error);

/* exclusive: RENAME_NOREPLACE; process: who renames, 0 when that is not known */
void folder_rename_async (Contacts *contacts, BookPerson *person, const char *name, BookPerson *new_person,
                          const char *new_name, gboolean exclusive, gint64 process, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);
gboolean folder_rename_finish (Contacts *contacts, GAsyncResult *result, GError **error);
