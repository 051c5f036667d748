/*
 * Reading directories. opendir takes a snapshot, so that offsets stay valid while people come and go: entry n of the
 * snapshot is offset n, after "." and "..".
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

typedef struct {
  FsTarget target;
  guint64 ino;
  GPtrArray *people; /* the root: BookPerson */
  GPtrArray *files;  /* a person: FolderFile */
  GPtrArray
      *names; /* .previous, .rejected, a person: char*. A file may be called otherwise by the time that it is read */
} Directory;

static void
directory_free (gpointer data)
{
  Directory *self = data;

  g_clear_pointer (&self->people, g_ptr_array_unref);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->names, g_ptr_array_unref);
  g_clear_pointer (&self->target.person, book_person_unref);
  g_free (self);
}

/* Of .previous or .rejected. */
static ArchiveKind
archive_kind (const Directory *self)
{
  return self->target.kind == FS_NODE_PREVIOUS ? ARCHIVE_PREVIOUS : ARCHIVE_REJECTED;
}

static void
reply_opened (Fs *self, fuse_req_t req, Directory *directory, struct fuse_file_info *fi)
{
  fi->fh = (guint64)(gintptr)directory;
  fs_open_begin (self, fi->fh, directory_free);
  if (fs_reply_open (req, fi) != 0)
    fs_open_end (self, fi->fh);
}

typedef struct {
  FsOp *op;
  Directory *directory;
} Opening;

/* The directory has its names, or error says why not. */
static void
end_opening (Opening *self, const GError *error)
{
  FsOp *op = self->op;
  gboolean waits = fs_op_finish (op);

  if (waits && error == NULL) {
    reply_opened (op->fs, op->req, self->directory, &op->fi);
  } else {
    if (waits)
      fs_op_reply_error (op, error);
    directory_free (self->directory);
  }
  fs_op_free (op);
  g_free (self);
}

static void
on_archive (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening *self = data;
  g_autoptr (GError) error = NULL;

  self->directory->names = photos_archive_list_finish (result, &error);
  end_opening (self, error);
}

/* replies: open, or an error; waits for the archive's worker */
static void
open_archive (Fs *self, fuse_req_t req, Directory *directory, struct fuse_file_info *fi)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->directory = directory;
  opening->op = fs_op_new (self, req, "opendir");
  opening->op->fi = *fi;
  photos_archive_list_async (self->photos, archive_kind (directory), directory->target.person, on_archive, opening);
}

static void
on_labels (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening *self = data;
  g_autoptr (GError) error = NULL;
  const GPtrArray *labels = book_labels_finish (self->op->fs->book, result, &error);

  self->directory->names = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; labels != NULL && i < labels->len; i++)
    g_ptr_array_add (self->directory->names, g_strdup (((const BookLabel *)labels->pdata[i])->name));
  end_opening (self, error);
}

/* replies: open, or an error; waits until the labels are known */
static void
open_labels (Fs *self, fuse_req_t req, Directory *directory, struct fuse_file_info *fi)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->directory = directory;
  opening->op = fs_op_new_read (self, req, "opendir");
  opening->op->fi = *fi;
  book_labels_async (self->book, opening->op->cancellable, on_labels, opening);
}

void
fs_opendir (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);
  Directory *directory = g_new0 (Directory, 1);

  directory->target = fs_nodes_find (self, ino);
  directory->ino = ino;
  if (directory->target.person != NULL)
    book_person_ref (directory->target.person);
  switch (directory->target.kind) {
  case FS_NODE_ROOT:
    directory->people = book_people (self->book);
    break;
  case FS_NODE_PERSON:
    photos_list (contacts_photos (self->contacts), fs_caller_session (self, fuse_req_ctx (req)->pid));
    directory->files = folder_list (self->contacts, directory->target.person);
    directory->names = g_ptr_array_new_with_free_func (g_free);
    for (guint i = 0; i < directory->files->len; i++)
      g_ptr_array_add (directory->names, g_strdup (folder_file_name (directory->files->pdata[i])));
    break;
  case FS_NODE_PREVIOUS:
  case FS_NODE_REJECTED:
    open_archive (self, req, directory, fi);
    return;
  case FS_NODE_LABEL:
    directory->people = book_label_people (self->book, directory->target.label);
    break;
  case FS_NODE_LABELS:
    open_labels (self, req, directory, fi);
    return;
  case FS_NODE_ICON:
  case FS_NODE_LINK:
  case FS_NODE_FILE:
  case FS_NODE_ARCHIVED:
    directory_free (directory);
    fs_reply_errno (req, "opendir", ENOTDIR);
    return;
  case FS_NODE_GONE:
  default:
    directory_free (directory);
    fs_reply_errno (req, "opendir", ESTALE);
    return;
  }
  reply_opened (self, req, directory, fi);
}

typedef struct {
  fuse_req_t req;
  char *data;
  gsize used;
  gsize size;
  gboolean plus;
} Listing;

/* ino with or without what a lookup would say. FALSE: it does not fit. */
static gboolean
add (Listing *self, const char *name, guint64 ino, mode_t type, const struct fuse_entry_param *entry, off_t next)
{
  gsize need;

  if (self->plus) {
    struct fuse_entry_param none = { .ino = 0 }; /* no lookup: the kernel asks when it wants to know */

    none.attr.st_ino = ino;
    none.attr.st_mode = type;
    need = fuse_add_direntry_plus (self->req, self->data + self->used, self->size - self->used, name,
                                   entry != NULL ? entry : &none, next);
  } else {
    struct stat attr = { .st_ino = ino, .st_mode = type };

    need = fuse_add_direntry (self->req, self->data + self->used, self->size - self->used, name, &attr, next);
  }
  if (need > self->size - self->used)
    return FALSE;
  self->used += need;
  return TRUE;
}

static gboolean
add_person (Fs *self, Listing *listing, BookPerson *person, off_t next)
{
  struct fuse_entry_param entry;

  if (person->gone)
    return TRUE;
  fs_fill_person_entry (self, person, &entry);
  return add (listing, person->name, person->ino, S_IFDIR, &entry, next);
}

static gboolean
add_link (Listing *listing, const BookPerson *person, off_t next)
{
  return person->gone || add (listing, person->name, person->ino | BOOK_INO_LINK, S_IFLNK, NULL, next);
}

static gboolean
add_label (Fs *self, Listing *listing, const char *name, off_t next)
{
  const BookLabel *label = book_label_by_name (self->book, name);

  return label == NULL || add (listing, name, label->ino, S_IFDIR, NULL, next);
}

static gboolean
add_nth (Fs *self, Listing *listing, Directory *directory, guint n, off_t next)
{
  if (directory->target.kind == FS_NODE_LABEL)
    return add_link (listing, directory->people->pdata[n], next);
  if (directory->people != NULL)
    return add_person (self, listing, directory->people->pdata[n], next);
  if (directory->target.kind == FS_NODE_LABELS)
    return add_label (self, listing, directory->names->pdata[n], next);
  if (directory->files != NULL)
    return add (listing, directory->names->pdata[n], folder_file_ino (directory->files->pdata[n]), S_IFREG, NULL, next);
  return add (listing, directory->names->pdata[n],
              fs_archived_ino (directory->target.person, archive_kind (directory), directory->names->pdata[n]), S_IFREG,
              NULL, next);
}

static guint
count (const Directory *self)
{
  return self->people != NULL ? self->people->len : self->files != NULL ? self->files->len : self->names->len;
}

static void
read_directory (fuse_req_t req, gsize size, off_t offset, struct fuse_file_info *fi, gboolean plus)
{
  Fs *self = fs_of (req);
  Directory *directory = (Directory *)(gintptr)fi->fh;
  g_autofree char *data = g_malloc (size);
  Listing listing = { .req = req, .data = data, .size = size, .plus = plus };
  guint64 parent = directory->target.kind == FS_NODE_PREVIOUS || directory->target.kind == FS_NODE_REJECTED
                       ? directory->target.person->ino
                   : directory->target.kind == FS_NODE_LABEL ? FS_LABELS_INO
                                                             : FUSE_ROOT_ID;
  gboolean room = TRUE;

  if (offset == 0)
    room = add (&listing, ".", directory->ino, S_IFDIR, NULL, 1);
  if (room && offset <= 1)
    room = add (&listing, "..", parent, S_IFDIR, NULL, 2);
  for (guint n = (guint)MAX (offset - 2, 0); room && n < count (directory); n++)
    room = add_nth (self, &listing, directory, n, (off_t)n + 3);
  fs_reply_bytes (req, data, listing.used);
}

void
fs_readdir (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
  read_directory (req, size, offset, fi, FALSE);
}

void
fs_readdirplus (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
  read_directory (req, size, offset, fi, TRUE);
}

void
fs_releasedir (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
  Fs *self = fs_of (req);

  if (ino == FUSE_ROOT_ID)
    photos_expect (contacts_photos (self->contacts));
  fs_open_end (self, fi->fh);
  fs_reply_ok (req);
}

void
fs_fsyncdir (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
  fs_reply_ok (req);
}
