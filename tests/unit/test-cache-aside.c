/* Photos that came a moment ago: they are stored together, and a kill before that loses nothing but them. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache-fixture.h"
#include "helpers.h"

static gboolean
is_intact (CacheFixture *fixture)
{
  int fd = cache_fixture_open_photo (fixture, "a");

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  return fixture->is_intact;
}

/* Photos that were not stored yet are there like others, and counted. */
static void
test_put_aside (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "a");
  int fd = cache_fixture_add (fixture, "a", 'a', 30);

  cache_assert_bytes (fixture, 0);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 30);
  cache_assert_hit (fixture, "a", 'a', 30);
  g_assert_true (is_intact (fixture));
  while (!g_file_test (path, G_FILE_TEST_EXISTS)) /* by itself */
    g_main_context_iteration (NULL, TRUE);
  cache_assert_bytes (fixture, 30);
  g_assert_true (is_intact (fixture));
  cache_assert_content (fd, 'a', 30);
  cache_assert_hit (fixture, "a", 'a', 30);
}

static void
test_put_aside_and_dropped (CacheFixture *fixture, gconstpointer data)
{
  cache_assert_content (cache_fixture_add (fixture, "a", 'a', 30), 'a', 30);
  cache_assert_content (cache_fixture_add (fixture, "a", 'b', 40), 'b', 40);
  cache_assert_hit (fixture, "a", 'b', 40);
  cache_drop (fixture->cache, "a");
  cache_assert_gone (fixture, "a", 40);
  cache_settle (fixture->cache);
  cache_assert_gone (fixture, "a", 40);
  cache_assert_entries (fixture, 0);
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 0);
}

/* The store cannot take its row: no file of it stays, and its size is known all the same. */
static void
test_put_aside_and_refused (CacheFixture *fixture, gconstpointer data)
{
  cache_assert_content (cache_fixture_add (fixture, "a", 'a', 30), 'a', 30);
  test_disk_full (TRUE);
  test_expect_warning ("cannot be used");
  cache_settle (fixture->cache);
  test_disk_full (FALSE);
  cache_assert_gone (fixture, "a", 30);
  cache_assert_entries (fixture, 0);
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 0);
}

static void
touch_while_put_aside (CacheFixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->dir, 0, NULL);
  g_autofree char *path = g_build_filename (fixture->dir, g_dir_read_name (dir), NULL);
  int fd = g_open (path, O_WRONLY | O_CLOEXEC, 0);
  const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

  g_assert_cmpint (write (fd, "b", 1), ==, 1);
  g_assert_cmpint (futimens (fd, times), ==, 0);
  close (fd);
}

/* Whoever wrote to the file meanwhile: it is looked at again. */
static void
test_put_aside_and_changed (CacheFixture *fixture, gconstpointer data)
{
  int fd = cache_fixture_add (fixture, "a", 'a', 30);

  touch_while_put_aside (fixture);
  g_assert_false (is_intact (fixture));
  cache_settle (fixture->cache);
  g_assert_false (is_intact (fixture));
  close (fd);
}

/* A kill forgets them: neither a row nor a file is left, and they can be fetched again. */
static void
test_killed (CacheFixture *fixture, gconstpointer data)
{
  BookStorePhoto photo;
  int status;
  pid_t child;

  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_close_store (fixture);
  child = fork ();
  if (child == 0) {
    cache_fixture_open_store (fixture);
    cache_assert_content (cache_fixture_add (fixture, "b", 'b', 30), 'b', 30);
    cache_assert_content (cache_fixture_add (fixture, "c", 'c', 30), 'c', 30);
    kill (getpid (), SIGKILL);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  cache_assert_entries (fixture, 3);
  cache_fixture_open_store (fixture);
  cache_assert_entries (fixture, 1);
  cache_assert_hit (fixture, "a", 'a', 30);
  g_assert_false (cache_lookup (fixture->cache, "b", &photo));
  g_assert_false (cache_lookup (fixture->cache, "c", &photo));
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 30);
  cache_fixture_keep (fixture, "b", 'b', 30);
  cache_assert_hit (fixture, "b", 'b', 30);
}

/* Each commit writes the pages that it changed into the log. */
static void
test_few_transactions (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *log = g_build_filename (fixture->db.folder, "book.db-wal", NULL);
  GStatBuf before, after;

  cache_fixture_open (fixture, 10000);
  g_assert_cmpint (g_stat (log, &before), ==, 0);
  for (int i = 0; i < 120; i++) {
    g_autofree char *version = g_strdup_printf ("v%d", i);

    cache_assert_content (cache_fixture_add (fixture, version, 'v', 30), 'v', 30);
  }
  cache_settle (fixture->cache);
  g_assert_cmpint (g_stat (log, &after), ==, 0);
  cache_assert_bytes (fixture, 120 * 30L);
  g_assert_cmpint ((after.st_size - before.st_size) / 4096, <, 60);
}

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  CACHE_TEST ("/cache-aside/there", test_put_aside);
  CACHE_TEST ("/cache-aside/dropped", test_put_aside_and_dropped);
  CACHE_TEST ("/cache-aside/refused", test_put_aside_and_refused);
  CACHE_TEST ("/cache-aside/changed", test_put_aside_and_changed);
  CACHE_TEST ("/cache-aside/killed", test_killed);
  CACHE_TEST ("/cache-aside/few-transactions", test_few_transactions);
  return g_test_run ();
}
