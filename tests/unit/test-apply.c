/* What the service says of people, taken into the book: who is called what, and which photo is theirs, whatever the
 * order of the news. */
#include <glib/gstdio.h>

#include "folder/internal.h"
#include "helpers.h"
#include "sync/internal.h"

typedef struct {
  char *folder;
  gboolean anew;
  Contacts *contacts;
  Book *book;     /* its */
  GString *freed; /* names that the kernel was told to forget */
} Fixture;

static void
on_name_changed (const char *name, gpointer data)
{
  g_string_append_printf (((Fixture *)data)->freed, "%s|", name);
}

static const BookEvents events = { .name_changed = on_name_changed };

static void
open_book (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *cache = g_build_filename (self->folder, "cache", NULL);
  g_autofree char *data = g_build_filename (self->folder, "data", NULL);
  const ContactsOptions options = {
    .book = { .account = "test", .state_dir = self->folder, .anew = self->anew },
    .photos = { .cache_dir = cache, .cache_bytes = 1000000, .data_dir = data },
  };

  self->contacts = contacts_new (NULL, NULL, &options, &error);
  g_assert_no_error (error);
  self->book = contacts_book (self->contacts);
  book_listen (self->book, &events, self);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = test_folder_new ();
  self->freed = g_string_new (NULL);
  open_book (self);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  book_unlisten (self->book, self);
  contacts_free (self->contacts);
  g_string_free (self->freed, TRUE);
  test_folder_remove (self->folder);
}

static void
remount (Fixture *self)
{
  book_unlisten (self->book, self);
  contacts_free (self->contacts);
  open_book (self);
}

static PeoplePerson *
said (const char *resource_name, const char *display_name, const char *email, gint64 update_time, const char *photo_url)
{
  PeoplePerson *person = g_new0 (PeoplePerson, 1);

  person->resource_name = g_strdup (resource_name);
  person->display_name = g_strdup (display_name);
  person->email = g_strdup (email);
  person->update_time = update_time;
  person->photo_url = g_strdup (photo_url);
  return person;
}

static PeoplePerson *
said_deleted (const char *resource_name)
{
  PeoplePerson *person = said (resource_name, NULL, NULL, 0, NULL);

  person->deleted = TRUE;
  return person;
}

/* NULL-terminated list of PeoplePerson, consumed. */
static void
apply (Fixture *self, BookApply how, ...)
{
  g_autoptr (GPtrArray) people = g_ptr_array_new_with_free_func ((GDestroyNotify)people_person_free);
  g_autoptr (GError) error = NULL;
  va_list list;

  va_start (list, how);
  for (PeoplePerson *person = va_arg (list, PeoplePerson *); person != NULL; person = va_arg (list, PeoplePerson *))
    g_ptr_array_add (people, person);
  va_end (list);
  g_string_truncate (self->freed, 0);
  g_assert_true (book_people_apply (self->book, people, how, &error));
  g_assert_no_error (error);
}

static void
assert_name (Fixture *self, const char *resource_name, const char *name)
{
  BookPerson *person = book_person_by_resource_name (self->book, resource_name);

  g_assert_nonnull (person);
  g_assert_cmpstr (person->name, ==, name);
  g_assert_true (book_person_by_name (self->book, name) == person);
  g_assert_true (book_person_by_ino (self->book, person->ino) == person);
  g_assert_true ((person->base_name == NULL) == (strchr (name, '(') == NULL)); /* one text where both are the same */
}

static void
first_listing_lowest_holds (Fixture *self, gconstpointer data)
{
  apply (self, BOOK_APPLY_ALL, said ("people/c9", "Ann", "nine@x", 1, NULL),
         said ("people/c1", "Ann", "one@x", 1, NULL), said ("people/c5", "Ann", NULL, 1, NULL), NULL);
  assert_name (self, "people/c1", "Ann");
  assert_name (self, "people/c9", "Ann (nine@x)");
  assert_name (self, "people/c5", "Ann (c5)");
}

static void
names_stay_over_remounts (Fixture *self, gconstpointer data)
{
  guint64 ino;

  apply (self, BOOK_APPLY_ALL, said ("people/c9", "Ann", "nine@x", 1, NULL), NULL);
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", "one@x", 1, NULL), NULL);
  assert_name (self, "people/c9", "Ann");
  ino = book_person_by_name (self->book, "Ann")->ino;
  remount (self);
  assert_name (self, "people/c9", "Ann");
  assert_name (self, "people/c1", "Ann (one@x)");
  g_assert_cmpuint (book_person_by_name (self->book, "Ann")->ino, ==, ino);
  /* everybody listed again, in another order: nobody changes places */
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", "one@x", 1, NULL),
         said ("people/c9", "Ann", "nine@x", 1, NULL), NULL);
  assert_name (self, "people/c9", "Ann");
  assert_name (self, "people/c1", "Ann (one@x)");
  g_assert_cmpstr (self->freed->str, ==, "");
}

static void
holder_gone_name_does_not_pass (Fixture *self, gconstpointer data)
{
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", "one@x", 1, NULL), said ("people/c2", "Ann", "two@x", 1, NULL),
         NULL);
  apply (self, BOOK_APPLY_DELTA, said_deleted ("people/c1"), NULL);
  g_assert_cmpstr (self->freed->str, ==, "Ann|");
  g_assert_null (book_person_by_name (self->book, "Ann"));
  assert_name (self, "people/c2", "Ann (two@x)");
  apply (self, BOOK_APPLY_DELTA, said ("people/c2", "Ann", "two@x", 2, "https://h/p=s100"), NULL);
  assert_name (self, "people/c2", "Ann (two@x)");
}

static void
two_swap_names_in_one_delta (Fixture *self, gconstpointer data)
{
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 1, NULL), said ("people/c2", "Bob", NULL, 1, NULL),
         NULL);
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Bob", NULL, 2, NULL), said ("people/c2", "Ann", NULL, 2, NULL),
         NULL);
  assert_name (self, "people/c1", "Bob");
  assert_name (self, "people/c2", "Ann");
  g_assert_nonnull (strstr (self->freed->str, "Ann|"));
  g_assert_nonnull (strstr (self->freed->str, "Bob|"));
}

static void
missing_in_a_listing_is_gone (Fixture *self, gconstpointer data)
{
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 1, NULL), said ("people/c2", "Bob", NULL, 1, NULL),
         NULL);
  apply (self, BOOK_APPLY_ALL, said ("people/c2", "Bob", NULL, 1, NULL), NULL);
  g_assert_null (book_person_by_name (self->book, "Ann"));
  remount (self);
  g_assert_null (book_person_by_name (self->book, "Ann"));
  assert_name (self, "people/c2", "Bob");
}

static void
renamed_resource_is_the_same_person (Fixture *self, gconstpointer data)
{
  PeoplePerson *person = said ("people/c7", "Ann", "one@x", 2, NULL);
  const char *const previous[] = { "people/c1", NULL };

  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", "one@x", 1, NULL), said ("people/c2", "Ann", "two@x", 1, NULL),
         NULL);
  person->previous_resource_names = g_strdupv ((char **)previous);
  apply (self, BOOK_APPLY_DELTA, person, said_deleted ("people/c1"), NULL);
  assert_name (self, "people/c7", "Ann");
  assert_name (self, "people/c2", "Ann (two@x)");
  g_assert_null (book_person_by_resource_name (self->book, "people/c1"));
  remount (self);
  assert_name (self, "people/c7", "Ann");
}

static void
never (const char *resource_name, const char *version, gpointer data)
{
  g_assert_not_reached ();
}

static void
anew_is_another_address_book (Fixture *self, gconstpointer data)
{
  g_autoptr (GBytes) picture = g_bytes_new_static ("a photo", 7);
  g_autoptr (GPtrArray) kept = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autofree char *name = NULL;

  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 1, NULL), NULL);
  g_assert_true (book_store_put_deletion (book_store (self->book), "people/c1", "https://h/old", NULL));
  name = archive_add (photos_archive (contacts_photos (self->contacts)), ARCHIVE_PREVIOUS, "people/c1", picture, NULL);
  g_assert_nonnull (name);
  remount (self);
  assert_name (self, "people/c1", "Ann");
  kept = archive_list (photos_archive (contacts_photos (self->contacts)), ARCHIVE_PREVIOUS, "people/c1");
  g_assert_cmpuint (kept->len, ==, 1);

  self->anew = TRUE;
  remount (self);
  g_assert_cmpuint (book_people_count (self->book), ==, 0);
  g_assert_false (book_is_listed (self->book));
  g_assert_true (book_store_each_deletion (book_store (self->book), never, NULL, NULL));
  none = archive_list (photos_archive (contacts_photos (self->contacts)), ARCHIVE_PREVIOUS, "people/c1");
  g_assert_cmpuint (none->len, ==, 0);
}

static void
listed_and_deleted_in_one_delta (Fixture *self, gconstpointer data)
{
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 1, NULL), said ("people/c1", "Ann", NULL, 1, NULL),
         said_deleted ("people/c1"), NULL);
  g_assert_null (book_person_by_name (self->book, "Ann"));
  g_assert_cmpuint (book_people_count (self->book), ==, 0);
}

static const char *
photo_of (Fixture *self, const char *resource_name)
{
  return book_person_by_resource_name (self->book, resource_name)->photo_url;
}

static void
lagging_delta_does_not_undo (Fixture *self, gconstpointer data)
{
  g_autoptr (PeoplePerson) answer = said ("people/c1", "Ann", NULL, 20, "https://h/new=s100");
  g_autoptr (PeoplePerson) timeless = said ("people/c1", "Ann", NULL, 0, "https://h/newer=s100");

  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, "https://h/old=s100"), NULL);
  book_people_apply_answer (self->book, answer, "https://h/old");
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/new=s100");
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 10, "https://h/old=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/new=s100");
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, "https://h/old=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/new=s100");
  remount (self);
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 0, "https://h/old=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/new=s100");
  /* an answer without a time: the photo that it replaced does not come back either */
  book_people_apply_answer (self->book, timeless, "https://h/new");
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 20, "https://h/new=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/newer=s100");
  /* nor the one before */
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 20, "https://h/old=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/newer=s100");
  /* but news is news */
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 30, "https://h/other=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/other=s100");
}

/* The service says it once. What could not be written then is written with the next news, whatever these are about. */
static void
what_a_full_disk_refused_is_kept_later (Fixture *self, gconstpointer data)
{
  g_autoptr (GPtrArray) people = g_ptr_array_new_with_free_func ((GDestroyNotify)people_person_free);
  g_autoptr (GError) error = NULL;

  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, NULL), said ("people/c2", "Bob", NULL, 10, NULL),
         NULL);
  g_ptr_array_add (people, said ("people/c1", "Anna", NULL, 20, "https://h/new=s100"));
  g_ptr_array_add (people, said_deleted ("people/c2"));
  g_ptr_array_add (people, said ("people/c3", "Cid", NULL, 20, NULL));
  test_disk_full (TRUE);
  g_assert_false (book_people_apply (self->book, people, BOOK_APPLY_DELTA, &error));
  g_assert_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED);
  test_disk_full (FALSE);
  assert_name (self, "people/c3", "Cid");
  apply (self, BOOK_APPLY_DELTA, said ("people/c3", "Cid", NULL, 20, NULL), NULL);
  remount (self);
  assert_name (self, "people/c1", "Anna");
  assert_name (self, "people/c3", "Cid");
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/new=s100");
  g_assert_null (book_person_by_resource_name (self->book, "people/c2"));
}

/* Nothing about the person is new but what the resource is called, or what is said is older than what we know. */
static void
renamed_resource_is_kept_over_remounts (Fixture *self, gconstpointer data)
{
  const gint64 times[] = { 10, 5 };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++) {
    PeoplePerson *renamed = said ("people/c2", "Ann", NULL, times[i], NULL);

    renamed->previous_resource_names = g_strsplit ("people/c1", ",", -1);
    apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, NULL), NULL);
    apply (self, BOOK_APPLY_DELTA, renamed, NULL);
    remount (self);
    assert_name (self, "people/c2", "Ann");
  }
}

/* What comes after it, be it the answer to a change of ours, does not undo a delta that is newer; nor after a remount. */
static void
late_answer_does_not_undo (Fixture *self, gconstpointer data)
{
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, "https://h/old=s100"), NULL);
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, 30, "https://h/theirs=s100"), NULL);
  g_hash_table_add (self->contacts->sync->doubted, /* there is nobody to ask */
                    book_person_by_resource_name (self->book, "people/c1"));
  apply (self, BOOK_APPLY_ANSWER, said ("people/c1", "Ann", NULL, 20, "https://h/ours=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/theirs=s100");
  remount (self);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/theirs=s100");
  apply (self, BOOK_APPLY_TRUTH, said ("people/c1", "Ann", NULL, 20, "https://h/ours=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/ours=s100");
}

static void
time_in_the_future_orders_nothing (Fixture *self, gconstpointer data)
{
  gint64 now = g_get_real_time ();

  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, now, "https://h/old=s100"), NULL);
  apply (self, BOOK_APPLY_ANSWER, said ("people/c1", "Ann", NULL, now + G_TIME_SPAN_DAY, "https://h/ours=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/ours=s100");
  book_person_supersede (book_person_by_resource_name (self->book, "people/c1"), "https://h/old");
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, now, "https://h/old=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/ours=s100"); /* that is one that we have replaced */
  apply (self, BOOK_APPLY_DELTA, said ("people/c1", "Ann", NULL, now + 1, "https://h/theirs=s100"), NULL);
  g_assert_cmpstr (photo_of (self, "people/c1"), ==, "https://h/theirs=s100");
}

static PeoplePerson *
said_merged (void)
{
  PeoplePerson *merged = said ("people/c1", "Ann", NULL, 20, NULL);

  merged->previous_resource_names = g_strsplit ("people/c2", ",", -1);
  return merged;
}

/* Into one that is known already; heard of before, or in the same delta, as somebody who is gone. */
static void
merged_contact_hands_over_what_was_kept (Fixture *self, gconstpointer data)
{
  for (int gone_before = 0; gone_before < 2; gone_before++) {
    g_autoptr (GBytes) bytes = g_bytes_new_static (gone_before ? "one" : "two", 3);
    g_autoptr (GPtrArray) names = NULL;
    g_autofree char *name = NULL;

    apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, NULL), said ("people/c2", "Ann", NULL, 10, NULL),
           NULL);
    name = archive_add (photos_archive (contacts_photos (self->contacts)), ARCHIVE_PREVIOUS, "people/c2", bytes, NULL);
    g_assert_nonnull (name);
    if (gone_before)
      apply (self, BOOK_APPLY_DELTA, said_deleted ("people/c2"), said_merged (), NULL);
    else
      apply (self, BOOK_APPLY_DELTA, said_merged (), said_deleted ("people/c2"), NULL);
    names = archive_list (photos_archive (contacts_photos (self->contacts)), ARCHIVE_PREVIOUS, "people/c1");
    g_assert_cmpuint (names->len, ==, gone_before + 1);
  }
}

static void
note_deletion (const char *resource_name, const char *version, gpointer data)
{
  g_string_append_printf (data, "%s %s|", resource_name, version);
}

static void
promised_removal_goes_with_the_resource (Fixture *self, gconstpointer data)
{
  PeoplePerson *renamed = said ("people/c2", "Ann", NULL, 20, "https://h/x=s100");
  g_autoptr (GString) promised = g_string_new (NULL);

  renamed->previous_resource_names = g_strsplit ("people/c1", ",", -1);
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, "https://h/x=s100"), NULL);
  g_assert_true (book_store_put_deletion (book_store (self->book), "people/c1", "https://h/x", NULL));
  apply (self, BOOK_APPLY_DELTA, renamed, NULL);
  g_assert_true (book_store_each_deletion (book_store (self->book), note_deletion, promised, NULL));
  g_assert_cmpstr (promised->str, ==, "people/c2 https://h/x|");
}

static void
keep_unlinked (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

/* After a kill nobody would know of it. */
static void
removal_that_cannot_be_noted_fails (Fixture *self, gconstpointer data)
{
  g_autoptr (HttpClient) http = http_client_new ();
  g_autoptr (TokenCache) token_cache = token_cache_new_command ("true");
  g_autoptr (PeopleClient) people = people_client_new (http, token_cache, "http://127.0.0.1:1", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (FolderFile) file = NULL;
  BookPerson *person;

  self->contacts->people = self->contacts->sync->people = people;
  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, "https://h/x=s100"), NULL);
  person = book_person_by_resource_name (self->book, "people/c1");
  test_disk_full (TRUE);
  folder_unlink_async (self->contacts, person, "photo.jpg", 0, NULL, keep_unlinked, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  test_disk_full (FALSE);
  g_assert_false (folder_unlink_finish (self->contacts, result, &error));
  g_assert_error (error, BOOK_ERROR, BOOK_ERROR_IO);
  file = folder_lookup (self->contacts, person, "photo.jpg");
  g_assert_nonnull (file);
  self->contacts->people = self->contacts->sync->people = NULL; /* they go before the book */
}

/* `mv photo.jpg x; rm x`, and the contact is deleted at the service in the same second. */
static void
deleted_while_its_photo_is_moved_away (Fixture *self, gconstpointer data)
{
  Folder *folder;

  apply (self, BOOK_APPLY_ALL, said ("people/c1", "Ann", NULL, 10, "https://h/x=s100"), NULL);
  folder = folder_get (self->contacts, book_person_by_resource_name (self->book, "people/c1"));
  folder_set_state (folder, FOLDER_MOVED);
  apply (self, BOOK_APPLY_DELTA, said_deleted ("people/c1"), NULL);
  g_assert_null (book_person_by_resource_name (self->book, "people/c1"));
  while (g_hash_table_size (self->contacts->folders) > 0) /* until it has waited long enough for a successor */
    g_main_context_iteration (NULL, TRUE);
}

int
main (int argc, char **argv)
{
  static const struct {
    const char *path;
    void (*func) (Fixture *self, gconstpointer data);
  } tests[] = {
    { "/apply/first-listing-lowest-holds", first_listing_lowest_holds },
    { "/apply/names-stay-over-remounts", names_stay_over_remounts },
    { "/apply/holder-gone-name-does-not-pass", holder_gone_name_does_not_pass },
    { "/apply/two-swap-names-in-one-delta", two_swap_names_in_one_delta },
    { "/apply/missing-in-a-listing-is-gone", missing_in_a_listing_is_gone },
    { "/apply/renamed-resource-is-the-same-person", renamed_resource_is_the_same_person },
    { "/apply/renamed-resource-is-kept-over-remounts", renamed_resource_is_kept_over_remounts },
    { "/apply/what-a-full-disk-refused-is-kept-later", what_a_full_disk_refused_is_kept_later },
    { "/apply/anew-is-another-address-book", anew_is_another_address_book },
    { "/apply/listed-and-deleted-in-one-delta", listed_and_deleted_in_one_delta },
    { "/apply/lagging-delta-does-not-undo", lagging_delta_does_not_undo },
    { "/apply/late-answer-does-not-undo", late_answer_does_not_undo },
    { "/apply/time-in-the-future-orders-nothing", time_in_the_future_orders_nothing },
    { "/apply/merged-contact-hands-over-what-was-kept", merged_contact_hands_over_what_was_kept },
    { "/apply/removal-that-cannot-be-noted-fails", removal_that_cannot_be_noted_fails },
    { "/apply/deleted-while-its-photo-is-moved-away", deleted_while_its_photo_is_moved_away },
    { "/apply/promised-removal-goes-with-the-resource", promised_removal_goes_with_the_resource },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);
  return g_test_run ();
}
