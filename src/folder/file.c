/* Files: opening, reading and writing. Attributes are in attributes.c; what a close does is in flush.c. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <unistd.h>

#include "folder/file.h"

/* ---- the photo behind a file ---- */

/* TRUE if what self was is not what the service has now. */
static gboolean
is_overtaken (FolderFile *self)
{
  g_autofree char *version = self->kind == FOLDER_FILE_PROFILE ? book_person_profile_version (self->person)
                                                               : book_person_photo_version (self->person);

  return g_strcmp0 (version, self->version) != 0;
}

static void
note_success (FolderFile *self)
{
  if (self->person->error_is_of_a_read)
    book_person_clear_error (self->person);
}

static void
note_failure (FolderFile *self, const GError *error)
{
  book_person_fail (self->contacts->book, self->person, "the photo could not be read", error, NULL);
  self->person->error_is_of_a_read = TRUE;
}

/* The next open fetches it anew. */
static void
note_bad_copy (FolderFile *self, const GError *error)
{
  note_failure (self, error);
  if (self->version != NULL)
    photos_drop (self->contacts->photos, self->version);
}

static void
on_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  FolderFile *self = g_task_get_task_data (task);
  GError *error = NULL;
  Photo *photo = photos_get_finish (self->contacts->photos, result, &error);
  gint64 size;

  if (photo == NULL) {
    if (error->domain != G_IO_ERROR)
      note_failure (self, error);
    g_task_return_error (task, error);
    return;
  }
  note_success (self);
  if (g_strcmp0 (photo->version, self->version) != 0) { /* it changed under way: this file has no bytes of its own */
    if (self->handles > 0 || self->kind == FOLDER_FILE_OTHER || folder_file_size (self, &size)) {
      photo_free (photo);
      g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_STALE, "the photo has just changed");
      return;
    }
    folder_file_set_version (self, g_strdup (photo->version)); /* the kernel knows nothing of the old one */
  }
  g_task_return_pointer (task, photo, (GDestroyNotify)photo_free);
}

/* Ends with a Photo. The task's data is the file. */
static void
get_photo (FolderFile *self, gboolean size_alone, gint64 session, GTask *task)
{
  Photo *photo = self->version != NULL ? photos_cached (self->contacts->photos, self->version) : NULL;
  g_autoptr (FolderFile) file = folder_file_ref (self); /* the task may end */
  gboolean is_there = photo != NULL;

  if (photo != NULL) {
    note_success (self);
    g_task_return_pointer (task, photo, (GDestroyNotify)photo_free);
    g_object_unref (task);
  } else if (is_overtaken (self)) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_STALE, "the photo has changed");
    g_object_unref (task);
  } else {
    photos_get_async (self->contacts->photos, self->person, self->kind == FOLDER_FILE_PROFILE,
                      photos_timeout (self->contacts->photos), g_task_get_cancellable (task), on_photo, task);
  }
  if (file->kind == FOLDER_FILE_PHOTO) /* after it: it is waited for */
    photos_want (file->contacts->photos, file->person, size_alone, is_there, session);
}

static GTask *
file_task (FolderFile *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, folder_file_ref (self), (GDestroyNotify)folder_file_unref);
  g_task_set_check_cancellable (task, FALSE);
  return task;
}

void
folder_file_seen (FolderFile *self, gint64 session)
{
  if (self->kind == FOLDER_FILE_PHOTO)
    photos_want (self->contacts->photos, self->person, TRUE, TRUE, session);
}

void
folder_file_load_async (FolderFile *self, gint64 session, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data)
{
  get_photo (self, TRUE, session, file_task (self, cancellable, callback, data));
}

gboolean
folder_file_load_finish (FolderFile *self, GAsyncResult *result, GError **error)
{
  g_autoptr (Photo) photo = g_task_propagate_pointer (G_TASK (result), error);

  return photo != NULL;
}

/* ---- handles ---- */

FolderHandle *
folder_handle_new (FolderFile *file, int flags)
{
  FolderHandle *self = g_new0 (FolderHandle, 1);

  self->refs = 1;
  self->file = folder_file_ref (file);
  self->fd = -1;
  self->writable = (flags & O_ACCMODE) != O_RDONLY;
  self->append = (flags & O_APPEND) != 0;
  file->handles++;
  folder_file_keep (file);
  return self;
}

FolderHandle *
folder_handle_ref (FolderHandle *self)
{
  self->refs++;
  return self;
}

void
folder_handle_unref (FolderHandle *self)
{
  if (--self->refs > 0)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_clear_pointer (&self->draft, draft_unref);
  folder_file_unref (self->file);
  g_free (self);
}

void
folder_handle_set_draft (FolderHandle *self, Draft *draft)
{
  g_assert (self->draft == NULL);
  self->draft = draft_ref (draft);
  draft->handles++;
}

/* The newest draft of the file is draft: programs see it from now on. */
static void
show_draft (FolderFile *file, Draft *draft)
{
  folder_file_set_draft (file, draft);
  file->alias = FALSE;
  file->told_writer = 0;
  if (file->kind == FOLDER_FILE_PHOTO && file->linked && !file->person->gone) {
    Folder *folder = folder_get (file->contacts, file->person);

    g_clear_handle_id (&folder->timer, g_source_remove); /* here is the successor */
    folder_set_photo (folder, file);
  }
}

static gboolean
show_empty (FolderFile *file, GError **error)
{
  g_autoptr (Draft) draft = draft_new (error);

  if (draft == NULL)
    return FALSE;
  show_draft (file, draft);
  return TRUE;
}

/* O_TRUNC: what is to become the photo gets an empty draft of the handle's own, and what is there now will be wanted for
 * .previous. A temporary is cut, as whoever else has it open expects. */
static gboolean
begin_empty (FolderHandle *handle, GError **error)
{
  FolderFile *file = handle->file;

  if (file->draft != NULL && file->kind == FOLDER_FILE_OTHER && file->temporary) {
    if (!draft_truncate (file->draft, 0, error))
      return FALSE;
  } else if (!show_empty (file, error)) {
    return FALSE;
  }
  folder_handle_set_draft (handle, file->draft);
  return TRUE;
}

static void
fetch_present_photo (Contacts *contacts, BookPerson *person)
{
  photos_want (contacts->photos, person, FALSE, photos_prefetch (contacts->photos, person, FALSE) == PHOTOS_AHEAD_THERE,
               0);
}

static FolderHandle *
open_now (FolderFile *self, int flags, GError **error)
{
  g_autoptr (FolderHandle) handle = folder_handle_new (self, flags);

  if (handle->writable && self->kind != FOLDER_FILE_PROFILE && (flags & O_TRUNC) != 0) {
    if (!begin_empty (handle, error)) {
      self->handles--;
      return NULL;
    }
    if (self->kind == FOLDER_FILE_PHOTO || !self->temporary)
      fetch_present_photo (self->contacts, self->person);
  } else if (self->draft != NULL) {
    folder_handle_set_draft (handle, self->draft);
  }
  return g_steal_pointer (&handle);
}

void
folder_return_handle (GTask *task, FolderHandle *handle, GError *error)
{
  if (handle != NULL)
    g_task_return_pointer (task, handle, (GDestroyNotify)folder_handle_release);
  else
    g_task_return_error (task, error);
}

static FolderHandle *
open_photo (FolderFile *self, int flags, Photo *photo)
{
  FolderHandle *handle = folder_handle_new (self, flags);

  handle->fd = photo->fd;
  photo->fd = -1;
  return handle;
}

static void
on_open_photo (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  FolderFile *self = g_task_get_task_data (task);
  int flags = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (task), "flags"));
  GError *error = NULL;
  g_autoptr (Photo) photo = g_task_propagate_pointer (G_TASK (result), &error);
  FolderHandle *handle = NULL;

  /* A photo that the service lists and does not deliver is empty to whoever writes: gio opens what it replaces. */
  if (g_error_matches (error, BOOK_ERROR, BOOK_ERROR_LOST) && (flags & O_ACCMODE) != O_RDONLY) {
    g_clear_error (&error);
    handle = open_now (self, flags | O_TRUNC, &error);
  } else if (photo != NULL) { /* somebody may have begun a draft while we waited */
    handle = self->draft != NULL ? open_now (self, flags, &error) : open_photo (self, flags, photo);
  }
  folder_return_handle (task, handle, error);
}

FolderHandle *
folder_file_open_at_once (FolderFile *self, int flags, gint64 session)
{
  gboolean reads = (flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY && self->draft == NULL && self->version != NULL;
  g_autoptr (Photo) photo = reads ? photos_cached (self->contacts->photos, self->version) : NULL;

  if (photo == NULL)
    return NULL;
  note_success (self);
  if (self->kind == FOLDER_FILE_PHOTO)
    photos_want (self->contacts->photos, self->person, FALSE, TRUE, session);
  return open_photo (self, flags, photo);
}

void
folder_file_open_now_async (FolderFile *self, int flags, gint64 session, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = file_task (self, cancellable, callback, data);
  gboolean writes = (flags & O_ACCMODE) != O_RDONLY;
  GError *error = NULL;
  FolderHandle *handle;

  if (writes && self->kind == FOLDER_FILE_PROFILE) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_READ_ONLY,
                             "profile.jpg belongs to the person's Google profile");
  } else if (self->draft != NULL || (writes && (flags & O_TRUNC) != 0)) {
    handle = open_now (self, flags, &error);
    folder_return_handle (task, handle, error);
  } else {
    g_object_set_data (G_OBJECT (task), "flags", GINT_TO_POINTER (flags));
    get_photo (self, FALSE, session, file_task (self, cancellable, on_open_photo, task));
    return;
  }
  g_object_unref (task);
}

FolderHandle *
folder_file_open_finish (FolderFile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

FolderHandle *
folder_create_now (Contacts *contacts, BookPerson *person, const char *name, int flags, GError **error)
{
  g_autoptr (FolderFile) file = folder_lookup (contacts, person, name);
  g_autoptr (FolderHandle) handle = NULL;
  Folder *folder;

  if (strcmp (name, FOLDER_PROFILE_NAME) == 0) {
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

  folder = folder_get (contacts, person);
  folder->busy++;
  if (strcmp (name, FOLDER_PHOTO_NAME) == 0) {
    file = folder_file_new (folder, FOLDER_FILE_PHOTO, NULL);
  } else {
    file = folder_file_new (folder, FOLDER_FILE_OTHER, NULL);
    folder_add_other (folder, file, name, TRUE);
  }
  handle = folder_handle_new (file, flags);
  if (!begin_empty (handle, error)) {
    file->handles--;
    if (file->kind == FOLDER_FILE_OTHER)
      folder_remove_other (folder, file);
    g_clear_pointer (&handle, folder_handle_unref);
  } else if (file->kind == FOLDER_FILE_PHOTO || !file->temporary) {
    fetch_present_photo (contacts, person);
  }
  folder->busy--;
  folder_release_if_idle (folder);
  return g_steal_pointer (&handle);
}

/* ---- reading and writing ---- */

gssize
folder_handle_read (FolderHandle *self, void *buffer, gsize size, goffset offset, GError **error)
{
  Draft *draft = self->draft != NULL ? self->draft : self->file->draft;
  g_autoptr (GError) failure = NULL;
  gssize n;

  if (draft != NULL)
    return draft_read (draft, buffer, size, offset, error);
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
static Draft *
ensure_draft (FolderHandle *self, GError **error)
{
  FolderFile *file = self->file;

  if (self->draft != NULL)
    return self->draft;
  if (file->draft == NULL) {
    g_autoptr (GError) failure = NULL;
    g_autoptr (Draft) draft = draft_new_from_fd (self->fd, &failure);

    if (draft == NULL) {
      if (g_error_matches (failure, BOOK_ERROR, BOOK_ERROR_IO))
        note_bad_copy (file, failure);
      g_propagate_error (error, g_steal_pointer (&failure));
      return NULL;
    }
    show_draft (file, draft);
  }
  folder_handle_set_draft (self, file->draft);
  return self->draft;
}

gboolean
folder_handle_write (FolderHandle *self, const void *data, gsize size, goffset offset, gboolean mapped, GError **error)
{
  Draft *draft = ensure_draft (self, error);
  gboolean said = draft != NULL && draft->unfit != NULL && draft->said;

  return draft != NULL && draft_write (draft, data, size, self->append ? draft->size : offset, error)
         && (mapped || draft_check_beginning (self->file, draft, said, error));
}

gboolean
folder_file_truncate (FolderFile *self, FolderHandle *handle, goffset size, GError **error)
{
  gint64 now;
  Draft *draft;

  if (self->kind == FOLDER_FILE_PROFILE) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_READ_ONLY, "profile.jpg belongs to the person's Google profile");
    return FALSE;
  }
  if (handle != NULL) {
    draft = ensure_draft (handle, error);
    return draft != NULL && draft_truncate (draft, size, error);
  }
  if (self->draft != NULL)
    return draft_truncate (self->draft, size, error);
  if (size == 0) { /* truncate(2) before the open that writes */
    if (!show_empty (self, error))
      return FALSE;
    folder_file_forget_later (self, FOLDER_EMPTY_WAIT_MS);
    fetch_present_photo (self->contacts, self->person);
    return TRUE;
  }
  if (!folder_file_size (self, &now)) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_STALE, "the photo's size is not known yet");
    return FALSE;
  }
  if (size == now)
    return TRUE;
  g_set_error (error, BOOK_ERROR, BOOK_ERROR_INVALID, "a photo cut to %" G_GINT64_FORMAT " bytes would be no picture",
               (gint64)size);
  return FALSE;
}
