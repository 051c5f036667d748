/* Words, letters, and when two are the same (spelling.h). */
#define G_LOG_DOMAIN "contactfs"

#include "match/spelling.h"

#include <string.h>

#include "net/text.h"

#define MAX_MARKS 4 /* of a letter that are told apart */

/* In place of ß, which case folding would make ss: Strauß and Strauss may be two people. A private character. */
#define SHARP_S        "\ue0df"
#define SHARP_S_LETTER 0xe0df

typedef struct {
  gunichar base;
  gunichar marks[MAX_MARKS]; /* 0: no more */
  gunichar plain[2][3];      /* how it is written without marks, each ended by 0; nothing: only as it is */
} Letter;

/* Letters that Unicode does not take apart, and those that have two plain forms. mark 0: none. */
static const struct {
  gunichar base, mark;
  const char *plain[2];
} plain_letters[] = {
  { 'a', 0x308, { "a", "ae" } },   { 'o', 0x308, { "o", "oe" } },
  { 'u', 0x308, { "u", "ue" } },   { 'a', 0x30a, { "a", "aa" } },
  { 0xf8, 0, { "o", "oe" } },      { 0xe6, 0, { "ae", NULL } },
  { 0x153, 0, { "oe", NULL } },    { 0x142, 0, { "l", NULL } },
  { 0x111, 0, { "d", "dj" } },     { 0xf0, 0, { "d", NULL } },
  { 0xfe, 0, { "th", NULL } },     { 0x131, 0, { "i", NULL } },
  { 0x127, 0, { "h", NULL } },     { 0x14b, 0, { "ng", NULL } },
  { 0x167, 0, { "t", NULL } },     { SHARP_S_LETTER, 0, { "ss", NULL } },
  { 0x435, 0x308, { "е", NULL } }, /* Cyrillic ё */
};

static void
set_plain (gunichar *into, const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    *into++ = g_utf8_get_char (text);
}

static gboolean
may_lose_marks (gunichar base)
{
  GUnicodeScript script = g_unichar_get_script (base);
  return script == G_UNICODE_SCRIPT_LATIN || script == G_UNICODE_SCRIPT_GREEK;
}

/* Vowels and the like of Hebrew and Arabic, which are mostly not written. Not the hamza. */
static gboolean
is_vowel_mark (gunichar mark)
{
  return (mark >= 0x5b0 && mark <= 0x5bd) || mark == 0x5bf || mark == 0x5c1 || mark == 0x5c2 || mark == 0x5c7
         || (mark >= 0x64b && mark <= 0x652) || mark == 0x670;
}

static gboolean
has_only_vowel_marks (const Letter *letter)
{
  for (gsize i = 0; i < MAX_MARKS && letter->marks[i] != 0; i++)
    if (!is_vowel_mark (letter->marks[i]))
      return FALSE;
  return TRUE;
}

static void
find_plain (Letter *letter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (plain_letters); i++)
    if (plain_letters[i].base == letter->base && plain_letters[i].mark == letter->marks[0] && letter->marks[1] == 0) {
      for (gsize j = 0; j < 2 && plain_letters[i].plain[j] != NULL; j++)
        set_plain (letter->plain[j], plain_letters[i].plain[j]);
      return;
    }
  if (letter->marks[0] == 0 || !(may_lose_marks (letter->base) || has_only_vowel_marks (letter)))
    return;
  letter->plain[0][0] = letter->base;
  for (gsize i = 0; i < G_N_ELEMENTS (plain_letters); i++) /* ǿ */
    if (plain_letters[i].base == letter->base && plain_letters[i].mark == 0)
      set_plain (letter->plain[0], plain_letters[i].plain[0]);
}

static gboolean
is_plain (const Letter *letter)
{
  return letter->marks[0] == 0 && letter->plain[0][0] == 0;
}

static gboolean
is_unspaced (gunichar c)
{
  switch (g_unichar_get_script (c)) {
  case G_UNICODE_SCRIPT_HAN:
  case G_UNICODE_SCRIPT_HIRAGANA:
  case G_UNICODE_SCRIPT_KATAKANA:
  case G_UNICODE_SCRIPT_HANGUL:
  case G_UNICODE_SCRIPT_THAI:
  case G_UNICODE_SCRIPT_LAO:
  case G_UNICODE_SCRIPT_KHMER:
  case G_UNICODE_SCRIPT_MYANMAR:
    return TRUE;
  default:
    return FALSE;
  }
}

static GArray *
take_letters (const char *text)
{
  const gunichar comma_below = 0x326, cedilla = 0x327; /* older programs write Romanian ș with the latter */
  GArray *letters = g_array_new (FALSE, FALSE, sizeof (Letter));
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (g_unichar_combining_class (c) == 0 || letters->len == 0) {
      g_array_append_val (letters, ((Letter){ .base = c }));
      continue;
    }
    Letter *last = &g_array_index (letters, Letter, letters->len - 1);
    gsize count = 0;
    while (count < MAX_MARKS && last->marks[count] != 0)
      count++;
    if (count < MAX_MARKS)
      last->marks[count] = c == comma_below ? cedilla : c;
    else
      g_array_append_val (letters, ((Letter){ .base = c }));
  }
  for (guint i = 0; i < letters->len; i++)
    find_plain (&g_array_index (letters, Letter, i));
  return letters;
}

/* Leaves out the second of two letters that may stand for one: ae, oe, ue, aa, dj. */
static void
append_to_skeleton (GString *skeleton, gunichar c)
{
  char last = skeleton->len > 0 ? skeleton->str[skeleton->len - 1] : '\0';
  gboolean second = (c == 'e' && (last == 'a' || last == 'o' || last == 'u')) || (c == 'a' && last == 'a')
                    || (c == 'j' && last == 'd');
  if (!second)
    g_string_append_unichar (skeleton, c);
}

static char *
make_skeleton (const GArray *letters)
{
  GString *skeleton = g_string_new (NULL);
  for (guint i = 0; i < letters->len; i++) {
    const Letter *letter = &g_array_index (letters, Letter, i);
    if (letter->plain[0][0] != 0) {
      for (const gunichar *c = letter->plain[0]; *c != 0; c++)
        append_to_skeleton (skeleton, *c);
      continue;
    }
    append_to_skeleton (skeleton, letter->base);
    for (gsize j = 0; j < MAX_MARKS && letter->marks[j] != 0; j++)
      g_string_append_unichar (skeleton, letter->marks[j]);
  }
  return g_string_free (skeleton, FALSE);
}

/* text: NFKD, case folded; taken */
static Word *
word_new (char *text)
{
  Word *self = g_new0 (Word, 1);
  self->text = text;
  self->letters = take_letters (text);
  self->skeleton = make_skeleton (self->letters);
  self->is_digits = TRUE;
  self->is_unspaced = TRUE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    self->is_digits = self->is_digits && g_unichar_isdigit (c);
    self->is_unspaced = self->is_unspaced && (is_unspaced (c) || g_unichar_ismark (c) || c == 0x30fc);
  }
  for (guint i = 0; i < self->letters->len; i++) /* not й: plain writing has it, too */
    self->is_marked = self->is_marked || g_array_index (self->letters, Letter, i).plain[0][0] != 0;
  return self;
}

void
word_free (Word *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->skeleton);
  g_array_unref (self->letters);
  g_free (self);
}

static char *
fold (const char *text)
{
  g_autofree char *composed = g_utf8_normalize (text, -1, G_NORMALIZE_NFKC);
  g_autoptr (GString) kept = g_string_new (composed);
  g_string_replace (kept, "ß", SHARP_S, 0);
  g_string_replace (kept, "ẞ", SHARP_S, 0);
  g_autofree char *folded = g_utf8_casefold (kept->str, -1);
  return g_utf8_normalize (folded, -1, G_NORMALIZE_NFKD);
}

static gboolean
is_apostrophe (gunichar c)
{
  const gunichar geresh = 0x5f3; /* Hebrew; ' stands for it */
  return c == '\'' || c == '`' || c == 0xb4 || (c >= 0x2018 && c <= 0x201b) || (c >= 0x2b9 && c <= 0x2bf) || c == 0x2032
         || c == geresh;
}

static gboolean
is_left_out (gunichar c)
{
  const gunichar tatweel = 0x640, non_joiner = 0x200c, joiner = 0x200d;
  return is_apostrophe (c) || c == tatweel || c == non_joiner || c == joiner || text_is_invisible (c);
}

/* In capitals ß is SS, and both i and ı are I. */
static gboolean
hides_letters (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_islower (g_utf8_get_char (p)))
      return FALSE;
  return strstr (text, "SS") != NULL || strchr (text, 'I') != NULL;
}

static void
end_word (GPtrArray *words, GString *open, gboolean in_brackets)
{
  if (open->len == 0)
    return;
  Word *word = word_new (fold (open->str));
  word->hides_letters = hides_letters (open->str);
  word->in_brackets = in_brackets;
  g_ptr_array_add (words, word);
  g_string_truncate (open, 0);
}

/* Tom & Anna are not Tom Anna. A plus in front of a digit belongs to a telephone number. */
static gboolean
is_and (const char *p)
{
  gunichar c = g_utf8_get_char (p);
  gboolean is_plus = c == '+' || c == 0xff0b;
  return c == '&' || c == 0xff06 || (is_plus && !g_unichar_isdigit (g_utf8_get_char (g_utf8_next_char (p))));
}

GPtrArray *
spelling_words (const char *text, gboolean at_capitals)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *composed = g_utf8_normalize (valid, -1, G_NORMALIZE_NFC);
  GPtrArray *words = g_ptr_array_new_with_free_func ((GDestroyNotify)word_free);
  g_autoptr (GString) open = g_string_new (NULL);
  const gunichar damage = 0xfffd; /* in place of what is not UTF-8: a letter that is nobody's */
  gboolean in_brackets = FALSE, small = FALSE;

  for (const char *p = composed; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);
    if (is_left_out (c))
      continue;
    if (g_unichar_isalnum (c) || c == damage || (g_unichar_ismark (c) && open->len > 0)) {
      if (at_capitals && small && g_unichar_isupper (c))
        end_word (words, open, in_brackets);
      g_string_append_unichar (open, c);
      small = g_unichar_ismark (c) ? small : g_unichar_islower (c);
      continue;
    }
    end_word (words, open, in_brackets);
    small = FALSE;
    if (is_and (p)) {
      g_string_append_unichar (open, c);
      end_word (words, open, in_brackets);
    }
    if (c == '(' || c == '[' || c == 0xff08)
      in_brackets = TRUE;
    else if (c == ')' || c == ']' || c == 0xff09)
      in_brackets = FALSE;
  }
  end_word (words, open, in_brackets);
  return words;
}

Word *
spelling_join (const GPtrArray *words)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < words->len; i++)
    g_string_append (text, ((const Word *)g_ptr_array_index (words, i))->text);
  return word_new (g_string_free (text, FALSE));
}

Word *
spelling_without_digits (const Word *word)
{
  const char *end = word->text + strlen (word->text);
  while (end > word->text && g_unichar_isdigit (g_utf8_get_char (g_utf8_prev_char (end))))
    end = g_utf8_prev_char (end);
  if (end == word->text || *end == '\0')
    return NULL;
  return word_new (g_strndup (word->text, (gsize)(end - word->text)));
}

static gboolean
is_same_letter (const Letter *a, const Letter *b)
{
  return a->base == b->base && memcmp (a->marks, b->marks, sizeof a->marks) == 0;
}

/* How many letters of word from at on write letter plainly in one of its ways; 0: they do not. */
static guint
count_plain (const gunichar *plain, const GArray *letters, guint at)
{
  guint count = 0;
  for (; plain[count] != 0; count++) {
    if (at + count >= letters->len)
      return 0;
    const Letter *other = &g_array_index (letters, Letter, at + count);
    if (!is_plain (other) || other->base != plain[count])
      return 0;
  }
  return count;
}

/* By dynamic programming: row i, column j of reached says that the first i letters of a can be the first j of b. */
static gboolean
is_plain_spelling (const GArray *a, const GArray *b)
{
  guint width = b->len + 1;
  g_autofree gboolean *reached = g_new0 (gboolean, (gsize)(a->len + 1) * width);
  reached[0] = TRUE;
  for (guint i = 0; i <= a->len; i++)
    for (guint j = 0; j <= b->len; j++) {
      if (!reached[i * width + j] || i == a->len || j == b->len)
        continue;
      const Letter *left = &g_array_index (a, Letter, i), *right = &g_array_index (b, Letter, j);
      if (is_same_letter (left, right))
        reached[(i + 1) * width + j + 1] = TRUE;
      for (gsize way = 0; way < 2; way++) {
        guint count = count_plain (left->plain[way], b, j);
        if (count > 0)
          reached[(i + 1) * width + j + count] = TRUE;
        count = count_plain (right->plain[way], a, i);
        if (count > 0)
          reached[(i + count) * width + j + 1] = TRUE;
      }
    }
  return reached[a->len * width + b->len];
}

Spelling
spelling_compare (const Word *a, const Word *b)
{
  if (strcmp (a->text, b->text) == 0)
    return SPELLING_SAME;
  if (strcmp (a->skeleton, b->skeleton) != 0 || !is_plain_spelling (a->letters, b->letters))
    return SPELLING_OTHER;
  return SPELLING_PLAIN;
}
