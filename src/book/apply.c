/*
 * What the service says of people, taken into the book: who came, went, was renamed, has another photo.
 *
 * A listing or delta may lag behind what a mutation answered, by seconds or minutes, and that answer may come after a delta
 * that is newer. So whatever it is:
 *
 *   a photo that a mutation of ours replaced     does not come back, unless the time says that it is newer
 *   older than what we know, by its updateTime   is not taken. If it shows a photo that we do not know, that is doubted: the
 *                                                person is fetched some times more, and what stands in the end is true. A
 *                                                time is the service's word, but no proof: another one may come later
 *   … but that time lies in the future           is taken: such a time orders nothing
 *
 * Names are given in two passes, first all that are given up, then the new ones by
 * resource name, so that the outcome does not depend on the order in which the service lists people.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"
#include "book/names.h"
#include "people/photo.h"

/* So many photos that mutations of ours replaced are remembered for a person, until another one comes. */
#define SUPERSEDED_MAX 16

/* Between the service's clock and ours. */
#define CLOCK_SLACK (5 * G_TIME_SPAN_MINUTE)

typedef struct {
  Book *book;
  BookApply how;
  GHashTable *seen; /* BookPerson set: who is in a full listing */
  GArray *unnamed;  /* of Unnamed: who needs a name */
} Apply;

typedef struct {
  BookPerson *person;
  const PeoplePerson *said;
} Unnamed;

static void
name_freed (Book *book, const char *name)
{
  book->names_changed = g_get_real_time ();
  TELL (book, name_changed, name);
}

static void
show_or_hide (Book *book, BookPerson *person)
{
  gboolean hidden = !book_labels_show (book, person);

  if (person->hidden == hidden)
    return;
  person->hidden = hidden;
  book_orders_clear (book);
  if (person->name != NULL)
    name_freed (book, person->name); /* the name came, or went */
}

void
book_people_show (Book *book)
{
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, book->by_resource_name);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    show_or_hide (book, person);
}

static void
remove_person (Book *book, BookPerson *person)
{
  g_autofree char *name = g_strdup (person->name);

  book_person_unstore (book, person);
  book_people_take_out (book, person);
  g_clear_pointer (&person->photo_url, g_free);
  g_clear_pointer (&person->profile_url, g_free);
  TELL (book, person_changed, person, FALSE);
  book_person_unref (person);
  if (name != NULL)
    name_freed (book, name);
}

/* What was promised to be removed is promised under the new name. */
static void
move_deletion (Book *book, const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;

  if (!book_store_rename_deletion (book->store, from, to, &error))
    g_warning ("the deletion for %s could not be noted for %s: %s", from, to, error->message);
}

/* The resource is called otherwise now. Same person: the name and the kept pictures go with it. */
static BookPerson *
rename_resource (Apply *apply, BookPerson *person, const char *resource_name)
{
  Book *book = apply->book;

  g_debug ("%s is now %s", person->resource_name, resource_name);
  book_person_unstore (book, person);
  TELL (book, resource_renamed, person->resource_name, resource_name);
  book_people_take_out (book, person);
  move_deletion (book, person->resource_name, resource_name);
  g_free (person->resource_name);
  person->resource_name = g_strdup (resource_name);
  book_people_insert (book, person);
  if (person->name != NULL) {
    book_person_store (book, person);
    name_freed (book, person->name); /* the same name is another inode now */
  }
  return person;
}

static BookPerson *
find (Apply *apply, const PeoplePerson *said)
{
  Book *book = apply->book;
  BookPerson *person = book_person_by_resource_name (book, said->resource_name);

  for (char **previous = said->previous_resource_names; previous != NULL && *previous != NULL; previous++) {
    BookPerson *before = book_person_by_resource_name (book, *previous);

    if (before != NULL && before == person)
      continue;
    if (before != NULL && person == NULL) {
      person = rename_resource (apply, before, said->resource_name);
      continue;
    }
    /* Merged into one that we know already, just now or before we heard of it: the kept pictures are his. */
    TELL (book, resource_renamed, *previous, said->resource_name);
    if (before != NULL)
      remove_person (book, before);
  }
  return person;
}

static gboolean
set_string (char **member, const char *value)
{
  if (g_strcmp0 (*member, value) == 0)
    return FALSE;
  g_free (*member);
  *member = g_strdup (value);
  return TRUE;
}

static gboolean
set_labels (BookPerson *person, const char *labels)
{
  if (g_strcmp0 (person->labels, labels) == 0)
    return FALSE;
  g_clear_pointer (&person->labels, g_ref_string_release);
  person->labels = labels != NULL ? g_ref_string_new_intern (labels) : NULL;
  return TRUE;
}

/* TRUE if url is a photo, and not the one that before was. */
static gboolean
is_other_photo (const char *before, const char *url)
{
  g_autofree char *old = before != NULL ? photo_url_version (before) : NULL;
  g_autofree char *new = url != NULL ? photo_url_version (url) : NULL;

  return new != NULL &&g_strcmp0 (old, new) != 0;
}

/* TRUE if that photo is one that a mutation of ours replaced. */
static gboolean
is_superseded (const BookPerson *person, const char *version)
{
  g_auto (GStrv) superseded = g_strsplit (person->superseded != NULL ? person->superseded : "", "\n", -1);

  return version != NULL && g_strv_contains ((const char *const *)superseded, version);
}

/* TRUE if what the service says of the person is older than what we know. */
static gboolean
is_older (const BookPerson *person, const PeoplePerson *said)
{
  return said->update_time != 0 && said->update_time < person->update_time
         && person->update_time < g_get_real_time () + CLOCK_SLACK;
}

/* TRUE if it is not to be taken. */
static gboolean
lags (Apply *apply, BookPerson *person, const PeoplePerson *said)
{
  g_autofree char *version = said->photo_url != NULL ? photo_url_version (said->photo_url) : NULL;
  g_autofree char *known = book_person_photo_version (person);

  if (apply->how == BOOK_APPLY_TRUTH)
    return FALSE;
  if (apply->how != BOOK_APPLY_ANSWER && said->update_time <= person->update_time && is_superseded (person, version))
    return TRUE;
  if (!is_older (person, said))
    return FALSE;
  if (g_strcmp0 (version, known) != 0 && !is_superseded (person, version))
    TELL (apply->book, doubted, person);
  return TRUE;
}

static void
give_up_name (Apply *apply, BookPerson *person)
{
  g_autofree char *name = g_steal_pointer (&person->name);

  g_hash_table_remove (apply->book->by_name, name);
  g_clear_pointer (&person->base_name, g_free);
  name_freed (apply->book, name);
}

static void
take (Apply *apply, const PeoplePerson *said)
{
  Book *book = apply->book;
  BookPerson *person = find (apply, said);
  g_autofree char *base = NULL;
  gboolean changed = FALSE;
  gboolean has_new_photo = FALSE;

  if (said->deleted) {
    if (person != NULL)
      remove_person (book, person);
    return;
  }
  if (person == NULL) {
    person = g_new0 (BookPerson, 1);
    person->refs = 1;
    person->resource_name = g_strdup (said->resource_name);
    book_people_insert (book, person);
    changed = TRUE;
  } else if (lags (apply, person, said)) {
    g_debug ("%s: what the service says is older than what we know", person->name);
    if (apply->seen != NULL)
      g_hash_table_add (apply->seen, person);
    return;
  }
  if (apply->seen != NULL)
    g_hash_table_add (apply->seen, person);

  base = book_name_base (said);
  if (person->name != NULL && g_strcmp0 (book_person_base_name (person), base) != 0)
    give_up_name (apply, person);
  if (person->name == NULL) {
    Unnamed unnamed = { book_person_ref (person), said };

    g_array_append_val (apply->unnamed, unnamed);
    changed = TRUE;
  }
  if (said->update_time != 0 && said->update_time != person->update_time) {
    person->update_time = said->update_time;
    changed = TRUE;
  }
  changed |= set_string (&person->emails, said->emails) | set_string (&person->phones, said->phones);
  changed |= set_labels (person, said->labels);
  show_or_hide (book, person);
  person->profile_update_time = said->profile_update_time;
  changed |= set_string (&person->profile_url, said->profile_url);
  has_new_photo = is_other_photo (person->photo_url, said->photo_url);
  if (set_string (&person->photo_url, said->photo_url)) {
    changed = TRUE;
    if (apply->how != BOOK_APPLY_ANSWER)
      g_clear_pointer (&person->superseded, g_free);
  }
  if (changed) {
    TELL (book, person_changed, person, apply->how != BOOK_APPLY_ANSWER);
    if (person->name != NULL)
      book_person_store (book, person);
  }
  if (has_new_photo)
    g_clear_pointer (&person->unconfirmed, g_bytes_unref); /* here it is, or a later one */
}

static void
clear_unnamed (gpointer data)
{
  book_person_unref (((Unnamed *)data)->person);
}

static int
compare_resource_names (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Unnamed *)a)->person->resource_name, ((const Unnamed *)b)->person->resource_name);
}

static gboolean
is_taken (const char *name, gpointer data)
{
  return g_hash_table_contains (((Book *)data)->by_name, name);
}

static void
give_names (Apply *apply)
{
  Book *book = apply->book;
  GArray *unnamed = apply->unnamed;

  g_array_sort (unnamed, compare_resource_names);
  for (guint i = 0; i < unnamed->len; i++) {
    const Unnamed *next = &g_array_index (unnamed, Unnamed, i);
    BookPerson *person = next->person;
    g_autofree char *base = NULL, *name = NULL;

    if (person->gone || person->name != NULL) /* deleted further on, or listed twice */
      continue;
    base = book_name_base (next->said);
    name = book_name_choose (next->said, is_taken, book);
    book_person_set_name (person, name, base);
    g_hash_table_insert (book->by_name, person->name, person);
    book->names_changed = g_get_real_time ();
    book_person_store (book, person);
  }
  if (unnamed->len > 0)
    book_orders_clear (book);
}

static void
remove_missing (Apply *apply)
{
  g_autoptr (GPtrArray) missing = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer person;

  g_hash_table_iter_init (&iter, apply->book->by_resource_name);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    if (!g_hash_table_contains (apply->seen, person))
      g_ptr_array_add (missing, person);
  for (guint i = 0; i < missing->len; i++)
    remove_person (apply->book, missing->pdata[i]);
}

gboolean
book_people_apply (Book *book, GPtrArray *people, BookApply how, GError **error)
{
  Apply apply = { .book = book, .how = how };
  g_autoptr (GArray) unnamed = g_array_new (FALSE, FALSE, sizeof (Unnamed));
  g_autoptr (GHashTable) seen = how == BOOK_APPLY_ALL ? g_hash_table_new (NULL, NULL) : NULL;

  book->store_behind |= !book_store_begin (book->store, NULL);
  g_array_set_clear_func (unnamed, clear_unnamed);
  apply.seen = seen;
  apply.unnamed = unnamed;
  for (guint i = 0; i < people->len; i++)
    take (&apply, people->pdata[i]);
  if (how == BOOK_APPLY_ALL)
    remove_missing (&apply);
  give_names (&apply);
  /* A person who is not written now is in no later delta: the next answer finds nothing changed. */
  return (!book->store_behind && book_store_commit (book->store, NULL)) || book_people_store_all (book, error);
}

void
book_person_supersede (BookPerson *person, const char *version)
{
  g_auto (GStrv) before = g_strsplit (person->superseded != NULL ? person->superseded : "", "\n", SUPERSEDED_MAX);
  g_autoptr (GString) list = g_string_new (version);

  for (guint i = 0; before[i] != NULL && i + 1 < SUPERSEDED_MAX; i++)
    if (before[i][0] != '\0' && !g_str_equal (before[i], version))
      g_string_append_printf (list, "\n%s", before[i]);
  g_free (person->superseded);
  person->superseded = g_string_free (g_steal_pointer (&list), FALSE);
}

static void
apply_one (Book *book, const PeoplePerson *said, BookApply how)
{
  g_autoptr (GPtrArray) people = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (people, (gpointer)said);
  if (!book_people_apply (book, people, how, &error))
    g_warning ("the answer for %s could not be kept: %s", said->resource_name, error->message);
}

void
book_people_apply_fetched (Book *book, const PeoplePerson *said)
{
  apply_one (book, said, BOOK_APPLY_DELTA);
}

void
book_people_apply_truth (Book *book, const PeoplePerson *said)
{
  apply_one (book, said, BOOK_APPLY_TRUTH);
}

void
book_people_apply_answer (Book *book, const PeoplePerson *said, const char *replaced)
{
  BookPerson *person;

  apply_one (book, said, BOOK_APPLY_ANSWER);
  person = book_person_by_resource_name (book, said->resource_name);
  if (person != NULL && replaced != NULL) {
    book_person_supersede (person, replaced);
    book_person_store (book, person);
  }
}
