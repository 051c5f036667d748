/* The database of an account: what was put is there after a close, a kill, and damage to the file. */
#define G_LOG_DOMAIN "contactfs"

#include <glib/gstdio.h>
#include <sys/stat.h>

#include "store-fixture.h"

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
test_people (StoreFixture *fixture, gconstpointer data)
{
  BookStorePerson alice
      = { "people/c2",   "Alice (a@x)", "Alice", 1700000000123456,  5, "https://h/p=s100", "https://h/q",
          "https://h/o", "a@x\nb@x",    "+1",    "contactGroups/4f" };
  BookStorePerson bare = { .resource_name = "people/c1", .name = "böb", .base_name = "böb" };
  g_autoptr (GString) lines = g_string_new (NULL);

  store_assert_people (fixture->store, "");
  assert_good (book_store_put_person (fixture->store, &alice, error));
  assert_good (book_store_put_person (fixture->store, &bare, error));
  store_close (fixture);
  store_open (fixture);
  assert_good (book_store_each_person (fixture->store, append_all_fields, lines, error));
  g_assert_cmpstr (lines->str, ==,
                   "people/c1|böb|böb|0|0|-|-|-|-|-|-\n"
                   "people/c2|Alice (a@x)|Alice|1700000000123456|5|https://h/p=s100|https://h/q|https://h/o|"
                   "a@x\nb@x|+1|contactGroups/4f\n");

  store_put_person (fixture->store, "people/c1", "Bob");
  assert_good (book_store_remove_person (fixture->store, "people/c2", error));
  assert_good (book_store_remove_person (fixture->store, "people/never", error));
  store_assert_people (fixture->store, "people/c1=Bob\n");
}

static void
test_nameless_is_refused (StoreFixture *fixture, gconstpointer data)
{
  BookStorePerson nobody = { .resource_name = "people/c1" };
  g_autoptr (GError) error = NULL;

  g_assert_false (book_store_put_person (fixture->store, &nobody, &error));
  g_assert_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, fixture->path));
  store_put_person (fixture->store, "people/c1", "Bob"); /* and the statement is fit for use again */
}

static void
append_label (const char *resource_name, const char *name, gpointer data)
{
  g_string_append_printf (data, "%s=%s ", resource_name, name);
}

static void
test_labels (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) first = g_string_new (NULL), second = g_string_new (NULL);

  assert_good (book_store_put_label (fixture->store, "contactGroups/b", "Choir", error));
  assert_good (book_store_put_label (fixture->store, "contactGroups/a", "Ämter", error));
  assert_good (book_store_put_label (fixture->store, "contactGroups/b", "Quire", error));
  store_close (fixture);
  store_open (fixture);
  assert_good (book_store_each_label (fixture->store, append_label, first, error));
  g_assert_cmpstr (first->str, ==, "contactGroups/a=Ämter contactGroups/b=Quire ");
  assert_good (book_store_remove_labels (fixture->store, error));
  assert_good (book_store_each_label (fixture->store, append_label, second, error));
  g_assert_cmpstr (second->str, ==, "");
}

static void
test_facts (StoreFixture *fixture, gconstpointer data)
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
test_photos (StoreFixture *fixture, gconstpointer data)
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

  store_close (fixture);
  store_open (fixture);
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
test_deletions (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GString) both = g_string_new (NULL), one = g_string_new (NULL);

  assert_good (book_store_put_deletion (fixture->store, "people/c2", "v2", error));
  assert_good (book_store_put_deletion (fixture->store, "people/c1", NULL, error));
  assert_good (book_store_put_deletion (fixture->store, "people/c2", "v3", error));
  store_close (fixture);
  store_open (fixture);
  assert_good (book_store_each_deletion (fixture->store, append_deletion, both, error));
  g_assert_cmpstr (both->str, ==, "people/c1:- people/c2:v3 ");
  assert_good (book_store_remove_deletion (fixture->store, "people/c2", error));
  assert_good (book_store_each_deletion (fixture->store, append_deletion, one, error));
  g_assert_cmpstr (one->str, ==, "people/c1:- ");
}

static void
test_transactions (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) nested = NULL;

  assert_good (book_store_begin (fixture->store, error));
  store_put_person (fixture->store, "people/c1", "Bob");
  book_store_rollback (fixture->store);
  book_store_rollback (fixture->store); /* nothing to do is fine */
  store_assert_people (fixture->store, "");

  assert_good (book_store_begin (fixture->store, error));
  g_assert_false (book_store_begin (fixture->store, &nested));
  g_assert_error (nested, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
  store_put_person (fixture->store, "people/c2", "Eve");
  assert_good (book_store_commit (fixture->store, error));

  assert_good (book_store_begin (fixture->store, error));
  store_put_person (fixture->store, "people/c3", "Mallory");
  store_close (fixture); /* as good as a rollback */
  store_open (fixture);
  store_assert_people (fixture->store, "people/c2=Eve\n");
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
test_private (StoreFixture *fixture, gconstpointer data)
{
  g_autofree char *shared = NULL;
  mode_t mask;

  store_put_person (fixture->store, "people/c1", "Bob");
  store_close (fixture);
  g_assert_cmpint (g_chmod (fixture->path, 0644), ==, 0); /* somebody's backup program restored it so */
  mask = umask (0);
  store_open (fixture);
  store_put_person (fixture->store, "people/c2", "Eve");
  umask (mask);
  assert_private (fixture->path, "");
  assert_private (fixture->path, "-wal");
  /* one process at a time holds the account's lock, so SQLite shares no memory */
  shared = g_strconcat (fixture->path, "-shm", NULL);
  g_assert_false (g_file_test (shared, G_FILE_TEST_EXISTS));
}

static void
test_sent (StoreFixture *fixture, gconstpointer data)
{
  BookStorePhoto photo = { .size = 3, .mime_type = "image/png", .sha256 = "c0ffee" };

  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "a", "f00d"));
  assert_good (book_store_put_sent (fixture->store, "people/c1", "a", "f00d", error));
  assert_good (book_store_put_sent (fixture->store, "people/c2", "a", "beef", error));
  assert_good (book_store_put_photo (fixture->store, "a", &photo, error));
  store_close (fixture);
  store_open (fixture);
  g_assert_true (book_store_was_sent (fixture->store, "people/c1", "a", "f00d"));
  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "a", "beef"));
  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "b", "f00d"));
  g_assert_true (book_store_get_photo (fixture->store, "a", &photo));
  g_assert_cmpstr (photo.sha256, ==, "c0ffee");
  assert_good (book_store_put_sent (fixture->store, "people/c1", "b", "f00d", error));
  g_assert_false (book_store_was_sent (fixture->store, "people/c1", "a", "f00d"));
}

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/people", test_people);
  STORE_TEST ("/store/nameless-is-refused", test_nameless_is_refused);
  STORE_TEST ("/store/labels", test_labels);
  STORE_TEST ("/store/facts", test_facts);
  STORE_TEST ("/store/photos", test_photos);
  STORE_TEST ("/store/sent", test_sent);
  STORE_TEST ("/store/deletions", test_deletions);
  STORE_TEST ("/store/transactions", test_transactions);
  STORE_TEST ("/store/private", test_private);
  return g_test_run ();
}
