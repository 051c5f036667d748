/* A cache of photos on a database of its own. */
#define G_LOG_DOMAIN "contactfs"

#include "cache-fixture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "helpers.h"

void
cache_fixture_open (CacheFixture *fixture, gint64 max_bytes)
{
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&fixture->cache, cache_free);
  fixture->cache = cache_new (fixture->db.store, fixture->dir, max_bytes, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fixture->cache);
}

void
cache_fixture_open_store (CacheFixture *fixture)
{
  store_open (&fixture->db);
  cache_fixture_open (fixture, 100);
}

void
cache_fixture_close_store (CacheFixture *fixture)
{
  g_clear_pointer (&fixture->cache, cache_free);
  store_close (&fixture->db);
}

void
cache_fixture_set_up (CacheFixture *fixture, gconstpointer data)
{
  store_set_up (&fixture->db, data);
  fixture->dir = g_build_filename (fixture->db.folder, "cache", "photos", NULL);
  cache_fixture_open (fixture, 100);
}

void
cache_fixture_tear_down (CacheFixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->cache, cache_free);
  g_free (fixture->dir);
  store_tear_down (&fixture->db, data);
}

char *
cache_fixture_path (CacheFixture *fixture, const char *version)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, version, -1);
  g_autofree char *start = g_strndup (digest, 2);

  return g_build_filename (fixture->dir, start, digest, NULL);
}

void
cache_assert_content (int fd, char fill, gsize size)
{
  g_autofree char *expected = g_strnfill (size, fill), *content = g_malloc0 (size + 2);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (read (fd, content, size + 1), ==, (gssize)size);
  g_assert_cmpstr (content, ==, expected);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), ==, -1);
  close (fd);
}

int
cache_fixture_add (CacheFixture *fixture, const char *version, char fill, gsize size)
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

void
cache_fixture_keep (CacheFixture *fixture, const char *version, char fill, gsize size)
{
  cache_assert_content (cache_fixture_add (fixture, version, fill, size), fill, size);
  cache_settle (fixture->cache);
}

int
cache_fixture_open_photo (CacheFixture *fixture, const char *version)
{
  BookStorePhoto photo;

  return cache_open (fixture->cache, version, &photo, &fixture->is_intact);
}

void
cache_assert_hit (CacheFixture *fixture, const char *version, char fill, gsize size)
{
  cache_assert_content (cache_fixture_open_photo (fixture, version), fill, size);
}

void
cache_assert_gone (CacheFixture *fixture, const char *version, gint64 size)
{
  g_autofree char *path = cache_fixture_path (fixture, version);
  BookStorePhoto photo;

  g_assert_cmpint (cache_fixture_open_photo (fixture, version), ==, -1);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_true (cache_lookup (fixture->cache, version, &photo));
  g_assert_false (photo.cached);
  g_assert_cmpint (photo.size, ==, size);
  g_assert_cmpstr (photo.mime_type, ==, "image/jpeg");
}

void
cache_assert_bytes (CacheFixture *fixture, gint64 bytes)
{
  g_assert_cmpint (book_store_cached_bytes (fixture->db.store), ==, bytes);
}

void
cache_assert_entries (CacheFixture *fixture, guint expected)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->dir, 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  g_assert_cmpuint (count, ==, expected);
}
