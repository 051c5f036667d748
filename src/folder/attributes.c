/* What is told of a file without opening it. */
#define G_LOG_DOMAIN "contactfs"

#include "folder/file.h"

guint64
folder_file_ino (const FolderFile *self)
{
  switch (self->kind) {
  case FOLDER_FILE_PHOTO:
    return self->person->ino | BOOK_INO_PHOTO;
  case FOLDER_FILE_PROFILE:
    return self->person->ino | BOOK_INO_PROFILE;
  case FOLDER_FILE_OTHER:
  default:
    return self->id;
  }
}

gint64
folder_file_mtime (const FolderFile *self)
{
  if (self->draft != NULL)
    return self->draft->mtime;
  if (self->kind == FOLDER_FILE_PROFILE && self->person->profile_update_time != 0)
    return self->person->profile_update_time;
  return self->person->update_time;
}

void
folder_file_set_version (FolderFile *self, char *version)
{
  g_free (self->version);
  self->version = version;
  self->revision = 0;
}

gboolean
folder_file_size (FolderFile *self, gint64 *size)
{
  guint64 revision = photos_revision (self->contacts->photos);
  BookStorePhoto row;

  if (self->draft != NULL) {
    *size = self->draft->size;
    return TRUE;
  }
  if (self->revision != revision) {
    if (self->version == NULL || !photos_lookup (self->contacts->photos, self->version, &row))
      return FALSE;
    self->size = row.size;
    self->revision = revision;
  }
  *size = self->size;
  return TRUE;
}

const char *
folder_file_mime_type (FolderFile *self, char buffer[32])
{
  BookStorePhoto row;

  if (self->version == NULL || !photos_lookup (self->contacts->photos, self->version, &row))
    return NULL;
  g_strlcpy (buffer, row.mime_type, 32);
  return buffer;
}

void
folder_file_time_set (FolderFile *self)
{
  if (self->draft != NULL)
    self->draft->finished = TRUE;
}
