/*
 * Names under which a picture was dropped (cp face.jpg ~/contacts/Alice/). For a moment after it became the photo its name
 * still answers, as programs set times and modes then. It stands for the version that the picture became, and for
 * nothing once that is not the photo any more.
 *
 *   written ─(became the photo)─→ alias, its draft is there while somebody has it open
 *                                   └─(last close)─→ another lineage of that name: the photo's version, without a draft
 *                                        └─(BOOK_ALIAS_WAIT)─→ ending: who watches hears of it again ─→ gone
 *
 * Again, since a file manager that copied it (Nemo) looks it up when it is done, and shows what it finds for ever.
 *
 * While the service does not show what it has taken, there is no version to stand for: the draft stays for that moment.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

void
book_dropped_became_photo (BookFile *file)
{
  file->alias = TRUE;
  file->announced = file->ending = FALSE;
  g_free (file->version);
  file->version = file->person->unseen == NULL ? book_person_photo_version (file->person) : NULL;
  book_file_forget_later (file, BOOK_ALIAS_WAIT_MS);
}

gboolean
book_file_is_news (BookFile *self)
{
  gboolean is_news = self->kind == BOOK_FILE_OTHER && self->alias && self->linked && !self->announced;

  self->announced |= is_news;
  return is_news;
}

gboolean
book_dropped_ends (BookFile *file)
{
  Book *book = file->book;

  if (!file->alias || !file->announced || file->ending || book->folder_events == NULL)
    return FALSE;
  file->ending = TRUE;
  book->folder_events->dropped_name_ends (file->person, file->name, book->folder_events_data);
  book_file_forget_later (file, BOOK_ALIAS_WAIT_MS); /* at the latest */
  return TRUE;
}

void
book_dropped_ended (Book *book, BookPerson *person, const char *name)
{
  BookFolder *folder = book_folder_find (book, person);
  BookFile *file = folder != NULL ? book_folder_find_other (folder, name) : NULL;

  if (file != NULL && file->ending)
    book_folder_remove_other (folder, file);
}

static gboolean
is_overtaken (const BookFile *file)
{
  g_autofree char *now = book_person_photo_version (file->person);

  return file->version != NULL && g_strcmp0 (file->version, now) != 0;
}

void
book_dropped_settle (BookFile *file)
{
  BookFolder *folder = book_folder_find (file->book, file->person);
  g_autofree char *name = g_strdup (file->name);
  g_autoptr (BookFile) alias = NULL;

  if (!file->linked || folder == NULL)
    return;
  if (is_overtaken (file)) {
    book_folder_remove_other (folder, file);
    return;
  }
  if (file->version == NULL) {
    book_file_forget_later (file, BOOK_ALIAS_WAIT_MS);
    return;
  }
  alias = book_file_new (folder, BOOK_FILE_OTHER, NULL);
  alias->version = g_strdup (file->version);
  alias->alias = TRUE;
  alias->announced = file->announced;
  book_folder_add_other (folder, alias, name, TRUE);
  book_file_forget_later (alias, BOOK_ALIAS_WAIT_MS);
}

void
book_dropped_photo_changed (BookFolder *folder, const char *version)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();

  for (guint i = 0; folder->others != NULL && i < folder->others->len; i++) {
    BookFile *file = folder->others->pdata[i];

    if (file->alias && file->draft == NULL && g_strcmp0 (file->version, version) != 0)
      g_ptr_array_add (gone, file);
  }
  for (guint i = 0; i < gone->len; i++)
    book_folder_remove_other (folder, gone->pdata[i]);
}
