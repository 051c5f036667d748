/*
 * unlink(2). What is removed decides what it means:
 *
 *   photo.jpg      a draft goes with its bytes; the service's photo is a promised removal (deletion.c), answered when that
 *                  is on the disk
 *   what a program has just written, and was refused or finds changed
 *                  takes back that write alone (take-back.c)
 *   any other      the name goes
 *   profile.jpg    EPERM
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/deletion.h"
#include "folder/take-back.h"

typedef struct {
  Contacts *contacts;
  BookPerson *person;
  TakeBack take_back;
  char *before; /* TAKE_BACK_PHOTO: the photo that is to be back */
} Unlink;

static void
unlink_free (gpointer data)
{
  Unlink *self = data;

  book_person_unref (self->person);
  g_free (self->before);
  g_free (self);
}

/* The program that removes what it wrote was told that it was refused, or wrote what was there already. */
static void
keep_service_photo (GTask *task)
{
  Unlink *self = g_task_get_task_data (task);
  BookPerson *person = self->person;
  g_autofree char *why = g_strdup (person->error);

  folder_set_state (folder_get (self->contacts, person), FOLDER_MOVED);
  g_message (
      "%s: the program whose picture did not become the photo removed photo.jpg; the photo that was there is back",
      person->name);
  if (why != NULL) {
    g_free (person->error);
    person->error
        = g_strconcat (why, "; the program then removed photo.jpg, and the photo that was there is back", NULL);
  }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* error: why the promise would not outlive a kill or a power cut. Consumes the task. */
static void
not_noted (GTask *task, const GError *error)
{
  Unlink *self = g_task_get_task_data (task);
  GError *told = g_error_new (BOOK_ERROR, BOOK_ERROR_IO, "the removal could not be noted: %s", error->message);

  book_person_fail (self->contacts->book, self->person, "the photo was not removed", told, NULL);
  g_task_return_error (task, told);
  g_object_unref (task);
}

/* The second in which a successor may come begins when rm is answered. */
static void
on_promised (const GError *error, gpointer data)
{
  GTask *task = data;
  Unlink *self = g_task_get_task_data (task);
  Folder *folder = folder_find (self->contacts, self->person);

  if (error != NULL) {
    if (folder != NULL)
      deletion_forget (folder);
    not_noted (task, error);
    return;
  }
  if (folder != NULL)
    folder_successor_gone (folder);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* The service's photo goes, unless it is to stay, or the promise cannot be kept over a kill. Consumes the task. */
static void
remove_service_photo (GTask *task)
{
  Unlink *self = g_task_get_task_data (task);
  Contacts *contacts = self->contacts;
  Folder *folder = folder_get (contacts, self->person);
  g_autofree char *version = book_person_photo_version (self->person);
  g_autoptr (GError) error = NULL;

  if (self->take_back == TAKE_BACK_NOTHING && version != NULL) {
    keep_service_photo (task);
    return;
  }
  if (version != NULL && folder->state != FOLDER_REMOVED) {
    /* A photo that is to be taken back is no promise to the user: after a kill it is simply there. */
    if (self->take_back != TAKE_BACK_PHOTO
        && !book_store_put_deletion (contacts->store, self->person->resource_name, version, &error)) {
      folder_release_if_idle (folder);
      not_noted (task, error);
      return;
    }
    folder_set_state (folder, FOLDER_REMOVED);
    g_clear_handle_id (&folder->timer, g_source_remove);
    folder->removed_version = g_steal_pointer (&version);
    folder->take_back = g_steal_pointer (&self->before);
    photos_prefetch (contacts->photos, self->person, FALSE); /* for .previous */
  }
  folder_release_if_idle (folder);
  deletions_settle (contacts, on_promised, task);
}

static void
on_rechecked (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Unlink *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (sync_recheck_finish (result, &error)) {
    remove_service_photo (task);
    return;
  }
  book_change_failed (self->contacts->book, self->person, "the photo was not removed", error);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
unlink_photo (GTask *task)
{
  Unlink *self = g_task_get_task_data (task);
  Contacts *contacts = self->contacts;
  Folder *folder = folder_get (contacts, self->person);
  g_autoptr (FolderFile) file = folder_photo (folder);

  if (file == NULL) {
    folder_release_if_idle (folder);
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no photo");
    g_object_unref (task);
    return;
  }
  if (folder->photo_held) { /* a draft, or an empty file: it goes with its bytes */
    file->linked = FALSE;
    folder->busy++;
    folder_set_photo (folder, NULL);
    folder->busy--;
  }
  if (folder->state != FOLDER_SHOWN) { /* the service's photo was already away: wait again */
    deletions_settle (contacts, on_promised, task);
    return;
  }
  folder_release_if_idle (folder);
  if (self->person->photo_url == NULL || !sync_is_down (contacts->sync))
    remove_service_photo (task);
  else
    sync_recheck_async (contacts->sync, on_rechecked, task);
}

void
folder_unlink_async (Contacts *contacts, BookPerson *person, const char *name, gint64 process,
                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Unlink *self = g_new0 (Unlink, 1);
  g_autoptr (FolderFile) file = NULL;

  self->contacts = contacts;
  self->person = book_person_ref (person);
  g_task_set_source_tag (task, folder_unlink_async);
  g_task_set_task_data (task, self, unlink_free);
  g_task_set_check_cancellable (task, FALSE);
  self->take_back = take_back_claim (contacts, person, process, name, &self->before);
  if (strcmp (name, FOLDER_PHOTO_NAME) == 0) {
    unlink_photo (task);
    return;
  }
  file = folder_lookup (contacts, person, name);
  if (file == NULL) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no %s", name);
  } else if (file->kind == FOLDER_FILE_PROFILE) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_PERMITTED,
                             "profile.jpg belongs to the person's Google profile");
  } else {
    gboolean was_photo = file->alias;

    folder_remove_other (folder_find (contacts, person), file);
    if (was_photo && self->take_back == TAKE_BACK_PHOTO) {
      remove_service_photo (task);
      return;
    }
    g_task_return_boolean (task, TRUE);
  }
  g_object_unref (task);
}

gboolean
folder_unlink_finish (Contacts *contacts, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
