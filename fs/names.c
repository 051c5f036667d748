/* What changes names: unlink, rename, and mknod of a regular file; all the rest is not permitted here. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <linux/fs.h>

#include "fs/internal.h"

static void
on_unlinked (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  g_autoptr (GError) error = NULL;

  folder_unlink_finish (op->fs->contacts, result, &error);
  fs_op_end (op, error);
}

/* replies: err; waits only to learn whether a service that was out of reach is back */
void
fs_unlink (fuse_req_t req, fuse_ino_t parent, const char *name)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, parent);
  FsOp *op;

  if (target.kind != FS_NODE_PERSON) {
    fs_reply_errno (req, "unlink", target.kind == FS_NODE_GONE ? ESTALE : EPERM);
    return;
  }
  op = fs_op_new (self, req, "unlink");
  folder_unlink_async (self->contacts, target.person, name, fs_caller_process (op->pid), op->cancellable, on_unlinked,
                       op);
}

typedef struct {
  FsOp *op;
  BookPerson *person; /* to whom */
  char *new_name;
} Rename;

/* Who watches the folder hears that the new name is photo.jpg by now. */
static void
announce (Fs *self, BookPerson *person, const char *name)
{
  g_autoptr (FolderFile) file = person->gone ? NULL : folder_lookup (self->contacts, person, name);

  if (file != NULL && folder_file_must_be_announced (file))
    fs_announce (self, person, name, NULL);
}

static void
on_renamed (GObject *source, GAsyncResult *result, gpointer data)
{
  Rename *self = data;
  Fs *fs = self->op->fs;
  gboolean ended = self->op->req == NULL;
  g_autoptr (GError) error = NULL;

  folder_rename_finish (fs->contacts, result, &error);
  fs_op_end (self->op, error);
  if (error == NULL && !ended) /* not before, since the kernel holds the folder's lock until then */
    announce (fs, self->person, self->new_name);
  book_person_unref (self->person);
  g_free (self->new_name);
  g_free (self);
}

/* replies: err; waits for the upload when the new name is photo.jpg */
/* A folder that is there for each person, as lookup.c shows it. */
static gboolean
is_kept_folder (const char *name)
{
  return strcmp (name, ".previous") == 0 || strcmp (name, ".rejected") == 0;
}

void
fs_rename (fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
           unsigned int flags)
{
  Fs *self = fs_of (req);
  FsTarget from = fs_nodes_find (self, parent);
  FsTarget to = fs_nodes_find (self, new_parent);
  Rename *rename;

  if (from.kind == FS_NODE_GONE || to.kind == FS_NODE_GONE) {
    fs_reply_errno (req, "rename", ESTALE);
    return;
  }
  if (from.kind != FS_NODE_PERSON || to.kind != FS_NODE_PERSON || is_kept_folder (name)) {
    fs_reply_errno (req, "rename", EPERM);
    return;
  }
  if ((flags & ~(unsigned int)RENAME_NOREPLACE) != 0) {
    fs_reply_errno (req, "rename", EINVAL);
    return;
  }
  if (fs_announcement_is_by (self, fuse_req_ctx (req)->pid)) {
    dropped_ended (self->contacts, from.person, name);
    fs_reply_ok (req);
    return;
  }
  rename = g_new0 (Rename, 1);
  rename->op = fs_op_new (self, req, "rename");
  rename->person = book_person_ref (to.person);
  rename->new_name = g_strdup (new_name);
  folder_rename_async (self->contacts, from.person, name, to.person, new_name, (flags & RENAME_NOREPLACE) != 0,
                       fs_caller_process (rename->op->pid), rename->op->cancellable, on_renamed, rename);
}

void
fs_mkdir (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
  fs_reply_errno (req, "mkdir", EPERM);
}

void
fs_rmdir (fuse_req_t req, fuse_ino_t parent, const char *name)
{
  fs_reply_errno (req, "rmdir", EPERM);
}

void
fs_symlink (fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
  fs_reply_errno (req, "symlink", EPERM);
}

void
fs_link (fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name)
{
  fs_reply_errno (req, "link", EPERM);
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  g_autoptr (GError) error = NULL;
  struct fuse_entry_param entry;
  FolderHandle *handle = folder_create_finish (op->fs->contacts, result, &error);

  if (fs_op_finish (op) && handle == NULL) {
    fs_op_reply_error (op, error);
  } else if (op->req != NULL) {
    fs_fill_entry (op->fs, handle->file, &entry);
    if (fs_reply_entry (op->req, &entry) != 0)
      fs_nodes_forget (op->fs, entry.ino, 1);
  }
  if (handle != NULL)
    folder_handle_release (handle);
  fs_op_free (op);
}

/* replies: entry, or an error; waits as create does. A regular file is what open(O_CREAT) makes: tar --xattrs, NFS and
 * overlayfs come this way. */
void
fs_mknod (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, parent);
  FsOp *op;

  if (target.kind == FS_NODE_GONE || target.kind != FS_NODE_PERSON || !S_ISREG (mode)) {
    fs_reply_errno (req, "mknod", target.kind == FS_NODE_GONE ? ESTALE : EPERM);
    return;
  }
  op = fs_op_new (self, req, "mknod");
  folder_create_async (self->contacts, target.person, name, O_CREAT | O_EXCL | O_WRONLY, op->cancellable, on_made, op);
}
