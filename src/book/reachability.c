/* What requests of the API came to: can the service be reached, and can anything be sent? */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

/* Why whatever is sent next fails, too, after a request that failed so; NULL: that is not known. Transfer full. */
static GError *
explain_down (const GError *error)
{
  if (error == NULL || error->domain != PEOPLE_ERROR)
    return NULL;
  switch ((PeopleError)error->code) {
  case PEOPLE_ERROR_TIMED_OUT:
    return g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE, error->message);
  case PEOPLE_ERROR_UNREACHABLE:
  case PEOPLE_ERROR_AUTH:
  case PEOPLE_ERROR_SCOPE:
  case PEOPLE_ERROR_DISABLED:
    return g_error_copy (error);
  default:
    return NULL;
  }
}

void
book_note_outcome (Book *book, const GError *error)
{
  gboolean unreachable;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_error (&book->down);
  book->down = explain_down (error);
  unreachable = g_error_matches (book->down, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE);
  if (unreachable != book->unreachable) {
    g_message ("%s",
               unreachable ? "the service is out of reach; what is cached is served" : "the service answers again");
    book->unreachable = unreachable;
    if (book->options.reachable_changed != NULL)
      book->options.reachable_changed (!unreachable, book->options.reachable_data);
  }
  if (error != NULL)
    book_keep_last_error (book, error->message);
  else
    TELL (book, answered);
}

const GError *
book_down (const Book *book)
{
  return book->down;
}

gboolean
book_is_reachable (const Book *book)
{
  return !book->unreachable;
}
