/* LOOKUP and FORGET: answered from memory, never from the network (the kernel serialises lookups of one directory).
 * But a name in .labels waits (labels.c), and one in .previous or .rejected for the disk (archived.c). */
#define G_LOG_DOMAIN "contactfs"

#include <limits.h>

#include "fs/internal.h"

void
fs_fill_person_entry (Fs *self, BookPerson *person, struct fuse_entry_param *entry)
{
  memset (entry, 0, sizeof *entry);
  entry->ino = person->ino;
  entry->generation = 1;
  entry->entry_timeout = FS_PERSON_TIMEOUT;
  entry->attr_timeout = FS_PERSON_TIMEOUT;
  fs_attr_person (self, person, &entry->attr);
}

gboolean
fs_fill_entry (Fs *self, FolderFile *file, struct fuse_entry_param *entry)
{
  gboolean known;

  memset (entry, 0, sizeof *entry);
  known = fs_attr_file (self, file, &entry->attr);
  entry->ino = fs_nodes_look_up_file (self, file)->id;
  entry->generation = 1;
  entry->entry_timeout = FS_FILE_ENTRY_TIMEOUT;
  entry->attr_timeout = fs_attr_timeout (file, known);
  return known;
}

static void
look_up_person (Fs *self, fuse_req_t req, const char *name)
{
  BookPerson *person = book_person_by_name (self->book, name);
  struct fuse_entry_param entry;

  if (person == NULL) {
    fs_reply_errno (req, "lookup", ENOENT);
    return;
  }
  fs_fill_person_entry (self, person, &entry);
  fs_reply_entry (req, &entry);
}

static void
look_up_kept_folder (Fs *self, fuse_req_t req, BookPerson *person, guint64 kind)
{
  struct fuse_entry_param entry = { .ino = person->ino | kind,
                                    .generation = 1,
                                    .entry_timeout = FS_DIRECTORY_TIMEOUT,
                                    .attr_timeout = FS_DIRECTORY_TIMEOUT };

  fs_attr_directory (self, entry.ino, person->update_time, 0555, &entry.attr);
  fs_reply_entry (req, &entry);
}

static void
look_up_icon (Fs *self, fuse_req_t req, BookPerson *person)
{
  struct fuse_entry_param entry = { .ino = person->ino | BOOK_INO_ICON,
                                    .generation = 1,
                                    .entry_timeout = FS_FILE_ENTRY_TIMEOUT,
                                    .attr_timeout = FS_DIRECTORY_TIMEOUT };

  fs_folder_icon_attr (self, person, &entry.attr);
  fs_reply_entry (req, &entry);
}

static void
look_up_file (Fs *self, fuse_req_t req, BookPerson *person, const char *name)
{
  g_autoptr (FolderFile) file = folder_lookup (self->contacts, person, name);
  struct fuse_entry_param entry;

  if (file == NULL) {
    fs_reply_errno (req, "lookup", ENOENT);
    return;
  }
  if (fs_fill_entry (self, file, &entry))
    folder_file_seen (file, fs_caller_session (self, fuse_req_ctx (req)->pid));
  if (fs_reply_entry (req, &entry) != 0)
    fs_nodes_forget (self, entry.ino, 1); /* interrupted: the kernel does not know it */
}

void
fs_lookup (fuse_req_t req, fuse_ino_t parent, const char *name)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, parent);

  /* The kernel lets through whatever FUSE can carry. Create and rename look up first, so this is enough. */
  if (strlen (name) > NAME_MAX) {
    fs_reply_errno (req, "lookup", ENAMETOOLONG);
    return;
  }
  switch (target.kind) {
  case FS_NODE_ROOT:
    if (strcmp (name, FS_LABELS_NAME) == 0)
      fs_labels_reply_folder (req);
    else
      look_up_person (self, req, name);
    break;
  case FS_NODE_LABELS:
  case FS_NODE_LABEL:
    fs_labels_lookup (req, &target, name);
    break;
  case FS_NODE_PERSON:
    if (strcmp (name, ".previous") == 0)
      look_up_kept_folder (self, req, target.person, BOOK_INO_PREVIOUS);
    else if (strcmp (name, ".rejected") == 0)
      look_up_kept_folder (self, req, target.person, BOOK_INO_REJECTED);
    else if (fs_folder_icon_is (self, target.person, name))
      look_up_icon (self, req, target.person);
    else
      look_up_file (self, req, target.person, name);
    break;
  case FS_NODE_PREVIOUS:
    fs_archived_lookup (self, req, target.person, ARCHIVE_PREVIOUS, name);
    break;
  case FS_NODE_REJECTED:
    fs_archived_lookup (self, req, target.person, ARCHIVE_REJECTED, name);
    break;
  case FS_NODE_ICON:
  case FS_NODE_LINK:
  case FS_NODE_FILE:
  case FS_NODE_ARCHIVED:
    fs_reply_errno (req, "lookup", ENOTDIR);
    break;
  case FS_NODE_GONE:
  default:
    fs_reply_errno (req, "lookup", ESTALE);
    break;
  }
}

void
fs_forget (fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
  fs_nodes_forget (fs_of (req), ino, lookups);
  fs_reply_none (req);
}

void
fs_forget_multi (fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
  for (size_t i = 0; i < count; i++)
    fs_nodes_forget (fs_of (req), forgets[i].ino, forgets[i].nlookup);
  fs_reply_none (req);
}
