/*
 * What is refused before the close. Many programs do not look at what close says, and those that move then delete their
 * source; all look at what open and write say. So what is certain to fail fails there.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"
#include "image/image.h"

#define SAMPLE_BYTES 512 /* for the words: what it is instead */

G_STATIC_ASSERT (BOOK_DRAFT_HEAD_BYTES >= IMAGE_HEAD_BYTES);

/* Some programs make room with zeros, and write the picture into it. */
static gboolean
is_zero (const guint8 *bytes, gsize size)
{
  for (gsize i = 0; i < size; i++)
    if (bytes[i] != 0)
      return FALSE;
  return TRUE;
}

gboolean
book_check_beginning (BookFile *file, BookDraft *draft, gboolean said, GError **error)
{
  guint8 head[BOOK_DRAFT_HEAD_BYTES], sample[SAMPLE_BYTES];
  gsize known = book_file_is_meant_for_contact (file) ? book_draft_head (draft, head) : 0;
  g_autoptr (GError) why = NULL;
  gssize n;

  if (is_zero (head, known) || image_may_begin_with (head, known))
    return TRUE;
  n = book_draft_read (draft, sample, sizeof sample, 0, error);
  if (n < 0)
    return FALSE;
  if (image_check_upload (sample, (gsize)n, &why))
    return TRUE; /* never, as it cannot begin so */
  g_clear_error (&draft->unfit);
  draft->unfit = g_error_new (BOOK_ERROR, BOOK_ERROR_INVALID, "what was written %s", why->message);
  if (!said)
    book_person_fail (file->book, file->person, BOOK_NOT_CHANGED, draft->unfit);
  draft->said = TRUE;
  g_propagate_error (error, g_error_copy (draft->unfit));
  return FALSE;
}
