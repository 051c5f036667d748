/* Readings of a file's name (reading.h). */
#define G_LOG_DOMAIN "contactfs"

#include "match/reading.h"

#include <string.h>

#include "match/match.h"

#define MAX_CUTS 8 /* words at either end */

static const char *const picture_endings[] = { ".jpg",  ".jpeg", ".jpe", ".jfif", ".png", ".heic", ".heif", ".hif",
                                               ".avif", ".webp", ".tif", ".tiff", ".gif", ".bmp",  ".jxl",  NULL };

/* What cameras and messengers begin with, and what file managers and editors add to copies; as Word.text has them. */
static const char *const camera_words[] = { "img", "dsc", "dscn", "dscf", "pxl", "mvimg", NULL };
static const char *const copy_words[]
    = { "copy",    "kopie",      "kopia",        "copia",     "copie",      "kopi",
        "копия",   "副本",       "コヒ\u309aー", "edited",    "bearbeitet", "modifie\u0301",
        "editado", "modificato", "bewerkt",      "edytowane", "redigerad",  NULL };
static const char *const of_words[] = { "of", "von", "de", "di", "van", "av", NULL };

/* What may be left out at an end. */
typedef enum {
  PART_NAME,
  PART_NUMBER, /* may belong to a name of one word: Studio 54 */
  PART_YEAR,   /* the same: Expo 2000 */
  PART_ADDED,
} Part;

static const char *
find_ending (const char *name, gsize length)
{
  for (gsize i = 0; picture_endings[i] != NULL; i++) {
    gsize size = strlen (picture_endings[i]);
    if (length > size && g_ascii_strncasecmp (name + length - size, picture_endings[i], size) == 0)
      return name + length - size;
  }
  return NULL;
}

gboolean
match_is_picture_name (const char *file_name)
{
  return find_ending (file_name, strlen (file_name)) != NULL;
}

char *
reading_stem (const char *file_name)
{
  const char *slash = strrchr (file_name, '/');
  g_autofree char *name = g_utf8_make_valid (slash != NULL ? slash + 1 : file_name, -1);
  const char *end = name + strlen (name);
  for (const char *ending = find_ending (name, strlen (name)); ending != NULL;
       ending = find_ending (name, (gsize)(end - name)))
    end = ending;
  return g_strndup (name, (gsize)(end - name));
}

static void
reading_free (gpointer data)
{
  Reading *self = data;
  g_ptr_array_unref (self->words);
  g_free (self);
}

static const Word *
word_at (const GPtrArray *words, guint i)
{
  return g_ptr_array_index (words, i);
}

/* 2024, 20240501, 20240501101112 */
static gboolean
is_date (const Word *word)
{
  gsize length = strlen (word->text);
  return word->is_digits && (length == 4 || length == 8 || length == 14)
         && (g_str_has_prefix (word->text, "19") || g_str_has_prefix (word->text, "20"));
}

/* The numbers around at that stand beside each other are one date, 01.05.2024 or 2024-05-01, if one of them is a year. A year
 * alone is less than a date. */
static Part
part_of_number (const GPtrArray *words, guint at)
{
  guint first = at, last = at;
  if (word_at (words, at)->in_brackets)
    return PART_ADDED;
  while (first > 0 && word_at (words, first - 1)->is_digits)
    first--;
  while (last + 1 < words->len && word_at (words, last + 1)->is_digits)
    last++;
  for (guint i = first; i <= last; i++)
    if (is_date (word_at (words, i)))
      return first == last && strlen (word_at (words, i)->text) == 4 ? PART_YEAR : PART_ADDED;
  return PART_NUMBER;
}

static gboolean
is_behind_camera (const GPtrArray *words, guint at)
{
  while (at > 0 && word_at (words, at - 1)->is_digits)
    at--;
  return at == 1 && g_strv_contains (camera_words, word_at (words, 0)->text);
}

static Part
part_of (const GPtrArray *words, guint at)
{
  if (!word_at (words, at)->is_digits)
    return PART_NAME;
  return is_behind_camera (words, at) ? PART_ADDED : part_of_number (words, at);
}

/* Whether a name is left when parts were left out, the least sure of which is least. One word may be a name with its number.
 * 김민수 is the whole name of a person, though one word. */
static gboolean
is_name_without (const GPtrArray *words, guint first, guint end, Part least)
{
  const Word *word = word_at (words, first);
  if (end - first > 1 || least == PART_ADDED)
    return TRUE;
  g_autofree char *composed = g_utf8_normalize (word->text, -1, G_NORMALIZE_NFC);
  return least == PART_YEAR && word->is_unspaced && g_utf8_strlen (composed, -1) > 2;
}

static Part
part_in_front (const GPtrArray *words, guint at)
{
  const char *text = word_at (words, at)->text;
  gboolean is_camera = at == 0 && g_strv_contains (camera_words, text);
  gboolean is_copy = at == 0 && words->len > 1 && g_strv_contains (copy_words, text)
                     && g_strv_contains (of_words, word_at (words, 1)->text);
  gboolean is_of
      = at == 1 && g_strv_contains (copy_words, word_at (words, 0)->text) && g_strv_contains (of_words, text);
  return is_camera || is_copy || is_of ? PART_ADDED : part_of (words, at);
}

static Part
part_behind (const GPtrArray *words, guint at)
{
  return g_strv_contains (copy_words, word_at (words, at)->text) ? PART_ADDED : part_of (words, at);
}

/* taken: the words */
static void
add_reading (GPtrArray *readings, GPtrArray *words, gboolean is_cut)
{
  Reading *reading = g_new0 (Reading, 1);
  reading->words = words;
  reading->is_cut = is_cut;
  g_ptr_array_add (readings, reading);
}

/* Words are made anew from their letters: they belong to one list each. */
static GPtrArray *
copy_words_of (const GPtrArray *words, guint first, guint end)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify)word_free);
  for (guint i = first; i < end; i++) {
    g_autoptr (GPtrArray) one = g_ptr_array_new ();
    g_ptr_array_add (one, g_ptr_array_index (words, i));
    Word *word = spelling_join (one);
    word->hides_letters = word_at (words, i)->hides_letters;
    g_ptr_array_add (copy, word);
  }
  return copy;
}

/* anna_schmidt2: the number is no part of the last of several words. */
static void
add_without_glued_number (GPtrArray *readings, const GPtrArray *words, guint first, guint end)
{
  Word *last = end - first > 1 ? spelling_without_digits (word_at (words, end - 1)) : NULL;
  if (last == NULL)
    return;
  GPtrArray *copy = copy_words_of (words, first, end - 1);
  g_ptr_array_add (copy, last);
  add_reading (readings, copy, TRUE);
}

gboolean
reading_is_added (const Word *word)
{
  return word->is_digits || g_strv_contains (camera_words, word->text) || g_strv_contains (copy_words, word->text);
}

/* IMG_1234 names nobody. */
static gboolean
is_only_camera (const GPtrArray *words, guint first, guint end)
{
  return first == 0 && end == 1 && words->len > 1 && g_strv_contains (camera_words, word_at (words, 0)->text);
}

/* One more word is left out at a time, so that Agent 47 (2) is also read as Agent 47. */
static void
add_readings (GPtrArray *readings, const GPtrArray *words, guint max_cuts)
{
  Part least_in_front = PART_ADDED;
  for (guint first = 0; first < words->len && first <= max_cuts; first++) {
    Part least = least_in_front;
    for (guint end = words->len; end > first && words->len - end <= max_cuts; end--) {
      gboolean is_cut = first > 0 || end < words->len;
      if (is_name_without (words, first, end, least) && !is_only_camera (words, first, end))
        add_reading (readings, copy_words_of (words, first, end), is_cut);
      if (max_cuts > 0)
        add_without_glued_number (readings, words, first, end);
      Part part = part_behind (words, end - 1);
      if (part == PART_NAME)
        break;
      least = MIN (least, part);
    }
    Part part = part_in_front (words, first);
    if (part == PART_NAME)
      break;
    least_in_front = MIN (least_in_front, part);
  }
}

GPtrArray *
reading_all (const char *stem, gboolean with_cuts)
{
  GPtrArray *readings = g_ptr_array_new_with_free_func (reading_free);
  g_autoptr (GPtrArray) plain = spelling_words (stem, FALSE);
  g_autoptr (GPtrArray) at_capitals = spelling_words (stem, TRUE);
  guint max_cuts = with_cuts ? MAX_CUTS : 0;
  add_readings (readings, plain, max_cuts);
  if (at_capitals->len > plain->len)
    add_readings (readings, at_capitals, max_cuts);
  return readings;
}

GPtrArray *
reading_without_numbers (const GPtrArray *words)
{
  guint first = 0, end = words->len;
  while (end > 1 && word_at (words, end - 1)->is_digits)
    end--;
  while (first + 1 < end && word_at (words, first)->is_digits)
    first++;
  Word *last = end > 0 ? spelling_without_digits (word_at (words, end - 1)) : NULL;
  if (last == NULL)
    return end - first < words->len ? copy_words_of (words, first, end) : NULL;
  GPtrArray *copy = copy_words_of (words, first, end - 1);
  g_ptr_array_add (copy, last);
  return copy;
}
