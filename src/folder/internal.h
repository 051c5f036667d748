/*
 * The members of Contacts and of a Folder, and what its parts share. Only src/folder/ includes this.
 */
#pragma once

#include "book/events.h"
#include "book/failures.h"
#include "folder/folder.h"

struct Contacts {
  Book *book;
  Photos *photos;
  Sync *sync;
  PeopleClient *people;
  HttpClient *http;
  BookStore *store;   /* the book's */
  Activity *activity; /* the book's */
  char *credentials;
  char *data_dir;
  gboolean read_only;
  gint64 started; /* seconds since 1970 */

  /* ---- folder.c ---- */
  GHashTable *folders; /* BookPerson → Folder */
  guint64 next_file_id;
  const FolderEvents *events;
  gpointer events_data;

  GHashTable *last_writes; /* take-back.c: BookPerson, referenced → what a program wrote */
};

typedef enum { FOLDER_SHOWN, FOLDER_REMOVED, FOLDER_MOVED } FolderState;

typedef struct {
  Contacts *contacts;
  BookPerson *person;  /* referenced: who is gone stays as long as something lies in the folder */
  FolderFile *photo;   /* what photo.jpg leads to; not referenced unless photo_held */
  gboolean photo_held; /* folder->photo is kept by a reference of ours: it has a draft */
  FolderFile *profile; /* not referenced */
  GPtrArray *others;   /* of FolderFile, referenced; NULL when empty */
  FolderState state;
  char *removed_version;    /* REMOVED: what the user removed */
  gboolean removed_earlier; /* REMOVED: in an earlier mount; waits for a sync, there may be another photo by now */
  guint timer;              /* REMOVED, MOVED */
  gboolean deleting;        /* REMOVED: the deletion is in the account's queue */
  char *take_back;  /* REMOVED: SHA-256 of the photo from before, which is to be back ("": not known). NULL: none is */
  guint successors; /* renames to photo.jpg whose upload is under way */
  guint busy;       /* operations that need the folder to stay */
} Folder;

void folders_init (Contacts *contacts);
void folders_clear (Contacts *contacts);
Folder *folder_find (Contacts *contacts, const BookPerson *person); /* NULL: nobody does anything in it */
Folder *folder_get (Contacts *contacts, BookPerson *person);
void folder_release_if_idle (Folder *self);
gboolean folder_has_photo (Folder *self); /* a photo.jpg can be seen */
FolderFile *folder_photo (Folder *self);  /* the file to hand out; transfer full; NULL: none */
FolderFile *folder_find_other (Folder *self, const char *name);
/* photo.jpg leads to file, which has a draft and is kept for it; NULL: to the service's photo again. */
void folder_set_photo (Folder *self, FolderFile *file);
/* A picture has come: an empty photo.jpg that nobody has open makes room for it. */
void folder_end_empty_photo (Folder *self);
/* file gets that name here, whatever it was called before, and its bytes come along. */
void folder_add_other (Folder *self, FolderFile *file, const char *name, gboolean created);
/* That name only passes by, in the person's folder as it is now. created as in folder_name_is_temporary. */
gboolean folder_passes_by (Contacts *contacts, BookPerson *person, const char *name, gboolean created);
void folder_remove_other (Folder *self, FolderFile *file);
void folder_set_state (Folder *self, FolderState state);
/* The successor of a photo that was removed or moved away came to nothing, and nothing failed: the wait begins again. */
void folder_successor_gone (Folder *self);
void folder_show_again (Folder *self); /* removed or moved away no more; NULL: the folder is gone */
void folder_unhold (Folder *self);     /* busy no more; NULL: the folder is gone */
