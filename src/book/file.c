/* Files: attributes, opening, reading and writing. What a close does is in flush.c. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <unistd.h>

#include "book/internal.h"

/* ---- attributes ---- */

guint64
book_file_ino (const BookFile *self)
{
  switch (self->kind) {
  case BOOK_FILE_PHOTO:
    return self->person->ino | BOOK_INO_PHOTO;
  case BOOK_FILE_PROFILE:
    return self->person->ino | BOOK_INO_PROFILE;
  case BOOK_FILE_OTHER:
  default:
    return self->id;
  }
}

gint64
book_file_mtime (const BookFile *self)
{
  if (self->draft != NULL)
    return self->draft->mtime;
  if (self->kind == BOOK_FILE_PROFILE && self->person->profile_update_time != 0)
    return self->person->profile_update_time;
  return self->person->update_time;
}

gboolean
book_file_size (BookFile *self, gint64 *size)
{
  BookStorePhoto row;

  if (self->draft != NULL) {
    *size = self->draft->size;
    return TRUE;
  }
  if (self->version == NULL || !book_cache_lookup (self->book->cache, self->version, &row))
    return FALSE;
  *size = row.size;
  return TRUE;
}

const char *
book_file_mime_type (BookFile *self, char buffer[32])
{
  BookStorePhoto row;

  if (self->version == NULL || !book_cache_lookup (self->book->cache, self->version, &row))
    return NULL;
  g_strlcpy (buffer, row.mime_type, 32);
  return buffer;
}

/* ---- the photo behind a file ---- */

/* TRUE if what self was is not what the service has now. */
static gboolean
is_overtaken (BookFile *self)
{
  g_autofree char *version = self->kind == BOOK_FILE_PROFILE ? book_person_profile_version (self->person)
                                                             : book_person_photo_version (self->person);

  return g_strcmp0 (version, self->version) != 0;
}

static void
note_success (BookFile *self)
{
  if (self->person->error_is_of_a_read)
    book_person_clear_error (self->person);
}

static void
note_failure (BookFile *self, const GError *error)
{
  book_person_fail (self->book, self->person, "the photo could not be read", error, NULL);
  self->person->error_is_of_a_read = TRUE;
}

/* The next open fetches it anew. */
static void
note_bad_copy (BookFile *self, const GError *error)
{
  note_failure (self, error);
  if (self->version != NULL)
    book_cache_drop (self->book->cache, self->version);
}

static void
on_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BookFile *self = g_task_get_task_data (task);
  GError *error = NULL;
  BookPhoto *photo = book_photo_get_finish (self->book, result, &error);

  if (photo == NULL) {
    if (error->domain != G_IO_ERROR)
      note_failure (self, error);
    g_task_return_error (task, error);
    return;
  }
  note_success (self);
  if (g_strcmp0 (photo->version, self->version) != 0) { /* it changed under way: this lineage has no bytes of its own */
    if (self->handles > 0 || self->draft != NULL || self->kind == BOOK_FILE_OTHER) {
      book_photo_free (photo);
      g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_STALE, "the photo has just changed");
      return;
    }
    g_free (self->version); /* nobody has seen the old bytes through it yet */
    self->version = g_strdup (photo->version);
  }
  g_task_return_pointer (task, photo, (GDestroyNotify)book_photo_free);
}

/* Ends with a BookPhoto. The task's data is the file. */
static void
get_photo (BookFile *self, gboolean size_alone, gint64 session, GTask *task)
{
  BookPhoto *photo = self->version != NULL ? book_photo_cached (self->book, self->version) : NULL;
  g_autoptr (BookFile) file = book_file_ref (self); /* the task may end */
  gboolean is_there = photo != NULL;

  if (photo != NULL) {
    note_success (self);
    g_task_return_pointer (task, photo, (GDestroyNotify)book_photo_free);
    g_object_unref (task);
  } else if (is_overtaken (self)) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_STALE, "the photo has changed");
    g_object_unref (task);
  } else {
    book_photo_get_async (self->book, self->person, self->kind == BOOK_FILE_PROFILE, self->book->options.timeout,
                          g_task_get_cancellable (task), on_photo, task);
  }
  if (file->kind == BOOK_FILE_PHOTO) /* after it: it is waited for */
    book_scan_want (file->book, file->person, size_alone, is_there, session);
}

static GTask *
file_task (BookFile *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, book_file_ref (self), (GDestroyNotify)book_file_unref);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

void
book_file_seen (BookFile *self, gint64 session)
{
  if (self->kind == BOOK_FILE_PHOTO)
    book_scan_want (self->book, self->person, TRUE, TRUE, session);
}

void
book_file_load_async (BookFile *self, gint64 session, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data)
{
  get_photo (self, TRUE, session, file_task (self, cancellable, callback, data));
}

gboolean
book_file_load_finish (BookFile *self, GAsyncResult *result, GError **error)
{
  g_autoptr (BookPhoto) photo = g_task_propagate_pointer (G_TASK (result), error);

  return photo != NULL;
}

/* ---- handles ---- */

BookHandle *
book_handle_new (BookFile *file, int flags)
{
  BookHandle *self = g_new0 (BookHandle, 1);

  self->refs = 1;
  self->file = book_file_ref (file);
  self->fd = -1;
  self->writable = (flags & O_ACCMODE) != O_RDONLY;
  self->append = (flags & O_APPEND) != 0;
  file->handles++;
  book_file_keep (file);
  return self;
}

BookHandle *
book_handle_ref (BookHandle *self)
{
  self->refs++;
  return self;
}

void
book_handle_unref (BookHandle *self)
{
  if (--self->refs > 0)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->draft, book_draft_unref);
  book_file_unref (self->file);
  g_free (self);
}

void
book_handle_set_draft (BookHandle *self, BookDraft *draft)
{
  g_assert (self->draft == NULL);
  self->draft = book_draft_ref (draft);
  draft->handles++;
}

/* The newest draft of the file is draft: programs see it from now on. */
static void
show_draft (BookFile *file, BookDraft *draft)
{
  book_file_set_draft (file, draft);
  file->alias = FALSE;
  file->told_writer = 0;
  if (file->kind == BOOK_FILE_PHOTO && file->linked && !file->person->gone) {
    BookFolder *folder = book_folder_get (file->book, file->person);

    g_clear_handle_id (&folder->timer, g_source_remove); /* here is the successor */
    book_folder_set_photo (folder, file);
  }
}

static gboolean
show_empty (BookFile *file, GError **error)
{
  g_autoptr (BookDraft) draft = book_draft_new (error);

  if (draft == NULL)
    return FALSE;
  show_draft (file, draft);
  return TRUE;
}

/* O_TRUNC: what is to become the photo gets an empty draft of the handle's own, and what is there now will be wanted for
 * .previous. A temporary is cut, as whoever else has it open expects. */
static gboolean
begin_empty (BookHandle *handle, GError **error)
{
  BookFile *file = handle->file;

  if (file->draft != NULL && file->kind == BOOK_FILE_OTHER && file->temporary) {
    if (!book_draft_truncate (file->draft, 0, error))
      return FALSE;
  } else if (!show_empty (file, error)) {
    return FALSE;
  }
  book_handle_set_draft (handle, file->draft);
  return TRUE;
}

static void
fetch_present_photo (Book *book, BookPerson *person)
{
  gboolean is_there = book_photo_prefetch (book, person, FALSE) == BOOK_AHEAD_THERE;

  book_scan_want (book, person, FALSE, is_there, 0);
}

static BookHandle *
open_now (BookFile *self, int flags, GError **error)
{
  g_autoptr (BookHandle) handle = book_handle_new (self, flags);

  if (handle->writable && self->kind != BOOK_FILE_PROFILE && (flags & O_TRUNC) != 0) {
    if (!begin_empty (handle, error)) {
      self->handles--;
      return NULL;
    }
    if (self->kind == BOOK_FILE_PHOTO || !self->temporary)
      fetch_present_photo (self->book, self->person);
  } else if (self->draft != NULL) {
    book_handle_set_draft (handle, self->draft);
  }
  return g_steal_pointer (&handle);
}

static void
on_open_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BookFile *self = g_task_get_task_data (task);
  int flags = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (task), "flags"));
  GError *error = NULL;
  g_autoptr (BookPhoto) photo = g_task_propagate_pointer (G_TASK (result), &error);
  BookHandle *handle;

  /* A photo that the service lists and does not deliver is empty to whoever writes: gio opens what it replaces. */
  if (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_LOST) && (flags & O_ACCMODE) != O_RDONLY) {
    g_clear_error (&error);
    handle = open_now (self, flags | O_TRUNC, &error);
    if (handle != NULL) {
      g_task_return_pointer (task, handle, (GDestroyNotify)book_handle_release);
      return;
    }
  }
  if (photo == NULL) {
    g_task_return_error (task, error);
    return;
  }
  handle = book_handle_new (self, flags);
  if (self->draft != NULL) {
    book_handle_set_draft (handle, self->draft); /* somebody began one while we waited */
  } else {
    handle->fd = photo->fd;
    photo->fd = -1;
  }
  g_task_return_pointer (task, handle, (GDestroyNotify)book_handle_release);
}

void
book_file_open_now_async (BookFile *self, int flags, gint64 session, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = file_task (self, cancellable, callback, data);
  gboolean writes = (flags & O_ACCMODE) != O_RDONLY;
  GError *error = NULL;
  BookHandle *handle;

  if (writes && self->kind == BOOK_FILE_PROFILE) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_READ_ONLY,
                             "profile.jpg belongs to the person's Google profile");
  } else if (self->draft != NULL || (writes && (flags & O_TRUNC) != 0)) {
    handle = open_now (self, flags, &error);
    if (handle != NULL)
      g_task_return_pointer (task, handle, (GDestroyNotify)book_handle_release);
    else
      g_task_return_error (task, error);
  } else {
    g_object_set_data (G_OBJECT (task), "flags", GINT_TO_POINTER (flags));
    get_photo (self, FALSE, session, file_task (self, cancellable, on_open_photo, task));
    return;
  }
  g_object_unref (task);
}

BookHandle *
book_file_open_finish (BookFile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

BookHandle *
book_folder_create_now (Book *book, BookPerson *person, const char *name, int flags, GError **error)
{
  g_autoptr (BookFile) file = book_folder_lookup (book, person, name);
  g_autoptr (BookHandle) handle = NULL;
  BookFolder *folder;

  if (strcmp (name, BOOK_PROFILE_NAME) == 0) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_READ_ONLY, "profile.jpg belongs to the person's Google profile");
    return NULL;
  }
  if (file != NULL && (flags & O_EXCL) != 0) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_EXISTS, "%s is there already", name);
    return NULL;
  }
  if (file != NULL && file->draft == NULL && (flags & O_TRUNC) == 0) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_STALE, "%s has just come", name); /* the kernel opens it instead */
    return NULL;
  }
  if (file != NULL)
    return open_now (file, flags, error);

  folder = book_folder_get (book, person);
  folder->busy++;
  if (strcmp (name, BOOK_PHOTO_NAME) == 0) {
    file = book_file_new (folder, BOOK_FILE_PHOTO, NULL);
  } else {
    file = book_file_new (folder, BOOK_FILE_OTHER, NULL);
    book_folder_add_other (folder, file, name, TRUE);
  }
  handle = book_handle_new (file, flags);
  if (!begin_empty (handle, error)) {
    file->handles--;
    if (file->kind == BOOK_FILE_OTHER)
      book_folder_remove_other (folder, file);
    g_clear_pointer (&handle, book_handle_unref);
  } else if (file->kind == BOOK_FILE_PHOTO || !file->temporary) {
    fetch_present_photo (book, person);
  }
  folder->busy--;
  book_folder_release_if_idle (folder);
  return g_steal_pointer (&handle);
}

/* ---- reading and writing ---- */

gssize
book_handle_read (BookHandle *self, void *buffer, gsize size, goffset offset, GError **error)
{
  BookDraft *draft = self->draft != NULL ? self->draft : self->file->draft;
  g_autoptr (GError) failure = NULL;
  gssize n;

  if (draft != NULL)
    return book_draft_read (draft, buffer, size, offset, error);
  n = pread (self->fd, buffer, size, offset);
  if (n < 0) {
    failure = g_error_new (BOOK_ERROR, BOOK_ERROR_IO,
                           "the copy on the disk is damaged (%s); open it again to fetch it anew", g_strerror (errno));
    note_bad_copy (self->file, failure);
    g_propagate_error (error, g_steal_pointer (&failure));
  }
  return n;
}

/* The draft that the handle writes to: its own, the file's newest, or a new one that starts as the photo. */
static BookDraft *
ensure_draft (BookHandle *self, GError **error)
{
  BookFile *file = self->file;

  if (self->draft != NULL)
    return self->draft;
  if (file->draft == NULL) {
    g_autoptr (GError) failure = NULL;
    g_autoptr (BookDraft) draft = book_draft_new_from_fd (self->fd, &failure);

    if (draft == NULL) {
      if (g_error_matches (failure, BOOK_ERROR, BOOK_ERROR_IO))
        note_bad_copy (file, failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
    show_draft (file, draft);
  }
  book_handle_set_draft (self, file->draft);
  return self->draft;
}

gboolean
book_handle_write (BookHandle *self, const void *data, gsize size, goffset offset, gboolean mapped, GError **error)
{
  BookDraft *draft = ensure_draft (self, error);
  gboolean said = draft != NULL && draft->unfit != NULL && draft->said;

  return draft != NULL && book_draft_write (draft, data, size, self->append ? draft->size : offset, error)
         && (mapped || book_check_beginning (self->file, draft, said, error));
}

gboolean
book_file_truncate (BookFile *self, BookHandle *handle, goffset size, GError **error)
{
  gint64 now;
  BookDraft *draft;

  if (self->kind == BOOK_FILE_PROFILE) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_READ_ONLY, "profile.jpg belongs to the person's Google profile");
    return FALSE;
  }
  if (handle != NULL) {
    draft = ensure_draft (handle, error);
    return draft != NULL && book_draft_truncate (draft, size, error);
  }
  if (self->draft != NULL)
    return book_draft_truncate (self->draft, size, error);
  if (size == 0) { /* truncate(2) before the open that writes */
    if (!show_empty (self, error))
      return FALSE;
    book_file_forget_later (self, BOOK_EMPTY_WAIT_MS);
    fetch_present_photo (self->book, self->person);
    return TRUE;
  }
  if (!book_file_size (self, &now)) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_STALE, "the photo's size is not known yet");
    return FALSE;
  }
  if (size == now)
    return TRUE;
  g_set_error (error, BOOK_ERROR, BOOK_ERROR_INVALID, "a photo cut to %" G_GINT64_FORMAT " bytes would be no picture",
               (gint64)size);
  return FALSE;
}

void
book_file_time_set (BookFile *self)
{
  if (self->draft != NULL)
    self->draft->finished = TRUE;
}
