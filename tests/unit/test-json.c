/* JSON and texts from outside: what they may cost, what becomes of what is odd in them. */
#include <string.h>

#include "net/error.h"
#include "net/json.h"
#include "net/text.h"

static void
test_json_calm (void)
{
  const char *text = "{\"n\":1e300,\"m\":-1e300,\"s\":\"x\",\"a\":[1,2],\"b\":true,\"i\":42}";
  g_autoptr (JsonValue) root = json_parse (text, strlen (text), NULL);
  g_autofree char *quoted = json_quote ("a\"b\\c\n\x01é");

  g_assert_cmpint (json_int (root, "i"), ==, 42);
  g_assert_cmpint (json_int (root, "n"), ==, G_MAXINT64);
  g_assert_cmpint (json_int (root, "m"), ==, G_MININT64);
  g_assert_cmpint (json_int (root, "s"), ==, 0);
  g_assert_null (json_string (root, "i"));
  g_assert_true (json_bool (root, "b"));
  g_assert_false (json_bool (root, "i"));
  g_assert_cmpuint (json_length (json_member (root, "a")), ==, 2);
  g_assert_cmpuint (json_length (root), ==, 0);
  g_assert_null (json_member (json_member (json_member (NULL, "a"), "b"), "c"));
  g_assert_null (json_first (root));
  g_assert_null (json_next (NULL));
  g_assert_cmpstr (quoted, ==, "\"a\\\"b\\\\c\\n\\u0001é\"");
}

static void
test_members (void)
{
  g_autoptr (GString) json = g_string_new ("{");

  json_add_text (json, "name", "a \"b\"");
  json_add_text (json, "nobody", NULL);
  json_add_number (json, "most", G_MAXINT64);
  json_add_flag (json, "flag", TRUE);
  g_assert_cmpstr (json->str, ==,
                   "{\"name\":\"a \\\"b\\\"\",\"nobody\":null,\"most\":9223372036854775807,\"flag\":true");
}

static void
test_json_repairs_utf8 (void)
{
  const char text[] = "{\"s\":\"a\xff z\"}";
  g_autoptr (JsonValue) root = json_parse (text, strlen (text), NULL);

  g_assert_true (g_utf8_validate (json_string (root, "s"), -1, NULL));
  g_assert_true (g_str_has_suffix (json_string (root, "s"), " z"));
}

/* What would cost more than it can be worth is refused before anything is made of it. */
static void
test_json_limits (void)
{
  g_autofree char *opening = g_strnfill (100, '['), *closing = g_strnfill (100, ']');
  g_autofree char *deep = g_strconcat (opening, closing, NULL);
  g_autofree char *many = g_malloc (4 * 1024 * 1024 + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonValue) root = NULL;

  g_assert_null (json_parse (deep, strlen (deep), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_clear_error (&error);
  many[0] = '[';
  for (gsize i = 1; i < 4 * 1024 * 1024; i += 2)
    memcpy (many + i, "0,", 2);
  many[4 * 1024 * 1024 - 1] = ']';
  many[4 * 1024 * 1024] = '\0';
  g_assert_null (json_parse (many, strlen (many), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  /* In a text they are characters as any. */
  many[0] = '"';
  memset (many + 1, '[', 1024 * 1024);
  g_strlcpy (many + 1024 * 1024, "\\\"]\"", 5);
  root = json_parse (many, strlen (many), NULL);
  g_assert_cmpuint (strlen (json_text (root)), ==, 1024 * 1024 + 1);
}

static void
test_json_is_the_whole (void)
{
  static const struct {
    const char *text;
    gsize length;
  } broken[] = {
    { "{} x", 4 }, { "{}\x1b[2J", 6 },         { "{}{}", 4 },
    { "{}\0", 3 }, { "{\"a\":\"x\0y\"}", 11 }, { "{\"a\":\"x\0\xff\"}", 11 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (JsonValue) root = json_parse (broken[i].text, broken[i].length, NULL);

    g_test_message ("case %zu", i);
    g_assert_null (root);
  }
  g_autoptr (JsonValue) spaced = json_parse (" {} \r\n", 6, NULL);
  g_assert_nonnull (spaced);
}

/* What another user's program says of itself: no terminal obeys it, and it stays JSON. */
static void
test_json_clean (void)
{
  const char *text = "{\"a\\u001b[2J\":\"x\\u009by\\n\\u202ez\",\"n\":[5000000000,\"\\u001b\",true,null]}";
  g_autoptr (JsonValue) root = json_parse (text, strlen (text), NULL);
  g_autofree char *printed = NULL;

  json_clean (root);
  printed = json_print (root);
  g_assert_cmpstr (printed, ==, "{\"a [2J\":\"x y z\",\"n\":[5000000000,\"\",true,null]}");
}

static void
test_clean (void)
{
  g_autofree char *cleaned = text_clean ("  two\n\tlines \x01 and \xff bytes\r\n");
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autofree char *cut = text_clean (long_text);

  g_autofree char *turned = text_clean ("\u202etxt\u2069 and\u200b\u2028more\xc2\x9b"
                                        "2J");

  g_assert_cmpstr (turned, ==, "txt and more 2J");
  g_assert_cmpstr (cleaned, ==, "two lines and \xef\xbf\xbd bytes");
  g_assert_cmpuint (strlen (cut), <, 1000);
  g_assert_null (text_clean (" \n "));
  g_assert_null (text_clean (NULL));
}

static void
test_says (void)
{
  g_assert_true (text_says ("Invalid PHOTO format", "photo format"));
  g_assert_true (text_says ("broken \xe2 and Photo", "photo"));
  g_assert_true (text_says ("photo \xf0\x9f", "PHOTO"));
  g_assert_false (text_says ("\xf0", "photo"));
  g_assert_false (text_says (NULL, "photo"));
}

/* Half a surrogate pair and \u0000 cost one character each, not the answer. */
static void
test_odd_escapes (void)
{
  static const struct {
    const char *json;
    const char *text;
  } cases[] = {
    { "{\"a\":\"x\\ud800y\"}", "x\357\277\275y" },
    { "{\"a\":\"x\\udc00\"}", "x\357\277\275" },
    { "{\"a\":\"\\ud83d\\ude00\"}", "\360\237\230\200" },
    { "{\"a\":\"\\ud83d\\ud83d\\ude00\"}", "\357\277\275\360\237\230\200" },
    { "{\"a\":\"x\\u0000y\"}", "x\357\277\275y" },
    { "{\"a\":\"\\\\ud800\"}", "\\ud800" },
    { "{\"a\":\"\\u00e9\"}", "\303\251" },
    { "{\"a\":\"x\\u00g0y\"}", "x\357\277\275y" },
    { "{\"a\":\"\\uD83D\\uDE00\"}", "\360\237\230\200" },
    { "{\"a\":\"\\ud83dx\\ude00\"}", "\357\277\275x\357\277\275" },
    { "{\"a\":\"\\ud83d\\nude00\"}", "\357\277\275\nude00" },
    { "{\"a\":\"\\ud83d\\ue000\"}", "\357\277\275\356\200\200" },
    { "{\"a\":\"\\udfff\\ud800\"}", "\357\277\275\357\277\275" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (JsonValue) root = json_parse (cases[i].json, strlen (cases[i].json), &error);

    g_assert_no_error (error);
    g_assert_cmpstr (json_string (root, "a"), ==, cases[i].text);
  }
  g_assert_null (json_parse ("{\"a\":\"\\u", 9, NULL)); /* cut off inside */
  g_assert_null (json_parse ("{\"a\":\"\\ud8", 10, NULL));
  g_assert_null (json_parse ("{\"a\":\"\\ud83d\\u", 15, NULL));
  g_assert_null (json_parse ("\\", 1, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/calm", test_json_calm);
  g_test_add_func ("/json/members", test_members);
  g_test_add_func ("/json/repairs-utf8", test_json_repairs_utf8);
  g_test_add_func ("/text/clean", test_clean);
  g_test_add_func ("/text/says", test_says);
  g_test_add_func ("/json/limits", test_json_limits);
  g_test_add_func ("/json/clean", test_json_clean);
  g_test_add_func ("/json/is-the-whole", test_json_is_the_whole);
  g_test_add_func ("/json/odd-escapes", test_odd_escapes);
  return g_test_run ();
}
