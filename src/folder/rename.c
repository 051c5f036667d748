/*
 * rename(2). What a name is decides what a rename means:
 *
 *   from        to                            what happens
 *   other       temporary, in its folder      the name moves, nothing is sent
 *   other       temporary, of somebody else   EXDEV: mv copies
 *   other       photo.jpg or any other name   its bytes become the photo; on failure it is still there
 *   photo.jpg   any name in its folder        the bytes live on there; photo.jpg waits for a successor
 *   photo.jpg   photo.jpg of somebody else    uploaded there, then deleted here; kept if the upload fails
 *   photo.jpg   temporary of somebody else    EXDEV: mv copies
 *   profile.jpg, folders                      EPERM
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/deletion.h"
#include "folder/dropped.h"
#include "folder/file.h"
#include "folder/reject.h"

typedef struct {
  Contacts *contacts;
  BookPerson *person;
  BookPerson *new_person;
  char *new_name;
  gint64 process;
  FolderFile *file;
  GBytes *bytes;
  guint64 revision;          /* of the draft, when they were it */
  Patience *patience;        /* while it is sent */
  gboolean was_linked_photo; /* the source is photo.jpg: delete it at the end */
  GError *error;             /* why it failed, until that is told */
} Rename;

static void
rename_free (gpointer data)
{
  Rename *self = data;

  book_person_unref (self->person);
  book_person_unref (self->new_person);
  folder_file_unref (self->file);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self->new_name);
  g_free (self);
}

static void
on_settled (const GError *not_settled, gpointer data)
{
  GTask *task = data;
  Rename *self = g_task_get_task_data (task);

  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* error: transfer full, or NULL. Consumes the task. As when a file is closed (flush.c), a removal that was promised before must
 * not come back. */
static void
rename_end (GTask *task, GError *error)
{
  Rename *self = g_task_get_task_data (task);

  folder_unhold (folder_find (self->contacts, self->person));
  folder_unhold (folder_find (self->contacts, self->new_person));
  self->error = error;
  deletions_settle (self->contacts, on_settled, task);
}

/* ---- the bytes become the photo of new_person ---- */

/* The file carried its bytes to photo.jpg. A program may still hold it open (GLib renames while open): what it writes
 * from now on is written to that photo.jpg. */
static void
become_photo (Rename *self)
{
  FolderFile *file = self->file;

  if (file->draft != NULL)
    draft_set_taken (file->draft, self->revision, self->bytes);
  if (strcmp (self->new_name, FOLDER_PHOTO_NAME) != 0) {
    folder_add_other (folder_get (self->contacts, self->new_person), file, self->new_name, FALSE);
    dropped_became_photo (file);
    if (file->handles == 0)
      dropped_settle (file);
    return;
  }
  folder_remove_other (folder_find (self->contacts, self->person), file);
  folder_end_empty_photo (folder_find (self->contacts, self->new_person));
  folder_file_adopt (file, self->new_person);
  file->kind = FOLDER_FILE_PHOTO;
  file->linked = TRUE;
  file->alias = FALSE;
  if (file->handles == 0)
    folder_file_set_draft (file, NULL);
}

static void
on_source_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Rename *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!sync_delete_finish (self->contacts->sync, result, &error)) {
    g_prefix_error (&error, "%s has the photo, but it could not be removed here: ", self->new_person->name);
    book_change_failed (self->contacts->book, self->person, "the photo was not moved", error);
  }
  rename_end (task, error);
}

static void
on_rejected (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Rename *self = g_task_get_task_data (task);

  if (self->process != 0 && self->process == self->file->writer)
    self->file->told_writer = self->process;
  if (self->file->kind == FOLDER_FILE_OTHER && self->file->handles == 0)
    folder_file_forget_later (self->file, FOLDER_REFUSED_WAIT_MS);
  rename_end (task, g_steal_pointer (&self->error));
}

static void
on_uploaded (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Rename *self = g_task_get_task_data (task);
  Folder *folder = folder_find (self->contacts, self->new_person);
  GError *error = NULL;

  folder->successors--;
  folder_show_again (folder);
  sync_upload_finish (self->contacts->sync, result, &error);
  error = patience_end (self->patience, error);
  if (error != NULL) {
    self->error = error;
    reject_picture_async (self->contacts, self->new_person, self->bytes, error, REJECT_ALOUD, on_rejected, task);
    return;
  }
  book_tell_changed (self->contacts->book, self->new_person, self->bytes);
  if (self->was_linked_photo) {
    g_autofree char *version = g_strdup (self->file->version);

    sync_delete_async (self->contacts->sync, self->person, version, g_task_get_cancellable (task), on_source_deleted,
                       task);
    return;
  }
  become_photo (self);
  rename_end (task, NULL);
}

/* Whoever unlinked photo.jpg to make room (KIO) wants it replaced, not deleted: whatever becomes of the successor, it ends
 * the wait. */
static void
upload (GTask *task)
{
  Rename *self = g_task_get_task_data (task);
  Folder *folder = folder_get (self->contacts, self->new_person);
  Draft *draft = self->file->draft;

  g_clear_handle_id (&folder->timer, g_source_remove);
  folder->successors++;
  self->patience = patience_new (self->contacts->sync, g_task_get_cancellable (task));
  sync_upload_async (self->contacts->sync, self->new_person, self->bytes, draft != NULL ? draft->base : NULL,
                     patience_cancellable (self->patience), on_uploaded, task);
}

static void
rename_to_photo (GTask *task)
{
  Rename *self = g_task_get_task_data (task);
  Draft *draft = self->file->draft;
  GError *error = NULL;

  self->revision = draft != NULL ? draft->revision : 0;
  self->bytes = draft != NULL ? draft_bytes (draft, &error) : g_bytes_new (NULL, 0);
  if (self->bytes == NULL) {
    rename_end (task, error);
  } else {
    upload (task);
  }
}

/* ---- photo.jpg goes elsewhere ---- */

/* The FolderFile itself takes the other name, so that the kernel's idea of the rename and ours agree. */
static void
photo_to_other (Rename *self, Draft *draft)
{
  Folder *folder = folder_get (self->contacts, self->person);
  FolderFile *file = self->file;
  g_autoptr (Draft) content = draft_ref (file->draft != NULL ? file->draft : draft);

  folder->busy++;
  if (folder->photo == file) {
    folder_set_photo (folder, NULL);
    folder->photo = NULL;
  }
  folder_file_set_draft (file, content);
  folder_add_other (folder, file, self->new_name, FALSE);
  if (draft != NULL)
    file->temporary = TRUE; /* whatever it is called: it is what was there, and no new picture */
  folder_file_forget_later (file, FOLDER_TEMPORARY_WAIT_MS);
  if (self->person->photo_url != NULL && folder->state == FOLDER_SHOWN)
    folder_set_state (folder, FOLDER_MOVED);
  else
    folder_successor_gone (folder);
  folder->busy--;
}

static void
on_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Rename *self = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (Photo) photo = photos_get_finish (self->contacts->photos, result, &error);
  g_autoptr (Draft) draft = photo != NULL ? draft_new_from_fd (photo->fd, &error) : NULL;

  if (draft == NULL) {
    rename_end (task, error);
    return;
  }
  if (self->person == self->new_person) {
    photo_to_other (self, draft);
    rename_end (task, NULL);
    return;
  }
  folder_file_set_version (self->file, g_strdup (photo->version));
  self->bytes = g_bytes_ref (draft->base);
  upload (task);
}

static void
rename_photo (GTask *task)
{
  Rename *self = g_task_get_task_data (task);
  gboolean elsewhere = self->person != self->new_person;

  if (elsewhere
      && (self->file->draft != NULL || folder_passes_by (self->contacts, self->new_person, self->new_name, FALSE))) {
    rename_end (task,
                g_error_new (BOOK_ERROR, BOOK_ERROR_CROSS_DEVICE, "a photo moves to another contact's photo only"));
  } else if (self->file->draft != NULL) { /* being written, or empty: it goes with its bytes */
    photo_to_other (self, NULL);
    rename_end (task, NULL);
  } else {
    self->was_linked_photo = elsewhere;
    photos_get_async (self->contacts->photos, self->person, FALSE, photos_timeout (self->contacts->photos),
                      g_task_get_cancellable (task), on_photo, task);
  }
}

/* ---- which of them is it ---- */

/* A name that programs may not rename over, or NULL. */
static GError *
check_target (Rename *self, FolderFile *target, gboolean exclusive)
{
  if (strcmp (self->new_name, FOLDER_PROFILE_NAME) == 0)
    return g_error_new (BOOK_ERROR, BOOK_ERROR_NOT_PERMITTED, "profile.jpg belongs to the person's Google profile");
  if (exclusive && target != NULL && !target->alias)
    return g_error_new (BOOK_ERROR, BOOK_ERROR_EXISTS, "%s is there already", self->new_name);
  return NULL;
}

static void rename_other (GTask *task);

static void
on_dropped (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Rename *self = g_task_get_task_data (task);
  FolderFile *file = self->file;
  GError *error = NULL;
  g_autoptr (Photo) photo = photos_get_finish (self->contacts->photos, result, &error);
  g_autoptr (Draft) draft = NULL;

  if (photo != NULL && (!file->linked || g_strcmp0 (photo->version, file->version) != 0))
    error = g_error_new (BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "another picture is the photo by now");
  else if (photo != NULL)
    draft = draft_new_from_fd (photo->fd, &error);
  if (draft == NULL) {
    rename_end (task, error);
    return;
  }
  folder_file_set_draft (file, draft);
  file->alias = FALSE;
  rename_other (task);
}

/* A name that stands for the photo: to photo.jpg it is there already, elsewhere it goes with the photo's bytes. */
static void
rename_dropped (GTask *task)
{
  Rename *self = g_task_get_task_data (task);
  Folder *folder;

  if (strcmp (self->new_name, FOLDER_PHOTO_NAME) != 0 || self->person != self->new_person) {
    photos_get_async (self->contacts->photos, self->person, FALSE, photos_timeout (self->contacts->photos),
                      g_task_get_cancellable (task), on_dropped, task);
    return;
  }
  folder = folder_find (self->contacts, self->person);
  folder_remove_other (folder, self->file);
  folder_show_again (folder);
  rename_end (task, NULL);
}

static void
rename_other (GTask *task)
{
  Rename *self = g_task_get_task_data (task);
  FolderFile *file = self->file;

  if (file->alias && file->draft == NULL) {
    rename_dropped (task);
  } else if (strcmp (self->new_name, FOLDER_PHOTO_NAME) == 0
             || !folder_passes_by (self->contacts, self->new_person, self->new_name, FALSE)) {
    rename_to_photo (task);
  } else if (self->person != self->new_person) {
    rename_end (task, g_error_new (BOOK_ERROR, BOOK_ERROR_CROSS_DEVICE, "a temporary file stays with its contact"));
  } else {
    folder_add_other (folder_get (self->contacts, self->person), file, self->new_name, FALSE);
    if (file->handles == 0)
      folder_file_forget_later (file, FOLDER_TEMPORARY_WAIT_MS);
    rename_end (task, NULL);
  }
}

void
folder_rename_async (Contacts *contacts, BookPerson *person, const char *name, BookPerson *new_person,
                     const char *new_name, gboolean exclusive, gint64 process, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  g_autoptr (FolderFile) target = folder_lookup (contacts, new_person, new_name);
  FolderFile *file = folder_lookup (contacts, person, name);
  Rename *self;
  GError *error;

  g_task_set_source_tag (task, folder_rename_async);
  g_task_set_check_cancellable (task, FALSE);
  if (file == NULL) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no %s", name);
    g_object_unref (task);
    return;
  }
  self = g_new0 (Rename, 1);
  self->contacts = contacts;
  self->person = book_person_ref (person);
  self->new_person = book_person_ref (new_person);
  self->new_name = g_strdup (new_name);
  self->process = process;
  self->file = file;
  g_task_set_task_data (task, self, rename_free);
  folder_get (contacts, person)->busy++;
  folder_get (contacts, new_person)->busy++;
  error = check_target (self, target, exclusive);
  if (error != NULL)
    rename_end (task, error);
  else if (file->kind == FOLDER_FILE_PROFILE)
    rename_end (
        task, g_error_new (BOOK_ERROR, BOOK_ERROR_NOT_PERMITTED, "profile.jpg belongs to the person's Google profile"));
  else if (target == file)
    rename_end (task, NULL);
  else if (file->kind == FOLDER_FILE_PHOTO)
    rename_photo (task);
  else
    rename_other (task);
}

gboolean
folder_rename_finish (Contacts *contacts, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
