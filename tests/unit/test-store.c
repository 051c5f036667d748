/* The database of an account: what was put is there after a close, a kill, and damage to the file. */
#define G_LOG_DOMAIN "contactfs"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "book/store.h"
#include "helpers.h"

typedef struct {
  char *folder;
  char *path;
  BookStore *store;
} Fixture;

static void
open_store (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = book_store_open (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fixture->store);
}

static void
close_store (Fixture *fixture)
{
  g_clear_pointer (&fixture->store, book_store_close);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = test_folder_new ();
  fixture->path = g_build_filename (fixture->folder, "book.db", NULL);
  open_store (fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close_store (fixture);
  g_free (fixture->path);
  test_folder_remove (fixture->folder);
  test_assert_warned ();
}

#define assert_good(expression)                                                                                        \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    GError *error_ = NULL, **error = &error_;                                                                          \
    gboolean good_ = (expression);                                                                                     \
    g_assert_no_error (error_);                                                                                        \
    g_assert_true (good_);                                                                                             \
  }                                                                                                                    \
  G_STMT_END

static void
put_person (BookStore *store, const char *resource_name, const char *name)
{
  BookStorePerson person = { .resource_name = resource_name, .name = name, .base_name = name };

  assert_good (book_store_put_person (store, &person, error));
}

/* All people as "resource name=name" lines, in the order they come. */
static void
append_person (const BookStorePerson *person, gpointer data)
{
  g_string_append_printf (data, "%s=%s\n", person->resource_name, person->name);
}

static void
assert_people (BookStore *store, const char *expected)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  assert_good (book_store_each_person (store, append_person, lines, error));
  g_assert_cmpstr (lines->str, ==, expected);
}

static void
append_all_fields (const BookStorePerson *person, gpointer data)
{
  g_string_append_printf (data, "%s|%s|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%s|%s|%s|%s|%s|%s\n",
                          person->resource_name, person->name, person->base_name, person->update_time,
                          person->profile_update_time, person->photo_url ? person->photo_url : "-",
                          person->profile_url ? person->profile_url : "-",
                          person->superseded ? person->superseded : "-", person->emails ? person->emails : "-",
                          person->phones ? person->phones : "-", person->labels ? person->labels : "-");
}

static void
test_people (Fixture *fixture, gconstpointer data)
{
  BookStorePerson alice
      = { "people/c2",   "Alice (a@x)", "Alice", 1700000000123456,  5, "https://h/p=s100", "https://h/q",
          "https://h/o", "a@x\nb@x",    "+1",    "contactGroups/4f" };
  BookStorePerson bare = { .resource_name = "people/c1", .name = "böb", .base_name = "böb" };
  g_autoptr (GString) lines = g_string_new (NULL);

  assert_people (fixture->store, "");
  assert_good (book_store_put_person (fixture->store, &alice, error));
  assert_good (book_store_put_person (fixture->store, &bare, error));
  close_store (fixture);
  open_store (fixture);
  assert_good (book_store_each_person (fixture->store, append_all_fields, lines, error));
  g_assert_cmpstr (lines->str, ==,
                   "people/c1|böb|böb|0|0|-|-|-|-|-|-\n"
                   "people/c2|Alice (a@x)|Alice|1700000000123456|5|https://h/p=s100|https://h/q|https://h/o|"
                   "a@x\nb@x|+1|contactGroups/4f\n");

  put_person (fixture->store, "people/c1", "Bob");
  assert_good (book_store_remove_person (fixture->store, "people/c2", error));
  assert_good (book_store_remove_person (fixture->store, "people/never", error));
  assert_people (fixture->store, "people/c1=Bob\n");
}

static void
test_nameless_is_refused (Fixture *fixture, gconstpointer data)
{
  BookStorePerson nobody = { .resource_name = "people/c1" };
  g_autoptr (GError) error = NULL;

  g_assert_false (book_store_put_person (fixture->store, &nobody, &error));
  g_assert_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, fixture->path));
  put_person (fixture->store, "people/c1", "Bob"); /* and the statement is fit for use again */
}

static void
append_label (const char *resource_name, const char *name, gpointer data)
{
  g_string_append_printf (data, "%s=%s ", resource_name, name);
}

static void
test_labels (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) first = g_string_new (NULL), second = g_string_new (NULL);

  assert_good (book_store_put_label (fixture->store, "contactGroups/b", "Choir", error));
  assert_good (book_store_put_label (fixture->store, "contactGroups/a", "Ämter", error));
  assert_good (book_store_put_label (fixture->store, "contactGroups/b", "Quire", error));
  close_store (fixture);
  open_store (fixture);
  assert_good (book_store_each_label (fixture->store, append_label, first, error));
  g_assert_cmpstr (first->str, ==, "contactGroups/a=Ämter contactGroups/b=Quire ");
  assert_good (book_store_remove_labels (fixture->store, error));
  assert_good (book_store_each_label (fixture->store, append_label, second, error));
  g_assert_cmpstr (second->str, ==, "");
}

static void
test_facts (Fixture *fixture, gconstpointer data)
{
  g_autofree char *none = book_store_get (fixture->store, "sync_token"), *first = NULL, *second = NULL, *removed = NULL;

  g_assert_null (none);
  assert_good (book_store_set (fixture->store, "sync_token", "one", error));
  assert_good (book_store_set (fixture->store, "other", "x", error));
  first = book_store_get (fixture->store, "sync_token");
  g_assert_cmpstr (first, ==, "one");
  assert_good (book_store_set (fixture->store, "sync_token", "", error));
  second = book_store_get (fixture->store, "sync_token");
  g_assert_cmpstr (second, ==, "");
  assert_good (book_store_set (fixture->store, "sync_token", NULL, error));
  removed = book_store_get (fixture->store, "sync_token");
  g_assert_null (removed);
}

static gboolean
append_photo (const char *version, const BookStorePhoto *photo, gpointer data)
{
  g_string_append_printf (data, "%s:%" G_GINT64_FORMAT " ", version, photo->size);
  return photo->size != 3; /* the one to stop at */
}

static void
put_photo (BookStore *store, const char *version, gint64 size, gint64 last_use, gboolean cached)
{
  BookStorePhoto photo = { .size = size, .last_use = last_use, .cached = cached, .mime_type = "image/png" };

  assert_good (book_store_put_photo (store, version, &photo, error));
}

static void
test_photos (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) order = g_string_new (NULL), cut = g_string_new (NULL);
  BookStorePhoto photo;

  g_assert_false (book_store_get_photo (fixture->store, "a", &photo));
  g_assert_cmpint (book_store_cached_bytes (fixture->store), ==, 0);
  put_photo (fixture->store, "a", 10, 100, TRUE);
  put_photo (fixture->store, "b", 20, 50, TRUE);
  put_photo (fixture->store, "c", 40, 10, FALSE);
  put_photo (fixture->store, "d", 1, 200, TRUE);
  g_assert_cmpint (book_store_cached_bytes (fixture->store), ==, 31);
  assert_good (book_store_touch_photo (fixture->store, "b", 150, error));
  assert_good (book_store_each_cached_photo (fixture->store, append_photo, order, error));
  g_assert_cmpstr (order->str, ==, "a:10 b:20 d:1 ");

  close_store (fixture);
  open_store (fixture);
  g_assert_true (book_store_get_photo (fixture->store, "b", &photo));
  g_assert_cmpint (photo.size, ==, 20);
  g_assert_cmpint (photo.last_use, ==, 150);
  g_assert_true (photo.cached);
  g_assert_cmpstr (photo.mime_type, ==, "image/png");
  g_assert_true (book_store_get_photo (fixture->store, "c", &photo));
  g_assert_false (photo.cached);

  put_photo (fixture->store, "a", 3, 1, TRUE);
  assert_good (book_store_each_cached_photo (fixture->store, append_photo, cut, error));
  g_assert_cmpstr (cut->str, ==, "a:3 ");
}

static void
append_deletion (const char *resource_name, const char *version, gpointer data)
{
  g_string_append_printf (data, "%s:%s ", resource_name, version ? version : "-");
}

static void
test_deletions (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) both = g_string_new (NULL), one = g_string_new (NULL);

  assert_good (book_store_put_deletion (fixture->store, "people/c2", "v2", error));
  assert_good (book_store_put_deletion (fixture->store, "people/c1", NULL, error));
  assert_good (book_store_put_deletion (fixture->store, "people/c2", "v3", error));
  close_store (fixture);
  open_store (fixture);
  assert_good (book_store_each_deletion (fixture->store, append_deletion, both, error));
  g_assert_cmpstr (both->str, ==, "people/c1:- people/c2:v3 ");
  assert_good (book_store_remove_deletion (fixture->store, "people/c2", error));
  assert_good (book_store_each_deletion (fixture->store, append_deletion, one, error));
  g_assert_cmpstr (one->str, ==, "people/c1:- ");
}

static void
test_transactions (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) nested = NULL;

  assert_good (book_store_begin (fixture->store, error));
  put_person (fixture->store, "people/c1", "Bob");
  book_store_rollback (fixture->store);
  book_store_rollback (fixture->store); /* nothing to do is fine */
  assert_people (fixture->store, "");

  assert_good (book_store_begin (fixture->store, error));
  g_assert_false (book_store_begin (fixture->store, &nested));
  g_assert_error (nested, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
  put_person (fixture->store, "people/c2", "Eve");
  assert_good (book_store_commit (fixture->store, error));

  assert_good (book_store_begin (fixture->store, error));
  put_person (fixture->store, "people/c3", "Mallory");
  close_store (fixture); /* as good as a rollback */
  open_store (fixture);
  assert_people (fixture->store, "people/c2=Eve\n");
}

static void
assert_private (const char *path, const char *suffix)
{
  g_autofree char *full = g_strconcat (path, suffix, NULL);
  struct stat st;

  g_assert_cmpint (stat (full, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
}

static void
test_private (Fixture *fixture, gconstpointer data)
{
  g_autofree char *shared = NULL;
  mode_t mask;

  put_person (fixture->store, "people/c1", "Bob");
  close_store (fixture);
  g_assert_cmpint (g_chmod (fixture->path, 0644), ==, 0); /* somebody's backup program restored it so */
  mask = umask (0);
  open_store (fixture);
  put_person (fixture->store, "people/c2", "Eve");
  umask (mask);
  assert_private (fixture->path, "");
  assert_private (fixture->path, "-wal");
  /* one process at a time holds the account's lock, so SQLite shares no memory */
  shared = g_strconcat (fixture->path, "-shm", NULL);
  g_assert_false (g_file_test (shared, G_FILE_TEST_EXISTS));
}

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

    put_person (store, resource_name, name);
  }
  assert_good (book_store_commit (store, error));
}

static void
reopen_damaged (Fixture *fixture)
{
  test_expect_warning ("set aside as");
  open_store (fixture);
  g_assert_cmpuint (count_files (fixture->folder, "book.db.damaged-"), ==, 1);
  assert_people (fixture->store, "");
  put_person (fixture->store, "people/c9", "New");
  close_store (fixture);
  open_store (fixture);
  assert_people (fixture->store, "people/c9=New\n");
}

static void
test_garbage (Fixture *fixture, gconstpointer data)
{
  g_autofree char *garbage = g_strnfill (10000, 'x');

  close_store (fixture);
  g_assert_true (g_file_set_contents (fixture->path, garbage, -1, NULL));
  reopen_damaged (fixture);
}

static void
test_truncated (Fixture *fixture, gconstpointer data)
{
  struct stat st;

  fill (fixture->store, 500);
  close_store (fixture);
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
test_good (Fixture *fixture, gconstpointer data)
{
  guint64 first = inode (fixture->path);

  for (int times = 0; times < 3; times++) {
    fill (fixture->store, times * 500);
    close_store (fixture);
    open_store (fixture);
    g_assert_cmpuint (inode (fixture->path), ==, first);
    g_assert_cmpuint (count_files (fixture->folder, "damaged"), ==, 0);
  }
}

/* An SQLite database that nothing is wrong with, and yet not ours. */
static void
test_other_tables (Fixture *fixture, gconstpointer data)
{
  g_autofree char *contents = NULL;
  gsize size;

  close_store (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &contents, &size, NULL));
  for (char *at = contents; (at = memmem (at, size - (gsize)(at - contents), "people", 6)); at++)
    memcpy (at, "poeple", 6);
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize)size, NULL));
  reopen_damaged (fixture);
}

/* A hole in the middle, which opening alone would not notice. */
static void
test_overwritten (Fixture *fixture, gconstpointer data)
{
  g_autofree char *contents = NULL;
  gsize size;

  fill (fixture->store, 500);
  close_store (fixture);
  g_assert_true (g_file_get_contents (fixture->path, &contents, &size, NULL));
  memset (contents + size / 2, 0, size / 4);
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize)size, NULL));
  reopen_damaged (fixture);
}

/* The format number, four bytes at 60 of the header (SQLite file format, 1.3). */
static guint8
set_format (Fixture *fixture, guint8 format)
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
test_sent (Fixture *fixture, gconstpointer data)
{
  BookStorePhoto photo = { .size = 3, .mime_type = "image/png", .sha256 = "c0ffee" };

  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "a", "f00d"));
  assert_good (book_store_put_sent (fixture->store, "people/c1", "a", "f00d", error));
  assert_good (book_store_put_sent (fixture->store, "people/c2", "a", "beef", error));
  assert_good (book_store_put_photo (fixture->store, "a", &photo, error));
  close_store (fixture);
  open_store (fixture);
  g_assert_true (book_store_was_sent (fixture->store, "people/c1", "a", "f00d"));
  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "a", "beef"));
  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "b", "f00d"));
  g_assert_true (book_store_get_photo (fixture->store, "a", &photo));
  g_assert_cmpstr (photo.sha256, ==, "c0ffee");
  assert_good (book_store_put_sent (fixture->store, "people/c1", "b", "f00d", error));
  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "a", "f00d"));
}

static void
test_newer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint8 format;

  put_person (fixture->store, "people/c1", "Bob");
  close_store (fixture);
  format = set_format (fixture, 200);
  g_assert_null (book_store_open (fixture->path, &error));
  g_assert_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_NEWER);
  g_assert_cmpuint (count_files (fixture->folder, "damaged"), ==, 0);
  set_format (fixture, format);
  open_store (fixture);
  assert_people (fixture->store, "people/c1=Bob\n");
}

static void
test_cannot_open (Fixture *fixture, gconstpointer data)
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
test_kill (Fixture *fixture, gconstpointer data)
{
  int pipe_fds[2], status;
  char byte;
  pid_t child;

  close_store (fixture);
  g_assert_cmpint (pipe (pipe_fds), ==, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    open_store (fixture);
    put_person (fixture->store, "people/c1", "Committed");
    assert_good (book_store_begin (fixture->store, error));
    put_person (fixture->store, "people/c2", "Half-way");
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
  open_store (fixture);
  assert_people (fixture->store, "people/c1=Committed\n");
  g_assert_cmpuint (count_files (fixture->folder, "damaged"), ==, 0);
}

static void
count_person (const BookStorePerson *person, gpointer data)
{
  ++*(int *)data;
}

/* A large address book, in one transaction. */
static void
test_bulk (Fixture *fixture, gconstpointer data)
{
  int count = 0;

  fill (fixture->store, 25000);
  close_store (fixture);
  open_store (fixture);
  assert_good (book_store_each_person (fixture->store, count_person, &count, error));
  g_assert_cmpint (count, ==, 25000);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  ADD ("/store/people", test_people);
  ADD ("/store/nameless-is-refused", test_nameless_is_refused);
  ADD ("/store/labels", test_labels);
  ADD ("/store/facts", test_facts);
  ADD ("/store/photos", test_photos);
  ADD ("/store/sent", test_sent);
  ADD ("/store/deletions", test_deletions);
  ADD ("/store/transactions", test_transactions);
  ADD ("/store/private", test_private);
  ADD ("/store/good", test_good);
  ADD ("/store/garbage", test_garbage);
  ADD ("/store/truncated", test_truncated);
  ADD ("/store/overwritten", test_overwritten);
  ADD ("/store/other-tables", test_other_tables);
  ADD ("/store/newer", test_newer);
  ADD ("/store/cannot-open", test_cannot_open);
  ADD ("/store/kill", test_kill);
  ADD ("/store/bulk", test_bulk);
  return g_test_run ();
}
