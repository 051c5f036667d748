/*
 * Failures in the log, with what machines look for: whose photo, and the GError itself. Its errno is not ours to know:
 * the writer above takes it from the error.
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
