/*
 * What happens when a program closes or syncs what it wrote.
 *
 *   flush:  nothing changed, empty, temporary, unlinked ─→ success, nothing sent
 *           the same bytes were refused before          ─→ the same error
 *           an upload of this draft is under way        ─→ wait for it, then look again
 *           a photo that a dying program was changing in place
 *                                                       ─→ EINVAL; the bytes are in .rejected, and the draft stays for who
 *                                                          still holds the file open
 *           photo.jpg.part, finished, beside photo.jpg  ─→ the same checks as for a picture that is sent, no more
 *           else                                        ─→ upload.c
 *               no picture that can be sent  ─→ EINVAL; the same
 *               taken                        ─→ success; the service's photo shows
 *               refused                      ─→ the error; the old photo shows, the bytes are in .rejected
 *
 *   last close of a draft that is still dirty (mmap, a writer that was killed):
 *           known to be no picture ─→ .rejected; else ─→ sent now, and what comes of it as above
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/flush.h"
#include "folder/deletion.h"
#include "folder/dropped.h"
#include "folder/file.h"
#include "folder/reject.h"
#include "folder/take-back.h"

typedef struct {
  FolderFile *file;
  Draft *draft;
  GBytes *bytes;    /* what is being sent */
  guint64 revision; /* of the draft, when they were it */
  GError *error;    /* why it was not taken, until that is told */
  gint64 process;
  char *before; /* the photo's version when it was sent */
} Flush;

static void flush_step (GTask *task);

static void
flush_free (gpointer data)
{
  Flush *self = data;

  draft_unref (self->draft);
  folder_file_unref (self->file);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self->before);
  g_free (self);
}

/* TRUE if it is the photo that it began as, and something behind it: decoders stop at the photo's end. */
static gboolean
is_appended_to_photo (const Draft *draft, GBytes *bytes)
{
  gsize size = draft->base != NULL && !draft->taken ? g_bytes_get_size (draft->base) : 0;

  return size > 0 && g_bytes_get_size (bytes) > size
         && memcmp (g_bytes_get_data (bytes, NULL), g_bytes_get_data (draft->base, NULL), size) == 0;
}

/* Why the draft, of which bytes are all, cannot be sent, as far as that is known without a look at the picture. Transfer
 * full. */
static GError *
check_draft (const Draft *draft, GBytes *bytes)
{
  if (draft->failed != NULL)
    return g_error_copy (draft->failed);
  if (draft->abandoned)
    return g_error_new (BOOK_ERROR, BOOK_ERROR_INVALID,
                        "the program that was changing it in place ended half-way; write the whole picture again");
  if (is_appended_to_photo (draft, bytes))
    return g_error_new (BOOK_ERROR, BOOK_ERROR_INVALID,
                        "something was added behind the photo that is there (>>, or a download that goes on), which no "
                        "program would show; write the whole picture anew");
  return draft->unfit != NULL ? g_error_copy (draft->unfit) : NULL;
}

gboolean
folder_file_is_meant_for_contact (const FolderFile *file)
{
  return file->linked && (file->kind == FOLDER_FILE_PHOTO || (file->kind == FOLDER_FILE_OTHER && !file->temporary));
}

/* KDE's programs overwrite by way of this name, and look at the outcome of its close, not at that of the rename after it
 * (FileProtocol::copy of KIO 5.103). They set the time before the close: the picture is whole, as far as they know. */
static gboolean
is_finished_copy (const FolderFile *file, const Draft *draft)
{
  Folder *folder = folder_find (file->contacts, file->person);

  return draft->finished && file->linked && file->kind == FOLDER_FILE_OTHER
         && strcmp (file->name, FOLDER_PHOTO_NAME ".part") == 0 && folder != NULL && folder_has_photo (folder);
}

/* The draft is over for who looks at the folder: the service's photo shows. */
static void
show_service_photo (FolderFile *file)
{
  Folder *folder = folder_find (file->contacts, file->person);

  if (folder == NULL)
    return;
  folder->busy++;
  folder_show_again (folder);
  if (folder->photo == file)
    folder_set_photo (folder, NULL);
  else
    folder_end_empty_photo (folder);
  folder_unhold (folder);
}

/* Others who flushed the same draft meanwhile look at it again. */
static void
wake_waiting (Draft *draft)
{
  GQueue waiting = draft->waiting;

  draft->busy = FALSE;
  g_queue_init (&draft->waiting);
  for (GTask *task = g_queue_pop_head (&waiting); task != NULL; task = g_queue_pop_head (&waiting))
    flush_step (task);
}

static void
on_settled (const GError *not_settled, gpointer data)
{
  GTask *task = data;
  Flush *self = g_task_get_task_data (task);
  g_autoptr (Draft) draft = draft_ref (self->draft);
  Activity *activity = self->file->contacts->activity;
  gboolean was_busy = self->bytes != NULL;

  if (self->error != NULL)
    take_back_note_refused (self->file->contacts, self->file->person, self->process, folder_file_name (self->file));
  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
  if (was_busy) {
    wake_waiting (draft);
    if (draft->handles == 0 && !draft->busy)
      draft_closed (self->file, draft); /* the last close came meanwhile */
  }
  g_object_unref (task);
  activity_release (activity, ACTIVITY_WORK);
}

/* error: transfer full, or NULL. Consumes the task. A removal that was promised before is over for who is answered now, so it
 * must not come back. */
static void
flush_end (GTask *task, GError *error)
{
  Flush *self = g_task_get_task_data (task);

  self->error = error;
  deletions_settle (self->file->contacts, on_settled, task);
}

static void
on_rejected (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Flush *self = g_task_get_task_data (task);

  flush_end (task, g_steal_pointer (&self->error));
}

/* Consumes the task. */
static void
reject (GTask *task)
{
  Flush *self = g_task_get_task_data (task);

  draft_set_refused (self->draft, self->revision, self->error);
  reject_picture_async (self->file->contacts, self->file->person, self->bytes, self->error, REJECT_ALOUD, on_rejected,
                        task);
}

static void
remove_half (Flush *self)
{
  if (self->draft->half != NULL)
    photos_archive_remove (self->file->contacts->photos, ARCHIVE_REJECTED, self->file->person, self->draft->half);
  g_clear_pointer (&self->draft->half, g_free);
}

static void
on_unfit_kept (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Flush *self = g_task_get_task_data (task);
  char *added;

  if (reject_picture_finish (result, &added)) {
    remove_half (self);
    self->draft->kept = self->revision;
    self->draft->half = added;
  }
  flush_end (task, g_steal_pointer (&self->error));
}

/* It may be half a picture, and more may come: then this half goes again. The desktop hears of it at the last close.
 * Consumes the task. */
static void
keep_unfit (GTask *task)
{
  Flush *self = g_task_get_task_data (task);
  Draft *draft = self->draft;
  RejectWords words = draft->said ? REJECT_QUIETLY : REJECT_IN_LOG;

  if (draft->revision == self->revision)
    draft->said = TRUE;
  reject_picture_async (self->file->contacts, self->file->person, self->bytes, self->error, words, on_unfit_kept, task);
}

static void
on_uploaded (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Flush *self = g_task_get_task_data (task);
  FolderFile *file = self->file;

  if (sync_upload_finish (file->contacts->sync, result, &self->error)) {
    draft_set_taken (self->draft, self->revision, self->bytes);
    remove_half (self);
    take_back_note_taken (file->contacts, file->person, self->process, folder_file_name (file), self->before);
    if (file->kind == FOLDER_FILE_OTHER && file->linked)
      dropped_became_photo (file);
    show_service_photo (file);
    book_tell_changed (file->contacts->book, file->person, self->bytes);
    flush_end (task, NULL);
    return;
  }
  if (g_error_matches (self->error, BOOK_ERROR, BOOK_ERROR_INVALID)) { /* more of it may come */
    draft_set_unfit (self->draft, self->revision, self->error);
    keep_unfit (task);
    return;
  }
  if (file->kind == FOLDER_FILE_PHOTO)
    show_service_photo (file);
  reject (task);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Flush *self = g_task_get_task_data (task);

  if (sync_upload_finish (self->file->contacts->sync, result, &self->error)) {
    flush_end (task, NULL);
    return;
  }
  reject (task);
}

/* Consumes the task, now or when what it waits for has ended. */
static void
flush_step (GTask *task)
{
  Flush *self = g_task_get_task_data (task);
  Draft *draft = self->draft;
  g_autoptr (GBytes) bytes = NULL;
  GError *error = NULL;

  if (draft->busy) {
    g_queue_push_tail (&draft->waiting, task);
    return;
  }
  if (draft->refusal != NULL) {
    flush_end (task, g_error_copy (draft->refusal));
    return;
  }
  if (!draft->dirty || draft->size == 0
      || (!folder_file_is_meant_for_contact (self->file) && !is_finished_copy (self->file, draft))) {
    flush_end (task, NULL);
    return;
  }
  bytes = draft_bytes (draft, &error);
  if (bytes == NULL) {
    flush_end (task, error);
    return;
  }
  if (draft_is_untouched (draft, bytes)) {
    draft->dirty = FALSE;
    flush_end (task, NULL);
    return;
  }
  error = check_draft (draft, bytes);
  if (error != NULL && draft->kept == draft->revision) {
    flush_end (task, error);
    return;
  }
  draft->busy = TRUE;
  self->bytes = g_steal_pointer (&bytes);
  self->revision = draft->revision;
  if (error != NULL) {
    self->error = error;
    keep_unfit (task);
    return;
  }
  self->before = book_person_photo_version (self->file->person);
  if (folder_file_is_meant_for_contact (self->file))
    sync_upload_async (self->file->contacts->sync, self->file->person, self->bytes, draft->base,
                       g_task_get_cancellable (task), on_uploaded, task);
  else
    sync_upload_check_async (self->file->contacts->sync, self->file->person, self->bytes, g_task_get_cancellable (task),
                             on_checked, task);
}

static void
flush_draft (FolderFile *file, Draft *draft, gint64 process, GCancellable *cancellable, GAsyncReadyCallback callback,
             gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Flush *self = g_new0 (Flush, 1);

  self->file = folder_file_ref (file);
  self->draft = draft_ref (draft);
  self->process = process;
  activity_hold (file->contacts->activity, ACTIVITY_WORK);
  g_task_set_source_tag (task, flush_draft);
  g_task_set_task_data (task, self, flush_free);
  g_task_set_check_cancellable (task, FALSE);
  flush_step (task);
}

gboolean
folder_handle_is_editing (const FolderHandle *self)
{
  return self->writable && self->draft != NULL && self->draft->base != NULL && self->draft->dirty;
}

void
folder_handle_abandon (FolderHandle *self)
{
  if (folder_handle_is_editing (self))
    self->draft->abandoned = TRUE;
}

void
folder_handle_flush_async (FolderHandle *self, gint64 process, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data)
{
  if (self->writable)
    self->file->writer = process;
  if (self->writable && self->draft != NULL) {
    flush_draft (self->file, self->draft, process, cancellable, callback, data);
  } else {
    g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

    g_task_return_boolean (task, TRUE);
  }
}

gboolean
folder_handle_flush_finish (FolderHandle *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- the last close ---- */

/* Nobody writes to draft any more and its outcome is settled. */
static void
draft_over (FolderFile *file, Draft *draft)
{
  Folder *folder = folder_find (file->contacts, file->person);

  if (file->draft != draft)
    return; /* an older one of two that were open at the same time */
  if (file->kind == FOLDER_FILE_OTHER) {
    if (file->alias) {
      dropped_settle (file);
    } else if (file->linked && folder != NULL) {
      if (file->temporary) /* also an empty one: somebody's lock, or what mktemp made */
        folder_file_forget_later (file, FOLDER_TEMPORARY_WAIT_MS);
      else if (draft->size == 0)
        folder_file_forget_later (file, FOLDER_EMPTY_WAIT_MS);
      else
        folder_remove_other (folder, file); /* it was not a picture */
    }
    if (!file->linked)
      folder_file_set_draft (file, NULL);
    return;
  }
  if (folder != NULL && folder->photo == file && draft->size == 0) {
    folder_file_forget_later (file, FOLDER_EMPTY_WAIT_MS); /* ImageMagick, touch, and : > photo.jpg; cat >> photo.jpg */
    return;
  }
  folder_file_set_draft (file, NULL);
  if (folder != NULL && folder->photo == file)
    show_service_photo (file);
  deletions_settle (file->contacts, NULL, NULL);
}

typedef struct {
  FolderFile *file;
  Draft *draft;
} LateFlush;

static void
on_late_flush (GObject *source, GAsyncResult *result, gpointer data)
{
  LateFlush *self = data;

  g_task_propagate_boolean (G_TASK (result), NULL); /* all has been said of a failure */
  self->draft->handles--;
  if (self->draft->handles == 0)
    draft_closed (self->file, self->draft);
  draft_unref (self->draft);
  folder_file_unref (self->file);
  g_free (self);
}

void
draft_closed (FolderFile *file, Draft *draft)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) error = NULL;
  LateFlush *late;

  if (draft->busy)
    return; /* its flush is still under way: that one was cancelled, or the program did not wait; it ends the draft */
  if (!draft->dirty || draft->size == 0 || !folder_file_is_meant_for_contact (file)) {
    draft_over (file, draft);
    return;
  }
  bytes = draft_bytes (draft, &error);
  if (bytes != NULL && draft_is_untouched (draft, bytes)) {
    draft->dirty = FALSE;
    draft_over (file, draft);
    return;
  }
  if (bytes != NULL)
    error = check_draft (draft, bytes);
  if (error == NULL && activity_is_over (file->contacts->activity))
    error = g_error_new (BOOK_ERROR, BOOK_ERROR_IO, "it was written when the mount had ended already");
  if (error != NULL) {
    if (bytes != NULL) {
      if (draft->kept == draft->revision)
        reject_tell_desktop (file->contacts, file->person, bytes, error);
      else
        reject_picture_async (file->contacts, file->person, bytes, error,
                              draft->said ? REJECT_ON_DESKTOP : REJECT_ALOUD, NULL, NULL);
      draft_set_refused (draft, draft->revision, error);
    } else {
      book_change_failed (file->contacts->book, file->person, BOOK_NOT_CHANGED, error);
    }
    draft_over (file, draft);
    return;
  }
  late = g_new0 (LateFlush, 1);
  late->file = folder_file_ref (file);
  late->draft = draft_ref (draft);
  draft->handles++; /* as if the sender held it open */
  flush_draft (file, draft, 0, NULL, on_late_flush, late);
}

void
folder_handle_release (FolderHandle *self)
{
  FolderFile *file = self->file;

  file->handles--;
  if (self->draft != NULL) {
    g_autoptr (FolderFile) kept G_GNUC_UNUSED = folder_file_ref (file);

    self->draft->handles--;
    if (self->draft->handles == 0)
      draft_closed (file, self->draft);
  } else if (file->handles == 0 && file->kind == FOLDER_FILE_OTHER && file->linked) {
    folder_file_forget_later (file, file->alias ? FOLDER_ALIAS_WAIT_MS : FOLDER_TEMPORARY_WAIT_MS);
  }
  folder_handle_unref (self);
}

void
drafts_finish (Folder *folder)
{
  Draft *draft = folder->photo_held ? folder->photo->draft : NULL;

  for (guint i = 0; folder->others != NULL && i < folder->others->len; i++)
    reject_unsent (folder->others->pdata[i]);
  if (draft != NULL && draft->size == 0) /* created or cut, and never filled: a removal before it is carried out */
    folder_set_photo (folder, NULL);
  else if (draft != NULL && draft->handles > 0)
    draft_closed (folder->photo, draft);
}
