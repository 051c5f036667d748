/*
 * Pictures in .previous and .rejected. The archive's worker looks at the disk, after what it had to save before: who was told
 * that a picture is there finds it.
 */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <unistd.h>

#include "fs/internal.h"

typedef struct Look Look;
struct Look {
  FsOp *op;
  BookPerson *person; /* referenced */
  ArchiveKind kind;
  char *name;
  void (*reply) (Look *self, int fd, const struct stat *attr); /* takes fd */
};

static void
close_descriptor (gpointer fd)
{
  close ((int)(gintptr)fd);
}

static void
reply_entry (Look *self, int fd, const struct stat *attr)
{
  Fs *fs = self->op->fs;
  struct fuse_entry_param entry = { .ino = fs_nodes_look_up_archived (fs, self->person, self->kind, self->name)->id,
                                    .generation = 1,
                                    .attr = *attr,
                                    .entry_timeout = FS_DIRECTORY_TIMEOUT,
                                    .attr_timeout = FS_DIRECTORY_TIMEOUT };

  close (fd);
  if (fs_reply_entry (self->op->req, &entry) != 0)
    fs_nodes_forget (fs, entry.ino, 1);
}

static void
reply_attr (Look *self, int fd, const struct stat *attr)
{
  close (fd);
  fs_reply_attr (self->op->req, attr, FS_DIRECTORY_TIMEOUT);
}

static void
reply_open (Look *self, int fd, const struct stat *attr)
{
  FsOp *op = self->op;

  op->fi.fh = (guint64)fd;
  op->fi.noflush = TRUE;
  fs_open_begin (op->fs, op->fi.fh, close_descriptor);
  if (fs_reply_open (op->req, &op->fi) != 0)
    fs_open_end (op->fs, op->fi.fh);
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Look *self = data;
  FsOp *op = self->op;
  g_autoptr (GError) error = NULL;
  int fd = photos_archive_open_finish (result, &error);
  gboolean waits = fs_op_finish (op);
  struct stat real, attr;

  if (fd < 0 && waits) {
    fs_op_reply_error (op, error);
  } else if (waits && fstat (fd, &real) == 0) {
    fs_attr_regular (op->fs, fs_archived_ino (self->person, self->kind, self->name), 0, 0444, real.st_size, &attr);
    attr.st_atim = attr.st_ctim = attr.st_mtim = real.st_mtim;
    self->reply (self, fd, &attr);
  } else if (fd >= 0) {
    if (waits)
      fs_reply_errno (op->req, op->name, EIO);
    close (fd);
  }
  book_person_unref (self->person);
  g_free (self->name);
  fs_op_free (op);
}

/* op is taken. */
static void
look_at (FsOp *op, BookPerson *person, ArchiveKind kind, const char *name,
         void (*reply) (Look *self, int fd, const struct stat *attr))
{
  Look *self = g_new0 (Look, 1);

  self->op = op;
  self->person = book_person_ref (person);
  self->kind = kind;
  self->name = g_strdup (name);
  self->reply = reply;
  photos_archive_open_async (op->fs->photos, kind, person, name, on_opened, self);
}

void
fs_archived_lookup (Fs *self, fuse_req_t req, BookPerson *person, ArchiveKind kind, const char *name)
{
  look_at (fs_op_new (self, req, "lookup"), person, kind, name, reply_entry);
}

void
fs_archived_getattr (Fs *self, fuse_req_t req, const FsNode *node)
{
  look_at (fs_op_new (self, req, "getattr"), node->person, node->archive, node->name, reply_attr);
}

void
fs_archived_open (Fs *self, fuse_req_t req, const FsNode *node, const struct fuse_file_info *fi)
{
  FsOp *op;

  if ((fi->flags & O_ACCMODE) != O_RDONLY) {
    fs_reply_errno (req, "open", EACCES);
    return;
  }
  op = fs_op_new (self, req, "open");
  op->fi = *fi;
  look_at (op, node->person, node->archive, node->name, reply_open);
}
