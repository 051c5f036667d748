/*
 * Is a full listing the whole address book?
 *
 * Who is missing in it is gone, with folder, photo and open files: too much to believe a service that answered {} for a
 * moment, or lost its second page. So two things are asked for:
 *
 *   it ends with a sync token, which is how the service says that it is at its end; and
 *   nobody who is known is missing, or those who are were missing in the listing before, too, or it can be counted: there
 *   is somebody, and there are as many people as it says itself.
 *
 * Until then people are added, and none is removed. A service that never gives a sync token never removes anybody.
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/internal.h"

static GHashTable *
listed_names (GPtrArray *people)
{
  GHashTable *names = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < people->len; i++) {
    const PeoplePerson *said = people->pdata[i];

    g_hash_table_add (names, said->resource_name);
    for (char **previous = said->previous_resource_names; previous != NULL && *previous != NULL; previous++)
      g_hash_table_add (names, *previous);
  }
  return names;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

/* The resource names of everybody who is known and not among people, one a line, in order; NULL: nobody. */
static char *
list_missing (Sync *sync, GPtrArray *people, guint *count)
{
  g_autoptr (GHashTable) listed = listed_names (people);
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  book_people_iter_init (sync->book, &iter);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (listed, name))
      g_ptr_array_add (missing, name);
  *count = missing->len;
  if (missing->len == 0)
    return NULL;
  g_ptr_array_sort (missing, compare_names);
  g_ptr_array_add (missing, NULL);
  return g_strjoinv ("\n", (char **)missing->pdata);
}

gboolean
listing_is_whole (Sync *sync, GPtrArray *people, const char *sync_token)
{
  guint count;
  g_autofree char *missing = list_missing (sync, people, &count);
  gboolean counted = people->len > 0 && sync->total > 0 && people->len >= sync->total;
  gboolean agrees = missing == NULL || counted || g_strcmp0 (missing, sync->missing) == 0;

  g_clear_pointer (&sync->doubt, g_free);
  g_free (sync->missing);
  sync->missing = NULL;
  if (sync_token != NULL && agrees) {
    sync->doubts = 0;
    return TRUE;
  }
  if (sync_token == NULL && missing == NULL)
    sync->doubt = g_strdup ("the service ended its listing without saying that it is the whole (no sync token): "
                            "people in it are shown, and there may be more");
  else if (sync_token == NULL)
    sync->doubt = g_strdup_printf ("the service ended its listing without saying that it is the whole (no sync "
                                   "token): people in it are shown, and of the %u who are missing nobody is taken "
                                   "away",
                                   count);
  else
    sync->doubt = g_strdup_printf ("the service left out %u of %u people: nobody is taken away until a second "
                                   "listing says the same",
                                   count, book_people_count (sync->book));
  sync->missing = g_steal_pointer (&missing);
  if (sync->doubts++ == 0)
    g_message ("%s", sync->doubt);
  return FALSE;
}
