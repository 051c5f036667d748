/*
 * Failures in the log, with what machines look for: whose photo, and the GError itself. Its errno is not ours to know:
 * the writer above takes it from the error. And the same on the desktop, since
 * many programs do not look at what close() says, and others only at its errno.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

void
book_log_failure (const BookPerson *person, const GError *error, const char *sentence)
{
  const GLogField fields[] = {
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "PRIORITY", "5", -1 }, /* notice, as every g_message */
    { "MESSAGE", sentence, -1 },
    { BOOK_LOG_ERROR, error, 0 }, /* a length of 0: for writers of our own */
    { "CONTACTFS_CONTACT", person != NULL ? person->resource_name : "", -1 },
  };

  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields,
                          person != NULL ? G_N_ELEMENTS (fields) : G_N_ELEMENTS (fields) - 1);
}

/* What we refuse by ourselves never reached the service. */
static gboolean
is_of_our_own (const GError *error)
{
  return g_error_matches (error, BOOK_ERROR, BOOK_ERROR_INVALID)
         || g_error_matches (error, BOOK_ERROR, BOOK_ERROR_EXISTS)
         || g_error_matches (error, BOOK_ERROR, BOOK_ERROR_TOO_LARGE);
}

/* What failed, or the same as far as it is known: the change may have been carried out all the same. */
static const char *
as_far_as_known (const BookPerson *person, const char *what, const GError *error)
{
  if (!person->in_doubt || is_of_our_own (error))
    return what;
  if (g_str_equal (what, BOOK_NOT_CHANGED))
    return "the photo may have been changed";
  return g_str_equal (what, BOOK_NOT_REMOVED) ? "the photo is back, but may have been removed" : what;
}

/* Transfer full. */
static char *
make_reason (const GError *error, const char *whereabouts)
{
  const char *words = error->message;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) /* whoever ends it has other words */
    words = "it was interrupted (Ctrl-C, kill) before it was done";
  return whereabouts != NULL ? g_strconcat (words, "; ", whereabouts, NULL) : g_strdup (words);
}

void
book_keep_last_error (Book *book, const char *sentence)
{
  g_free (book->last_error);
  book->last_error = g_strdup (sentence);
  book->last_error_time = g_get_real_time () / G_USEC_PER_SEC;
}

const char *
book_last_error (const Book *book, gint64 *time)
{
  *time = book->last_error_time;
  return book->last_error;
}

void
book_sync_failed (Book *book, const GError *error)
{
  g_autofree char *sentence = g_strdup_printf ("the address book could not be brought up to date: %s", error->message);

  book_log_failure (NULL, error, sentence);
  book_keep_last_error (book, error->message);
}

void
book_person_fail (Book *book, BookPerson *person, const char *what, const GError *error, const char *whereabouts)
{
  g_autofree char *reason = make_reason (error, whereabouts);
  g_autofree char *sentence
      = g_strdup_printf ("%s: %s: %s", person->name, as_far_as_known (person, what, error), reason);

  book_log_failure (person, error, sentence);
  book_keep_last_error (book, sentence);
  g_free (person->error);
  person->error = g_steal_pointer (&sentence);
  person->error_is_of_a_read = FALSE;
  person->failures++;
}

void
book_tell_failed (Book *book, const BookPerson *person, const char *what, const GError *error, GBytes *picture,
                  const char *whereabouts)
{
  g_autofree char *reason = make_reason (error, whereabouts);

  if (book->options.reports != NULL)
    book->options.reports->failed (person, as_far_as_known (person, what, error), reason, picture,
                                   book->options.reports_data);
}

void
book_change_failed (Book *book, BookPerson *person, const char *what, const GError *error)
{
  book_person_fail (book, person, what, error, NULL);
  book_tell_failed (book, person, what, error, NULL, NULL);
}

void
book_tell_changed (Book *book, const BookPerson *person, GBytes *picture)
{
  if (book->options.reports != NULL)
    book->options.reports->changed (person, picture, book->options.reports_data);
}

void
book_person_clear_error (BookPerson *person)
{
  g_clear_pointer (&person->error, g_free);
}

void
book_person_set_note (BookPerson *person, const char *note)
{
  g_free (person->note);
  person->note = g_strdup (note);
  if (note != NULL)
    g_message ("%s: %s", person->name, note);
}
