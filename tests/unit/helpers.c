/* Shared by unit tests. g_test_expect_message does not see structured logs, hence the writer here. */
#define G_LOG_DOMAIN "contactfs"

#include "helpers.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static GQueue expected = G_QUEUE_INIT; /* char* */

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
  for (gsize i = 0; i < count && (level & G_LOG_LEVEL_WARNING) && !g_queue_is_empty (&expected); i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && strstr (fields[i].value, g_queue_peek_head (&expected))) {
      g_free (g_queue_pop_head (&expected));
      return G_LOG_WRITER_HANDLED;
    }
  return g_log_writer_default (level, fields, count, data);
}

void
test_warnings_init (void)
{
  g_log_set_writer_func (write_log, NULL, NULL);
}

void
test_expect_warning (const char *words)
{
  g_queue_push_tail (&expected, g_strdup (words));
}

void
test_assert_warned (void)
{
  g_assert_cmpstr (g_queue_peek_head (&expected), ==, NULL);
}

void
test_disk_full (gboolean full)
{
  struct rlimit limit;

  g_assert_true (signal (SIGXFSZ, SIG_IGN) != SIG_ERR);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = full ? 1000 : limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

char *
test_folder_new (void)
{
  g_autoptr (GError) error = NULL;
  char *path = g_dir_make_tmp ("contactfs-test-XXXXXX", &error);

  g_assert_no_error (error);
  return path;
}

static int
remove_one (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  return remove (path);
}

void
test_folder_remove (char *path)
{
  g_assert_cmpint (nftw (path, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free (path);
}

GBytes *
test_bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}
