/* A database in a folder of its own. */
#define G_LOG_DOMAIN "contactfs"

#include "store-fixture.h"

void
store_open (StoreFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = book_store_open (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (fixture->store);
}

void
store_close (StoreFixture *fixture)
{
  g_clear_pointer (&fixture->store, book_store_close);
}

void
store_set_up (StoreFixture *fixture, gconstpointer data)
{
  fixture->folder = test_folder_new ();
  fixture->path = g_build_filename (fixture->folder, "book.db", NULL);
  store_open (fixture);
}

void
store_tear_down (StoreFixture *fixture, gconstpointer data)
{
  store_close (fixture);
  g_free (fixture->path);
  test_folder_remove (fixture->folder);
  test_assert_warned ();
}

void
store_put_person (BookStore *store, const char *resource_name, const char *name)
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

void
store_assert_people (BookStore *store, const char *expected)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  assert_good (book_store_each_person (store, append_person, lines, error));
  g_assert_cmpstr (lines->str, ==, expected);
}
