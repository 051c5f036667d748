/* The database's file: a kill, damage, one of a later contactfs, and one with many people. */
#define G_LOG_DOMAIN "contactfs"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-fixture.h"

static guint
count_files (const char *folder, const char *part)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint count = 0;

  for (const char *name; (name = g_dir_read_name (dir));)
    count += strstr (name, part) != NULL;
  return count;
}

static void
fill (BookStore *store, int people)
{
  assert_good (book_store_begin (store, error));
  for (int i = 0; i < people; i++) {
    g_autofree char *resource_name = g_strdup_printf ("people/c%05d", i), *name = g_strdup_printf ("Person %d", i);

    store_put_person (store, resource_name, name);
  }
  assert_good (book_store_commit (store, error));
}

static void
reopen_damaged (StoreFixture *fixture)
{
  test_expect_warning ("set aside as");
  store_open (fixture);
  g_assert_cmpuint (count_files (fixture->folder, "book.db.damaged-"), ==, 1);
  store_assert_people (fixture->store, "");
  store_put_person (fixture->store, "people/c9", "New");
  store_close (fixture);
  store_open (fixture);
  store_assert_people (fixture->store, "people/c9=New\n");
}

static void
test_garbage (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *garbage = g_strnfill (10000, 'x');

  store_close (fixture);
  g_assert_true (g_file_set_contents (fixture->path, garbage, -1, NULL));
  reopen_damaged (fixture);
}

static void
test_truncated (StoreFixture *fixture, gconstpointer data)
{
  struct stat st;

  fill (fixture->store, 500);
  store_close (fixture);
  g_assert_cmpint (stat (fixture->path, &st), ==, 0);
  g_assert_cmpint (truncate (fixture->path, st.st_size / 2), ==, 0);
  reopen_damaged (fixture);
}

static guint64
inode (const char *path)
{
  struct stat st;

  g_assert_cmpint (stat (path, &st), ==, 0);
  return st.st_ino;
}

/* No good database is set aside, new or full. */
static void
test_good (StoreFixture *fixture, gconstpointer data)
{
  guint64 first = inode (fixture->path);

  for (int times = 0; times < 3; times++) {
    fill (fixture->store, times * 500);
    store_close (fixture);
    store_open (fixture);
    g_assert_cmpuint (inode (fixture->path), ==, first);
    g_assert_cmpuint (count_files (fixture->folder, "damaged"), ==, 0);
  }
}

/* An SQLite database that nothing is wrong with, and yet not ours. */
static void
test_other_tables (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *contents = NULL;
  gsize size;

  store_close (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &contents, &size, NULL));
  for (char *at = contents; (at = memmem (at, size - (gsize)(at - contents), "people", 6)); at++)
    memcpy (at, "poeple", 6);
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize)size, NULL));
  reopen_damaged (fixture);
}

/* A hole in the middle, which opening alone would not notice. */
static void
test_overwritten (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *contents = NULL;
  gsize size;

  fill (fixture->store, 500);
  store_close (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &contents, &size, NULL));
  memset (contents + size / 2, 0, size / 4);
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize)size, NULL));
  reopen_damaged (fixture);
}

/* The format number, four bytes at 60 of the header (SQLite file format, 1.3). */
static guint8
set_format (StoreFixture *fixture, guint8 format)
{
  g_autofree char *contents = NULL;
  gsize size;
  guint8 before;

  g_assert_true (g_file_get_contents (fixture->path, &contents, &size, NULL));
  before = (guint8)contents[63];
  contents[63] = (char)format;
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize)size, NULL));
  return before;
}

static void
test_newer (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint8 format;

  store_put_person (fixture->store, "people/c1", "Bob");
  store_close (fixture);
  format = set_format (fixture, 200);
  g_assert_null (book_store_open (fixture->path, &error));
  g_assert_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_NEWER);
  g_assert_cmpuint (count_files (fixture->folder, "damaged"), ==, 0);
  set_format (fixture, format);
  store_open (fixture);
  store_assert_people (fixture->store, "people/c1=Bob\n");
}

static void
test_cannot_open (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (fixture->folder, "missing", "book.db", NULL);
  g_autoptr (GError) no_folder = NULL, is_folder = NULL;

  g_assert_null (book_store_open (missing, &no_folder));
  g_assert_error (no_folder, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
  g_assert_nonnull (strstr (no_folder->message, missing));
  g_assert_null (book_store_open (fixture->folder, &is_folder));
  g_assert_error (is_folder, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
}

/* The child commits one person, puts another without a commit, says so, and is killed. */
static void
test_kill (StoreFixture *fixture, gconstpointer data)
{
  int pipe_fds[2], status;
  char byte;
  pid_t child;

  store_close (fixture);
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    store_open (fixture);
    store_put_person (fixture->store, "people/c1", "Committed");
    assert_good (book_store_begin (fixture->store, error));
    store_put_person (fixture->store, "people/c2", "Half-way");
    g_assert_cmpint (write (pipe_fds[1], "x", 1), ==, 1);
    for (;;)
      pause ();
  }
  close (pipe_fds[1]);
  g_assert_cmpint (read (pipe_fds[0], &byte, 1), ==, 1);
  close (pipe_fds[0]);
  g_assert_cmpint (kill (child, SIGKILL), ==, 0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFSIGNALED (status));
  store_open (fixture);
  store_assert_people (fixture->store, "people/c1=Committed\n");
  g_assert_cmpuint (count_files (fixture->folder, "damaged"), ==, 0);
}

static void
count_person (const BookStorePerson *person, gpointer data)
{
  ++*(int *)data;
}

/* A large address book, in one transaction. */
static void
test_bulk (StoreFixture *fixture, gconstpointer data)
{
  int count = 0;

  fill (fixture->store, 25000);
  store_close (fixture);
  store_open (fixture);
  assert_good (book_store_each_person (fixture->store, count_person, &count, error));
  g_assert_cmpint (count, ==, 25000);
}

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/good", test_good);
  STORE_TEST ("/store/garbage", test_garbage);
  STORE_TEST ("/store/truncated", test_truncated);
  STORE_TEST ("/store/overwritten", test_overwritten);
  STORE_TEST ("/store/other-tables", test_other_tables);
  STORE_TEST ("/store/newer", test_newer);
  STORE_TEST ("/store/cannot-open", test_cannot_open);
  STORE_TEST ("/store/kill", test_kill);
  STORE_TEST ("/store/bulk", test_bulk);
  return g_test_run ();
}
