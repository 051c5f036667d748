/* The table of people: loading, finding, and their lives. What the service says of them comes in through apply.c. */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"
#include "book/names.h"
#include "people/photo.h"

G_DEFINE_QUARK (contactfs_book_error_quark, book_error)

BookPerson *
book_person_ref (BookPerson *self)
{
  self->refs++;
  return self;
}

void
book_person_unref (BookPerson *self)
{
  if (--self->refs > 0)
    return;
  g_free (self->resource_name);
  g_free (self->name);
  g_free (self->base_name);
  g_free (self->photo_url);
  g_free (self->profile_url);
  g_free (self->superseded);
  g_free (self->emails);
  g_free (self->phones);
  g_clear_pointer (&self->labels, g_ref_string_release);
  g_clear_pointer (&self->unconfirmed, g_bytes_unref);
  g_free (self->error);
  g_free (self->note);
  g_free (self);
}

const char *
book_person_base_name (const BookPerson *self)
{
  return self->base_name != NULL ? self->base_name : self->name;
}

/* Exact copies, and one where both are the same: there may be 25,000 of them. */
void
book_person_set_name (BookPerson *self, const char *name, const char *base_name)
{
  self->name = g_strdup (name);
  self->base_name = g_str_equal (name, base_name) ? NULL : g_strdup (base_name);
}

char *
book_person_photo_version (const BookPerson *self)
{
  return self->photo_url != NULL ? photo_url_version (self->photo_url) : NULL;
}

char *
book_person_profile_version (const BookPerson *self)
{
  return self->profile_url != NULL ? photo_url_version (self->profile_url) : NULL;
}

/* The first 60 bits of the resource name's SHA-256: the same on every mount, and two people out of 25,000 share one
 * with a probability of 3 in 10^10; the second one then takes the next free number. */
guint64
book_ino_hash (const char *resource_name)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  guint64 hash;

  g_checksum_update (checksum, (const guchar *)resource_name, -1);
  g_checksum_get_digest (checksum, digest, &length);
  memcpy (&hash, digest, sizeof hash);
  return GUINT64_FROM_BE (hash) >> 1; /* the top bit marks the node ids of files */
}

static guint64
ino_for (Book *book, const char *resource_name)
{
  guint64 ino = book_ino_hash (resource_name) & ~(guint64)BOOK_INO_MASK;

  while (ino < 16 || g_hash_table_contains (book->by_ino, &ino))
    ino += 16;
  return ino;
}

void
book_people_init (Book *book)
{
  book->by_resource_name = g_hash_table_new (g_str_hash, g_str_equal);
  book->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  book->by_ino = g_hash_table_new (g_int64_hash, g_int64_equal);
  book->names_changed = g_get_real_time ();
}

void
book_people_clear (Book *book)
{
  GHashTableIter iter;
  gpointer person;

  g_clear_pointer (&book->by_name, g_hash_table_unref);
  g_clear_pointer (&book->by_ino, g_hash_table_unref);
  g_hash_table_iter_init (&iter, book->by_resource_name);
  while (g_hash_table_iter_next (&iter, NULL, &person)) {
    ((BookPerson *)person)->gone = TRUE;
    book_person_unref (person);
  }
  g_clear_pointer (&book->by_resource_name, g_hash_table_unref);
}

void
book_people_insert (Book *book, BookPerson *person)
{
  person->gone = FALSE;
  person->ino = ino_for (book, person->resource_name);
  g_hash_table_insert (book->by_resource_name, person->resource_name, person);
  g_hash_table_insert (book->by_ino, &person->ino, person);
  if (person->name != NULL)
    g_hash_table_insert (book->by_name, person->name, person);
  book_orders_clear (book);
}

void
book_people_take_out (Book *book, BookPerson *person)
{
  g_hash_table_remove (book->by_resource_name, person->resource_name);
  g_hash_table_remove (book->by_ino, &person->ino);
  if (person->name != NULL && g_hash_table_lookup (book->by_name, person->name) == person)
    g_hash_table_remove (book->by_name, person->name);
  person->gone = TRUE;
  book_orders_clear (book);
}

static void
load_person (const BookStorePerson *stored, gpointer data)
{
  Book *book = data;
  BookPerson *person;

  if (g_hash_table_contains (book->by_name, stored->name))
    return; /* cannot be: names are unique in the store's own index */
  person = g_new0 (BookPerson, 1);
  person->refs = 1;
  person->resource_name = g_strdup (stored->resource_name);
  book_person_set_name (person, stored->name, stored->base_name);
  person->photo_url = g_strdup (stored->photo_url);
  person->profile_url = g_strdup (stored->profile_url);
  person->superseded = g_strdup (stored->superseded);
  person->emails = g_strdup (stored->emails);
  person->phones = g_strdup (stored->phones);
  person->labels = stored->labels != NULL ? g_ref_string_new_intern (stored->labels) : NULL;
  person->update_time = stored->update_time;
  person->profile_update_time = stored->profile_update_time;
  book_people_insert (book, person);
}

gboolean
book_people_load (Book *book, GError **error)
{
  g_autofree char *last_sync = book_store_get (book->store, "last_sync");

  if (!book_store_each_person (book->store, load_person, book, error))
    return FALSE;
  book_store_trim (book->store);
  book->listed = last_sync != NULL;
  return TRUE;
}

static gboolean
put (Book *book, const BookPerson *person, GError **error)
{
  const BookStorePerson stored = {
    .resource_name = person->resource_name,
    .name = person->name,
    .base_name = book_person_base_name (person),
    .update_time = person->update_time,
    .profile_update_time = person->profile_update_time,
    .photo_url = person->photo_url,
    .profile_url = person->profile_url,
    .superseded = person->superseded,
    .emails = person->emails,
    .phones = person->phones,
    .labels = person->labels,
  };

  return book_store_put_person (book->store, &stored, error);
}

void
book_person_store (Book *book, BookPerson *person)
{
  g_autoptr (GError) error = NULL;

  if (book->store_behind || put (book, person, &error))
    return;
  g_warning ("the state of %s could not be kept: %s", person->name, error->message);
  book->store_behind = TRUE;
}

void
book_person_unstore (Book *book, const BookPerson *person)
{
  g_autoptr (GError) error = NULL;

  if (book->store_behind || book_store_remove_person (book->store, person->resource_name, &error))
    return;
  g_warning ("%s could not be taken out of the state: %s", person->name, error->message);
  book->store_behind = TRUE;
}

static gboolean
put_everybody (Book *book, GError **error)
{
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, book->by_resource_name);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    if (!put (book, person, error))
      return FALSE;
  return TRUE;
}

gboolean
book_people_store_all (Book *book, GError **error)
{
  book_store_rollback (book->store); /* what a failure left open */
  book->store_behind = !book_store_begin (book->store, error) || !book_store_remove_people (book->store, error)
                       || !put_everybody (book, error) || !book_store_commit (book->store, error);
  if (book->store_behind)
    book_store_rollback (book->store);
  return !book->store_behind;
}

BookPerson *
book_person_by_name (Book *book, const char *name)
{
  BookPerson *person = g_hash_table_lookup (book->by_name, name);

  /* g_utf8_normalize reads past the end of what is not UTF-8, and names of files may be anything. */
  if (person == NULL && !g_str_is_ascii (name) && g_utf8_validate (name, -1, NULL)) {
    g_autofree char *composed = g_utf8_normalize (name, -1, G_NORMALIZE_NFC);

    person = g_hash_table_lookup (book->by_name, composed);
  }
  return person != NULL && !person->hidden ? person : NULL;
}

BookPerson *
book_person_by_ino (Book *book, guint64 ino)
{
  ino &= ~(guint64)BOOK_INO_MASK;
  return g_hash_table_lookup (book->by_ino, &ino);
}

BookPerson *
book_person_by_resource_name (Book *book, const char *resource_name)
{
  return g_hash_table_lookup (book->by_resource_name, resource_name);
}

void
book_people_iter_init (Book *book, GHashTableIter *iter)
{
  g_hash_table_iter_init (iter, book->by_resource_name);
}

gint64
book_people_changed (Book *book)
{
  return book->names_changed;
}
