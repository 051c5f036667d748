/* Photos on disk: what is kept, what goes first, and what happens when the folder does not do as it should. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache-fixture.h"
#include "helpers.h"

static void
test_keep (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "https://h/a"), *start = g_path_get_dirname (path);
  BookStorePhoto photo;
  struct stat st;

  g_assert_false (cache_lookup (fixture->cache, "https://h/a", &photo));
  g_assert_cmpint (cache_fixture_open_photo (fixture, "https://h/a"), ==, -1);
  cache_fixture_keep (fixture, "https://h/a", 'a', 30);
  g_autofree char *told = cache_path (fixture->cache, "https://h/a"),
                  *none = cache_path (fixture->cache, "https://h/b");
  g_assert_cmpstr (told, ==, path);
  g_assert_null (none);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (start, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (fixture->dir, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
  cache_assert_hit (fixture, "https://h/a", 'a', 30);

  cache_fixture_open (fixture, 100); /* as after a remount */
  g_assert_true (cache_lookup (fixture->cache, "https://h/a", &photo));
  g_assert_true (photo.cached);
  g_assert_cmpint (photo.size, ==, 30);
  cache_assert_hit (fixture, "https://h/a", 'a', 30);
}

static void
test_again (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 60);
  cache_fixture_keep (fixture, "a", 'b', 50);
  cache_assert_hit (fixture, "a", 'b', 50);
  cache_assert_bytes (fixture, 50);
  cache_fixture_keep (fixture, "c", 'c', 50); /* fits: the first 60 are not counted any more */
  cache_assert_hit (fixture, "a", 'b', 50);
}

static void
test_eviction_order (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 40);
  cache_fixture_keep (fixture, "b", 'b', 30);
  cache_fixture_keep (fixture, "c", 'c', 30);
  cache_assert_hit (fixture, "a", 'a', 40); /* a use: b is the oldest now */
  cache_fixture_keep (fixture, "d", 'd', 10);
  cache_assert_gone (fixture, "b", 30);
  cache_assert_hit (fixture, "c", 'c', 30);
  cache_assert_hit (fixture, "a", 'a', 40);
  cache_assert_bytes (fixture, 80);
  cache_fixture_keep (fixture, "e", 'e', 100); /* as much as there is room for: everybody else goes */
  cache_assert_gone (fixture, "a", 40);
  cache_assert_gone (fixture, "c", 30);
  cache_assert_gone (fixture, "d", 10);
  cache_assert_hit (fixture, "e", 'e', 100);
  cache_assert_bytes (fixture, 100);
}

/* Uses from a time when the clock was ahead: the newcomer looks older than they do and is kept all the same. */
static void
test_clock_set_back (CacheFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_keep (fixture, "b", 'b', 30);
  book_store_touch_photo (fixture->db.store, "a", G_MAXINT64 - 1, &error);
  g_assert_no_error (error);
  book_store_touch_photo (fixture->db.store, "b", G_MAXINT64, &error);
  g_assert_no_error (error);
  cache_fixture_keep (fixture, "c", 'c', 60);
  cache_assert_gone (fixture, "a", 30);
  cache_assert_hit (fixture, "b", 'b', 30);
  cache_assert_hit (fixture, "c", 'c', 60);
}

static void
test_open_while_evicted (CacheFixture *fixture, gconstpointer data)
{
  int fresh = cache_fixture_add (fixture, "a", 'a', 60), opened = cache_fixture_open_photo (fixture, "a");

  cache_fixture_keep (fixture, "b", 'b', 60);
  cache_assert_gone (fixture, "a", 60);
  cache_assert_content (fresh, 'a', 60);
  cache_assert_content (opened, 'a', 60);
}

static void
test_too_large (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 60);
  cache_fixture_keep (fixture, "b", 'b', 101);
  cache_assert_gone (fixture, "b", 101);
  cache_assert_hit (fixture, "a", 'a', 60); /* which need not go for it */
  cache_fixture_open (fixture, 0);
  cache_assert_gone (fixture, "a", 60);
  cache_fixture_keep (fixture, "c", 'c', 1);
  cache_assert_gone (fixture, "c", 1);
  cache_assert_bytes (fixture, 0);
}

static void
test_smaller_limit (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_keep (fixture, "b", 'b', 30);
  cache_fixture_keep (fixture, "c", 'c', 30);
  cache_fixture_open (fixture, 60);
  cache_assert_gone (fixture, "a", 30);
  cache_assert_hit (fixture, "b", 'b', 30);
  cache_assert_hit (fixture, "c", 'c', 30);
}

/* Uses are put aside, and written by the end at the latest. */
static void
test_uses_survive (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_keep (fixture, "b", 'b', 30);
  cache_fixture_keep (fixture, "c", 'c', 30);
  cache_assert_hit (fixture, "a", 'a', 30);
  cache_fixture_open (fixture, 60);
  cache_assert_gone (fixture, "b", 30);
  cache_assert_hit (fixture, "a", 'a', 30);
  cache_assert_hit (fixture, "c", 'c', 30);
}

/* A photo that comes again counts as used then, whatever was put aside before. */
static void
test_again_is_a_use (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_keep (fixture, "b", 'b', 30);
  cache_assert_hit (fixture, "a", 'a', 30);
  cache_assert_hit (fixture, "b", 'b', 30);
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_open (fixture, 30);
  cache_assert_gone (fixture, "b", 30);
  cache_assert_hit (fixture, "a", 'a', 30);
}

static void
test_short_file (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "a");

  cache_fixture_keep (fixture, "a", 'a', 30);
  g_assert_cmpint (truncate (path, 29), ==, 0);
  cache_assert_gone (fixture, "a", 30);
  cache_assert_bytes (fixture, 0);
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_assert_hit (fixture, "a", 'a', 30);
}

static void
test_file_deleted (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "a");

  cache_fixture_keep (fixture, "a", 'a', 60);
  g_assert_cmpint (g_unlink (path), ==, 0);
  cache_assert_gone (fixture, "a", 60);
  cache_assert_bytes (fixture, 0);
  cache_fixture_keep (fixture, "b", 'b', 60);
  cache_fixture_keep (fixture, "c", 'c', 40);
  cache_assert_hit (fixture, "b", 'b', 60); /* it did not have to make room for a */
}

static void
test_file_replaced (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "a"),
                  *other = g_build_filename (fixture->db.folder, "other", NULL);

  cache_fixture_keep (fixture, "a", 'a', 30);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_file_set_contents (other, "another file, of thirty bytes.", -1, NULL));
  g_assert_cmpint (symlink (other, path), ==, 0);
  cache_assert_gone (fixture, "a", 30);
}

static void
test_drop (CacheFixture *fixture, gconstpointer data)
{
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_drop (fixture->cache, "a");
  cache_assert_gone (fixture, "a", 30);
  g_assert_null (cache_path (fixture->cache, "a"));
  cache_drop (fixture->cache, "a");
  cache_drop (fixture->cache, "never");
  cache_assert_bytes (fixture, 0);
}

static void
test_folder_not_writable (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "a"), *start = g_path_get_dirname (path);
  GStatBuf st;

  /* A file where a's folder should be: not even root can write there. */
  g_assert_true (g_file_set_contents (start, "", 0, NULL));
  test_expect_warning ("cannot be kept in");
  cache_fixture_keep (fixture, "a", 'a', 30);
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 0);
  g_assert_cmpint (cache_fixture_open_photo (fixture, "a"), ==, -1);
  cache_assert_bytes (fixture, 0);
  cache_fixture_keep (fixture, "a", 'a', 30); /* said once */
  cache_assert_entries (fixture, 1);
  g_assert_cmpint (g_unlink (start), ==, 0);
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_assert_hit (fixture, "a", 'a', 30);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
}

static void
test_folder_gone (CacheFixture *fixture, gconstpointer data)
{
  BookStorePhoto photo;

  test_folder_remove (g_strdup (fixture->dir));
  test_expect_warning ("cannot be kept in");
  cache_fixture_keep (fixture, "a", 'a', 30);
  g_assert_true (cache_lookup (fixture->cache, "a", &photo));
  g_assert_false (photo.cached);
  g_assert_cmpint (photo.size, ==, 30);
}

static void
test_folder_is_a_file (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->db.folder, "file", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_null (cache_new (fixture->db.store, file, 100, &error));
  g_assert_true (error->domain == G_FILE_ERROR);
  g_assert_nonnull (strstr (error->message, file));
}

/* A photo whose row cannot be written: its size is known all the same, and no file stays that nobody counts. */
static void
test_store_full (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *path = cache_fixture_path (fixture, "a");
  BookStorePhoto photo;

  test_disk_full (TRUE);
  test_expect_warning ("cannot be used");
  cache_fixture_keep (fixture, "a", 'a', 30);
  test_disk_full (FALSE);
  test_assert_warned ();
  g_assert_true (cache_lookup (fixture->cache, "a", &photo));
  g_assert_cmpint (photo.size, ==, 30);
  g_assert_false (photo.cached);
  g_assert_cmpint (cache_fixture_open_photo (fixture, "a"), ==, -1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_assert_hit (fixture, "a", 'a', 30);
  cache_assert_bytes (fixture, 30);
}

static void
test_temporaries (CacheFixture *fixture, gconstpointer data)
{
  g_autofree char *ours = g_build_filename (fixture->dir, ".new-AbC123", NULL);
  g_autofree char *foreign = g_build_filename (fixture->dir, "CACHEDIR.TAG", NULL);
  g_autoptr (GDir) dir = NULL;

  cache_fixture_keep (fixture, "a", 'a', 30);
  dir = g_dir_open (fixture->dir, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir));)
    g_assert_cmpuint (strlen (name), ==, 2); /* no temporary stays behind */
  g_assert_true (g_file_set_contents (ours, "half", -1, NULL));
  g_assert_true (g_file_set_contents (foreign, "", 0, NULL));
  cache_fixture_open (fixture, 100);
  g_assert_false (g_file_test (ours, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
  cache_assert_hit (fixture, "a", 'a', 30);
}

/* What was told of a version holds, unless it comes again with another size. */
static void
test_revision (CacheFixture *fixture, gconstpointer data)
{
  guint64 revision = cache_revision (fixture->cache);

  cache_fixture_keep (fixture, "a", 'a', 30);
  cache_fixture_keep (fixture, "b", 'b', 30);
  cache_drop (fixture->cache, "a");
  cache_fixture_keep (fixture, "a", 'c', 30);
  cache_fixture_keep (fixture, "c", 'c', 90);
  cache_assert_gone (fixture, "a", 30);
  g_assert_cmpuint (cache_revision (fixture->cache), ==, revision);
  cache_fixture_keep (fixture, "a", 'a', 31);
  g_assert_cmpuint (cache_revision (fixture->cache), >, revision);
}

/* Many more photos than there is room for, used at random: the sum stays within the limit and on disk is what is
 * counted. */
static void
test_many (CacheFixture *fixture, gconstpointer data)
{
  gint64 on_disk = 0;
  BookStorePhoto photo;

  cache_fixture_open (fixture, 2000);
  for (int i = 0; i < 2000; i++) {
    g_autofree char *version = g_strdup_printf ("v%d", g_test_rand_int_range (0, 100));
    gsize size = 20 + (gsize)version[1];
    int fd = cache_fixture_open_photo (fixture, version);

    if (fd < 0)
      fd = cache_fixture_add (fixture, version, version[1], size);
    cache_assert_content (fd, version[1], size);
    g_assert_cmpint (cache_bytes (fixture->cache), <=, 2000);
  }
  cache_settle (fixture->cache);
  for (int i = 0; i < 100; i++) {
    g_autofree char *version = g_strdup_printf ("v%d", i), *path = cache_fixture_path (fixture, version);
    GStatBuf st;
    gboolean there = g_stat (path, &st) == 0;

    g_assert_true (there == (cache_lookup (fixture->cache, version, &photo) && photo.cached));
    on_disk += there ? st.st_size : 0;
  }
  cache_assert_bytes (fixture, on_disk);
  g_assert_cmpint (on_disk, >, 1800);
}

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  CACHE_TEST ("/cache/keep", test_keep);
  CACHE_TEST ("/cache/again", test_again);
  CACHE_TEST ("/cache/eviction-order", test_eviction_order);
  CACHE_TEST ("/cache/clock-set-back", test_clock_set_back);
  CACHE_TEST ("/cache/open-while-evicted", test_open_while_evicted);
  CACHE_TEST ("/cache/too-large", test_too_large);
  CACHE_TEST ("/cache/smaller-limit", test_smaller_limit);
  CACHE_TEST ("/cache/uses-survive", test_uses_survive);
  CACHE_TEST ("/cache/again-is-a-use", test_again_is_a_use);
  CACHE_TEST ("/cache/short-file", test_short_file);
  CACHE_TEST ("/cache/file-deleted", test_file_deleted);
  CACHE_TEST ("/cache/file-replaced", test_file_replaced);
  CACHE_TEST ("/cache/drop", test_drop);
  CACHE_TEST ("/cache/folder-not-writable", test_folder_not_writable);
  CACHE_TEST ("/cache/folder-gone", test_folder_gone);
  CACHE_TEST ("/cache/folder-is-a-file", test_folder_is_a_file);
  CACHE_TEST ("/cache/store-full", test_store_full);
  CACHE_TEST ("/cache/temporaries", test_temporaries);
  CACHE_TEST ("/cache/revision", test_revision);
  CACHE_TEST ("/cache/many", test_many);
  return g_test_run ();
}
