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

static gboolean
keep (Contacts *contacts, const char *resource_name, GBytes *picture, GError **error)
{
  g_autofree char *name = NULL;

  if (g_bytes_get_size (picture) == 0)
    return TRUE;
  name = archive_add (photos_archive (contacts->photos), ARCHIVE_REJECTED, resource_name, picture, error);
  return name != NULL;
}

static void
say (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why, const GError *not_kept, gboolean said)
{
  g_autofree char *whereabouts = describe_whereabouts (person, picture, not_kept);

  if (!said || not_kept != NULL)
    book_person_fail (contacts->book, person, BOOK_NOT_CHANGED, why, whereabouts);
  book_tell_failed (contacts->book, person, BOOK_NOT_CHANGED, why, picture, whereabouts);
}

void
reject_unless_mended (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why)
{
  g_autofree char *whereabouts = describe_whereabouts (person, picture, NULL);

  book_person_fail (contacts->book, person, BOOK_NOT_CHANGED, why, whereabouts);
}

void
reject_picture (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why, gboolean said)
{
  g_autoptr (GError) not_kept = NULL;

  keep (contacts, person->resource_name, picture, &not_kept);
  say (contacts, person, picture, why, not_kept, said);
}

/* ---- off the loop ---- */

typedef struct {
  Contacts *contacts;
  BookPerson *person;
  GBytes *picture;
  GError *why;
} Reject;

static void
reject_free (gpointer data)
{
  Reject *self = data;

  book_person_unref (self->person);
  g_bytes_unref (self->picture);
  g_error_free (self->why);
  g_free (self);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Reject *self = g_task_get_task_data (task);
  Activity *activity = self->contacts->activity;
  g_autoptr (GError) not_kept = NULL;

  photos_save_finish (result, &not_kept);
  say (self->contacts, self->person, self->picture, self->why, not_kept, FALSE);
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
  activity_release (activity, ACTIVITY_WORK);
}

void
reject_picture_async (Contacts *contacts, BookPerson *person, GBytes *picture, const GError *why,
                      GAsyncReadyCallback done, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, done, data);
  Reject *self = g_new0 (Reject, 1);

  self->contacts = contacts;
  self->person = book_person_ref (person);
  self->picture = g_bytes_ref (picture);
  self->why = g_error_copy (why);
  g_task_set_task_data (task, self, reject_free);
  activity_hold (contacts->activity, ACTIVITY_WORK);
  photos_save_async (contacts->photos, ARCHIVE_REJECTED, person, NULL, picture, on_kept, task);
}

/* ---- what was never sent ---- */

/* The photo that is or was there: a backup that an editor made. */
static gboolean
is_old_photo (Contacts *contacts, const BookPerson *person, GBytes *picture)
{
  g_autofree char *sha256 = hash_bytes (picture);

  return photos_is_present (contacts->photos, person, sha256)
         || archive_has (photos_archive (contacts->photos), ARCHIVE_PREVIOUS, person->resource_name, picture);
}

void
reject_unsent (FolderFile *file)
{
  Contacts *contacts = file->contacts;
  BookPerson *person = file->person;
  Draft *draft = file->draft;
  g_autoptr (GBytes) picture = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  gconstpointer data;

  if (draft == NULL || draft->size == 0 || file->kind != FOLDER_FILE_OTHER || file->alias)
    return;
  picture = draft_bytes (draft, NULL);
  if (picture == NULL || (draft->base != NULL && g_bytes_equal (draft->base, picture)))
    return;
  data = g_bytes_get_data (picture, &size);
  if (!image_check_download (data, size, NULL) || is_old_photo (contacts, person, picture)
      || archive_has (photos_archive (contacts->photos), ARCHIVE_REJECTED, person->resource_name, picture))
    return;
  if (keep (contacts, person->resource_name, picture, &error))
    g_message ("%s: %s was never made the photo; it is in %s/.rejected", person->name, file->name, person->name);
  else
    g_warning ("%s: %s was never made the photo, and could not be kept: %s", person->name, file->name, error->message);
}
