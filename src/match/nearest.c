/* Whose names are most like a file's: suggestions. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "match/matcher.h"
#include "match/reading.h"

typedef struct {
  guint person;
  guint shared;   /* words that both have */
  guint distance; /* changes from one to the other */
} Nearness;

/* Levenshtein's, of letters. */
static guint
distance_of (const gunichar *a, glong a_length, const gunichar *b, glong b_length)
{
  g_autofree guint *row = g_new0 (guint, (gsize)b_length + 1);
  for (glong j = 0; j <= b_length; j++)
    row[j] = (guint)j;
  for (glong i = 1; i <= a_length; i++) {
    guint diagonal = row[0];
    row[0] = (guint)i;
    for (glong j = 1; j <= b_length; j++) {
      guint changed = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
      diagonal = row[j];
      row[j] = MIN (changed, MIN (row[j], row[j - 1]) + 1);
    }
  }
  return row[b_length];
}

static gint
compare_nearness (gconstpointer a, gconstpointer b)
{
  const Nearness *left = a, *right = b;
  if (left->shared != right->shared)
    return left->shared > right->shared ? -1 : 1;
  if (left->distance != right->distance)
    return left->distance < right->distance ? -1 : 1;
  return left->person < right->person ? -1 : 1;
}

static guint
count_shared (const GPtrArray *a, const GPtrArray *b)
{
  guint count = 0;
  for (guint i = 0; i < a->len; i++)
    for (guint j = 0; j < b->len; j++) {
      const Word *word = g_ptr_array_index (a, i), *other = g_ptr_array_index (b, j);
      if (!word->is_digits && strcmp (word->skeleton, other->skeleton) == 0) {
        count++;
        break;
      }
    }
  return count;
}

gunichar *
matcher_letters (GPtrArray *words, glong *length)
{
  g_autofree char *key = matcher_key (words);
  return g_utf8_to_ucs4_fast (key, -1, length);
}

/* Whether the distance need not be known: it is at least the difference of the lengths. */
static gboolean
is_too_far (const Nearness *nearness, const Nearness *last, glong length, glong other)
{
  if (nearness->shared != last->shared)
    return nearness->shared < last->shared;
  return (guint)ABS (length - other) > last->distance;
}

GArray *
matcher_nearest (const Matcher *self, const char *file_name, guint max)
{
  g_autofree char *stem = reading_stem (file_name);
  g_autoptr (GPtrArray) words = spelling_words (stem, FALSE);
  g_autoptr (GArray) best = g_array_new (FALSE, FALSE, sizeof (Nearness)); /* at most max, the nearest first */
  glong length;
  g_autofree gunichar *letters = matcher_letters (words, &length);
  for (guint i = 0; i < self->people->len && max > 0; i++) {
    const Person *person = g_ptr_array_index (self->people, i);
    Nearness nearness = { .person = i, .shared = count_shared (words, person->words) };
    if (best->len == max && is_too_far (&nearness, &g_array_index (best, Nearness, max - 1), length, person->length))
      continue;
    nearness.distance = distance_of (letters, length, person->letters, person->length);
    g_array_append_val (best, nearness);
    g_array_sort (best, compare_nearness);
    if (best->len > max)
      g_array_set_size (best, max);
  }
  GArray *nearest = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < best->len; i++)
    g_array_append_val (nearest, g_array_index (best, Nearness, i).person);
  return nearest;
}
