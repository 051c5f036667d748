/* Any text as a person: the name is always a legal, stable file name. Fields of the input are divided by line feeds. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "book/names.h"
#include "net/text.h"

#include "fuzz.h"

static void
assert_legal (const char *name)
{
  g_autofree char *composed = g_utf8_normalize (name, -1, G_NORMALIZE_NFC);

  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_assert_cmpstr (name, ==, composed);
  g_assert_true (*name && *name != '.' && !strchr (name, '/'));
  g_assert_cmpuint (strlen (name), <=, BOOK_NAME_MAX);
  for (const char *p = name; *p; p = g_utf8_next_char (p))
    g_assert_false (g_unichar_iscntrl (g_utf8_get_char (p)) || text_is_invisible (g_utf8_get_char (p)));
}

typedef struct {
  guint refusals; /* how many names are "taken" before one is free */
  GHashTable *asked;
} Others;

static gboolean
taken (const char *name, gpointer data)
{
  Others *others = data;

  assert_legal (name);
  g_hash_table_add (others->asked, g_strdup (name));
  return others->refusals > 0 && others->refusals-- > 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_auto (GStrv) fields = g_strsplit (text, "\n", 5);
  guint count = g_strv_length (fields);
  PeoplePerson person = { .resource_name = (char *)"people/c1" };
  g_autoptr (GHashTable) asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Others others = { .refusals = size > 0 ? data[size - 1] % 8 : 0, .asked = asked };
  g_autofree char *base = NULL, *name = NULL, *again = NULL;

  person.display_name = count > 0 ? fields[0] : NULL;
  person.email = count > 1 ? fields[1] : NULL;
  person.phone = count > 2 ? fields[2] : NULL;
  person.organization = count > 3 ? fields[3] : NULL;
  if (count > 4 && *fields[4])
    person.resource_name = fields[4];

  base = book_name_base (&person);
  assert_legal (base);
  again = book_name_sanitize (base, BOOK_NAME_MAX);
  g_assert_cmpstr (again, ==, base);
  name = book_name_choose (&person, taken, &others);
  assert_legal (name);
  g_assert_true (g_hash_table_contains (asked, name) && others.refusals == 0);
  return 0;
}
