/*
 * Node ids: what the kernel calls things.
 *
 * People need no table: a person's node id is its inode number, and whether it still means somebody is asked of the
 * book each time. Files and kept pictures have nodes that live as long as the kernel knows them (lookup count), and ids
 * that are never used again. What is open is noted too: when a mount is taken away, the kernel drops the releases that
 * nobody has read yet.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

#define FILE_ID_BASE     ((guint64)1 << 63)
#define ARCHIVED_ID_BASE ((guint64)3 << 62)

static void
node_free (gpointer data)
{
  FsNode *node = data;

  g_clear_pointer (&node->file, folder_file_unref);
  g_clear_pointer (&node->person, book_person_unref);
  g_free (node->name);
  g_free (node);
}

void
fs_nodes_init (Fs *self)
{
  self->nodes = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, node_free);
  self->open = g_hash_table_new (NULL, NULL);
}

void
fs_nodes_clear (Fs *self)
{
  fs_open_end_all (self);
  g_clear_pointer (&self->open, g_hash_table_unref);
  g_clear_pointer (&self->nodes, g_hash_table_unref);
}

void
fs_open_begin (Fs *self, guint64 fh, GDestroyNotify destroy)
{
  g_hash_table_insert (self->open, (gpointer)(gintptr)fh, (__extension__(gpointer) destroy));
}

void
fs_open_end (Fs *self, guint64 fh)
{
  gpointer key = (gpointer)(gintptr)fh;
  GDestroyNotify destroy = (__extension__(GDestroyNotify) g_hash_table_lookup (self->open, key));

  g_hash_table_remove (self->open, key);
  if (destroy != NULL)
    destroy (key);
}

void
fs_open_end_all (Fs *self)
{
  g_autoptr (GList) keys = g_hash_table_get_keys (self->open);

  for (GList *next = keys; next != NULL; next = next->next)
    fs_open_end (self, (guint64)(gintptr)next->data);
}

FsTarget
fs_nodes_find (Fs *self, fuse_ino_t ino)
{
  guint64 id = ino;
  FsTarget target = { .kind = FS_NODE_GONE };

  if (id == FUSE_ROOT_ID) {
    target.kind = FS_NODE_ROOT;
  } else if (id == FS_LABELS_INO) {
    target.kind = FS_NODE_LABELS;
  } else if (id >= FILE_ID_BASE) {
    target.node = g_hash_table_lookup (self->nodes, &id);
    if (target.node != NULL && target.node->file != NULL) {
      target.kind = FS_NODE_FILE;
      target.person = target.node->file->person;
    } else if (target.node != NULL) {
      target.kind = FS_NODE_ARCHIVED;
      target.person = target.node->person;
    }
  } else if ((id & BOOK_INO_MASK) == BOOK_INO_LABEL) {
    target.label = book_label_by_ino (self->book, id);
    target.kind = target.label != NULL ? FS_NODE_LABEL : FS_NODE_GONE;
  } else {
    target.person = book_person_by_ino (self->book, id);
    if (target.person != NULL && target.person->name != NULL)
      target.kind = (id & BOOK_INO_MASK) == BOOK_INO_PREVIOUS   ? FS_NODE_PREVIOUS
                    : (id & BOOK_INO_MASK) == BOOK_INO_REJECTED ? FS_NODE_REJECTED
                    : (id & BOOK_INO_MASK) == BOOK_INO_ICON     ? FS_NODE_ICON
                    : (id & BOOK_INO_MASK) == BOOK_INO_LINK     ? FS_NODE_LINK
                                                                : FS_NODE_PERSON;
  }
  return target;
}

FsNode *
fs_nodes_look_up_file (Fs *self, FolderFile *file)
{
  FsNode *node = g_hash_table_lookup (self->nodes, &file->id);

  if (node == NULL) {
    node = g_new0 (FsNode, 1);
    node->id = file->id;
    node->file = folder_file_ref (file);
    g_hash_table_insert (self->nodes, &node->id, node);
  }
  node->lookups++;
  return node;
}

FsNode *
fs_nodes_look_up_archived (Fs *self, BookPerson *person, ArchiveKind kind, const char *name)
{
  FsNode *node = g_new0 (FsNode, 1);

  node->id = ARCHIVED_ID_BASE + ++self->next_archive_id;
  node->person = book_person_ref (person);
  node->archive = kind;
  node->name = g_strdup (name);
  node->lookups = 1;
  g_hash_table_insert (self->nodes, &node->id, node);
  return node;
}

void
fs_nodes_forget (Fs *self, fuse_ino_t ino, guint64 lookups)
{
  guint64 id = ino;
  FsNode *node = id >= FILE_ID_BASE ? g_hash_table_lookup (self->nodes, &id) : NULL;

  if (node == NULL)
    return;
  node->lookups -= MIN (lookups, node->lookups);
  if (node->lookups == 0)
    g_hash_table_remove (self->nodes, &node->id);
}

guint64
fs_archived_ino (BookPerson *person, ArchiveKind kind, const char *name)
{
  return FILE_ID_BASE | ((person->ino ^ ((guint64)g_str_hash (name) << 8)) + kind);
}
