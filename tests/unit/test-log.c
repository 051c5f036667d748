/* Where messages go, what their lines look like, and what the journal is told with them. Each case is a process of its own, since GLib
 * takes one writer for good; the system's logs are functions here. */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "cli/log.h"
#include "fs/fs.h"

static gboolean has_journal;

/* ---- in place of the system's ---- */

gboolean g_file_test (const char *path, GFileTest test);
GLogWriterOutput g_log_writer_journald (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data);

gboolean
g_file_test (const char *path, GFileTest test)
{
  return has_journal && g_str_equal (path, "/run/systemd/journal/socket");
}

void
openlog (const char *name, int options, int facility)
{
  printf ("open %s\n", name);
}

void
syslog (int level, const char *format, ...)
{
  g_autofree char *line = NULL;
  va_list arguments;

  va_start (arguments, format);
  line = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  printf ("syslog %d: %s\n", level, line);
  fflush (stdout);
}

GLogWriterOutput
g_log_writer_journald (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
  printf ("journal");
  for (gsize i = 0; i < count; i++)
    if (fields[i].length == -1 && !g_str_has_prefix (fields[i].key, "CODE_")
        && !g_str_equal (fields[i].key, "PRIORITY"))
      printf (" %s=%s", fields[i].key, (const char *)fields[i].value);
  printf ("\n");
  return G_LOG_WRITER_HANDLED;
}

int
fs_errno (const GError *error)
{
  return error->code;
}

/* ---- the messages ---- */

static void
say_everything (void)
{
  static const GLogField wordless = { "GLIB_DOMAIN", "contactfs", -1 };

  g_critical ("one");
  g_warning ("two");
  g_message ("three \x1b[2J\nand more\n");
  g_info ("four");
  g_debug ("five");
  g_log_structured ("another", G_LOG_LEVEL_DEBUG, "MESSAGE", "six");
  g_log_structured_array (G_LOG_LEVEL_WARNING, &wordless, 1);
}

#define SAID "contactfs: critical: one\ncontactfs: warning: two\ncontactfs: message: three  [2J and more\n"

static void
test_terminal (void)
{
  if (g_test_subprocess ()) {
    log_init ();
    say_everything ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (SAID);
}

static void
test_verbose (void)
{
  if (g_test_subprocess ()) {
    log_init ();
    log_set_verbose (TRUE);
    say_everything ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr (
      "??:??:??.?????? contactfs: critical: one\n*: warning: two\n*: message: three  [2J and more\n*: info: four\n"
      "??:??:??.?????? contactfs: debug: five\n");
  g_test_trap_assert_stderr_unmatched ("*six*");
}

static void
test_syslog (void)
{
  if (g_test_subprocess ()) {
    log_init ();
    log_set_verbose (TRUE);
    log_to_system (FALSE);
    say_everything ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("");
  g_test_trap_assert_stdout ("*open contactfs\nsyslog 3: one\nsyslog 4: two\nsyslog 5: three  [2J and more\nsyslog "
                             "6: four\nsyslog 7: five\n*");
}

/* While somebody waits, warnings go to both; the log is opened once. */
static void
test_both (void)
{
  if (g_test_subprocess ()) {
    log_init ();
    log_to_system (TRUE);
    log_to_system (TRUE);
    say_everything ();
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("contactfs: critical: one\ncontactfs: warning: two\n");
  g_test_trap_assert_stdout ("*open contactfs\nsyslog 3: one\nsyslog 4: two\nsyslog 5: three *\n*");
  g_test_trap_assert_stdout_unmatched ("*open*open*");
}

static void
test_last_words (void)
{
  if (g_test_subprocess ()) {
    log_init ();
    log_to_system (TRUE);
    g_error ("the end");
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*contactfs: error: the end\n*");
  g_test_trap_assert_stdout ("*syslog 2: the end\n*");
}

static void
test_journal (void)
{
  if (g_test_subprocess ()) {
    g_autoptr (GError) error = g_error_new (G_IO_ERROR, 42, "a reason");

    has_journal = TRUE;
    log_init ();
    log_set_context ("work", "/mnt");
    log_to_system (FALSE);
    g_log_structured_array (G_LOG_LEVEL_MESSAGE,
                            (const GLogField[]){ { "MESSAGE", "one\nline", -1 },
                                                 { BOOK_LOG_ERROR, error, 0 },
                                                 { "CONTACTFS_CONTACT", "Ann", -1 } },
                            3);
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("");
  g_test_trap_assert_stdout (
      "*journal CONTACTFS_CONTACT=Ann MESSAGE=one line CONTACTFS_ERRNO=42 CONTACTFS_ACCOUNT=work "
      "CONTACTFS_MOUNTPOINT=/mnt SYSLOG_IDENTIFIER=contactfs\n*");
  g_test_trap_assert_stdout_unmatched ("*open*");
}

/* Without an account there is no word on one. */
static void
test_journal_of_nothing (void)
{
  if (g_test_subprocess ()) {
    has_journal = TRUE;
    log_init ();
    log_to_system (FALSE);
    g_log_structured ("contactfs", G_LOG_LEVEL_WARNING, "MESSAGE", "%s", "one");
    return;
  }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*journal*MESSAGE=one SYSLOG_IDENTIFIER=contactfs\n*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/terminal", test_terminal);
  g_test_add_func ("/log/verbose", test_verbose);
  g_test_add_func ("/log/syslog", test_syslog);
  g_test_add_func ("/log/both", test_both);
  g_test_add_func ("/log/last-words", test_last_words);
  g_test_add_func ("/log/journal", test_journal);
  g_test_add_func ("/log/journal-of-nothing", test_journal_of_nothing);
  return g_test_run ();
}
