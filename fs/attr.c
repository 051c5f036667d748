/* Attributes. st_size is always true: who asks before the photo was ever fetched waits for it. */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

static void
set_time (struct timespec *out, gint64 us)
{
  out->tv_sec = us / G_USEC_PER_SEC;
  out->tv_nsec = us % G_USEC_PER_SEC * 1000;
}

static void
set_common (Fs *self, guint64 ino, gint64 mtime, mode_t mode, struct stat *attr)
{
  memset (attr, 0, sizeof *attr);
  attr->st_ino = ino;
  attr->st_mode = mode;
  attr->st_uid = self->uid;
  attr->st_gid = self->gid;
  attr->st_blksize = 4096;
  set_time (&attr->st_mtim, mtime);
  attr->st_atim = attr->st_ctim = attr->st_mtim;
}

void
fs_attr_directory (Fs *self, guint64 ino, gint64 mtime, mode_t mode, struct stat *attr)
{
  set_common (self, ino, mtime, S_IFDIR | mode, attr);
  attr->st_nlink = 2;
}

void
fs_attr_root (Fs *self, struct stat *attr)
{
  fs_attr_directory (self, FUSE_ROOT_ID, book_people_changed (self->book), 0755, attr);
  attr->st_nlink = 2 + book_people_count (self->book);
}

void
fs_attr_person (Fs *self, BookPerson *person, struct stat *attr)
{
  fs_attr_directory (self, person->ino, person->update_time, 0755, attr);
}

void
fs_attr_regular (Fs *self, guint64 ino, gint64 mtime, mode_t mode, gint64 size, struct stat *attr)
{
  set_common (self, ino, mtime, S_IFREG | mode, attr);
  attr->st_nlink = 1;
  attr->st_size = size;
  attr->st_blocks = (size + 511) / 512;
}

gboolean
fs_attr_file (Fs *self, FolderFile *file, struct stat *attr)
{
  gint64 size = 0;
  gboolean known = folder_file_size (file, &size);

  fs_attr_regular (self, folder_file_ino (file), folder_file_mtime (file),
                   file->kind == FOLDER_FILE_PROFILE ? 0444 : 0644, size, attr);
  attr->st_nlink = file->linked ? 1 : 0;
  return known;
}

double
fs_attr_timeout (FolderFile *file, gboolean size_known)
{
  return size_known && file->draft == NULL ? FS_PHOTO_TIMEOUT : 0;
}

static void
reply_file_attr (Fs *self, fuse_req_t req, FolderFile *file)
{
  struct stat attr;
  gboolean known = fs_attr_file (self, file, &attr);

  fs_reply_attr (req, &attr, fs_attr_timeout (file, known));
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  FsOp *op = data;
  g_autoptr (GError) error = NULL;
  gboolean loaded = folder_file_load_finish (op->file, result, &error);

  /* Of a photo that the service lists and does not deliver there are no bytes, and whoever reads it hears so. That it
   * can be looked at lets cp, mv and rsync replace it. */
  loaded = loaded || g_error_matches (error, BOOK_ERROR, BOOK_ERROR_LOST);
  if (fs_op_finish (op)) {
    if (loaded)
      reply_file_attr (op->fs, op->req, op->file);
    else
      fs_op_reply_error (op, error);
  }
  fs_op_free (op);
}

/* replies: attr, or an error */
static void
getattr_file (Fs *self, fuse_req_t req, FolderFile *file)
{
  gint64 size;
  FsOp *op;

  if (folder_file_size (file, &size)) {
    folder_file_seen (file, fs_caller_session (self, fuse_req_ctx (req)->pid));
    reply_file_attr (self, req, file);
    return;
  }
  op = fs_op_new_read (self, req, "getattr");
  op->file = folder_file_ref (file);
  folder_file_load_async (file, fs_caller_session (self, op->pid), op->cancellable, on_loaded, op);
}

static void
reply_target_attr (Fs *self, fuse_req_t req, const FsTarget *target)
{
  struct stat attr;

  switch (target->kind) {
  case FS_NODE_ROOT:
    fs_attr_root (self, &attr);
    fs_reply_attr (req, &attr, FS_DIRECTORY_TIMEOUT);
    break;
  case FS_NODE_PERSON:
    fs_attr_person (self, target->person, &attr);
    fs_reply_attr (req, &attr, FS_PERSON_TIMEOUT);
    break;
  case FS_NODE_PREVIOUS:
  case FS_NODE_REJECTED:
    fs_attr_directory (self,
                       target->person->ino | (target->kind == FS_NODE_PREVIOUS ? BOOK_INO_PREVIOUS : BOOK_INO_REJECTED),
                       target->person->update_time, 0555, &attr);
    fs_reply_attr (req, &attr, FS_DIRECTORY_TIMEOUT);
    break;
  case FS_NODE_LABELS:
  case FS_NODE_LABEL:
  case FS_NODE_LINK:
    fs_labels_attr (self, target, &attr);
    fs_reply_attr (req, &attr, FS_DIRECTORY_TIMEOUT);
    break;
  case FS_NODE_ICON:
    fs_folder_icon_attr (self, target->person, &attr);
    fs_reply_attr (req, &attr, FS_DIRECTORY_TIMEOUT);
    break;
  case FS_NODE_FILE:
    getattr_file (self, req, target->node->file);
    break;
  case FS_NODE_ARCHIVED:
    fs_archived_getattr (self, req, target->node);
    break;
  case FS_NODE_GONE:
  default:
    fs_reply_errno (req, "getattr", ESTALE);
    break;
  }
}

void
fs_getattr (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, ino);

  reply_target_attr (self, req, &target);
}

/* Mode, owner and times are accepted and not kept, so that cp -p, mv and rsync stay quiet. */
void
fs_setattr (fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, ino);

  if ((to_set & FUSE_SET_ATTR_SIZE) != 0) {
    g_autoptr (GError) error = NULL;

    if (target.kind != FS_NODE_FILE) {
      fs_reply_errno (req, "setattr", target.kind == FS_NODE_ARCHIVED || target.kind == FS_NODE_ICON ? EACCES : EISDIR);
      return;
    }
    if (!folder_file_truncate (target.node->file, fi != NULL ? (FolderHandle *)(gintptr)fi->fh : NULL, attr->st_size,
                               &error)) {
      fs_reply_error (req, "setattr", error);
      return;
    }
  }
  if ((to_set & FUSE_SET_ATTR_MTIME) != 0 && target.kind == FS_NODE_FILE)
    folder_file_time_set (target.node->file);
  reply_target_attr (self, req, &target);
}
