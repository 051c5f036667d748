/* Whom a file's name fits: an index of names by their skeletons, and what identifies a person by itself (match.h). */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "match/matcher.h"
#include "match/reading.h"

#define MAX_PARTS 3 /* of a name that may be written without spaces */

/* A way to write a person's name. */
typedef struct {
  guint person;
  GPtrArray *words;   /* of Word */
  gboolean is_joined; /* all words of the name as one */
  gboolean is_doubt;  /* the name without its number: whoever has another number may be meant */
} Form;

/* How well a name fits. */
typedef enum { FIT_NONE, FIT_PLAIN, FIT_SAME, FIT_EXACT } Fit;

static void
form_free (gpointer data)
{
  Form *self = data;
  g_ptr_array_unref (self->words);
  g_free (self);
}

static void
list_free (gpointer data)
{
  g_ptr_array_unref (data);
}

Matcher *
matcher_new (void)
{
  Matcher *self = g_new0 (Matcher, 1);
  self->people = g_ptr_array_new_with_free_func (person_free);
  self->forms = g_ptr_array_new_with_free_func (form_free);
  self->index = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, list_free);
  return self;
}

void
matcher_free (Matcher *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->index);
  g_ptr_array_unref (self->forms);
  g_ptr_array_unref (self->people);
  g_free (self);
}

/* ---- the index ---- */

static gint
compare_words (gconstpointer a, gconstpointer b)
{
  const Word *left = *(const Word *const *)a, *right = *(const Word *const *)b;
  int order = strcmp (left->skeleton, right->skeleton);
  return order != 0 ? order : strcmp (left->text, right->text);
}

char *
matcher_key (GPtrArray *words)
{
  GString *key = g_string_new (NULL);
  g_ptr_array_sort (words, compare_words);
  for (guint i = 0; i < words->len; i++)
    g_string_append_printf (key, "%s ", ((const Word *)g_ptr_array_index (words, i))->skeleton);
  return g_string_free (key, FALSE);
}

static gboolean
has_letters (const GPtrArray *words)
{
  for (guint i = 0; i < words->len; i++)
    if (!((const Word *)g_ptr_array_index (words, i))->is_digits)
      return TRUE;
  return FALSE;
}

/* form: copied; its words: taken */
static void
add_form (Matcher *self, Form source)
{
  GPtrArray *words = source.words;
  if (!has_letters (words)) {
    g_ptr_array_unref (words);
    return;
  }
  Form *form = g_new (Form, 1);
  *form = source;
  g_ptr_array_add (self->forms, form);
  g_autofree char *key = matcher_key (words);
  GPtrArray *there = g_hash_table_lookup (self->index, key);
  if (there == NULL) {
    there = g_ptr_array_new ();
    g_hash_table_insert (self->index, g_steal_pointer (&key), there);
  }
  g_ptr_array_add (there, form);
}

static gboolean
is_unspaced_name (const GPtrArray *words)
{
  for (guint i = 0; i < words->len; i++)
    if (!((const Word *)g_ptr_array_index (words, i))->is_unspaced)
      return FALSE;
  return words->len > 1 && words->len <= MAX_PARTS;
}

/* Of a part of a name: a syllable of Hangul is one. */
static glong
count_letters (const Word *word, gboolean *is_hangul)
{
  g_autofree char *composed = g_utf8_normalize (word->text, -1, G_NORMALIZE_NFC);
  *is_hangul = g_unichar_get_script (g_utf8_get_char (composed)) == G_UNICODE_SCRIPT_HANGUL;
  return g_utf8_strlen (composed, -1);
}

/* 田中 花子 may be written as one word: 田中花子. Other programs put the parts in the other order: 花子 田中. That order counts,
 * too, unless it brings a part of one letter to the end: there it may make another name. In Hangul such a part always
 * stands in front, as the name of a family: 이수 정 is 정이수, and 이수정 is 이 수정. Element: Word*, owned. */
static GPtrArray *
join_parts (const GPtrArray *words)
{
  GPtrArray *joined = g_ptr_array_new_with_free_func ((GDestroyNotify)word_free);
  if (!is_unspaced_name (words))
    return joined;
  gboolean is_hangul = FALSE;
  glong first = count_letters (g_ptr_array_index (words, 0), &is_hangul);
  glong second = count_letters (g_ptr_array_index (words, 1), &is_hangul);
  gboolean may_swap = words->len == 2 && first > 1;
  if (!(may_swap && second == 1 && is_hangul))
    g_ptr_array_add (joined, spelling_join (words));
  if (may_swap) {
    g_autoptr (GPtrArray) swapped = g_ptr_array_new ();
    g_ptr_array_add (swapped, g_ptr_array_index (words, 1));
    g_ptr_array_add (swapped, g_ptr_array_index (words, 0));
    g_ptr_array_add (joined, spelling_join (swapped));
  }
  return joined;
}

static GPtrArray *
list_of_one (Word *word)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)word_free);
  g_ptr_array_add (list, word);
  return list;
}

static void
add_name (Matcher *self, guint index, const Person *person)
{
  GPtrArray *words = spelling_words (person->name, FALSE);
  g_autoptr (GPtrArray) joined = join_parts (words);
  GPtrArray *without_number = reading_without_numbers (words);
  while (joined->len > 0)
    add_form (self, (Form){ index, list_of_one (g_ptr_array_steal_index (joined, 0)), .is_joined = TRUE });
  if (without_number != NULL)
    add_form (self, (Form){ index, without_number, .is_doubt = TRUE });
  add_form (self, (Form){ index, words });
}

void
matcher_add (Matcher *self, const MatchPerson *source)
{
  Person *person = person_new (source);
  g_ptr_array_add (self->people, person);
  /* an address that stands for a name is not to be read in any order of its parts */
  if (!person_is_address (person))
    add_name (self, self->people->len - 1, person);
}

/* ---- looking ---- */

typedef struct {
  Fit *fits;              /* by person */
  gboolean *doubts;       /* the person alone is not an answer */
  gboolean tells_letters; /* the file's name has letters that are no plain spelling of others */
  gboolean hides_letters; /* it is in capitals, which do not tell all letters */
  gboolean is_file;       /* what is sought is a file's name, not a person's */
} Found;

static void
note (Found *found, guint person, Fit fit, gboolean is_doubt)
{
  found->fits[person] = MAX (found->fits[person], fit);
  if (!is_doubt)
    found->doubts[person] = FALSE;
}

/* Both sorted. */
static Fit
compare_names (const GPtrArray *a, const GPtrArray *b)
{
  Fit fit = FIT_SAME;
  if (a->len != b->len)
    return FIT_NONE;
  for (guint i = 0; i < a->len; i++) {
    Spelling spelling = spelling_compare (g_ptr_array_index (a, i), g_ptr_array_index (b, i));
    if (spelling == SPELLING_OTHER)
      return FIT_NONE;
    if (spelling == SPELLING_PLAIN)
      fit = FIT_PLAIN;
  }
  return fit;
}

/* Words that were joined are not compared with a name that was: 이수 정 and 이 수정 are two names. */
static gboolean
may_mean (const Form *form, gboolean is_cut, gboolean is_joined)
{
  return !(form->is_doubt && !is_cut) && !(form->is_joined && is_joined);
}

static void
look_up (const Matcher *self, GPtrArray *words, gboolean is_cut, gboolean is_joined, Found *found)
{
  g_autofree char *key = matcher_key (words);
  const GPtrArray *forms = g_hash_table_lookup (self->index, key);
  for (guint i = 0; forms != NULL && i < forms->len; i++) {
    const Form *form = g_ptr_array_index (forms, i);
    Fit fit = may_mean (form, is_cut, is_joined) ? compare_names (words, form->words) : FIT_NONE;
    if (fit != FIT_NONE)
      note (found, form->person, fit, form->is_doubt);
  }
  for (guint i = 0; i < words->len; i++) {
    const Word *word = g_ptr_array_index (words, i);
    found->tells_letters = found->tells_letters || word->is_marked;
    found->hides_letters = found->hides_letters || word->hides_letters;
  }
}

static void
find_by_name (const Matcher *self, const char *stem, Found *found)
{
  g_autofree char *composed = person_compose (stem);
  g_autoptr (GPtrArray) readings = reading_all (stem, found->is_file);
  for (guint i = 0; i < readings->len; i++) {
    const Reading *reading = g_ptr_array_index (readings, i);
    g_autoptr (GPtrArray) joined = join_parts (reading->words);
    look_up (self, reading->words, reading->is_cut, FALSE, found);
    while (joined->len > 0) {
      g_autoptr (GPtrArray) one = list_of_one (g_ptr_array_steal_index (joined, 0));
      look_up (self, one, reading->is_cut, TRUE, found);
    }
  }
  found->tells_letters = found->tells_letters && !found->hides_letters;
  for (guint i = 0; i < self->people->len; i++) {
    const Person *person = g_ptr_array_index (self->people, i);
    if (strcmp (composed, person->folder) == 0 || strcmp (composed, person->name) == 0) {
      note (found, i, FIT_EXACT, FALSE);
      found->tells_letters = TRUE;
    }
  }
}

/* Where the letters tell, who fits by another spelling only is not meant. */
static GArray *
people_found (const Matcher *self, const Found *found)
{
  GArray *people = g_array_new (FALSE, FALSE, sizeof (guint));
  Fit least = FIT_PLAIN;
  gboolean is_sure = FALSE;
  Fit most = found->is_file ? FIT_SAME : FIT_EXACT;
  for (guint i = 0; i < self->people->len && found->tells_letters; i++)
    least = MAX (least, MIN (found->fits[i], most));
  for (guint i = 0; i < self->people->len; i++)
    if (found->fits[i] >= least) {
      g_array_append_val (people, i);
      is_sure = is_sure || !found->doubts[i];
    }
  if (!is_sure)
    g_array_set_size (people, 0);
  return people;
}

static GArray *
names_fitted_by (const Matcher *self, const char *stem, gboolean is_file)
{
  g_autofree Fit *fits = g_new0 (Fit, self->people->len + 1);
  g_autofree gboolean *doubts = g_new0 (gboolean, self->people->len + 1);
  for (guint i = 0; i < self->people->len; i++)
    doubts[i] = TRUE;
  Found found = { .fits = fits, .doubts = doubts, .is_file = is_file };
  find_by_name (self, stem, &found);
  return people_found (self, &found);
}

static gboolean
is_in (const GArray *people, guint person)
{
  for (guint i = 0; i < people->len; i++)
    if (g_array_index (people, guint, i) == person)
      return TRUE;
  return FALSE;
}

/* Who is in both; if nobody is, who is in one of them: then two things that the file's name says are of two people. */
static GArray *
combine (const GArray *a, const GArray *b, guint count)
{
  GArray *both = g_array_new (FALSE, FALSE, sizeof (guint));
  GArray *either = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < count; i++) {
    if (is_in (a, i) && is_in (b, i))
      g_array_append_val (both, i);
    if (is_in (a, i) || is_in (b, i))
      g_array_append_val (either, i);
  }
  GArray *kept = both->len > 0 ? both : either;
  g_array_unref (kept == both ? either : both);
  return kept;
}

static gboolean
is_word_of (const Person *person, const Word *word)
{
  for (guint i = 0; i < person->words->len; i++)
    if (spelling_compare (word, g_ptr_array_index (person->words, i)) != SPELLING_OTHER)
      return TRUE;
  return FALSE;
}

/* Whether a word that stands beside somebody's address or id may be another's name: it is no part of theirs. */
static gboolean
names_another (const Matcher *self, const GArray *identified, const char *rest)
{
  g_autoptr (GPtrArray) words = spelling_words (rest, FALSE);
  for (guint i = 0; i < words->len; i++)
    for (guint j = 0; j < identified->len; j++) {
      const Person *person = g_ptr_array_index (self->people, g_array_index (identified, guint, j));
      const Word *word = g_ptr_array_index (words, i);
      if (!reading_is_added (word) && !is_word_of (person, word))
        return TRUE;
    }
  return FALSE;
}

static GArray *
find_anywhere (const Matcher *self, const char *stem, gboolean is_file)
{
  g_autofree char *rest = NULL;
  g_autoptr (GArray) identified = person_identify (self->people, stem, &rest);
  g_autoptr (GArray) named = names_fitted_by (self, rest != NULL ? rest : stem, is_file);
  if (identified == NULL)
    return g_steal_pointer (&named);
  if (identified->len == 0 && rest != NULL) /* an address of somebody who is not here */
    return g_steal_pointer (&identified);
  if (!is_file && named->len == 0 && rest != NULL && person_has_words (rest)) /* "not uwe@example.com" */
    return g_steal_pointer (&named);
  if (is_file && named->len == 0 && rest != NULL && names_another (self, identified, rest)) /* Ben & anna@example.com */
    return g_steal_pointer (&named);
  return combine (identified, named, self->people->len);
}

GArray *
matcher_find (const Matcher *self, const char *file_name)
{
  g_autofree char *stem = reading_stem (file_name);
  g_autoptr (GArray) found = find_anywhere (self, stem, TRUE);
  g_autoptr (GArray) numbered = found->len == 1 ? person_find_numbers (self->people, stem) : NULL;
  /* somebody else's number: then the file's name says two things */
  return numbered != NULL ? combine (found, numbered, self->people->len) : g_steal_pointer (&found);
}

GArray *
matcher_find_name (const Matcher *self, const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  return find_anywhere (self, valid, FALSE);
}
