/* Telephone numbers (ITU-T E.164, E.123). */
#define G_LOG_DOMAIN "contactfs"

#include "match/phone.h"

#include <string.h>

#define MIN_DIGITS 7
#define MAX_DIGITS 15
#define END_DIGITS 4 /* behind any country code */

/* Country codes of one and of two digits; all others have three (ITU-T E.164, annex). */
static const char one_digit[] = "17";
static const char *const two_digits[]
    = { "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
        "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98", NULL };

static gsize
country_code_length (const char *digits)
{
  g_autofree char *two = g_strndup (digits, 2);
  if (strchr (one_digit, digits[0]) != NULL)
    return 1;
  return g_strv_contains (two_digits, two) ? 2 : 3;
}

static gboolean
is_between (gunichar c)
{
  return c == ' ' || c == 0xa0 || c == 0x202f || c == '-' || (c >= 0x2010 && c <= 0x2015) || c == '.' || c == '/'
         || c == '(' || c == ')' || c == '_' || c == 0x202a || c == 0x202c || c == 0x200e;
}

Phone *
phone_parse (const char *text)
{
  g_autoptr (GString) digits = g_string_new (NULL);
  gboolean is_international = FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    /* +49 (0)170: the 0 is not dialled from abroad */
    gboolean is_zero_at_home = is_international && g_str_has_prefix (p, "(0)");
    if (is_zero_at_home)
      p += strlen ("(0)") - 1;
    else if (g_unichar_isdigit (c))
      g_string_append_c (digits, (char)('0' + g_unichar_digit_value (c)));
    else if ((c == '+' || c == 0xff0b) && digits->len == 0 && !is_international)
      is_international = TRUE;
    else if (!is_between (c))
      return NULL;
  }
  if (!is_international && g_str_has_prefix (digits->str, "00")) {
    is_international = TRUE;
    g_string_erase (digits, 0, 2);
  }
  if (digits->len < MIN_DIGITS || digits->len > MAX_DIGITS)
    return NULL;
  Phone *self = g_new0 (Phone, 1);
  self->digits = g_string_free (g_steal_pointer (&digits), FALSE);
  self->is_international = is_international;
  return self;
}

void
phone_free (Phone *self)
{
  if (self == NULL)
    return;
  g_free (self->digits);
  g_free (self);
}

/* What stands before a number that is dialled in its own country: 0 in most. */
static const char *
trunk_prefix (const char *digits, gsize code_length)
{
  static const char *const none[] = { "1",   "30",  "34",  "39",  "45",  "47",  "48",  "65",  "351", "352", "354",
                                      "356", "357", "371", "372", "376", "377", "378", "420", "852", "853", NULL };
  g_autofree char *code = g_strndup (digits, code_length);
  if (g_strv_contains (none, code))
    return "";
  if (strcmp (code, "7") == 0)
    return "8";
  return strcmp (code, "36") == 0 ? "06" : "0";
}

static gboolean
is_at_home (const Phone *abroad, const Phone *home)
{
  gsize code_length = country_code_length (abroad->digits);
  g_autofree char *at_home
      = g_strconcat (trunk_prefix (abroad->digits, code_length), abroad->digits + code_length, NULL);
  return strcmp (at_home, home->digits) == 0;
}

static const char *
end_of (const Phone *self)
{
  return self->digits + strlen (self->digits) - END_DIGITS;
}

gboolean
phone_is_same (const Phone *a, const Phone *b)
{
  if (strcmp (end_of (a), end_of (b)) != 0) /* most pairs */
    return FALSE;
  if (strcmp (a->digits, b->digits) == 0)
    return a->is_international == b->is_international || strlen (a->digits) > 10; /* longer than any at home */
  if (a->is_international == b->is_international)
    return FALSE;
  return a->is_international ? is_at_home (a, b) : is_at_home (b, a);
}
