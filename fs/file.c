/*
 * Open files. fi->fh is a FolderHandle, or for a kept picture its descriptor; which of them, the node id says. For the
 * virtual .directory it is 0.
 *
 * Pages: a FolderFile without a draft never changes, so the kernel may keep its pages; one with a draft may be written by
 * several handles, so an open starts afresh. Handles that only write bypass the page cache: it would hold bytes that
 * nobody reads.
 *
 * Closes: what was opened to be read alone has nothing to send, so the kernel does not ask (from Linux 5.16 on).
 */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <unistd.h>

#include "fs/internal.h"

static FolderHandle *
handle_of (const struct fuse_file_info *fi)
{
  return (FolderHandle *)(gintptr)fi->fh;
}

/* Nothing is kept for an open ".directory". */
static gboolean
is_icon (const struct fuse_file_info *fi)
{
  return fi->fh == 0;
}

static gboolean
is_archived (Fs *self, fuse_ino_t ino)
{
  return fs_nodes_find (self, ino).kind == FS_NODE_ARCHIVED;
}

static void
release_handle (gpointer handle)
{
  folder_handle_release (handle);
}

static void
set_open_flags (Fs *self, struct fuse_file_info *fi, FolderHandle *handle)
{
  fi->fh = (guint64)(gintptr)handle;
  fs_open_begin (self, fi->fh, release_handle);
  fi->direct_io = (fi->flags & O_ACCMODE) == O_WRONLY;
  fi->keep_cache = handle->draft == NULL;
  fi->noflush = !handle->writable;
}

/* FALSE: there is nothing to reply any more, or it is the error. Takes handle then. */
static gboolean
may_reply_handle (FsOp *op, FolderHandle *handle, const GError *error)
{
  if (!fs_op_finish (op))
    g_clear_pointer (&handle, folder_handle_release);
  else if (handle == NULL)
    fs_op_reply_error (op, error);
  return handle != NULL;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  g_autoptr (GError) error = NULL;
  FolderHandle *handle = folder_file_open_finish (op->file, result, &error);

  if (may_reply_handle (op, handle, error)) {
    set_open_flags (op->fs, &op->fi, handle);
    if (fs_reply_open (op->req, &op->fi) != 0)
      fs_open_end (op->fs, op->fi.fh);
  }
  fs_op_free (op);
}

static void
open_icon (fuse_req_t req, struct fuse_file_info *fi)
{
  if ((fi->flags & O_ACCMODE) != O_RDONLY) {
    fs_reply_errno (req, "open", EACCES);
    return;
  }
  fi->keep_cache = TRUE; /* it is always the same */
  fi->noflush = TRUE;
  fs_reply_open (req, fi);
}

/* TRUE: it is open, without a wait. */
static gboolean
open_at_once (Fs *self, fuse_req_t req, FolderFile *file, struct fuse_file_info *fi)
{
  FolderHandle *handle = folder_file_open_at_once (file, fi->flags, fs_caller_session (self, fuse_req_ctx (req)->pid));

  if (handle == NULL)
    return FALSE;
  set_open_flags (self, fi, handle);
  if (fs_reply_open (req, fi) != 0)
    fs_open_end (self, fi->fh);
  return TRUE;
}

/* replies: open, or an error; waits for the photo */
void
fs_open (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, ino);
  FsOp *op;

  if (target.kind == FS_NODE_ARCHIVED) {
    fs_archived_open (self, req, target.node, fi);
    return;
  }
  if (target.kind == FS_NODE_ICON) {
    open_icon (req, fi);
    return;
  }
  if (target.kind != FS_NODE_FILE) {
    fs_reply_errno (req, "open", target.kind == FS_NODE_GONE ? ESTALE : EISDIR);
    return;
  }
  if (open_at_once (self, req, target.node->file, fi))
    return;
  op = fs_op_new_read (self, req, "open");
  op->file = folder_file_ref (target.node->file);
  op->fi = *fi;
  folder_file_open_async (op->file, fi->flags, fs_caller_session (self, op->pid), op->cancellable, on_opened, op);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  g_autoptr (GError) error = NULL;
  struct fuse_entry_param entry;
  FolderHandle *handle = folder_create_finish (op->fs->contacts, result, &error);

  if (may_reply_handle (op, handle, error)) {
    fs_fill_entry (op->fs, handle->file, &entry);
    set_open_flags (op->fs, &op->fi, handle);
    if (fs_reply_create (op->req, &entry, &op->fi) != 0) {
      fs_nodes_forget (op->fs, entry.ino, 1);
      fs_open_end (op->fs, op->fi.fh);
    }
  }
  fs_op_free (op);
}

/* replies: create, or an error; waits only to learn whether a service that was out of reach is back */
void
fs_create (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, parent);
  FsOp *op;

  if (target.kind != FS_NODE_PERSON) {
    fs_reply_errno (req, "create", target.kind == FS_NODE_GONE ? ESTALE : EPERM);
    return;
  }
  op = fs_op_new (self, req, "create");
  op->fi = *fi;
  folder_create_async (self->contacts, target.person, name, fi->flags, op->cancellable, on_created, op);
}

void
fs_read (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);
  g_autoptr (GError) error = NULL;
  gssize n;

  if (is_icon (fi)) {
    fs_folder_icon_read (req, size, offset);
    return;
  }
  if (size > self->read_buffer_size) {
    self->read_buffer = g_realloc (self->read_buffer, size);
    self->read_buffer_size = size;
  }
  if (is_archived (self, ino)) {
    n = pread ((int)fi->fh, self->read_buffer, size, offset);
    if (n < 0) {
      g_message ("a picture in .previous or .rejected could not be read: %s", g_strerror (errno));
      fs_reply_errno (req, "read", EIO);
      return;
    }
  } else {
    n = folder_handle_read (handle_of (fi), self->read_buffer, size, offset, &error);
    if (n < 0) {
      fs_reply_error (req, "read", error);
      return;
    }
  }
  fs_reply_bytes (req, self->read_buffer, (gsize)n);
}

void
fs_write (fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *fi)
{
  g_autoptr (GError) error = NULL;

  if (folder_handle_write (handle_of (fi), data, size, offset, fi->writepage, &error))
    fs_reply_written (req, size);
  else
    fs_reply_error (req, "write", error);
}

/* What was dropped under another name is photo.jpg now: who watches hears of it before the program that dropped it goes on.
 * Then op is not the caller's any more. */
static gboolean
announce (FsOp *op)
{
  FolderFile *file = op->handle->file;

  return op->req != NULL && folder_file_must_be_announced (file) && fs_announce (op->fs, file->person, file->name, op);
}

static void
on_flushed (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  g_autoptr (GError) error = NULL;

  folder_handle_flush_finish (op->handle, result, &error);
  if (error == NULL && announce (op))
    return;
  fs_op_end (op, error);
}

/* The kernel holds the file's lock while fsync waits, and a rename of the file needs the same lock: so the answer is first
 * here, and who watches hears of it afterwards. */
static void
on_synced (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  Fs *self = op->fs;
  g_autoptr (FolderFile) file = folder_file_ref (op->handle->file);
  g_autoptr (GError) error = NULL;

  folder_handle_flush_finish (op->handle, result, &error);
  fs_op_end (op, error);
  if (error == NULL && folder_file_must_be_announced (file))
    fs_announce (self, file->person, file->name, NULL);
}

/* replies: err; waits for the upload */
static void
flush (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi, const char *name, GAsyncReadyCallback done)
{
  Fs *self = fs_of (req);
  FsOp *op;

  if (is_icon (fi) || is_archived (self, ino)) {
    fs_reply_ok (req);
    return;
  }
  op = fs_op_new (self, req, name);
  op->handle = folder_handle_ref (handle_of (fi));
  folder_handle_flush_async (op->handle, op->handle->writable ? fs_caller_process (op->pid) : 0, op->cancellable, done,
                             op);
}

void
fs_flush (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
  if (!is_icon (fi) && !is_archived (fs_of (req), ino) && folder_handle_is_editing (handle_of (fi))
      && fs_caller_is_dying (fuse_req_ctx (req)->pid))
    folder_handle_abandon (handle_of (fi));
  flush (req, ino, fi, "flush", on_flushed);
}

void
fs_fsync (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
  flush (req, ino, fi, "fsync", on_synced);
}

void
fs_release (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
  fs_open_end (fs_of (req), fi->fh);
  fs_reply_ok (req);
}

/* Room is never short in a draft: only a larger size has to be remembered. */
void
fs_fallocate (fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *fi)
{
  FsTarget target = fs_nodes_find (fs_of (req), ino);
  g_autoptr (GError) error = NULL;
  gint64 size = 0;

  if (target.kind != FS_NODE_FILE || (mode & ~FALLOC_FL_KEEP_SIZE) != 0) {
    fs_reply_errno (req, "fallocate", EOPNOTSUPP);
    return;
  }
  if ((mode & FALLOC_FL_KEEP_SIZE) == 0 && folder_file_size (target.node->file, &size) && offset + length > size
      && !folder_file_truncate (target.node->file, handle_of (fi), offset + length, &error))
    fs_reply_error (req, "fallocate", error);
  else
    fs_reply_ok (req);
}
