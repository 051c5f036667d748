/* Directory names for people: text made fit for a file name, and a free one for each person. Pure. */
#define G_LOG_DOMAIN "contactfs"

#include "book/names.h"

#include <string.h>

#include "net/text.h"

#define JOINER     0x200d /* ZERO WIDTH JOINER: glues emoji (and letters of some scripts) into one */
#define BLACK_FLAG 0x1f3f4

static gboolean
is_flag_half (gunichar c) /* a regional indicator; two of them make a flag */
{
  return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* A character that belongs to the one before it: combining marks (variation selectors are marks too), the joiner, skin
 * tones, the tags of sub-national flags. */
static gboolean
is_trailer (gunichar c)
{
  return g_unichar_ismark (c) || c == JOINER || (c >= 0x1f3fb && c <= 0x1f3ff) || (c >= 0xe0020 && c <= 0xe007f);
}

/* The length in bytes of the longest prefix of text that has at most max bytes and does not split what is seen as one
 * character. If the very first one is longer than that, it is split between code points after all: a name must not
 * become empty. */
static gsize
prefix_length (const char *text, gsize max)
{
  gsize seen = 0, whole = 0; /* the last boundaries between code points and between characters */
  gunichar before = 0;
  guint flag_halves = 0; /* directly before p */

  for (const char *p = text;; p = g_utf8_next_char (p)) {
    gunichar c = *p ? g_utf8_get_char (p) : 0;

    if ((gsize)(p - text) > max)
      break;
    seen = (gsize)(p - text);
    if (!c || (!is_trailer (c) && before != JOINER && !(is_flag_half (c) && flag_halves % 2 == 1)))
      whole = seen;
    if (!c)
      break;
    flag_halves = is_flag_half (c) ? flag_halves + 1 : 0;
    before = c;
  }
  return whole > 0 ? whole : seen;
}

/* What a name is read from: more than enough for the longest, also where several code points become one. */
#define MAX_TEXT (4 * BOOK_NAME_MAX)

/* Unicode's Stream-Safe Text (UAX 15): to put marks in their order takes time by the square of their number. */
#define MAX_MARKS 30

static char *
take_beginning (const char *text)
{
  gsize length = strnlen (text, MAX_TEXT + 1);
  g_autofree char *valid = NULL;
  GString *taken = g_string_new (NULL);
  guint marks = 0;

  if (length > MAX_TEXT) {
    const char *end = g_utf8_find_prev_char (text, text + length);

    length = end != NULL ? (gsize)(end - text) : MAX_TEXT;
  }
  valid = g_utf8_make_valid (text, (gssize)length);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    marks = g_unichar_ismark (c) || g_unichar_combining_class (c) != 0 ? marks + 1 : 0;
    if (marks <= MAX_MARKS)
      g_string_append_unichar (taken, c);
  }
  return g_string_free (taken, FALSE);
}

/* Subdivisions have flags of tags behind a black one; anywhere else tags are not seen. */
static gboolean
is_hidden_tag (gunichar c, gunichar before)
{
  return c >= 0xe0020 && c <= 0xe007f && before != BLACK_FLAG && !(before >= 0xe0020 && before <= 0xe007f);
}

static gboolean
is_blank (const char *text)
{
  for (; *text; text = g_utf8_next_char (text))
    if (!g_unichar_isspace (g_utf8_get_char (text)) && !text_is_invisible (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

char *
book_name_sanitize (const char *text, gsize max)
{
  g_autofree char *beginning = NULL, *composed = NULL;
  g_autoptr (GString) name = NULL;
  gunichar before = 0; /* as it came into the name */

  if (!text)
    return NULL;
  beginning = take_beginning (text);
  composed = g_utf8_normalize (beginning, -1, G_NORMALIZE_NFC);
  if (is_blank (composed))
    return NULL;

  name = g_string_new (NULL);
  for (const char *p = composed; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (c == '/' || g_unichar_iscntrl (c) || text_is_invisible (c) || is_hidden_tag (c, before)
        || (c == '.' && p == composed))
      c = '_';
    g_string_append_unichar (name, c);
    before = c;
  }
  g_string_truncate (name, prefix_length (name->str, max));
  if (is_blank (name->str)) /* what was seen of it was behind the cut */
    return NULL;
  return g_string_free (g_steal_pointer (&name), FALSE);
}

static const char *
person_id (const PeoplePerson *person)
{
  const char *slash = strrchr (person->resource_name, '/');

  return slash && slash[1] ? slash + 1 : person->resource_name;
}

char *
book_name_base (const PeoplePerson *person)
{
  const char *const candidates[]
      = { person->display_name, person->email, person->phone, person->organization, person_id (person) };

  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++) {
    char *name = book_name_sanitize (candidates[i], BOOK_NAME_MAX);

    if (name)
      return name;
  }
  return g_strdup ("_"); /* not even an id: cannot come from the service */
}

/* "base (inner)" or, from n = 2 on, "base (inner) n". inner leaves at least a dozen bytes to the base, which is cut to
 * fit. */
static char *
with_suffix (const char *base, const char *inner, guint n)
{
  g_autofree char *clean = book_name_sanitize (inner, 220), *suffix = NULL;
  gsize kept;

  suffix
      = n < 2 ? g_strdup_printf (" (%s)", clean ? clean : "_") : g_strdup_printf (" (%s) %u", clean ? clean : "_", n);
  kept = prefix_length (base, BOOK_NAME_MAX - strlen (suffix));
  return g_strdup_printf ("%.*s%s", (int)kept, base, suffix);
}

static gboolean
says_something (const char *text)
{
  g_autofree char *name = book_name_sanitize (text, BOOK_NAME_MAX);

  return name != NULL;
}

char *
book_name_unique (const char *name, const char *base, const char *id, BookNameTaken taken, gpointer data)
{
  char *unique = g_strdup (name);

  for (guint n = 1; taken (unique, data); n++) {
    g_free (unique);
    unique = with_suffix (base, id, n);
  }
  return unique;
}

char *
book_name_choose (const PeoplePerson *person, BookNameTaken taken, gpointer data)
{
  g_autofree char *base = book_name_base (person), *name = g_strdup (base);

  if (taken (name, data) && says_something (person->email)) {
    g_free (name);
    name = with_suffix (base, person->email, 1);
  }
  return book_name_unique (name, base, person_id (person), taken, data);
}
