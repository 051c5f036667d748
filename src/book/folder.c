/* What names lead to in a contact's directory; the states are drawn in folder.h. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <signal.h>

#include "book/internal.h"

#include "people/photo.h"

/* Above every inode number of a person (people.c). */
#define FILE_ID_BASE ((guint64)1 << 63)

BookFolder *
book_folder_find (Book *book, const BookPerson *person)
{
  return g_hash_table_lookup (book->folders, person);
}

BookFolder *
book_folder_get (Book *book, BookPerson *person)
{
  BookFolder *self = book_folder_find (book, person);

  if (self == NULL) {
    self = g_new0 (BookFolder, 1);
    self->book = book;
    self->person = book_person_ref (person);
    g_hash_table_insert (book->folders, person, self);
  }
  return self;
}

void
book_folder_release_if_idle (BookFolder *self)
{
  if (self->photo != NULL || self->profile != NULL || self->others != NULL || self->state != BOOK_FOLDER_SHOWN
      || self->timer != 0 || self->busy != 0)
    return;
  g_hash_table_remove (self->book->folders, self->person);
  book_person_unref (self->person);
  g_free (self->removed_version);
  g_free (self);
}

void
book_folders_clear (Book *book)
{
  GList *folders = g_hash_table_get_values (book->folders);

  for (GList *next = folders; next != NULL; next = next->next) {
    BookFolder *self = next->data;

    self->busy++; /* so that it outlives what goes on in the loop */
    while (self->others != NULL) {
      book_keep_unsent (self->others->pdata[0]);
      book_folder_remove_other (self, self->others->pdata[0]);
    }
    book_folder_set_photo (self, NULL);
    g_clear_handle_id (&self->timer, g_source_remove);
    self->state = BOOK_FOLDER_SHOWN;
    self->busy = 0;
    book_folder_release_if_idle (self);
  }
  g_list_free (folders);
  g_clear_pointer (&book->folders, g_hash_table_unref);
  g_clear_pointer (&book->last_writes, g_hash_table_unref);
}

/* ---- files ---- */

BookFile *
book_file_new (BookFolder *folder, BookFileKind kind, const char *name)
{
  BookFile *self = g_new0 (BookFile, 1);

  self->refs = 1;
  self->id = FILE_ID_BASE + ++folder->book->next_file_id;
  self->kind = kind;
  self->book = folder->book;
  self->person = book_person_ref (folder->person);
  self->name = g_strdup (name);
  self->linked = TRUE;
  return self;
}

BookFile *
book_file_ref (BookFile *self)
{
  self->refs++;
  return self;
}

void
book_file_unref (BookFile *self)
{
  BookFolder *folder;

  if (--self->refs > 0)
    return;
  folder = book_folder_find (self->book, self->person);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->draft, book_draft_unref);
  if (folder != NULL) {
    if (folder->photo == self)
      folder->photo = NULL;
    if (folder->profile == self)
      folder->profile = NULL;
    book_folder_release_if_idle (folder);
  }
  book_person_unref (self->person);
  g_free (self->name);
  g_free (self->version);
  g_free (self);
}

const char *
book_file_name (const BookFile *self)
{
  switch (self->kind) {
  case BOOK_FILE_PHOTO:
    return BOOK_PHOTO_NAME;
  case BOOK_FILE_PROFILE:
    return BOOK_PROFILE_NAME;
  case BOOK_FILE_OTHER:
  default:
    return self->name;
  }
}

void
book_file_set_draft (BookFile *self, BookDraft *draft)
{
  if (draft != NULL)
    book_draft_ref (draft);
  g_clear_pointer (&self->draft, book_draft_unref);
  self->draft = draft;
}

void
book_file_adopt (BookFile *self, BookPerson *person)
{
  book_person_ref (person);
  book_person_unref (self->person);
  self->person = person;
}

void
book_file_keep (BookFile *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
}

static gboolean
on_forget (gpointer data)
{
  BookFile *self = data;
  BookFolder *folder = book_folder_find (self->book, self->person);

  if (self->handles > 0)
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  if (folder == NULL || book_dropped_ends (self))
    return G_SOURCE_REMOVE;
  folder->busy++;
  if (self->kind == BOOK_FILE_OTHER) {
    book_keep_unsent (self);
    book_folder_remove_other (folder, self);
  } else if (folder->photo == self) { /* an empty file that nobody filled */
    book_folder_set_photo (folder, NULL);
    book_folder_successor_gone (folder);
  }
  book_folder_unhold (folder);
  return G_SOURCE_REMOVE;
}

void
book_file_forget_later (BookFile *self, guint ms)
{
  book_file_keep (self);
  self->timer = g_timeout_add (ms, on_forget, self);
}

/* ---- photo.jpg ---- */

void
book_folder_set_photo (BookFolder *self, BookFile *file)
{
  BookFile *before = self->photo_held ? self->photo : NULL;

  if (file == self->photo && (file == NULL || self->photo_held))
    return;
  self->busy++;
  self->photo = file != NULL ? book_file_ref (file) : NULL;
  self->photo_held = file != NULL;
  if (before != NULL) {
    book_file_keep (before);
    if (before->handles == 0)
      book_file_set_draft (before, NULL);
    book_file_unref (before);
  }
  self->busy--;
  book_folder_release_if_idle (self);
}

void
book_folder_end_empty_photo (BookFolder *self)
{
  if (self->photo_held && self->photo->handles == 0 && self->photo->draft != NULL && self->photo->draft->size == 0)
    book_folder_set_photo (self, NULL);
}

gboolean
book_folder_has_photo (BookFolder *self)
{
  return self->photo_held || (self->state == BOOK_FOLDER_SHOWN && self->person->photo_url != NULL);
}

BookFile *
book_folder_photo (BookFolder *self)
{
  if (!book_folder_has_photo (self))
    return NULL;
  if (self->photo != NULL)
    return book_file_ref (self->photo);
  self->photo = book_file_new (self, BOOK_FILE_PHOTO, NULL);
  self->photo->version = book_person_photo_version (self->person);
  return self->photo;
}

static BookFile *
profile_file (BookFolder *self)
{
  if (self->person->profile_url == NULL)
    return NULL;
  if (self->profile != NULL)
    return book_file_ref (self->profile);
  self->profile = book_file_new (self, BOOK_FILE_PROFILE, NULL);
  self->profile->version = book_person_profile_version (self->person);
  return self->profile;
}

static gboolean
on_successor_timeout (gpointer data)
{
  BookFolder *self = data;

  self->timer = 0;
  if (self->state == BOOK_FOLDER_REMOVED)
    book_folder_delete_now (self);
  else
    book_folder_set_state (self, BOOK_FOLDER_SHOWN); /* renamed away, and nothing came: it is back */
  return G_SOURCE_REMOVE;
}

void
book_folder_set_state (BookFolder *self, BookFolderState state)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->state = state;
  if (state == BOOK_FOLDER_SHOWN) {
    g_clear_pointer (&self->removed_version, g_free);
    self->removed_earlier = FALSE;
    self->take_back = FALSE;
    book_folder_release_if_idle (self);
    return;
  }
  if (!self->photo_held)
    self->photo = NULL;
  self->timer = g_timeout_add (BOOK_SUCCESSOR_WAIT_MS, on_successor_timeout, self);
}

void
book_folder_successor_gone (BookFolder *self)
{
  if (self->state != BOOK_FOLDER_SHOWN && !self->photo_held)
    book_folder_set_state (self, self->state);
}

void
book_folder_show_again (BookFolder *self)
{
  if (self == NULL)
    return;
  if (self->state == BOOK_FOLDER_REMOVED)
    book_deletion_forget (self);
  else if (self->state == BOOK_FOLDER_MOVED)
    book_folder_set_state (self, BOOK_FOLDER_SHOWN);
}

void
book_folder_unhold (BookFolder *self)
{
  if (self == NULL)
    return;
  self->busy--;
  book_folder_release_if_idle (self);
}

static void
on_photo_changed (BookPerson *person, gboolean elsewhere, gpointer data)
{
  Book *book = data;
  BookFolder *self = book_folder_find (book, person);
  g_autofree char *version = NULL;
  g_autofree char *profile_version = NULL;

  if (self == NULL)
    return;
  version = book_person_photo_version (person);
  profile_version = book_person_profile_version (person);
  self->busy++;
  if (self->state == BOOK_FOLDER_REMOVED && g_strcmp0 (version, self->removed_version) != 0)
    book_deletion_photo_changed (self, version, elsewhere);
  if (self->photo != NULL && !self->photo_held && g_strcmp0 (self->photo->version, version) != 0) {
    if (version == NULL && book->folder_events != NULL)
      book->folder_events->photo_gone (person, BOOK_PHOTO_NAME, self->photo->id, book->folder_events_data);
    self->photo = NULL;
  }
  book_dropped_photo_changed (self, version);
  if (self->profile != NULL && g_strcmp0 (self->profile->version, profile_version) != 0) {
    if (profile_version == NULL && book->folder_events != NULL)
      book->folder_events->photo_gone (person, BOOK_PROFILE_NAME, self->profile->id, book->folder_events_data);
    self->profile = NULL;
  }
  self->busy--;
  book_folder_release_if_idle (self);
}

static void
on_up_to_date (gpointer data)
{
  book_deletions_start_earlier (data);
}

static const BookEvents events = { .photo_changed = on_photo_changed, .up_to_date = on_up_to_date };

void
book_folders_init (Book *book)
{
  book->folders = g_hash_table_new (NULL, NULL);
  book->last_writes = book_last_writes_new ();
  book_listen (book, &events, book);
}

void
book_set_folder_events (Book *book, const FolderEvents *folder_events, gpointer data)
{
  book->folder_events = folder_events;
  book->folder_events_data = data;
}

/* ---- other names ---- */

BookFile *
book_folder_find_other (BookFolder *self, const char *name)
{
  for (guint i = 0; self->others != NULL && i < self->others->len; i++) {
    BookFile *file = self->others->pdata[i];

    if (strcmp (file->name, name) == 0)
      return file;
  }
  return NULL;
}

gboolean
book_folder_passes_by (Book *book, BookPerson *person, const char *name, gboolean created)
{
  g_autoptr (GPtrArray) neighbours = g_ptr_array_new ();
  BookFolder *folder = book_folder_find (book, person);
  GPtrArray *others = folder != NULL ? folder->others : NULL;

  g_ptr_array_add (neighbours, (gpointer)BOOK_PHOTO_NAME);
  for (guint i = 0; others != NULL && i < others->len; i++)
    g_ptr_array_add (neighbours, ((BookFile *)others->pdata[i])->name);
  g_ptr_array_add (neighbours, NULL);
  return book_name_is_temporary (name, (const char *const *)neighbours->pdata, created);
}

/* FALSE: it is not there. Takes no notice of its bytes. */
static gboolean
take_out (BookFolder *self, BookFile *file)
{
  if (self->others == NULL || !g_ptr_array_remove (self->others, file))
    return FALSE;
  if (self->others->len == 0)
    g_clear_pointer (&self->others, g_ptr_array_unref);
  book_file_keep (file);
  self->busy++;
  book_file_unref (file);
  self->busy--;
  book_folder_release_if_idle (self);
  return TRUE;
}

void
book_folder_add_other (BookFolder *self, BookFile *file, const char *name, gboolean created)
{
  g_autoptr (BookFile) held G_GNUC_UNUSED = book_file_ref (file);
  BookFile *before = book_folder_find_other (self, name);
  BookFolder *folder;

  if (before == file)
    return;
  self->busy++;
  if (before != NULL)
    book_folder_remove_other (self, before);
  folder = book_folder_find (self->book, file->person);
  if (folder != NULL)
    take_out (folder, file);
  book_file_adopt (file, self->person);
  file->kind = BOOK_FILE_OTHER;
  file->linked = TRUE;
  file->temporary = book_folder_passes_by (self->book, self->person, name, created);
  g_free (file->name);
  file->name = g_strdup (name);
  if (self->others == NULL)
    self->others = g_ptr_array_new ();
  g_ptr_array_add (self->others, book_file_ref (file));
  self->busy--;
}

void
book_folder_remove_other (BookFolder *self, BookFile *file)
{
  g_autoptr (BookFile) held = book_file_ref (file);

  if (!take_out (self, file))
    return;
  held->linked = FALSE;
  if (held->handles == 0)
    book_file_set_draft (held, NULL);
}

/* Who wrote a temporary and was told that it did not become the photo has ended without removing it: it is in .rejected,
 * and in the way of the next try (exiftool). */
static void
remove_left_behind (BookFolder *self)
{
  for (guint i = self->others != NULL ? self->others->len : 0; i-- > 0;) {
    BookFile *file = self->others->pdata[i];

    if (file->told_writer != 0 && file->handles == 0 && kill ((pid_t)file->told_writer, 0) != 0 && errno == ESRCH) {
      self->busy++;
      book_folder_remove_other (self, file);
      self->busy--;
      if (self->others == NULL)
        break;
    }
  }
}

/* ---- lookups ---- */

BookFile *
book_folder_lookup (Book *book, BookPerson *person, const char *name)
{
  BookFolder *folder = book_folder_find (book, person);
  BookFile *file = NULL;

  if (strcmp (name, BOOK_PHOTO_NAME) == 0 || strcmp (name, BOOK_PROFILE_NAME) == 0) {
    BookFolder *self = book_folder_get (book, person);

    file = strcmp (name, BOOK_PHOTO_NAME) == 0 ? book_folder_photo (self) : profile_file (self);
    book_folder_release_if_idle (self);
  } else if (folder != NULL) {
    remove_left_behind (folder);
    folder = book_folder_find (book, person);
    file = folder != NULL ? book_folder_find_other (folder, name) : NULL;
    if (file != NULL)
      book_file_ref (file);
  }
  return file;
}

GPtrArray *
book_folder_list (Book *book, BookPerson *person)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify)book_file_unref);
  BookFile *photo = book_folder_lookup (book, person, BOOK_PHOTO_NAME);
  BookFile *profile = book_folder_lookup (book, person, BOOK_PROFILE_NAME);
  BookFolder *folder = book_folder_find (book, person);

  if (photo != NULL)
    g_ptr_array_add (files, photo);
  if (profile != NULL)
    g_ptr_array_add (files, profile);
  if (folder != NULL)
    remove_left_behind (folder);
  folder = book_folder_find (book, person);
  for (guint i = 0; folder != NULL && folder->others != NULL && i < folder->others->len; i++) {
    BookFile *file = folder->others->pdata[i];

    if (!file->alias)
      g_ptr_array_add (files, book_file_ref (file));
  }
  return files;
}
