/*
 * Keeps the pauses of Google's daily allowance (people/pause.h) in the store. A mount that is started again keeps to them,
 * also when a service manager starts it every half minute.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

static const char *const KEYS[PEOPLE_N_ALLOWANCES]
    = { [PEOPLE_LISTINGS] = "listings_pause", [PEOPLE_CHANGES] = "changes_pause" };

static void
keep_pause (PeopleAllowance which, const char *line, gpointer data)
{
  Book *book = data;
  g_autoptr (GError) error = NULL;

  if (!book_store_set (book->store, KEYS[which], line, &error))
    g_warning ("that Google's daily allowance is used up could not be kept: %s", error->message);
}

void
book_allowances_load (Book *book)
{
  if (book->people == NULL) /* in a test of the people alone */
    return;
  for (int i = 0; i < PEOPLE_N_ALLOWANCES; i++) {
    g_autofree char *line = book_store_get (book->store, KEYS[i]);

    if (line != NULL)
      people_pause_resume (book->people, (PeopleAllowance)i, line);
  }
  people_pause_watch (book->people, keep_pause, book);
}

/* It was another login's. */
gboolean
book_allowances_forget (Book *book, GError **error)
{
  for (int i = 0; i < PEOPLE_N_ALLOWANCES; i++)
    if (!book_store_set (book->store, KEYS[i], NULL, error))
      return FALSE;
  return TRUE;
}

void
book_allowances_clear (Book *book)
{
  if (book->people != NULL)
    people_pause_watch (book->people, NULL, NULL);
}
