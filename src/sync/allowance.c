/*
 * Keeps the pauses of Google's daily allowance (people/pause.h) in the store. A mount that is started again keeps to them,
 * also when a service manager starts it every half minute.
 */
#define G_LOG_DOMAIN "contactfs"

#include "sync/internal.h"

static const char *const KEYS[PEOPLE_N_ALLOWANCES]
    = { [PEOPLE_LISTINGS] = "listings_pause", [PEOPLE_CHANGES] = "changes_pause" };

static void
keep_pause (PeopleAllowance which, const char *line, gpointer data)
{
  Sync *sync = data;
  g_autoptr (GError) error = NULL;

  if (!book_store_set (sync->store, KEYS[which], line, &error))
    g_warning ("that Google's daily allowance is used up could not be kept: %s", error->message);
}

void
allowances_load (Sync *sync)
{
  if (sync->people == NULL) /* in a test of the people alone */
    return;
  for (int i = 0; i < PEOPLE_N_ALLOWANCES; i++) {
    g_autofree char *line = book_store_get (sync->store, KEYS[i]);

    if (line != NULL)
      people_pause_resume (sync->people, (PeopleAllowance)i, line);
  }
  people_pause_watch (sync->people, keep_pause, sync);
}

void
allowances_clear (Sync *sync)
{
  if (sync->people != NULL)
    people_pause_watch (sync->people, NULL, NULL);
}
