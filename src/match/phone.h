/*
 * Telephone numbers, in whatever notation. Pure, any thread.
 *
 * Two numbers are the same when all their digits are, or when one is international (+49 170 …, 0049 170 …) and what stands
 * behind its country code is the other as it is dialled in that country (0170 …). An end alone is never enough.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *digits; /* ASCII, without + and 00 */
  gboolean is_international;
} Phone;

/* NULL: text (UTF-8) is no number of 7 to 15 digits. */
Phone *phone_parse (const char *text);
void phone_free (Phone *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Phone, phone_free)

gboolean phone_is_same (const Phone *a, const Phone *b);
