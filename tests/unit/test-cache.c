/* Photos on disk: what is kept, what goes first, and what happens when the folder does not do as it should. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers.h"
#include "photo/cache.h"

typedef struct {
  char *folder;
  char *dir;
  BookStore *store;
  Cache *cache;
} Fixture;

static void
open_cache (Fixture *fixture, gint64 max_bytes)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&fixture->cache, cache_free);
  fixture->cache = cache_new (fixture->store, fixture->dir, max_bytes, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fixture->cache);
}

static void
open_store (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->folder, "book.db", NULL);
  g_autoptr (GError) error = NULL;

  fixture->store = book_store_open (path, &error);
  g_assert_no_error (error);
  open_cache (fixture, 100);
}

static void
close_store (Fixture *fixture)
{
  g_clear_pointer (&fixture->cache, cache_free);
  g_clear_pointer (&fixture->store, book_store_close);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = test_folder_new ();
  fixture->dir = g_build_filename (fixture->folder, "cache", "photos", NULL);
  open_store (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close_store (fixture);
  g_free (fixture->dir);
  test_folder_remove (fixture->folder);
  test_assert_warned ();
}

static char *
path_of (Fixture *fixture, const char *version)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, version, -1);
  g_autofree char *start = g_strndup (digest, 2);

  return g_build_filename (fixture->dir, start, digest, NULL);
}

/* The descriptor is read-only, closed on exec, at the start, and its bytes are size times fill. Closes it. */
static void
assert_content (int fd, char fill, gsize size)
{
  g_autofree char *expected = g_strnfill (size, fill), *content = g_malloc0 (size + 2);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (read (fd, content, size + 1), ==, (gssize)size);
  g_assert_cmpstr (content, ==, expected);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), ==, -1);
  close (fd);
}

static int
add (Fixture *fixture, const char *version, char fill, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_strnfill (size, fill), size);
  g_autoptr (GError) error = NULL;
  Incoming *incoming = cache_begin (fixture->cache, &error);
  int fd;

  g_assert_no_error (error);
  /* As the network brings it: in pieces. */
  for (gsize done = 0; done < size; done += MIN (size - done, 700))
    incoming_write (incoming, (const char *)g_bytes_get_data (bytes, NULL) + done, MIN (size - done, 700), &error);
  g_assert_no_error (error);
  fd = cache_take (fixture->cache, version, incoming, "image/jpeg", "c0ffee", &error);
  g_assert_no_error (error);
  return fd;
}

static void
keep (Fixture *fixture, const char *version, char fill, gsize size)
{
  assert_content (add (fixture, version, fill, size), fill, size);
  cache_settle (fixture->cache);
}

static void
assert_hit (Fixture *fixture, const char *version, char fill, gsize size)
{
  assert_content (cache_open (fixture->cache, version), fill, size);
}

/* Neither its bytes nor a file are there, but its size is known. */
static void
assert_gone (Fixture *fixture, const char *version, gint64 size)
{
  g_autofree char *path = path_of (fixture, version);
  BookStorePhoto photo;

  g_assert_cmpint (cache_open (fixture->cache, version), ==, -1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (cache_lookup (fixture->cache, version, &photo));
  g_assert_false (photo.cached);
  g_assert_cmpint (photo.size, ==, size);
  g_assert_cmpstr (photo.mime_type, ==, "image/jpeg");
}

static void
assert_bytes (Fixture *fixture, gint64 bytes)
{
  g_assert_cmpint (book_store_cached_bytes (fixture->store), ==, bytes);
}

static void
test_keep (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "https://h/a"), *start = g_path_get_dirname (path);
  BookStorePhoto photo;
  struct stat st;

  g_assert_false (cache_lookup (fixture->cache, "https://h/a", &photo));
  g_assert_cmpint (cache_open (fixture->cache, "https://h/a"), ==, -1);
  keep (fixture, "https://h/a", 'a', 30);
  g_assert_cmpint (stat (path, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
  g_assert_cmpint (stat (start, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
  g_assert_cmpint (stat (fixture->dir, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0700);
  assert_hit (fixture, "https://h/a", 'a', 30);

  open_cache (fixture, 100); /* as after a remount */
  g_assert_true (cache_lookup (fixture->cache, "https://h/a", &photo));
  g_assert_true (photo.cached);
  g_assert_cmpint (photo.size, ==, 30);
  assert_hit (fixture, "https://h/a", 'a', 30);
}

static void
test_again (Fixture *fixture, gconstpointer data)
{
  keep (fixture, "a", 'a', 60);
  keep (fixture, "a", 'b', 50);
  assert_hit (fixture, "a", 'b', 50);
  assert_bytes (fixture, 50);
  keep (fixture, "c", 'c', 50); /* fits: the first 60 are not counted any more */
  assert_hit (fixture, "a", 'b', 50);
}

static void
test_eviction_order (Fixture *fixture, gconstpointer data)
{
  keep (fixture, "a", 'a', 40);
  keep (fixture, "b", 'b', 30);
  keep (fixture, "c", 'c', 30);
  assert_hit (fixture, "a", 'a', 40); /* a use: b is the oldest now */
  keep (fixture, "d", 'd', 10);
  assert_gone (fixture, "b", 30);
  assert_hit (fixture, "c", 'c', 30);
  assert_hit (fixture, "a", 'a', 40);
  assert_bytes (fixture, 80);
  keep (fixture, "e", 'e', 100); /* as much as there is room for: everybody else goes */
  assert_gone (fixture, "a", 40);
  assert_gone (fixture, "c", 30);
  assert_gone (fixture, "d", 10);
  assert_hit (fixture, "e", 'e', 100);
  assert_bytes (fixture, 100);
}

/* Uses from a time when the clock was ahead: the newcomer looks older than they do and is kept all the same. */
static void
test_clock_set_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  keep (fixture, "a", 'a', 30);
  keep (fixture, "b", 'b', 30);
  book_store_touch_photo (fixture->store, "a", G_MAXINT64 - 1, &error);
  g_assert_no_error (error);
  book_store_touch_photo (fixture->store, "b", G_MAXINT64, &error);
  g_assert_no_error (error);
  keep (fixture, "c", 'c', 60);
  assert_gone (fixture, "a", 30);
  assert_hit (fixture, "b", 'b', 30);
  assert_hit (fixture, "c", 'c', 60);
}

static void
test_open_while_evicted (Fixture *fixture, gconstpointer data)
{
  int fresh = add (fixture, "a", 'a', 60), opened = cache_open (fixture->cache, "a");

  keep (fixture, "b", 'b', 60);
  assert_gone (fixture, "a", 60);
  assert_content (fresh, 'a', 60);
  assert_content (opened, 'a', 60);
}

static void
test_too_large (Fixture *fixture, gconstpointer data)
{
  keep (fixture, "a", 'a', 60);
  keep (fixture, "b", 'b', 101);
  assert_gone (fixture, "b", 101);
  assert_hit (fixture, "a", 'a', 60); /* which need not go for it */
  open_cache (fixture, 0);
  assert_gone (fixture, "a", 60);
  keep (fixture, "c", 'c', 1);
  assert_gone (fixture, "c", 1);
  assert_bytes (fixture, 0);
}

static void
test_smaller_limit (Fixture *fixture, gconstpointer data)
{
  keep (fixture, "a", 'a', 30);
  keep (fixture, "b", 'b', 30);
  keep (fixture, "c", 'c', 30);
  open_cache (fixture, 60);
  assert_gone (fixture, "a", 30);
  assert_hit (fixture, "b", 'b', 30);
  assert_hit (fixture, "c", 'c', 30);
}

/* Uses are put aside, and written by the end at the latest. */
static void
test_uses_survive (Fixture *fixture, gconstpointer data)
{
  keep (fixture, "a", 'a', 30);
  keep (fixture, "b", 'b', 30);
  keep (fixture, "c", 'c', 30);
  assert_hit (fixture, "a", 'a', 30);
  open_cache (fixture, 60);
  assert_gone (fixture, "b", 30);
  assert_hit (fixture, "a", 'a', 30);
  assert_hit (fixture, "c", 'c', 30);
}

static void
test_short_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "a");

  keep (fixture, "a", 'a', 30);
  g_assert_cmpint (truncate (path, 29), ==, 0);
  assert_gone (fixture, "a", 30);
  assert_bytes (fixture, 0);
  keep (fixture, "a", 'a', 30);
  assert_hit (fixture, "a", 'a', 30);
}

static void
test_file_deleted (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "a");

  keep (fixture, "a", 'a', 60);
  g_assert_cmpint (g_unlink (path), ==, 0);
  assert_gone (fixture, "a", 60);
  assert_bytes (fixture, 0);
  keep (fixture, "b", 'b', 60);
  keep (fixture, "c", 'c', 40);
  assert_hit (fixture, "b", 'b', 60); /* it did not have to make room for a */
}

static void
test_file_replaced (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "a"), *other = g_build_filename (fixture->folder, "other", NULL);

  keep (fixture, "a", 'a', 30);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_true (g_file_set_contents (other, "another file, of thirty bytes.", -1, NULL));
  g_assert_cmpint (symlink (other, path), ==, 0);
  assert_gone (fixture, "a", 30);
}

static void
test_drop (Fixture *fixture, gconstpointer data)
{
  keep (fixture, "a", 'a', 30);
  cache_drop (fixture->cache, "a");
  assert_gone (fixture, "a", 30);
  cache_drop (fixture->cache, "a");
  cache_drop (fixture->cache, "never");
  assert_bytes (fixture, 0);
}

static void
test_folder_not_writable (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "a"), *start = g_path_get_dirname (path);
  GStatBuf st;

  /* A file where a's folder should be: not even root can write there. */
  g_assert_true (g_file_set_contents (start, "", 0, NULL));
  test_expect_warning ("cannot be kept in");
  keep (fixture, "a", 'a', 30);
  g_assert_cmpint (cache_open (fixture->cache, "a"), ==, -1);
  assert_bytes (fixture, 0);
  keep (fixture, "a", 'a', 30); /* said once */
  g_assert_cmpint (g_unlink (start), ==, 0);
  keep (fixture, "a", 'a', 30);
  assert_hit (fixture, "a", 'a', 30);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
}

static void
test_folder_gone (Fixture *fixture, gconstpointer data)
{
  BookStorePhoto photo;

  test_folder_remove (g_strdup (fixture->dir));
  test_expect_warning ("cannot be kept in");
  keep (fixture, "a", 'a', 30);
  g_assert_true (cache_lookup (fixture->cache, "a", &photo));
  g_assert_false (photo.cached);
  g_assert_cmpint (photo.size, ==, 30);
}

static void
test_folder_is_a_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->folder, "file", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_null (cache_new (fixture->store, file, 100, &error));
  g_assert_true (error->domain == G_FILE_ERROR);
  g_assert_nonnull (strstr (error->message, file));
}

/* A photo whose row cannot be written: its size is known all the same, and no file stays that nobody counts. */
static void
test_store_full (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "a");
  BookStorePhoto photo;

  test_disk_full (TRUE);
  test_expect_warning ("cannot be used");
  keep (fixture, "a", 'a', 30);
  test_disk_full (FALSE);
  test_assert_warned ();
  g_assert_true (cache_lookup (fixture->cache, "a", &photo));
  g_assert_cmpint (photo.size, ==, 30);
  g_assert_false (photo.cached);
  g_assert_cmpint (cache_open (fixture->cache, "a"), ==, -1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  keep (fixture, "a", 'a', 30);
  assert_hit (fixture, "a", 'a', 30);
  assert_bytes (fixture, 30);
}

static void
test_temporaries (Fixture *fixture, gconstpointer data)
{
  g_autofree char *ours = g_build_filename (fixture->dir, ".new-AbC123", NULL);
  g_autofree char *foreign = g_build_filename (fixture->dir, "CACHEDIR.TAG", NULL);
  g_autoptr (GDir) dir = NULL;

  keep (fixture, "a", 'a', 30);
  dir = g_dir_open (fixture->dir, 0, NULL);
  for (const char *name; (name = g_dir_read_name (dir));)
    g_assert_cmpuint (strlen (name), ==, 2); /* no temporary stays behind */
  g_assert_true (g_file_set_contents (ours, "half", -1, NULL));
  g_assert_true (g_file_set_contents (foreign, "", 0, NULL));
  open_cache (fixture, 100);
  g_assert_false (g_file_test (ours, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
  assert_hit (fixture, "a", 'a', 30);
}

/* Photos that were not stored yet are there like others, and counted. */
static void
test_put_aside (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "a");
  int fd = add (fixture, "a", 'a', 30);

  assert_bytes (fixture, 0);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 30);
  assert_hit (fixture, "a", 'a', 30);
  g_assert_true (cache_is_intact (fixture->cache, "a", fd));
  while (!g_file_test (path, G_FILE_TEST_EXISTS)) /* by itself */
    g_main_context_iteration (NULL, TRUE);
  assert_bytes (fixture, 30);
  g_assert_true (cache_is_intact (fixture->cache, "a", fd));
  assert_content (fd, 'a', 30);
  assert_hit (fixture, "a", 'a', 30);
}

static guint
count_entries (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->dir, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static void
test_put_aside_and_dropped (Fixture *fixture, gconstpointer data)
{
  assert_content (add (fixture, "a", 'a', 30), 'a', 30);
  assert_content (add (fixture, "a", 'b', 40), 'b', 40);
  assert_hit (fixture, "a", 'b', 40);
  cache_drop (fixture->cache, "a");
  assert_gone (fixture, "a", 40);
  cache_settle (fixture->cache);
  assert_gone (fixture, "a", 40);
  g_assert_cmpuint (count_entries (fixture), ==, 0);
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 0);
}

static void
touch_while_put_aside (Fixture *fixture)
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
test_put_aside_and_changed (Fixture *fixture, gconstpointer data)
{
  int fd = add (fixture, "a", 'a', 30);

  touch_while_put_aside (fixture);
  g_assert_false (cache_is_intact (fixture->cache, "a", fd));
  cache_settle (fixture->cache);
  g_assert_false (cache_is_intact (fixture->cache, "a", fd));
  close (fd);
}

/* A kill forgets them: neither a row nor a file is left, and they can be fetched again. */
static void
test_killed (Fixture *fixture, gconstpointer data)
{
  BookStorePhoto photo;
  int status;
  pid_t child;

  keep (fixture, "a", 'a', 30);
  close_store (fixture);
  child = fork ();
  if (child == 0) {
    open_store (fixture);
    assert_content (add (fixture, "b", 'b', 30), 'b', 30);
    assert_content (add (fixture, "c", 'c', 30), 'c', 30);
    kill (getpid (), SIGKILL);
  }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  g_assert_cmpuint (count_entries (fixture), ==, 3);
  open_store (fixture);
  g_assert_cmpuint (count_entries (fixture), ==, 1);
  assert_hit (fixture, "a", 'a', 30);
  g_assert_false (cache_lookup (fixture->cache, "b", &photo));
  g_assert_false (cache_lookup (fixture->cache, "c", &photo));
  g_assert_cmpint (cache_bytes (fixture->cache), ==, 30);
  keep (fixture, "b", 'b', 30);
  assert_hit (fixture, "b", 'b', 30);
}

/* Each commit writes the pages that it changed into the log. */
static void
test_few_transactions (Fixture *fixture, gconstpointer data)
{
  g_autofree char *log = g_build_filename (fixture->folder, "book.db-wal", NULL);
  GStatBuf before, after;

  open_cache (fixture, 10000);
  g_assert_cmpint (g_stat (log, &before), ==, 0);
  for (int i = 0; i < 120; i++) {
    g_autofree char *version = g_strdup_printf ("v%d", i);

    assert_content (add (fixture, version, 'v', 30), 'v', 30);
  }
  cache_settle (fixture->cache);
  g_assert_cmpint (g_stat (log, &after), ==, 0);
  assert_bytes (fixture, 120 * 30L);
  g_assert_cmpint ((after.st_size - before.st_size) / 4096, <, 60);
}

/* Many more photos than there is room for, used at random: the sum stays within the limit and on disk is what is
 * counted. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  gint64 on_disk = 0;
  BookStorePhoto photo;

  open_cache (fixture, 2000);
  for (int i = 0; i < 2000; i++) {
    g_autofree char *version = g_strdup_printf ("v%d", g_test_rand_int_range (0, 100));
    gsize size = 20 + (gsize)version[1];
    int fd = cache_open (fixture->cache, version);

    if (fd < 0)
      fd = add (fixture, version, version[1], size);
    assert_content (fd, version[1], size);
    g_assert_cmpint (cache_bytes (fixture->cache), <=, 2000);
  }
  cache_settle (fixture->cache);
  for (int i = 0; i < 100; i++) {
    g_autofree char *version = g_strdup_printf ("v%d", i), *path = path_of (fixture, version);
    GStatBuf st;
    gboolean there = g_stat (path, &st) == 0;

    g_assert_true (there == (cache_lookup (fixture->cache, version, &photo) && photo.cached));
    on_disk += there ? st.st_size : 0;
  }
  assert_bytes (fixture, on_disk);
  g_assert_cmpint (on_disk, >, 1800);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  ADD ("/cache/keep", test_keep);
  ADD ("/cache/again", test_again);
  ADD ("/cache/eviction-order", test_eviction_order);
  ADD ("/cache/clock-set-back", test_clock_set_back);
  ADD ("/cache/open-while-evicted", test_open_while_evicted);
  ADD ("/cache/too-large", test_too_large);
  ADD ("/cache/smaller-limit", test_smaller_limit);
  ADD ("/cache/uses-survive", test_uses_survive);
  ADD ("/cache/short-file", test_short_file);
  ADD ("/cache/file-deleted", test_file_deleted);
  ADD ("/cache/file-replaced", test_file_replaced);
  ADD ("/cache/drop", test_drop);
  ADD ("/cache/folder-not-writable", test_folder_not_writable);
  ADD ("/cache/folder-gone", test_folder_gone);
  ADD ("/cache/folder-is-a-file", test_folder_is_a_file);
  ADD ("/cache/store-full", test_store_full);
  ADD ("/cache/temporaries", test_temporaries);
  ADD ("/cache/put-aside", test_put_aside);
  ADD ("/cache/put-aside-and-dropped", test_put_aside_and_dropped);
  ADD ("/cache/put-aside-and-changed", test_put_aside_and_changed);
  ADD ("/cache/killed", test_killed);
  ADD ("/cache/few-transactions", test_few_transactions);
  ADD ("/cache/many", test_many);
  return g_test_run ();
}
