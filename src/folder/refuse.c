/*
 * What is refused before the close. Many programs do not look at what close says, and those that move then delete their
 * source; all look at what open and write say. So what is certain to fail fails there.
 */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>

#include "folder/file.h"
#include "folder/flush.h"
#include "image/image.h"

#define SAMPLE_BYTES 512 /* for the words: what it is instead */

G_STATIC_ASSERT (DRAFT_HEAD_BYTES >= IMAGE_HEAD_BYTES);

/* Some programs make room with zeros, and write the picture into it. */
static gboolean
is_zero (const guint8 *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (bytes[i] != 0)
      return FALSE;
  return TRUE;
}

gboolean
draft_check_beginning (FolderFile *file, Draft *draft, gboolean said, GError **error)
{
  guint8 head[DRAFT_HEAD_BYTES], sample[SAMPLE_BYTES];
  gsize known = folder_file_is_meant_for_contact (file) ? draft_head (draft, head) : 0;
  g_autoptr (GError) why = NULL;
  gssize n;

  if (is_zero (head, known) || image_may_begin_with (head, known))
    return TRUE;
  n = draft_read (draft, sample, sizeof sample, 0, error);
  if (n < 0)
    return FALSE;
  if (image_check_upload (sample, (gsize)n, &why))
    return TRUE; /* never, as it cannot begin so */
  g_clear_error (&draft->unfit);
  draft->unfit = g_error_new (BOOK_ERROR, BOOK_ERROR_INVALID, "what was written %s", why->message);
  if (!said)
    book_person_fail (file->contacts->book, file->person, BOOK_NOT_CHANGED, draft->unfit, NULL);
  draft->said = TRUE;
  g_propagate_error (error, g_error_copy (draft->unfit));
  return FALSE;
}

/* ---- opens that begin a picture ---- */

typedef struct {
  Contacts *contacts;
  BookPerson *person;
  FolderFile *file; /* to open; NULL: name is created */
  char *name;
  int flags;
  gint64 session;
} Begin;

static void
begin_free (gpointer data)
{
  Begin *self = data;

  g_clear_pointer (&self->file, folder_file_unref);
  book_person_unref (self->person);
  g_free (self->name);
  g_free (self);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Begin *self = g_task_get_task_data (task);
  GError *error = NULL;
  FolderHandle *handle = folder_file_open_finish (self->file, result, &error);

  folder_return_handle (task, handle, error);
}

/* Consumes the task. */
static void
begin_now (GTask *task)
{
  Begin *self = g_task_get_task_data (task);
  GError *error = NULL;
  FolderHandle *handle;

  if (self->file != NULL) {
    folder_file_open_now_async (self->file, self->flags, self->session, g_task_get_cancellable (task), on_opened, task);
    return;
  }
  handle = folder_create_now (self->contacts, self->person, self->name, self->flags, &error);
  folder_return_handle (task, handle, error);
  g_object_unref (task);
}

static void
on_rechecked (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Begin *self = g_task_get_task_data (task);
  GError *error = NULL;

  if (!sync_recheck_finish (result, &error)) {
    book_change_failed (self->contacts->book, self->person, BOOK_NOT_CHANGED, error);
    g_task_return_error (task, error);
    g_object_unref (task);
  } else if (g_task_return_error_if_cancelled (task)) {
    g_object_unref (task);
  } else if (self->person->gone) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_NOT_FOUND, "the contact is gone");
    g_object_unref (task);
  } else {
    begin_now (task);
  }
}

/* Takes self. */
static void
begin (Begin *self, gboolean needs_service, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, begin);
  g_task_set_task_data (task, self, begin_free);
  g_task_set_check_cancellable (task, FALSE);
  if (!needs_service || !sync_is_down (self->contacts->sync))
    begin_now (task);
  else
    sync_recheck_async (self->contacts->sync, on_rechecked, task);
}

void
folder_file_open_async (FolderFile *file, int flags, gint64 session, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
  Begin *self;

  if ((flags & O_TRUNC) == 0 || !sync_is_down (file->contacts->sync) || !folder_file_is_meant_for_contact (file)) {
    folder_file_open_now_async (file, flags, session, cancellable, callback, data);
    return;
  }
  self = g_new0 (Begin, 1);
  self->contacts = file->contacts;
  self->person = book_person_ref (file->person);
  self->file = folder_file_ref (file);
  self->flags = flags;
  self->session = session;
  begin (self, TRUE, cancellable, callback, data);
}

void
folder_create_async (Contacts *contacts, BookPerson *person, const char *name, int flags, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  Begin *self = g_new0 (Begin, 1);

  self->contacts = contacts;
  self->person = book_person_ref (person);
  self->name = g_strdup (name);
  self->flags = flags;
  begin (self, !folder_passes_by (contacts, person, name, TRUE), cancellable, callback, data);
}

FolderHandle *
folder_create_finish (Contacts *contacts, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
