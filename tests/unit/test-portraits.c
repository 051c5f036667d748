/* What the commands for many photos read and write: tables, times, the line of progress. */
#define G_LOG_DOMAIN "contactfs"

#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "portraits/restore.h"
#include "portraits/sheet.h"
#include "portraits/table.h"
#include "terminal/progress.h"

/* Rows as a|b;c|d */
static char *
show_table (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) rows = table_parse (text, &error);
  GString *shown = g_string_new (NULL);
  if (rows == NULL) {
    g_string_append (shown, error->message);
    return g_string_free (shown, FALSE);
  }
  for (guint i = 0; i < rows->len; i++) {
    g_autofree char *row = g_strjoinv ("|", g_ptr_array_index (rows, i));
    g_string_append_printf (shown, "%s%s", i > 0 ? ";" : "", row);
  }
  return g_string_free (shown, FALSE);
}

static void
test_tables (void)
{
  static const struct {
    const char *text, *rows;
  } cases[] = {
    { "", "" },
    { "a,b", "a|b" },
    { "a,b\n", "a|b" },
    { "a,b\r\nc,d\r\n", "a|b;c|d" },
    { "\n\na,b\n\n", "a|b" },
    { "\ufeff\"a\",b", "a|b" },
    { "\"a,b\",\"c \"\"d\"\"\"\n", "a,b|c \"d\"" },
    { "\"a\nb\",c", "a\nb|c" },
    { "a,\n", "a|" },
    { ",b", "|b" },
    { "a;b\nc;d,e", "a|b;c|d,e" },
    { "a;b,c", "a;b|c" },
    { "Müller, Zoë", "Müller| Zoë" },
    { "a,b\n\"c,d\n", "row 2 of the table has a quote that does not belong there, or is without its end" },
    { "\"a\"b,c", "row 1 of the table has a quote that does not belong there, or is without its end" },
    { "M\xfcller,a", "the table is not UTF-8; save it as “CSV UTF-8”" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *shown = show_table (cases[i].text);
    g_assert_cmpstr (shown, ==, cases[i].rows);
  }
}

#define SECONDS(count) ((gint64)(count)*G_USEC_PER_SEC)

static void
test_times (void)
{
  const gint64 now = SECONDS (G_GINT64_CONSTANT (1796000000)); /* 2026-11-30T00:53:20Z, an hour later here */
  static const struct {
    const char *text;
    gint64 seconds; /* since 1970; 0: no time */
  } cases[] = {
    { "90m", 1796000000 - 5400 },
    { "2h", 1796000000 - 7200 },
    { "3d", 1796000000 - 259200 },
    { "10s", 1796000000 - 10 },
    { "2026-11-29T18:00", 1795971600 },
    { "2026-11-29 18:00", 1795971600 },
    { "2026-11-29T18:00:30", 1795971630 },
    { "2026-11-29T18:00:30Z", 1795975230 },
    { "2026-11-29T18:00:30+03:00", 1795964430 },
    { "2026-11-29", 1795906800 },
    { "00:10", 1795993800 }, /* today is the 30th here */
    { "00:10:05", 1795993805 },
    { "18:00", 1795971600 }, /* yesterday: it is later than now */
    { "", 0 },
    { "2", 0 },
    { "h", 0 },
    { "-2h", 0 },
    { "2hours", 0 },
    { "99999999999999h", 0 },
    { "yesterday", 0 },
    { "25:00", 0 },
    { "2026-13-01", 0 },
    { "18:", 0 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].text);
    g_assert_cmpint (restore_parse_time (cases[i].text, now), ==, SECONDS (cases[i].seconds));
  }
  g_assert_cmpint (restore_parse_time ("2026-11-29T18:00:30.25Z", now), ==, SECONDS (1795975230) + 250000);
}

static void
test_lines (void)
{
  static const struct {
    guint done, total, seconds, columns;
    const char *line;
  } cases[] = {
    { 0, 10, 0, 80, "[------------------------------] 0/10 placed" },
    { 5, 10, 60, 80, "[###############---------------] 5/10 placed, 5 a minute, 6 s left" },
    { 10, 10, 60, 80, "[##############################] 10/10 placed, 10 a minute, 0 s left" },
    { 5, 10, 60, 47, "[#####-----] 5/10 placed, 5 a minute, 6 s left" },
    { 5, 10, 60, 41, "5/10 placed, 5 a minute, 6 s left" },
    { 5, 10, 60, 34, "5/10 placed, 5 a minute, 6 s left" },
    { 5, 10, 60, 33, "5/10" },
    { 5, 10, 60, 3, "5/" },
    { 5, 10, 60, 0, "" },
    { 0, 0, 0, 80, "[##############################] 0/0 placed" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line
        = progress_line ("placed", cases[i].done, cases[i].total, cases[i].seconds, PROGRESS_CHANGES, cases[i].columns);
    g_assert_cmpstr (line, ==, cases[i].line);
    g_assert_true (cases[i].columns == 0 || g_utf8_strlen (line, -1) < cases[i].columns);
  }
}

static void
test_time_left (void)
{
  /* the first fifty go as they come, the rest at fifty a minute */
  g_assert_cmpfloat_with_epsilon (progress_time_left (10, 60, 1, PROGRESS_CHANGES), 40 * 0.1 + 10 * 1.2, 0.001);
  g_assert_cmpfloat_with_epsilon (progress_time_left (60, 500, 20, PROGRESS_CHANGES), 440 * 1.2, 0.001);
  g_assert_cmpfloat_with_epsilon (progress_time_left (100, 500, 200, PROGRESS_CHANGES), 400 * 2, 0.001);
  g_assert_cmpfloat_with_epsilon (progress_time_left (10, 60, 1, PROGRESS_READS), 50 * 0.1, 0.001);
  g_assert_cmpfloat_with_epsilon (progress_time_left (200, 500, 2, PROGRESS_CHANGES), 300 * 0.01, 0.001);
  g_assert_cmpfloat_with_epsilon (progress_time_left (0, 500, 0, PROGRESS_CHANGES), 450 * 1.2, 0.001);
  g_assert_cmpfloat (progress_time_left (7, 5, 1, PROGRESS_READS), ==, 0);
}

static void
test_waits (void)
{
  static const struct {
    double left;
    guint columns;
    const char *line;
  } cases[] = {
    { 287, 80, "waiting for the keyring, 5 min left" },
    { 12, 80, "waiting for the keyring, 12 s left" },
    { 12, 20, "waiting for the key" },
    { 12, 0, "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *line = progress_wait_line ("the keyring", cases[i].left, cases[i].columns);
    g_assert_cmpstr (line, ==, cases[i].line);
  }
}

static void
test_initials (void)
{
  static const struct {
    const char *name, *initials;
  } cases[] = {
    { "Alice Smith", "AS" },
    { "anna maria müller-lüdenscheidt", "AL" },
    { "Dad", "D" },
    { "bob@example.com", "B" },
    { "Maria Garcia (mgarcia@example.net)", "MG" },
    { "+1 555 0199", "#" },
    { "Zoe\u0308 X", "ZX" },
    { "E\u0301va N\u0303u", "E\u0301N\u0303" },
    { "7 of 9 Team", "OT" },
    { "", "#" },
    { "🌻", "#" },
    { "🌻 Lena", "L" },
    { "李 娜", "李娜" },
    { "ليلى حداد", "لح" },
    { "_hidden Agent", "HA" },
    { "ǆ x", "ǄX" },
    { "(x)", "#" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *initials = sheet_initials (cases[i].name);
    g_assert_cmpstr (initials, ==, cases[i].initials);
  }
}

int
main (int argc, char **argv)
{
  g_setenv ("TZ", "UTC-1", TRUE); /* an hour ahead */
  tzset ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/portraits/tables", test_tables);
  g_test_add_func ("/portraits/times", test_times);
  g_test_add_func ("/portraits/lines", test_lines);
  g_test_add_func ("/portraits/time-left", test_time_left);
  g_test_add_func ("/portraits/waits", test_waits);
  g_test_add_func ("/portraits/initials", test_initials);
  return g_test_run ();
}
