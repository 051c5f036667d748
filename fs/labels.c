/*
 * .labels: a directory for each label of the address book, and in it a symbolic link to each person who carries it.
 *
 * It is found by its name and not listed in the root, so that nobody copies an address book twice. No node of it needs a
 * table: a label's id says which it is, and a link's id is that of its person, in whatever label it is.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

static char *
link_target (const BookPerson *person)
{
  return g_build_filename ("..", "..", person->name, NULL);
}

void
fs_labels_attr (Fs *self, const FsTarget *target, struct stat *attr)
{
  gint64 changed = book_people_changed (self->book);

  if (target->kind == FS_NODE_LABELS) {
    fs_attr_directory (self, FS_LABELS_INO, changed, 0555, attr);
  } else if (target->kind == FS_NODE_LABEL) {
    fs_attr_directory (self, target->label->ino, changed, 0555, attr);
  } else {
    g_autofree char *to = link_target (target->person);

    fs_attr_regular (self, target->person->ino | BOOK_INO_LINK, target->person->update_time, 0777, (gint64)strlen (to),
                     attr);
    attr->st_mode = S_IFLNK | 0777;
    attr->st_blocks = 0;
  }
}

static void
reply_entry (Fs *self, fuse_req_t req, const FsTarget *target)
{
  struct fuse_entry_param entry
      = { .generation = 1, .entry_timeout = FS_DIRECTORY_TIMEOUT, .attr_timeout = FS_DIRECTORY_TIMEOUT };

  fs_labels_attr (self, target, &entry.attr);
  entry.ino = entry.attr.st_ino;
  fs_reply_entry (req, &entry);
}

typedef struct {
  FsOp *op;
  char *name;
} Lookup;

static void
on_labels (GObject *source, GAsyncResult *result, gpointer data)
{
  Lookup *self = data;
  FsOp *op = self->op;
  Fs *fs = op->fs;
  g_autoptr (GError) error = NULL;
  gboolean known = book_labels_finish (fs->book, result, &error) != NULL;
  FsTarget target = { .kind = FS_NODE_LABEL };

  if (fs_op_finish (op)) {
    target.label = known ? book_label_by_name (fs->book, self->name) : NULL;
    if (target.label != NULL)
      reply_entry (fs, op->req, &target);
    else if (known)
      fs_reply_errno (op->req, "lookup", ENOENT);
    else
      fs_op_reply_error (op, error);
  }
  fs_op_free (op);
  g_free (self->name);
  g_free (self);
}

void
fs_labels_lookup (fuse_req_t req, const FsTarget *parent, const char *name)
{
  Fs *self = fs_of (req);
  FsTarget target = { .kind = FS_NODE_LINK };
  Lookup *waiting;

  if (parent->kind == FS_NODE_LABELS) {
    waiting = g_new0 (Lookup, 1);
    waiting->op = fs_op_new_read (self, req, "lookup");
    waiting->name = g_strdup (name);
    book_labels_async (self->book, waiting->op->cancellable, on_labels, waiting);
    return;
  }
  target.person = book_person_by_name (self->book, name);
  if (target.person != NULL && book_label_is_on (parent->label, target.person))
    reply_entry (self, req, &target);
  else
    fs_reply_errno (req, "lookup", ENOENT);
}

void
fs_labels_reply_folder (fuse_req_t req)
{
  const FsTarget target = { .kind = FS_NODE_LABELS };

  reply_entry (fs_of (req), req, &target);
}

void
fs_readlink (fuse_req_t req, fuse_ino_t ino)
{
  FsTarget target = fs_nodes_find (fs_of (req), ino);
  g_autofree char *to = target.kind == FS_NODE_LINK ? link_target (target.person) : NULL;

  if (to != NULL)
    fs_reply_link (req, to);
  else
    fs_reply_errno (req, "readlink", target.kind == FS_NODE_GONE ? ESTALE : EINVAL);
}
