/*
 * rm photo.jpg: gone at once from the folder, at Google about a second later, unless a successor comes (mv and install
 * unlink first). The promise is in the store until it is kept, and on the disk before rm is answered, so that neither an
 * unmount nor a kill nor a power cut loses it.
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/deletion.h"
#include "folder/take-back.h"

#define OVERTAKEN                                                                                                      \
  "it has been changed elsewhere meanwhile, and the new one is kept; remove it again if you do not want it"

#define NOT_TAKEN_BACK "the new photo was to be taken back, and is still there"

static void
forget_promise (Contacts *contacts, const char *resource_name)
{
  g_autoptr (GError) error = NULL;

  if (!book_store_remove_deletion (contacts->store, resource_name, &error))
    g_warning ("the deletion for %s could not be crossed out: %s", resource_name, error->message);
}

typedef struct {
  Contacts *contacts;
  SettledFunc done;
  gpointer data;
} Settle;

static void
on_synced (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Settle *self = data;
  Contacts *contacts = self->contacts;
  g_autoptr (GError) error = NULL;

  if (!book_store_sync_finish (contacts->store, result, &error))
    g_warning ("%s", error->message);
  if (self->done != NULL)
    self->done (error, self->data);
  activity_release (contacts->activity, ACTIVITY_WORK);
}

void
deletions_settle (Contacts *contacts, SettledFunc done, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Settle *self;

  if (activity_is_over (contacts->activity)
      && !book_store_sync (contacts->store, &error)) /* no worker is waited for any more */
    g_warning ("%s", error->message);
  if (activity_is_over (contacts->activity) || book_store_deletions_are_synced (contacts->store)) {
    if (done != NULL)
      done (error, data);
    return;
  }
  self = g_new0 (Settle, 1);
  self->contacts = contacts;
  self->done = done;
  self->data = data;
  activity_hold (contacts->activity, ACTIVITY_WORK);
  book_store_sync_async (contacts->store, on_synced, self);
}

void
deletion_forget (Folder *self)
{
  if (self->state != FOLDER_REMOVED)
    return;
  forget_promise (self->contacts, self->person->resource_name);
  folder_set_state (self, FOLDER_SHOWN);
}

/* The person's photo is another one than the user removed: that is, unless it is the one that he had put there just
 * before, and that the service did not show yet. */
void
deletion_photo_changed (Folder *self, const char *version, gboolean elsewhere)
{
  g_autoptr (GError) error = NULL;
  guint ours
      = self->deleting ? 2 : 1; /* our caller's, and that of the deletion in the queue, which is withdrawn then */
  gboolean alone = self->busy == ours && !self->photo_held;

  if (version != NULL && self->person->unconfirmed != NULL) {
    g_free (self->removed_version);
    self->removed_version = g_strdup (version);
    if (self->take_back == NULL /* that is no promise */
        && !book_store_put_deletion (self->contacts->store, self->person->resource_name, version, &error))
      g_warning ("the deletion for %s could not be noted: %s", self->person->name, error->message);
    deletions_settle (self->contacts, NULL, NULL);
    return;
  }
  if (version != NULL && elsewhere && alone) {
    error = g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN, OVERTAKEN);
    book_change_failed (self->contacts->book, self->person, "the photo was not removed", error);
  }
  deletion_forget (self);
}

/* The removal that was promised is still to be carried out: no successor is there, or on its way. */
static gboolean
is_wanted (gpointer data)
{
  const Folder *folder = data;

  return folder->state == FOLDER_REMOVED && !folder->photo_held && folder->successors == 0;
}

/* It gave way to a successor. That settles what becomes of the old photo, unless it came to nothing meanwhile. */
static void
deletion_withdrawn (Folder *self)
{
  gboolean idle = self->timer == 0 && is_wanted (self);

  self->busy--;
  if (idle)
    folder_successor_gone (self);
  else
    folder_release_if_idle (self);
}

/* Its outcome is known: what the service has shows again. The folder may be gone after this. */
static void
deletion_over (Folder *self)
{
  self->busy--;
  if (self->state == FOLDER_REMOVED)
    folder_set_state (self, FOLDER_SHOWN);
  else
    folder_release_if_idle (self);
}

typedef struct {
  Folder *folder;
  char *version; /* that was to be removed */
  GError *why;
} NotRemoved;

/* The promise is crossed out on the disk: only then is it said that the photo is back. By then what the service has may have been
 * seen, and another photo may be there. */
static void
on_not_removed (const GError *error, gpointer data)
{
  g_autofree NotRemoved *self = data;
  Folder *folder = self->folder;
  g_autofree char *version = self->version;
  g_autoptr (GError) why = self->why;

  folder->deleting = FALSE;
  if (folder->state != FOLDER_REMOVED || g_strcmp0 (folder->removed_version, version) != 0) {
    deletion_withdrawn (folder);
    return;
  }
  book_change_failed (folder->contacts->book, folder->person, BOOK_NOT_REMOVED, why);
  deletion_over (folder);
}

/* Takes why. */
static void
not_removed (Folder *self, GError *why)
{
  NotRemoved *told = g_new0 (NotRemoved, 1);

  forget_promise (self->contacts, self->person->resource_name);
  told->folder = self;
  told->version = g_strdup (self->removed_version);
  told->why = why;
  deletions_settle (self->contacts, on_not_removed, told);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer data)
{
  Folder *self = data;
  Contacts *contacts = self->contacts;
  BookPerson *person = self->person;
  g_autoptr (GError) error = NULL;
  g_autofree char *version = book_person_photo_version (person);

  if (sync_delete_finish (contacts->sync, result, &error)) {
    self->deleting = FALSE;
    forget_promise (contacts, person->resource_name);
    deletion_over (self);
  } else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    self->deleting = FALSE;
    deletion_withdrawn (self);
  } else if (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_OVERTAKEN) && self->state == FOLDER_REMOVED
             && g_strcmp0 (self->removed_version, version) == 0) { /* it has been seen while this deletion was queued */
    self->deleting = FALSE;
    self->busy--;
    folder_delete_now (self);
  } else if (activity_is_ending (contacts->activity)
             && error->domain == PEOPLE_ERROR) { /* the next mount tries again */
    self->deleting = FALSE;
    book_change_failed (contacts->book, person, "the photo is not removed yet", error);
    deletion_over (self);
  } else {
    not_removed (self, g_steal_pointer (&error));
  }
}

/* ---- the photo from before is back instead ---- */

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer data)
{
  Folder *self = data;
  Contacts *contacts = self->contacts;
  BookPerson *person = self->person;
  g_autoptr (GError) error = NULL;

  self->deleting = FALSE;
  if (sync_upload_finish (contacts->sync, result, &error)) {
    error = g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN,
                         "a program removed it when it found another picture than it had written; the photo that was "
                         "there before is back, and the program's is in .previous");
    book_change_failed (contacts->book, person, "the new photo was taken back", error);
  } else {
    book_change_failed (contacts->book, person, NOT_TAKEN_BACK, error);
  }
  deletion_over (self);
}

static void
on_photo_before (GObject *source, GAsyncResult *result, gpointer data)
{
  Folder *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) before = photos_archive_read_finish (result, &error);

  if (before != NULL && self->take_back != NULL && is_wanted (self)) {
    sync_upload_async (self->contacts->sync, self->person, before, NULL, NULL, on_taken_back, self);
    return;
  }
  self->deleting = FALSE;
  if (self->take_back == NULL || !is_wanted (self)) { /* somebody wrote or removed another one meanwhile */
    deletion_withdrawn (self);
    return;
  }
  book_change_failed (self->contacts->book, self->person, NOT_TAKEN_BACK, error);
  deletion_over (self);
}

static void
take_back_now (Folder *self)
{
  self->deleting = TRUE;
  self->busy++;
  photos_archive_read_async (self->contacts->photos, self->person, self->take_back, on_photo_before, self);
}

gboolean
folder_removal_waits (Contacts *contacts, const BookPerson *person)
{
  const Folder *self = folder_find (contacts, person);

  return self != NULL && self->state == FOLDER_REMOVED;
}

guint
deletions_count_promised (Contacts *contacts)
{
  g_autoptr (GList) folders = g_hash_table_get_values (contacts->folders);
  guint count = 0;

  for (GList *next = folders; next != NULL; next = next->next)
    if (is_wanted (next->data) && !((const Folder *)next->data)->deleting)
      count++;
  return count;
}

void
folder_delete_now (Folder *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->deleting)
    return;
  if (self->take_back != NULL) {
    take_back_now (self);
    return;
  }
  g_info ("%s: the removal is queued", self->person->name);
  self->deleting = TRUE;
  self->busy++;
  sync_delete_promised_async (self->contacts->sync, self->person, self->removed_version, self->removed_earlier,
                              is_wanted, on_deleted, self);
}

/* ---- those of an earlier mount ---- */

typedef struct {
  Contacts *contacts;
  GPtrArray *overtaken; /* of resource names: that photo is gone */
} Load;

static void
load_deletion (const char *resource_name, const char *version, gpointer data)
{
  Load *load = data;
  Contacts *contacts = load->contacts;
  BookPerson *person = book_person_by_resource_name (contacts->book, resource_name);
  g_autofree char *now = person != NULL ? book_person_photo_version (person) : NULL;
  Folder *folder;

  if (g_strcmp0 (now, version) != 0) {
    g_ptr_array_add (load->overtaken, g_strdup (resource_name));
    if (now != NULL) {
      g_autoptr (GError) error = g_error_new (BOOK_ERROR, BOOK_ERROR_OVERTAKEN, OVERTAKEN);

      book_change_failed (contacts->book, person, "the photo was not removed", error);
    } else if (person == NULL) {
      g_message ("a photo that was to be removed was not: its contact, %s, is no longer in the address book",
                 resource_name);
    }
    return;
  }
  folder = folder_get (contacts, person);
  folder_set_state (folder, FOLDER_REMOVED);
  g_clear_handle_id (&folder->timer, g_source_remove); /* deletions_start_earlier carries it out */
  folder->removed_version = g_strdup (version);
  folder->removed_earlier = TRUE;
}

void
deletions_load (Contacts *contacts)
{
  g_autoptr (GPtrArray) overtaken = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  Load load = { contacts, overtaken };

  if (!book_store_each_deletion (contacts->store, load_deletion, &load, &error))
    g_warning ("deletions of an earlier mount could not be read: %s", error->message);
  for (guint i = 0; i < overtaken->len; i++)
    forget_promise (contacts, overtaken->pdata[i]);
}

static void
carry_out (Contacts *contacts, gboolean earlier)
{
  g_autoptr (GList) folders = g_hash_table_get_values (contacts->folders);

  for (GList *next = folders; next != NULL; next = next->next) {
    Folder *folder = next->data;

    if (folder->state != FOLDER_REMOVED || folder->busy > 0 || folder->removed_earlier != earlier)
      continue;
    if (earlier && folder->photo_held)
      continue; /* here is a successor; it settles what becomes of the old one */
    folder_delete_now (folder);
    folder->removed_earlier = FALSE;
  }
}

void
deletions_start (Contacts *contacts)
{
  carry_out (contacts, FALSE);
}

void
deletions_start_earlier (Contacts *contacts)
{
  if (!contacts->read_only && !activity_is_ending (contacts->activity)
      && people_pause_left (contacts->people, PEOPLE_CHANGES, NULL) == 0)
    carry_out (contacts, TRUE);
}
