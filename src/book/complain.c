/*
 * Failures in the log, with what machines look for: whose photo, and the GError itself. Its errno is not ours to know:
 * the writer above takes it from the error. And those that nobody else would hear of.
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

void
book_tell_unheard (Book *book, const BookPerson *person, const char *what, const GError *error)
{
  if (book->options.news != NULL)
    book->options.news->failed_unheard (person, what, error, book->options.news_data);
}

void
book_person_fail_unheard (Book *book, BookPerson *person, const char *what, const GError *error)
{
  book_person_fail (book, person, what, error);
  book_tell_unheard (book, person, what, error);
}

void
book_tell_changed (Book *book, const BookPerson *person)
{
  if (book->options.news != NULL)
    book->options.news->changed (person, book->options.news_data);
}
