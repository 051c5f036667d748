/*
 * What did not become a photo is kept in .rejected, and whoever handed it over is told so wherever he may look: in the log,
 * in user.contactfs.error and on the desktop. Bytes first, words after, since they say where the bytes are.
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/reject.h"
#include "image/image.h"
#include "photo/hash.h"

/* In words: where it is. not_kept: why it is not there, or NULL. Transfer full. */
static char *
describe_whereabouts (const BookPerson *person, GBytes *picture, const GError *not_kept)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (picture, &size);
  const char *subject = image_kind (data, size) != IMAGE_KIND_NONE ? "your picture" : "what was written";

  if (size == 0)
    return NULL;
  if (not_kept != NULL)
    return g_strdup_printf ("%s could not be kept in %s/.rejected: %s", subject, person->name, not_kept->message);
  return g_strdup_printf ("%s is in %s/.rejected", subject, person->name);
}

static void
say (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why, const GError *not_kept,
     RejectWords words)
{
  g_autofree char *whereabouts = describe_whereabouts (person, picture, not_kept);

  if ((words & REJECT_IN_LOG) != 0 || not_kept != NULL)
    book_person_fail (contacts->book, person, BOOK_NOT_CHANGED, why, whereabouts);
  if ((words & REJECT_ON_DESKTOP) != 0)
    book_tell_failed (contacts->book, person, BOOK_NOT_CHANGED, why, picture, whereabouts);
}

void
reject_tell_desktop (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why)
{
  say (contacts, person, picture, why, NULL, REJECT_ON_DESKTOP);
}

typedef struct {
  Contacts *contacts;
  BookPerson *person;
  GBytes *picture;
  GError *why;
  RejectWords words;
  char *added;
} Reject;

static void
reject_free (gpointer data)
{
  Reject *self = data;

  book_person_unref (self->person);
  g_bytes_unref (self->picture);
  g_error_free (self->why);
  g_free (self->added);
  g_free (self);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Reject *self = g_task_get_task_data (task);
  Activity *activity = self->contacts->activity;
  g_autoptr (GError) not_kept = NULL;

  if (photos_save_finish (result, &not_kept))
    self->added = g_strdup (photos_save_added (result));
  say (self->contacts, self->person, self->picture, self->why, not_kept, self->words);
  g_task_return_boolean (task, not_kept == NULL);
  g_object_unref (task);
  activity_release (activity, ACTIVITY_WORK);
}

void
reject_picture_async (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why, RejectWords words,
                      GAsyncReadyCallback done, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, done, data);
  Reject *self;

  if (activity_is_over (contacts->activity)) { /* no worker is waited for any more */
    g_autoptr (GError) not_kept = NULL;
    g_autofree char *name
        = archive_add (photos_archive (contacts->photos), ARCHIVE_REJECTED, person->resource_name, picture, &not_kept);

    say (contacts, person, picture, why, not_kept, words);
    g_task_return_boolean (task, name != NULL);
    g_object_unref (task);
    return;
  }
  self = g_new0 (Reject, 1);
  self->contacts = contacts;
  self->person = book_person_ref (person);
  self->picture = g_bytes_ref (picture);
  self->why = g_error_copy (why);
  self->words = words;
  g_task_set_task_data (task, self, reject_free);
  activity_hold (contacts->activity, ACTIVITY_WORK);
  photos_save_async (contacts->photos, ARCHIVE_REJECTED, person, NULL, picture, on_kept, task);
}

gboolean
reject_picture_finish (GAsyncResult *result, char **added)
{
  Reject *self = g_task_get_task_data (G_TASK (result));

  *added = self != NULL ? g_steal_pointer (&self->added) : NULL;
  return g_task_propagate_boolean (G_TASK (result), NULL);
}

/* ---- what was never sent ---- */

typedef struct {
  BookPerson *person;
  char *name;
} Unsent;

/* Takes both. kept: FALSE without an error if it was there. */
static void
say_unsent (Unsent *self, gboolean kept, GError *error)
{
  const char *person = self->person->name;

  if (error != NULL)
    g_warning ("%s: %s was never made the photo, and could not be kept: %s", person, self->name, error->message);
  else if (kept)
    g_message ("%s: %s was never made the photo; it is in %s/.rejected", person, self->name, person);
  g_clear_error (&error);
  book_person_unref (self->person);
  g_free (self->name);
  g_free (self);
}

static void
on_unsent_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  GError *error = NULL;
  gboolean kept = photos_save_finish (result, &error);

  say_unsent (data, kept, error);
}

void
reject_unsent (FolderFile *file)
{
  Contacts *contacts = file->contacts;
  BookPerson *person = file->person;
  Draft *draft = file->draft;
  g_autoptr (GBytes) picture = NULL;
  g_autofree char *sha256 = NULL;
  GError *error = NULL;
  Unsent *unsent;

  if (draft == NULL || draft->size == 0 || file->kind != FOLDER_FILE_OTHER || file->alias)
    return;
  picture = draft_bytes (draft, NULL);
  if (picture == NULL || (draft->base != NULL && g_bytes_equal (draft->base, picture))
      || !image_check_download (g_bytes_get_data (picture, NULL), g_bytes_get_size (picture), NULL))
    return;
  sha256 = hash_bytes (picture);
  if (photos_is_present (contacts->photos, person, sha256))
    return; /* a backup that an editor made */
  unsent = g_new0 (Unsent, 1);
  unsent->person = book_person_ref (person);
  unsent->name = g_strdup (file->name);
  if (activity_is_over (contacts->activity)) {
    g_autofree char *kept
        = archive_add_unsent (photos_archive (contacts->photos), person->resource_name, picture, &error);

    say_unsent (unsent, kept != NULL, error);
  } else {
    photos_save_unsent_async (contacts->photos, person, picture, on_unsent_kept, unsent);
  }
}
