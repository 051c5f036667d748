/* What is told of a file without opening it. */
#define G_LOG_DOMAIN "contactfs"

#include "folder/file.h"

const char *
folder_file_name (const FolderFile *self)
{
  if (self->kind == FOLDER_FILE_OTHER)
    return self->name;
  return self->kind == FOLDER_FILE_PHOTO ? FOLDER_PHOTO_NAME : FOLDER_PROFILE_NAME;
}

guint64
folder_file_ino (const FolderFile *self)
{
  if (self->kind == FOLDER_FILE_OTHER)
    return self->id;
  return self->person->ino | (self->kind == FOLDER_FILE_PHOTO ? BOOK_INO_PHOTO : BOOK_INO_PROFILE);
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

/* size and mime_type are those of the version. */
static gboolean
know (FolderFile *self)
{
  guint64 revision = photos_revision (self->contacts->photos);
  BookStorePhoto row;

  if (self->revision == revision)
    return TRUE;
  if (self->version == NULL || !photos_lookup (self->contacts->photos, self->version, &row))
    return FALSE;
  self->size = row.size;
  self->mime_type = g_intern_string (row.mime_type);
  self->revision = revision;
  return TRUE;
}

gboolean
folder_file_size (FolderFile *self, gint64 *size)
{
  if (self->draft == NULL && !know (self))
    return FALSE;
  *size = self->draft != NULL ? self->draft->size : self->size;
  return TRUE;
}

const char *
folder_file_mime_type (FolderFile *self)
{
  return know (self) ? self->mime_type : NULL;
}

void
folder_file_time_set (FolderFile *self)
{
  if (self->draft != NULL)
    self->draft->finished = TRUE;
}
