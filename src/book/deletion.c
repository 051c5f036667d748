/*
 * rm photo.jpg: gone at once from the folder, at Google about a second later, unless a successor comes (mv and install
 * unlink first). The promise is in the store until it is kept, so that neither an unmount nor a kill loses it.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

#define OVERTAKEN                                                                                                      \
  "it has been changed elsewhere meanwhile, and the new one is kept; remove it again if you do not want it"

typedef struct {
  Book *book;
  BookPerson *person;
  BookTakeBack take_back;
} Unlink;

static void
unlink_free (gpointer data)
{
  Unlink *self = data;

  book_person_unref (self->person);
  g_free (self);
}

static void
forget_promise (Book *book, const char *resource_name)
{
  g_autoptr (GError) error = NULL;

  if (!book_store_remove_deletion (book->store, resource_name, &error))
    g_warning ("the deletion for %s could not be crossed out: %s", resource_name, error->message);
}

void
book_deletion_forget (BookFolder *self)
{
  if (self->state != BOOK_FOLDER_REMOVED)
    return;
  forget_promise (self->book, self->person->resource_name);
  book_folder_set_state (self, BOOK_FOLDER_SHOWN);
}

/* The person's photo is another one than the user removed: that is, unless it is the one that he had put there just
 * before, and that the service did not show yet. */
void
book_deletion_photo_changed (BookFolder *self, const char *version, gboolean elsewhere)
{
  g_autoptr (GError) error = NULL;
  guint ours
      = self->deleting ? 2 : 1; /* our caller's, and that of the deletion in the queue, which is withdrawn then */
  gboolean alone = self->busy == ours && !self->photo_held;

  if (version != NULL && self->person->unseen != NULL) {
    g_free (self->removed_version);
    self->removed_version = g_strdup (version);
    if (!book_store_put_deletion (self->book->store, self->person->resource_name, version, &error))
      g_warning ("the deletion for %s could not be noted: %s", self->person->name, error->message);
    return;
  }
  if (version != NULL && elsewhere && alone) {
    error = g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN, OVERTAKEN);
    book_change_failed (self->book, self->person, "the photo was not removed", error);
  }
  book_deletion_forget (self);
}

gboolean
book_deletion_is_wanted (const BookPerson *person)
{
  const BookFolder *folder = person->folder;

  return folder != NULL && folder->state == BOOK_FOLDER_REMOVED && !folder->photo_held && folder->successors == 0;
}

/* It gave way to a successor. That settles what becomes of the old photo, unless it came to nothing meanwhile. */
static void
deletion_withdrawn (BookFolder *self)
{
  gboolean idle = self->timer == 0 && book_deletion_is_wanted (self->person);

  self->busy--;
  if (idle)
    book_folder_successor_gone (self);
  else
    book_folder_release_if_idle (self);
}

/* Its outcome is known: what the service has shows again. The folder may be gone after this. */
static void
deletion_over (BookFolder *self)
{
  Book *book = self->book;

  self->busy--;
  if (self->state == BOOK_FOLDER_REMOVED)
    book_folder_set_state (self, BOOK_FOLDER_SHOWN);
  else
    book_folder_release_if_idle (self);
  book_stop_check (book);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  BookFolder *self = data;
  Book *book = self->book;
  BookPerson *person = self->person;
  g_autoptr (GError) error = NULL;
  g_autofree char *version = book_person_photo_version (person);
  gboolean keep_promise = FALSE;

  self->deleting = FALSE;
  if (!book_delete_photo_finish (book, result, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
      deletion_withdrawn (self);
      book_stop_check (book);
      return;
    }
    if (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_OVERTAKEN) && self->state == BOOK_FOLDER_REMOVED
        && g_strcmp0 (self->removed_version, version) == 0) { /* it has been seen while this deletion was queued */
      self->busy--;
      book_folder_delete_now (self);
      return;
    }
    keep_promise = book->stop != NULL && error->domain == PEOPLE_ERROR; /* the next mount tries again */
    book_change_failed (book, person, keep_promise ? "the photo is not removed yet" : BOOK_NOT_REMOVED, error);
  }
  if (!keep_promise)
    forget_promise (book, person->resource_name);
  deletion_over (self);
}

/* ---- the photo from before is back instead ---- */

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer data)
{
  BookFolder *self = data;
  Book *book = self->book;
  BookPerson *person = self->person;
  g_autoptr (GError) error = NULL;

  self->deleting = FALSE;
  if (book_send_finish (book, result, &error)) {
    error = g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN,
                         "a program removed it when it found another picture than it had written; the photo that was "
                         "there before is back, and the program's is in .previous");
    book_change_failed (book, person, "the new photo was taken back", error);
  } else {
    book_change_failed (book, person, "the new photo was to be taken back, and is still there", error);
  }
  deletion_over (self);
}

static void
take_back_now (BookFolder *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) before = book_photo_before (self->book, self->person, &error);

  if (before == NULL) {
    book_change_failed (self->book, self->person, "the new photo was to be taken back, and is still there", error);
    book_folder_set_state (self, BOOK_FOLDER_SHOWN);
    return;
  }
  self->deleting = TRUE;
  self->busy++;
  book_send_async (self->book, self->person, before, NULL, NULL, on_taken_back, self);
}

void
book_folder_delete_now (BookFolder *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->deleting)
    return;
  if (self->take_back) {
    take_back_now (self);
    return;
  }
  self->deleting = TRUE;
  self->busy++;
  book_delete_promised_async (self->book, self->person, self->removed_version,
                              self->removed_earlier ? BOOK_LOOK_PERSON : BOOK_LOOK_NEWS, on_deleted, self);
}

gboolean
book_deletion_overtaken (Book *book, BookPerson *person, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (book_store_remove_deletion (book->store, person->resource_name, &why))
    return TRUE;
  g_set_error (error, BOOK_ERROR, BOOK_ERROR_IO, "the removal of the photo before it could not be crossed out: %s",
               why->message);
  return FALSE;
}

/* ---- those of an earlier mount ---- */

typedef struct {
  Book *book;
  GPtrArray *overtaken; /* of resource names: that photo is gone */
} Load;

static void
load_deletion (const char *resource_name, const char *version, gpointer data)
{
  Load *load = data;
  Book *book = load->book;
  BookPerson *person = book_person_by_resource_name (book, resource_name);
  g_autofree char *now = person != NULL ? book_person_photo_version (person) : NULL;
  BookFolder *folder;

  if (g_strcmp0 (now, version) != 0) {
    g_ptr_array_add (load->overtaken, g_strdup (resource_name));
    if (now != NULL) {
      g_autoptr (GError) error = g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN, OVERTAKEN);

      book_change_failed (book, person, "the photo was not removed", error);
    } else if (person == NULL) {
      g_message ("a photo that was to be removed was not: its contact, %s, is no longer in the address book",
                 resource_name);
    }
    return;
  }
  folder = book_folder_get (book, person);
  book_folder_set_state (folder, BOOK_FOLDER_REMOVED);
  g_clear_handle_id (&folder->timer, g_source_remove); /* book_deletions_start_earlier carries it out */
  folder->removed_version = g_strdup (version);
  folder->removed_earlier = TRUE;
}

void
book_deletions_load (Book *book)
{
  g_autoptr (GPtrArray) overtaken = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  Load load = { book, overtaken };

  if (!book_store_each_deletion (book->store, load_deletion, &load, &error))
    g_warning ("deletions of an earlier mount could not be read: %s", error->message);
  for (guint i = 0; i < overtaken->len; i++)
    forget_promise (book, overtaken->pdata[i]);
}

static void
carry_out (Book *book, gboolean earlier)
{
  g_autoptr (GList) folders = g_hash_table_get_keys (book->folders);

  for (GList *next = folders; next != NULL; next = next->next) {
    BookFolder *folder = next->data;

    if (folder->state != BOOK_FOLDER_REMOVED || folder->busy > 0 || folder->removed_earlier != earlier)
      continue;
    if (earlier && folder->photo_held)
      continue; /* here is a successor; it settles what becomes of the old one */
    book_folder_delete_now (folder);
    folder->removed_earlier = FALSE;
  }
}

void
book_deletions_start (Book *book)
{
  carry_out (book, FALSE);
}

void
book_deletions_start_earlier (Book *book)
{
  if (!book->options.read_only && people_pause_left (book->people, PEOPLE_CHANGES, NULL) == 0)
    carry_out (book, TRUE);
}

/* ---- unlink ---- */

/* The program that removes what it wrote was told that it was refused, or wrote what was there already. */
static void
keep_service_photo (GTask *task)
{
  Unlink *self = g_task_get_task_data (task);
  BookPerson *person = self->person;
  g_autofree char *why = g_strdup (person->error);

  book_folder_set_state (book_folder_get (self->book, person), BOOK_FOLDER_MOVED);
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

/* The service's photo goes, unless it is to stay, or the promise cannot be kept over a kill. Consumes the task. */
static void
remove_service_photo (GTask *task)
{
  Unlink *self = g_task_get_task_data (task);
  Book *book = self->book;
  BookFolder *folder = book_folder_get (book, self->person);
  g_autofree char *version = book_person_photo_version (self->person);
  g_autoptr (GError) error = NULL;

  if (self->take_back == BOOK_TAKE_BACK_NOTHING && version != NULL) {
    keep_service_photo (task);
    return;
  }
  if (version != NULL && folder->state != BOOK_FOLDER_REMOVED) {
    /* A photo that is to be taken back is no promise to the user: after a kill it is simply there. */
    if (self->take_back != BOOK_TAKE_BACK_PHOTO
        && !book_store_put_deletion (book->store, self->person->resource_name, version, &error)) {
      g_autoptr (GError) told
          = g_error_new (BOOK_ERROR, BOOK_ERROR_IO, "the removal could not be noted: %s", error->message);

      book_person_fail (book, self->person, "the photo was not removed", told, NULL);
      book_folder_release_if_idle (folder);
      g_task_return_error (task, g_steal_pointer (&told));
      g_object_unref (task);
      return;
    }
    book_folder_set_state (folder, BOOK_FOLDER_REMOVED);
    folder->removed_version = g_steal_pointer (&version);
    folder->take_back = self->take_back == BOOK_TAKE_BACK_PHOTO;
    book_photo_prefetch (book, self->person); /* for .previous */
  }
  book_folder_release_if_idle (folder);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Unlink *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (book_probe_finish (result, &error)) {
    remove_service_photo (task);
    return;
  }
  book_change_failed (self->book, self->person, "the photo was not removed", error);
  g_task_return_error (task, error);
  g_object_unref (task);
}

static void
unlink_photo (GTask *task)
{
  Unlink *self = g_task_get_task_data (task);
  Book *book = self->book;
  BookFolder *folder = book_folder_get (book, self->person);
  g_autoptr (BookFile) file = book_folder_photo (folder);

  if (file == NULL) {
    book_folder_release_if_idle (folder);
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no photo");
    g_object_unref (task);
    return;
  }
  if (folder->photo_held) { /* a draft, or an empty file: it goes with its bytes */
    file->linked = FALSE;
    folder->busy++;
    book_folder_set_photo (folder, NULL);
    folder->busy--;
  }
  if (folder->state != BOOK_FOLDER_SHOWN) {
    book_folder_set_state (folder, folder->state); /* the service's photo was already away: wait again */
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  book_folder_release_if_idle (folder);
  if (self->person->photo_url == NULL || !book_is_down (book))
    remove_service_photo (task);
  else
    book_probe_async (book, on_probed, task);
}

void
book_folder_unlink_async (Book *book, BookPerson *person, const char *name, gint64 process, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Unlink *self = g_new0 (Unlink, 1);
  g_autoptr (BookFile) file = NULL;

  self->book = book;
  self->person = book_person_ref (person);
  g_task_set_source_tag (task, book_folder_unlink_async);
  g_task_set_task_data (task, self, unlink_free);
  g_task_set_check_cancellable (task, FALSE);
  self->take_back = book_take_back (book, person, process, name);
  if (strcmp (name, BOOK_PHOTO_NAME) == 0) {
    unlink_photo (task);
    return;
  }
  file = book_folder_lookup (book, person, name);
  if (file == NULL) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "there is no %s", name);
  } else if (file->kind == BOOK_FILE_PROFILE) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_PERMITTED,
                             "profile.jpg belongs to the person's Google profile");
  } else {
    gboolean was_photo = file->alias;

    book_folder_remove_other (person->folder, file);
    if (was_photo && self->take_back == BOOK_TAKE_BACK_PHOTO) {
      remove_service_photo (task);
      return;
    }
    g_task_return_boolean (task, TRUE);
  }
  g_object_unref (task);
}

gboolean
book_folder_unlink_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
