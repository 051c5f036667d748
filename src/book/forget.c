/* What an account's state says of others goes, before the present ones' is taken in. */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

static void
collect (const char *resource_name, const char *version, gpointer data)
{
  g_ptr_array_add (data, g_strdup (resource_name));
}

static gboolean
forget_promises (Book *self, GError **error)
{
  g_autoptr (GPtrArray) promises = g_ptr_array_new_with_free_func (g_free);
  gboolean ok = book_store_each_deletion (self->store, collect, promises, error);

  for (guint i = 0; ok && i < promises->len; i++)
    ok = book_store_remove_deletion (self->store, promises->pdata[i], error);
  return ok;
}

/* The sync token, the time of the last listing, and the pauses of Google's daily allowance. */
static gboolean
forget_facts (Book *self, GError **error)
{
  static const char *const keys[] = { "sync_token", "last_sync", "listings_pause", "changes_pause" };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!book_store_set (self->store, keys[i], NULL, error))
      return FALSE;
  return TRUE;
}

/* What the state says of people, and what was promised for them, is worth nothing here, and not for these eyes. Cached photos
 * are found by their URL: they may stay. */
gboolean
book_forget_others (Book *self, GError **error)
{
  if (book_store_begin (self->store, error) && book_store_remove_people (self->store, error)
      && book_store_remove_labels (self->store, error) && forget_promises (self, error) && forget_facts (self, error)
      && book_store_commit (self->store, error))
    return TRUE;
  book_store_rollback (self->store);
  return FALSE;
}
