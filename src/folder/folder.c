/* What names lead to in a contact's directory; the states are drawn in folder.h. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <signal.h>

#include "folder/deletion.h"
#include "folder/dropped.h"
#include "folder/file.h"
#include "folder/reject.h"
#include "folder/take-back.h"

#include "people/photo.h"

/* Above every inode number of a person (people.c). */
#define FILE_ID_BASE ((guint64)1 << 63)

Folder *
folder_find (Contacts *contacts, const BookPerson *person)
{
  return g_hash_table_lookup (contacts->folders, person);
}

Folder *
folder_get (Contacts *contacts, BookPerson *person)
{
  Folder *self = folder_find (contacts, person);

  if (self == NULL) {
    self = g_new0 (Folder, 1);
    self->contacts = contacts;
    self->person = book_person_ref (person);
    g_hash_table_insert (contacts->folders, person, self);
  }
  return self;
}

void
folder_release_if_idle (Folder *self)
{
  if (self->photo != NULL || self->profile != NULL || self->others != NULL || self->state != FOLDER_SHOWN
      || self->timer != 0 || self->busy != 0)
    return;
  g_hash_table_remove (self->contacts->folders, self->person);
  book_person_unref (self->person);
  g_free (self->removed_version);
  g_free (self->take_back);
  g_free (self);
}

void
folders_clear (Contacts *contacts)
{
  GList *folders = g_hash_table_get_values (contacts->folders);

  for (GList *next = folders; next != NULL; next = next->next) {
    Folder *self = next->data;

    self->busy++; /* so that it outlives what goes on in the loop */
    while (self->others != NULL) {
      reject_unsent (self->others->pdata[0]);
      folder_remove_other (self, self->others->pdata[0]);
    }
    folder_set_photo (self, NULL);
    g_clear_handle_id (&self->timer, g_source_remove);
    self->state = FOLDER_SHOWN;
    self->busy = 0;
    folder_release_if_idle (self);
  }
  g_list_free (folders);
  g_clear_pointer (&contacts->folders, g_hash_table_unref);
  g_clear_pointer (&contacts->last_writes, g_hash_table_unref);
}

/* ---- files ---- */

FolderFile *
folder_file_new (Folder *folder, FolderFileKind kind, const char *name)
{
  FolderFile *self = g_new0 (FolderFile, 1);

  self->refs = 1;
  self->id = FILE_ID_BASE + ++folder->contacts->next_file_id;
  self->kind = kind;
  self->contacts = folder->contacts;
  self->person = book_person_ref (folder->person);
  self->name = g_strdup (name);
  self->linked = TRUE;
  return self;
}

FolderFile *
folder_file_ref (FolderFile *self)
{
  self->refs++;
  return self;
}

void
folder_file_unref (FolderFile *self)
{
  Folder *folder;

  if (--self->refs > 0)
    return;
  folder = folder_find (self->contacts, self->person);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_pointer (&self->draft, draft_unref);
  if (folder != NULL) {
    if (folder->photo == self)
      folder->photo = NULL;
    if (folder->profile == self)
      folder->profile = NULL;
    folder_release_if_idle (folder);
  }
  book_person_unref (self->person);
  g_free (self->name);
  g_free (self->version);
  g_free (self);
}

void
folder_file_set_draft (FolderFile *self, Draft *draft)
{
  if (draft != NULL)
    draft_ref (draft);
  g_clear_pointer (&self->draft, draft_unref);
  self->draft = draft;
}

void
folder_file_adopt (FolderFile *self, BookPerson *person)
{
  book_person_ref (person);
  book_person_unref (self->person);
  self->person = person;
}

void
folder_file_keep (FolderFile *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
}

static gboolean
on_forget (gpointer data)
{
  FolderFile *self = data;
  Folder *folder = folder_find (self->contacts, self->person);

  if (self->handles > 0)
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  if (folder == NULL || dropped_ends (self))
    return G_SOURCE_REMOVE;
  folder->busy++;
  if (self->kind == FOLDER_FILE_OTHER) {
    reject_unsent (self);
    folder_remove_other (folder, self);
  } else if (folder->photo == self) { /* an empty file that nobody filled */
    folder_set_photo (folder, NULL);
    folder_successor_gone (folder);
  }
  folder_unhold (folder);
  return G_SOURCE_REMOVE;
}

void
folder_file_forget_later (FolderFile *self, guint ms)
{
  folder_file_keep (self);
  self->timer = g_timeout_add (ms, on_forget, self);
}

/* ---- photo.jpg ---- */

void
folder_set_photo (Folder *self, FolderFile *file)
{
  FolderFile *before = self->photo_held ? self->photo : NULL;

  if (file == self->photo && (file == NULL || self->photo_held))
    return;
  self->busy++;
  self->photo = file != NULL ? folder_file_ref (file) : NULL;
  self->photo_held = file != NULL;
  if (before != NULL) {
    folder_file_keep (before);
    if (before->handles == 0)
      folder_file_set_draft (before, NULL);
    folder_file_unref (before);
  }
  self->busy--;
  folder_release_if_idle (self);
}

void
folder_end_empty_photo (Folder *self)
{
  if (self->photo_held && self->photo->handles == 0 && self->photo->draft != NULL && self->photo->draft->size == 0)
    folder_set_photo (self, NULL);
}

gboolean
folder_has_photo (Folder *self)
{
  return self->photo_held || (self->state == FOLDER_SHOWN && self->person->photo_url != NULL);
}

FolderFile *
folder_photo (Folder *self)
{
  if (!folder_has_photo (self))
    return NULL;
  if (self->photo != NULL)
    return folder_file_ref (self->photo);
  self->photo = folder_file_new (self, FOLDER_FILE_PHOTO, NULL);
  folder_file_set_version (self->photo, book_person_photo_version (self->person));
  return self->photo;
}

static FolderFile *
profile_file (Folder *self)
{
  if (self->person->profile_url == NULL)
    return NULL;
  if (self->profile != NULL)
    return folder_file_ref (self->profile);
  self->profile = folder_file_new (self, FOLDER_FILE_PROFILE, NULL);
  folder_file_set_version (self->profile, book_person_profile_version (self->person));
  return self->profile;
}

static gboolean
on_successor_timeout (gpointer data)
{
  Folder *self = data;

  self->timer = 0;
  if (self->state == FOLDER_REMOVED)
    folder_delete_now (self);
  else
    folder_set_state (self, FOLDER_SHOWN); /* renamed away, and nothing came: it is back */
  return G_SOURCE_REMOVE;
}

void
folder_set_state (Folder *self, FolderState state)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  self->state = state;
  if (state == FOLDER_SHOWN) {
    g_clear_pointer (&self->removed_version, g_free);
    self->removed_earlier = FALSE;
    g_clear_pointer (&self->take_back, g_free);
    folder_release_if_idle (self);
    return;
  }
  if (!self->photo_held)
    self->photo = NULL;
  self->timer = g_timeout_add (FOLDER_SUCCESSOR_WAIT_MS, on_successor_timeout, self);
}

void
folder_successor_gone (Folder *self)
{
  if (self->state != FOLDER_SHOWN && !self->photo_held)
    folder_set_state (self, self->state);
}

void
folder_show_again (Folder *self)
{
  if (self == NULL)
    return;
  if (self->state == FOLDER_REMOVED)
    deletion_forget (self);
  else if (self->state == FOLDER_MOVED)
    folder_set_state (self, FOLDER_SHOWN);
}

void
folder_unhold (Folder *self)
{
  if (self == NULL)
    return;
  self->busy--;
  folder_release_if_idle (self);
}

static void
on_person_changed (BookPerson *person, gboolean elsewhere, gpointer data)
{
  Contacts *contacts = data;
  Folder *self = folder_find (contacts, person);
  g_autofree char *version = NULL;
  g_autofree char *profile_version = NULL;

  if (self == NULL)
    return;
  version = book_person_photo_version (person);
  profile_version = book_person_profile_version (person);
  self->busy++;
  if (self->state == FOLDER_REMOVED && g_strcmp0 (version, self->removed_version) != 0)
    deletion_photo_changed (self, version, elsewhere);
  if (self->photo != NULL && !self->photo_held && g_strcmp0 (self->photo->version, version) != 0) {
    if (version == NULL && contacts->events != NULL)
      contacts->events->photo_gone (person, FOLDER_PHOTO_NAME, self->photo->id, contacts->events_data);
    self->photo = NULL;
  }
  dropped_photo_changed (self, version);
  if (self->profile != NULL && g_strcmp0 (self->profile->version, profile_version) != 0) {
    if (profile_version == NULL && contacts->events != NULL)
      contacts->events->photo_gone (person, FOLDER_PROFILE_NAME, self->profile->id, contacts->events_data);
    self->profile = NULL;
  }
  self->busy--;
  folder_release_if_idle (self);
}

static void
on_up_to_date (gpointer data)
{
  deletions_start_earlier (data);
}

static const BookEvents events = { .person_changed = on_person_changed, .up_to_date = on_up_to_date };

void
folders_init (Contacts *contacts)
{
  contacts->folders = g_hash_table_new (NULL, NULL);
  contacts->last_writes = take_back_writes_new ();
  book_listen (contacts->book, &events, contacts);
}

/* ---- other names ---- */

FolderFile *
folder_find_other (Folder *self, const char *name)
{
  for (guint i = 0; self->others != NULL && i < self->others->len; i++) {
    FolderFile *file = self->others->pdata[i];

    if (strcmp (file->name, name) == 0)
      return file;
  }
  return NULL;
}

gboolean
folder_passes_by (Contacts *contacts, BookPerson *person, const char *name, gboolean created)
{
  g_autoptr (GPtrArray) neighbours = g_ptr_array_new ();
  Folder *folder = folder_find (contacts, person);
  GPtrArray *others = folder != NULL ? folder->others : NULL;

  g_ptr_array_add (neighbours, (gpointer)FOLDER_PHOTO_NAME);
  for (guint i = 0; others != NULL && i < others->len; i++)
    g_ptr_array_add (neighbours, ((FolderFile *)others->pdata[i])->name);
  g_ptr_array_add (neighbours, NULL);
  return folder_name_is_temporary (name, (const char *const *)neighbours->pdata, created);
}

/* FALSE: it is not there. Takes no notice of its bytes. */
static gboolean
take_out (Folder *self, FolderFile *file)
{
  if (self->others == NULL || !g_ptr_array_remove (self->others, file))
    return FALSE;
  if (self->others->len == 0)
    g_clear_pointer (&self->others, g_ptr_array_unref);
  folder_file_keep (file);
  self->busy++;
  folder_file_unref (file);
  self->busy--;
  folder_release_if_idle (self);
  return TRUE;
}

void
folder_add_other (Folder *self, FolderFile *file, const char *name, gboolean created)
{
  g_autoptr (FolderFile) held G_GNUC_UNUSED = folder_file_ref (file);
  FolderFile *before = folder_find_other (self, name);
  Folder *folder;

  if (before == file)
    return;
  self->busy++;
  if (before != NULL)
    folder_remove_other (self, before);
  folder = folder_find (self->contacts, file->person);
  if (folder != NULL)
    take_out (folder, file);
  folder_file_adopt (file, self->person);
  file->kind = FOLDER_FILE_OTHER;
  file->linked = TRUE;
  file->temporary = folder_passes_by (self->contacts, self->person, name, created);
  g_free (file->name);
  file->name = g_strdup (name);
  if (self->others == NULL)
    self->others = g_ptr_array_new ();
  g_ptr_array_add (self->others, folder_file_ref (file));
  self->busy--;
}

void
folder_remove_other (Folder *self, FolderFile *file)
{
  g_autoptr (FolderFile) held = folder_file_ref (file);

  if (!take_out (self, file))
    return;
  held->linked = FALSE;
  if (held->handles == 0)
    folder_file_set_draft (held, NULL);
}

/* Who wrote a temporary and was told that it did not become the photo has ended without removing it: it is in .rejected,
 * and in the way of the next try (exiftool). */
static void
remove_left_behind (Folder *self)
{
  for (guint i = self->others != NULL ? self->others->len : 0; i-- > 0;) {
    FolderFile *file = self->others->pdata[i];

    if (file->told_writer != 0 && file->handles == 0 && kill ((pid_t)file->told_writer, 0) != 0 && errno == ESRCH) {
      self->busy++;
      folder_remove_other (self, file);
      self->busy--;
      if (self->others == NULL)
        break;
    }
  }
}

/* ---- lookups ---- */

FolderFile *
folder_lookup (Contacts *contacts, BookPerson *person, const char *name)
{
  Folder *folder = folder_find (contacts, person);
  FolderFile *file = NULL;

  if (strcmp (name, FOLDER_PHOTO_NAME) == 0 || strcmp (name, FOLDER_PROFILE_NAME) == 0) {
    Folder *self = folder_get (contacts, person);

    file = strcmp (name, FOLDER_PHOTO_NAME) == 0 ? folder_photo (self) : profile_file (self);
    folder_release_if_idle (self);
  } else if (folder != NULL) {
    remove_left_behind (folder);
    folder = folder_find (contacts, person);
    file = folder != NULL ? folder_find_other (folder, name) : NULL;
    if (file != NULL)
      folder_file_ref (file);
  }
  return file;
}

GPtrArray *
folder_list (Contacts *contacts, BookPerson *person)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify)folder_file_unref);
  FolderFile *photo = folder_lookup (contacts, person, FOLDER_PHOTO_NAME);
  FolderFile *profile = folder_lookup (contacts, person, FOLDER_PROFILE_NAME);
  Folder *folder = folder_find (contacts, person);

  if (photo != NULL)
    g_ptr_array_add (files, photo);
  if (profile != NULL)
    g_ptr_array_add (files, profile);
  if (folder != NULL)
    remove_left_behind (folder);
  folder = folder_find (contacts, person);
  for (guint i = 0; folder != NULL && folder->others != NULL && i < folder->others->len; i++) {
    FolderFile *file = folder->others->pdata[i];

    if (!file->alias)
      g_ptr_array_add (files, folder_file_ref (file));
  }
  return files;
}
