/* What an account's folders hold of others goes, before the present ones' is taken in. */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

static void
collect (const BookStorePerson *person, gpointer data)
{
  g_ptr_array_add (data, g_strdup (person->resource_name));
}

static void
collect_deletion (const char *resource_name, const char *version, gpointer data)
{
  g_ptr_array_add (data, g_strdup (resource_name));
}

static gboolean
forget_people (Book *self, GError **error)
{
  g_autoptr (GPtrArray) people = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) deletions = g_ptr_array_new_with_free_func (g_free);
  gboolean ok = book_store_each_person (self->store, collect, people, error)
                && book_store_each_deletion (self->store, collect_deletion, deletions, error);

  for (guint i = 0; ok && i < people->len; i++)
    ok = book_store_remove_person (self->store, people->pdata[i], error);
  for (guint i = 0; ok && i < deletions->len; i++)
    ok = book_store_remove_deletion (self->store, deletions->pdata[i], error);
  return ok && book_store_set (self->store, "sync_token", NULL, error)
         && book_store_set (self->store, "last_sync", NULL, error) && book_allowances_forget (self, error);
}

/* The pictures of .previous and .rejected are nobody's to show now, and nobody's to delete. */
static gboolean
set_archive_aside (Book *self, GError **error)
{
  g_autofree char *aside = NULL;

  if (!book_archive_set_aside (self->archive, &aside, error))
    return FALSE;
  if (aside != NULL)
    g_message ("The account \"%s\" is not the address book that it was: what was kept in .previous and .rejected is in "
               "%s now",
               self->options.account, aside);
  return TRUE;
}

/* What the state says of people, and what was promised for them, is worth nothing here, and not for these eyes. Cached photos
 * are found by their URL: they may stay. */
gboolean
book_forget_others (Book *self, GError **error)
{
  if (!set_archive_aside (self, error))
    return FALSE;
  if (book_store_begin (self->store, error) && forget_people (self, error) && book_store_commit (self->store, error))
    return TRUE;
  book_store_rollback (self->store);
  return FALSE;
}
