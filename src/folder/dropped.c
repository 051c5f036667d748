/*
 * Names under which a picture was dropped (cp face.jpg ~/contacts/Alice/). For a moment after it became the photo its name
 * still answers, as programs set times and modes then. It stands for the version that the picture became, and for
 * nothing once that is not the photo any more.
 *
 *   written ─(became the photo)─→ alias, its draft is there while somebody has it open
 *                                   └─(last close)─→ another FolderFile of that name: the photo's version, without a draft
 *                                        └─(FOLDER_ALIAS_WAIT)─→ ending: who watches hears of it again ─→ gone
 *
 * Again, since a file manager that copied it (Nemo) looks it up when it is done, and shows what it finds for ever.
 *
 * While the service does not show what it has taken, there is no version to stand for: the draft stays for that moment.
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/dropped.h"
#include "folder/file.h"

void
dropped_became_photo (FolderFile *file)
{
  file->alias = TRUE;
  file->announced = file->ending = FALSE;
  folder_file_set_version (file, file->person->unconfirmed == NULL ? book_person_photo_version (file->person) : NULL);
  folder_file_forget_later (file, FOLDER_ALIAS_WAIT_MS);
}

gboolean
folder_file_must_be_announced (FolderFile *self)
{
  gboolean is_new = self->kind == FOLDER_FILE_OTHER && self->alias && self->linked && !self->announced;

  self->announced |= is_new;
  return is_new;
}

gboolean
dropped_ends (FolderFile *file)
{
  Contacts *contacts = file->contacts;

  if (!file->alias || !file->announced || file->ending || contacts->events == NULL)
    return FALSE;
  file->ending = TRUE;
  contacts->events->dropped_name_ends (file->person, file->name, contacts->events_data);
  folder_file_forget_later (file, FOLDER_ALIAS_WAIT_MS); /* at the latest */
  return TRUE;
}

void
dropped_ended (Contacts *contacts, BookPerson *person, const char *name)
{
  Folder *folder = folder_find (contacts, person);
  FolderFile *file = folder != NULL ? folder_find_other (folder, name) : NULL;

  if (file != NULL && file->ending)
    folder_remove_other (folder, file);
}

static gboolean
is_overtaken (const FolderFile *file)
{
  g_autofree char *now = book_person_photo_version (file->person);

  return file->version != NULL && g_strcmp0 (file->version, now) != 0;
}

void
dropped_settle (FolderFile *file)
{
  Folder *folder = folder_find (file->contacts, file->person);
  g_autofree char *name = g_strdup (file->name);
  g_autoptr (FolderFile) alias = NULL;

  if (!file->linked || folder == NULL)
    return;
  if (is_overtaken (file)) {
    folder_remove_other (folder, file);
    return;
  }
  if (file->version == NULL) {
    folder_file_forget_later (file, FOLDER_ALIAS_WAIT_MS);
    return;
  }
  alias = folder_file_new (folder, FOLDER_FILE_OTHER, NULL);
  folder_file_set_version (alias, g_strdup (file->version));
  alias->alias = TRUE;
  alias->announced = file->announced;
  folder_add_other (folder, alias, name, TRUE);
  folder_file_forget_later (alias, FOLDER_ALIAS_WAIT_MS);
}

void
dropped_photo_changed (Folder *folder, const char *version)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();

  for (guint i = 0; folder->others != NULL && i < folder->others->len; i++) {
    FolderFile *file = folder->others->pdata[i];

    if (file->alias && file->draft == NULL && g_strcmp0 (file->version, version) != 0)
      g_ptr_array_add (gone, file);
  }
  for (guint i = 0; i < gone->len; i++)
    folder_remove_other (folder, gone->pdata[i]);
}
