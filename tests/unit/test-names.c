/* Directory names: what text becomes, where it is cut, and who is called what when names collide. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "book/names.h"

#define ENGLAND "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

static void
test_sanitize (void)
{
  static const struct {
    const char *text, *name;
  } cases[] = {
    { "Alice Smith", "Alice Smith" },
    { NULL, NULL },
    { "", NULL },
    { " \t\n", NULL },
    { "\xc2\xa0\xe3\x80\x80", NULL }, /* no-break and ideographic spaces */
    { " Alice ", " Alice " },
    { "AC/DC", "AC_DC" },
    { "/", "_" },
    { "a\nb\tc\x7f", "a_b_c_" },
    { "a\xc2\x85"
      "b",
      "a_b" }, /* NEXT LINE, a C1 control */
    { "a\xe2\x80\xa8"
      "b",
      "a_b" }, /* LINE SEPARATOR */
    { "a\u2029b", "a_b" },
    { "Alice\u202egpj", "Alice_gpj" },  /* what follows would be shown backwards */
    { "\u2066Alice\u2069", "_Alice_" }, /* isolates */
    { "Al\u200bice", "Al_ice" },        /* zero-width space */
    { "Al\u2060ice\ufeff", "Al_ice_" }, /* word joiner, byte order mark */
    { "Al\u00adice", "Al_ice" },        /* soft hyphen */
    { "Al\u034fice", "Al_ice" },        /* combining grapheme joiner */
    { "\u3164 \u200b", NULL },          /* a letter that shows nothing */
    { "\u06dd12", "\u06dd12" },         /* a format character that is seen: END OF AYAH */
    { "\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648" }, /* Persian needs the non-joiner */
    { ENGLAND, ENGLAND },
    { "Alice\U000e0067\U000e007f", "Alice__" }, /* tags that belong to no flag */
    { "\x01", "_" },
    { ".", "_" },
    { "..", "_." },
    { "...", "_.." },
    { ".hidden", "_hidden" },
    { "J. R. R.", "J. R. R." },
    { " .x", " .x" },
    { "Ame\xcc\x81lie", "Am\xc3\xa9lie" },                      /* NFD to NFC */
    { "\xe2\x84\xab", "\xc3\x85" },                             /* ANGSTROM SIGN to Å */
    { "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c" }, /* Hangul by letters to a syllable */
    { "a\xff"
      "b",
      "a\xef\xbf\xbd"
      "b" },
    { "\xc3", "\xef\xbf\xbd" },
    { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* half a surrogate pair */
    { "/\xcc\x81", "_\xcc\x81" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = book_name_sanitize (cases[i].text, BOOK_NAME_MAX), *again = NULL;

    g_assert_cmpstr (name, ==, cases[i].name);
    again = book_name_sanitize (name, BOOK_NAME_MAX);
    g_assert_cmpstr (again, ==, name);
  }
}

#define FAMILY "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7" /* woman, joiner, girl */
#define WAVE   "\xf0\x9f\x91\x8b\xf0\x9f\x8f\xbd"             /* hand, skin tone */
#define HEART  "\xe2\x9d\xa4\xef\xb8\x8f"                     /* heart, variation selector */
#define FRANCE "\xf0\x9f\x87\xab\xf0\x9f\x87\xb7"
#define JAPAN  "\xf0\x9f\x87\xaf\xf0\x9f\x87\xb5"

static void
test_cut (void)
{
  static const struct {
    const char *text;
    gsize max;
    const char *name;
  } cases[] = {
    { "abcdef", 6, "abcdef" },
    { "abcdef", 5, "abcde" },
    { "a\xc3\xa9z", 2, "a" },
    { "a\xc3\xa9z", 3, "a\xc3\xa9" },
    { "ax\xcc\x84z", 4, "ax\xcc\x84" }, /* x with a macron, which has no code point of its own */
    { "ax\xcc\x84z", 3, "a" },
    { "ax\xcc\x84z", 2, "a" },
    { "ax\xcc\x84\xcc\x95z", 5, "a" },
    { "a" FAMILY, 12, "a" FAMILY },
    { "a" FAMILY, 11, "a" },
    { "a" FAMILY, 8, "a" },
    { "a" FAMILY, 5, "a" },
    { "a" WAVE, 9, "a" WAVE },
    { "a" WAVE, 8, "a" },
    { "a" WAVE, 5, "a" },
    { "a" HEART, 7, "a" HEART },
    { "a" HEART, 4, "a" },
    { "a" FRANCE JAPAN, 17, "a" FRANCE JAPAN },
    { "a" FRANCE JAPAN, 16, "a" FRANCE },
    { "a" FRANCE JAPAN, 13, "a" FRANCE },
    { "a" FRANCE JAPAN, 9, "a" FRANCE },
    { "a" FRANCE JAPAN, 5, "a" },
    { "ab\xe2\x80\x8d", 9, "ab\xe2\x80\x8d" }, /* nothing to join */
    { "   a", 3, NULL },
    { "x\xcc\x84\xcc\x84\xcc\x84", 5, "x\xcc\x84\xcc\x84" }, /* a single character, longer than max */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *name = book_name_sanitize (cases[i].text, cases[i].max);

    g_test_message ("case %zu", i);
    g_assert_cmpstr (name, ==, cases[i].name);
  }
}

static void
test_longest (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (int i = 0; i < 200; i++)
    g_string_append (text, "\xe6\xbc\xa2");
  for (gsize max = 3; max <= BOOK_NAME_MAX; max++) {
    g_autofree char *name = book_name_sanitize (text->str, max);

    g_assert_true (g_utf8_validate (name, -1, NULL));
    g_assert_cmpuint (strlen (name), ==, max - max % 3);
  }
}

/* Two that differ only in what nobody sees have one name, or another that is seen. */
static void
test_no_twins (void)
{
  static const gunichar invisible[]
      = { 0xad,   0x34f,  0x61c,  0x115f, 0x17b4, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028,  0x2029,  0x202a, 0x202e,
          0x2060, 0x2064, 0x2066, 0x2069, 0x206f, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0x1d173, 0xe0001, 0xe0041 };

  for (gsize i = 0; i < G_N_ELEMENTS (invisible); i++) {
    g_autoptr (GString) text = g_string_new ("Al");
    g_autofree char *name = NULL;

    g_string_append_unichar (text, invisible[i]);
    g_string_append (text, "ice");
    name = book_name_sanitize (text->str, BOOK_NAME_MAX);
    g_test_message ("U+%04X", invisible[i]);
    g_assert_cmpstr (name, ==, "Al_ice");
  }
}

/* To put marks in their order takes time by the square of their number, so no more than thirty in a row are taken
 * (Unicode's Stream-Safe Text), of however many thousands. */
static void
test_many_marks (void)
{
  g_autoptr (GString) text = g_string_new ("a");
  g_autofree char *name = NULL, *again = NULL;

  for (int i = 0; i < 40000; i++)
    g_string_append_unichar (text, i % 2 == 0 ? 0x315 : 0x316); /* classes 232 and 220: each pair is out of order */
  name = book_name_sanitize (text->str, BOOK_NAME_MAX);
  g_assert_true (g_str_has_prefix (name, "a\u0316\u0316"));
  g_assert_cmpint (g_utf8_strlen (name, -1), ==, 31);
  again = book_name_sanitize (name, BOOK_NAME_MAX);
  g_assert_cmpstr (again, ==, name);
}

static void
test_base (void)
{
  static const struct {
    const char *display_name, *email, *phone, *organization, *base;
  } cases[] = {
    { "Al/ice", "a@x", "1", "O", "Al_ice" },     { "  ", "a@x", "1", "O", "a@x" },
    { NULL, NULL, "+49 30/1", "O", "+49 30_1" }, { NULL, "", NULL, "ACME", "ACME" },
    { NULL, NULL, NULL, NULL, "c123" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    PeoplePerson person = { .resource_name = (char *)"people/c123",
                            .display_name = (char *)cases[i].display_name,
                            .email = (char *)cases[i].email,
                            .phone = (char *)cases[i].phone,
                            .organization = (char *)cases[i].organization };
    g_autofree char *base = book_name_base (&person);

    g_assert_cmpstr (base, ==, cases[i].base);
  }
}

static gboolean
in_list (const char *name, gpointer data)
{
  return g_strv_contains (data, name);
}

static void
test_choose (void)
{
  static const struct {
    const char *taken[6];
    const char *email;
    const char *name;
  } cases[] = {
    { { NULL }, "a@x", "Alice" },
    { { "alice", NULL }, "a@x", "Alice" },
    { { "Alice", NULL }, "a@x", "Alice (a@x)" },
    { { "Alice", NULL }, "a/b@x", "Alice (a_b@x)" },
    { { "Alice", NULL }, NULL, "Alice (c123)" },
    { { "Alice", NULL }, " ", "Alice (c123)" },
    { { "Alice", "Alice (a@x)", NULL }, "a@x", "Alice (c123)" },
    { { "Alice", "Alice (a@x)", "Alice (c123)", NULL }, "a@x", "Alice (c123) 2" },
    { { "Alice", "Alice (c123)", "Alice (c123) 2", NULL }, NULL, "Alice (c123) 3" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    PeoplePerson person
        = { .resource_name = (char *)"people/c123", .display_name = (char *)"Alice", .email = (char *)cases[i].email };
    g_autofree char *name = book_name_choose (&person, in_list, (gpointer)cases[i].taken);

    g_test_message ("case %zu", i);
    g_assert_cmpstr (name, ==, cases[i].name);
  }
}

static gboolean
taken_unless_numbered (const char *name, gpointer data)
{
  g_assert_cmpuint (strlen (name), <=, BOOK_NAME_MAX);
  g_assert_true (g_utf8_validate (name, -1, NULL));
  return !g_str_has_suffix (name, ") 12");
}

/* However long the parts are, the name fits and the suffix is whole. */
static void
test_choose_long (void)
{
  g_autofree char *long_name = g_strnfill (400, 'n'), *long_email = g_strnfill (400, 'e');
  PeoplePerson person = { .resource_name = (char *)"people/c123", .display_name = long_name, .email = long_email };
  const char *taken[] = { NULL, NULL };
  g_autofree char *base = NULL, *numbered = NULL, *with_email = NULL, *expected = NULL;

  base = book_name_choose (&person, in_list, taken);
  g_assert_cmpuint (strlen (base), ==, BOOK_NAME_MAX);
  taken[0] = base;

  with_email = book_name_choose (&person, in_list, taken);
  g_assert_cmpuint (strlen (with_email), ==, BOOK_NAME_MAX);
  g_assert_true (g_str_has_prefix (with_email, "nnnnnnnnnnnn") && g_str_has_suffix (with_email, "eee)"));

  numbered = book_name_choose (&person, taken_unless_numbered, NULL);
  long_name[BOOK_NAME_MAX - strlen (" (c123) 12")] = '\0';
  expected = g_strconcat (long_name, " (c123) 12", NULL);
  g_assert_cmpstr (numbered, ==, expected);
}

static gboolean
in_table (const char *name, gpointer data)
{
  return g_hash_table_contains (data, name);
}

/* Three hundred namesakes, with and without an e-mail: all are told apart. */
static void
test_choose_many (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (int i = 0; i < 300; i++) {
    g_autofree char *resource_name = g_strdup_printf ("people/c%d", i);
    PeoplePerson person = { .resource_name = resource_name,
                            .display_name = (char *)"Alice",
                            .email = i % 3 ? (char *)"same@example.com" : NULL };

    g_assert_true (g_hash_table_add (names, book_name_choose (&person, in_table, names)));
  }
  g_assert_true (g_hash_table_contains (names, "Alice"));
  g_assert_true (g_hash_table_contains (names, "Alice (same@example.com)"));
  g_assert_true (g_hash_table_contains (names, "Alice (c299)"));
}

static gboolean
counted_in_table (const char *name, gpointer data)
{
  GHashTable *names = data;

  g_hash_table_insert (names, g_strdup ("/asked"),
                       GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (names, "/asked")) + 1));
  return g_hash_table_contains (names, name);
}

/* So many of one name are named by so many looks: three for each, whatever they are called. */
static void
test_choose_is_linear (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < 8000; i++) {
    g_autofree char *resource_name = g_strdup_printf ("people/c%u", i);
    PeoplePerson person
        = { .resource_name = resource_name, .display_name = (char *)"Alice", .email = (char *)"same@example.com" };

    g_hash_table_add (names, book_name_choose (&person, counted_in_table, names));
  }
  g_assert_cmpuint (GPOINTER_TO_UINT (g_hash_table_lookup (names, "/asked")), <=, 4 * 8000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/names/sanitize", test_sanitize);
  g_test_add_func ("/names/cut", test_cut);
  g_test_add_func ("/names/longest", test_longest);
  g_test_add_func ("/names/base", test_base);
  g_test_add_func ("/names/choose", test_choose);
  g_test_add_func ("/names/choose-long", test_choose_long);
  g_test_add_func ("/names/choose-many", test_choose_many);
  g_test_add_func ("/names/no-twins", test_no_twins);
  g_test_add_func ("/names/many-marks", test_many_marks);
  g_test_add_func ("/names/choose-is-linear", test_choose_is_linear);
  return g_test_run ();
}
