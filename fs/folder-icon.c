/*
 * --folder-icons: every contact with a photo has a ".directory" that KDE's file managers ask for by its name (Desktop
 * Entry Specification, "Icon"): the folder's icon is its photo. Not listed, always the same, and kept nowhere.
 * A ".directory" that a program makes itself is an ordinary temporary file, and is found first.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

#define NAME ".directory"

/* "./": relative to the folder (KIO) */
static const char content[] = "[Desktop Entry]\nType=Directory\nIcon=./" FOLDER_PHOTO_NAME "\n";

gboolean
fs_folder_icon_is (Fs *self, BookPerson *person, const char *name)
{
  g_autoptr (FolderFile) own = NULL;
  g_autoptr (FolderFile) photo = NULL;

  if (!self->folder_icons || strcmp (name, NAME) != 0)
    return FALSE;
  own = folder_lookup (self->contacts, person, name);
  photo = folder_lookup (self->contacts, person, FOLDER_PHOTO_NAME);
  return own == NULL && photo != NULL;
}

void
fs_folder_icon_attr (Fs *self, BookPerson *person, struct stat *attr)
{
  fs_attr_regular (self, person->ino | BOOK_INO_ICON, person->update_time, 0444, sizeof content - 1, attr);
}

void
fs_folder_icon_read (fuse_req_t req, size_t size, off_t offset)
{
  gsize from = MIN ((gsize)offset, sizeof content - 1);

  fs_reply_bytes (req, content + from, MIN (size, sizeof content - 1 - from));
}
