/* Text from outside, made fit to be shown. */
#define G_LOG_DOMAIN "contactfs"

#include "net/text.h"

#include <string.h>

#define MAX_WORDS 600

/* In order. Unicode's Default_Ignorable_Code_Point, without what scripts and emoji need (joiners, variation selectors,
 * tags), and the separators of lines and paragraphs. */
static const struct {
  gunichar first, last;
} invisible[] = {
  { 0xad, 0xad },       /* soft hyphen */
  { 0x34f, 0x34f },     /* combining grapheme joiner */
  { 0x61c, 0x61c },     /* Arabic letter mark */
  { 0x115f, 0x1160 },   /* Hangul fillers */
  { 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
  { 0x180e, 0x180e },   /* Mongolian vowel separator */
  { 0x200b, 0x200b },   /* zero-width space */
  { 0x200e, 0x200f },   /* left-to-right and right-to-left marks */
  { 0x2028, 0x202e },   /* separators of lines and paragraphs; embeddings and overrides */
  { 0x2060, 0x206f },   /* word joiner, invisible operators, isolates, deprecated ones */
  { 0x3164, 0x3164 },   /* Hangul filler */
  { 0xfeff, 0xfeff },   /* byte order mark */
  { 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
  { 0xfff0, 0xfffb },   /* interlinear annotation, and reserved for the like */
  { 0x1bca0, 0x1bca3 }, /* shorthand */
  { 0x1d173, 0x1d17a }, /* music */
  { 0xe0000, 0xe001f }, /* language tag */
  { 0xe0080, 0xe00ff }, { 0xe01f0, 0xe0fff },
};

gboolean
text_is_invisible (gunichar c)
{
  for (gsize i = 0; i < G_N_ELEMENTS (invisible) && c >= invisible[i].first; i++)
    if (c <= invisible[i].last)
      return TRUE;
  return FALSE;
}

static gboolean
is_gap (gunichar c)
{
  return g_unichar_isspace (c) || g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029;
}

char *
text_clean (const char *text)
{
  return text_clean_to (text, MAX_WORDS);
}

char *
text_clean_to (const char *text, gsize max)
{
  gsize length = text != NULL ? strnlen (text, max + 1) : 0;
  g_autofree char *valid = NULL;
  g_autoptr (GString) words = g_string_new (NULL);
  const char *end;

  /* Cut first: a character that the cut goes through is not taken for damage. */
  if (length > max) {
    end = g_utf8_find_prev_char (text, text + max + 1);
    length = end != NULL ? (gsize)(end - text) : max;
  }
  valid = g_utf8_make_valid (length > 0 ? text : "", (gssize)length);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (is_gap (c)) {
      if (words->len > 0 && words->str[words->len - 1] != ' ')
        g_string_append_c (words, ' ');
    } else if (!text_is_invisible (c)) {
      g_string_append_unichar (words, c);
    }
  }
  if (words->len > 0 && words->str[words->len - 1] == ' ')
    g_string_truncate (words, words->len - 1);
  return words->len > 0 ? g_strdup (words->str) : NULL;
}

gboolean
text_says (const char *text, const char *part)
{
  /* g_utf8_casefold reads past the end of what is not UTF-8. */
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  g_autofree char *folded = g_utf8_casefold (valid, -1);
  g_autofree char *sought = g_utf8_casefold (part, -1);

  return strstr (folded, sought) != NULL;
}
