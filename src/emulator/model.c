/* The address book, its revisions and what deltas may tell. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/model.h"

#include "emulator/account.h"
#include "emulator/clock.h"

typedef struct Person {
  PersonState *current;
  GPtrArray *older; /* PersonState, oldest first: those that a lagging delta may still have to show. NULL: none */
} Person;

struct Model {
  PhotoStore *photos;
  char *account;
  GPtrArray *people;   /* Person, owned */
  GHashTable *by_name; /* name, also previous ones, to Person */
  guint64 revision;
  guint size;
  gint64 lag; /* microseconds */
  guint64 next_name;
  ModelChanged changed;
  gpointer changed_data;
};

static void
person_free (gpointer data)
{
  Person *person = data;

  person_state_unref (person->current);
  g_clear_pointer (&person->older, g_ptr_array_unref);
  g_free (person);
}

Model *
model_new (PhotoStore *photos, const char *account)
{
  Model *self = g_new0 (Model, 1);

  self->photos = photos;
  self->account = g_strdup (account);
  self->people = g_ptr_array_new_with_free_func (person_free);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->next_name = 7000000000;
  return self;
}

void
model_free (Model *self)
{
  g_hash_table_unref (self->by_name);
  g_ptr_array_unref (self->people);
  g_free (self->account);
  g_free (self);
}

void
model_set_lag (Model *self, gint64 seconds)
{
  self->lag = seconds * G_USEC_PER_SEC;
}

void
model_on_change (Model *self, ModelChanged changed, gpointer data)
{
  self->changed = changed;
  self->changed_data = data;
}

PersonState *
model_lookup_any (Model *self, const char *resource_name)
{
  Person *person = g_hash_table_lookup (self->by_name, resource_name);

  return person != NULL ? person->current : NULL;
}

PersonState *
model_lookup (Model *self, const char *resource_name)
{
  PersonState *state = model_lookup_any (self, resource_name);

  return state != NULL && !state->deleted ? state : NULL;
}

guint64
model_revision (const Model *self)
{
  return self->revision;
}

static void
add_photos (Model *self, const PersonState *state)
{
  if (state->photo != NULL)
    photo_store_add (self->photos, state->photo);
  if (state->profile_photo != NULL)
    photo_store_add (self->photos, state->profile_photo);
}

static Person *
add_person (Model *self, PersonState *state)
{
  Person *person = g_new0 (Person, 1);

  person->current = state;
  g_ptr_array_add (self->people, person);
  g_hash_table_replace (self->by_name, g_strdup (state->resource_name), person);
  for (guint i = 0; state->previous_names != NULL && state->previous_names[i] != NULL; i++)
    g_hash_table_replace (self->by_name, g_strdup (state->previous_names[i]), person);
  self->size += !state->deleted;
  add_photos (self, state);
  return person;
}

void
model_load (Model *self, PersonState *state)
{
  if (state->revision == 0)
    state->revision = self->revision + 1;
  self->revision = MAX (self->revision, state->revision);
  add_person (self, state);
}

static gboolean
tellable (Model *self, const PersonState *state)
{
  return self->lag == 0 || state->changed_at + self->lag <= clock_now ();
}

/* Keeps the state that a change replaces while deltas may still have to show it. */
static void
keep_older (Model *self, Person *person)
{
  if (self->lag == 0) {
    g_clear_pointer (&person->older, g_ptr_array_unref);
    return;
  }
  if (person->older == NULL)
    person->older = g_ptr_array_new_with_free_func ((GDestroyNotify)person_state_unref);
  while (person->older->len > 1 && tellable (self, person->older->pdata[1]))
    g_ptr_array_remove_index (person->older, 0);
  g_ptr_array_add (person->older, person_state_ref (person->current));
}

static void
retire_photos (Model *self, const PersonState *before, const PersonState *after)
{
  if (before->photo != NULL && (after->deleted || before->photo != after->photo))
    photo_store_retire (self->photos, before->photo);
  if (before->profile_photo != NULL && (after->deleted || before->profile_photo != after->profile_photo))
    photo_store_retire (self->photos, before->profile_photo);
}

PersonState *
model_put (Model *self, PersonState *state)
{
  Person *person = g_hash_table_lookup (self->by_name, state->resource_name);
  g_autoptr (PersonState) before = NULL;
  gint64 now = clock_now ();

  state->revision = ++self->revision;
  state->changed_at = now;
  state->update_time = MAX (now, state->update_time + 1);
  if (person == NULL) {
    add_person (self, state);
  } else {
    keep_older (self, person);
    before = person->current;
    person->current = state;
    self->size += before->deleted - state->deleted;
    retire_photos (self, before, state);
    if (!state->deleted)
      add_photos (self, state);
  }
  if (self->changed != NULL)
    self->changed (before, state, self->changed_data);
  return state;
}

void
model_delete (Model *self, PersonState *state)
{
  PersonState *gone = person_state_copy (state);

  gone->deleted = TRUE;
  model_put (self, gone);
}

static char **
strv_with (char **list, const char *word)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (list != NULL)
    g_strv_builder_addv (builder, (const char **)list);
  g_strv_builder_add (builder, word);
  return g_strv_builder_end (builder);
}

gboolean
model_rename (Model *self, PersonState *state, const char *resource_name)
{
  Person *person = g_hash_table_lookup (self->by_name, state->resource_name);
  PersonState *moved;

  if (g_hash_table_contains (self->by_name, resource_name))
    return FALSE;
  moved = person_state_copy (state);
  g_free (moved->resource_name);
  moved->resource_name = g_strdup (resource_name);
  g_strfreev (moved->previous_names);
  moved->previous_names = strv_with (state->previous_names, state->resource_name);
  g_hash_table_replace (self->by_name, g_strdup (resource_name), person);
  model_put (self, moved);
  return TRUE;
}

char *
model_free_name (Model *self)
{
  g_autofree char *name = NULL;

  do {
    g_free (name);
    name = account_contact_name (self->account, ++self->next_name);
  } while (g_hash_table_contains (self->by_name, name));
  return g_steal_pointer (&name);
}

static int
compare_revisions (gconstpointer a, gconstpointer b)
{
  const PersonState *first = *(PersonState *const *)a;
  const PersonState *second = *(PersonState *const *)b;

  return first->revision < second->revision ? -1 : first->revision > second->revision;
}

GPtrArray *
model_everybody (Model *self)
{
  GPtrArray *everybody = g_ptr_array_new_full (self->size, (GDestroyNotify)person_state_unref);

  for (guint i = 0; i < self->people->len; i++) {
    const Person *person = self->people->pdata[i];

    if (!person->current->deleted)
      g_ptr_array_add (everybody, person_state_ref (person->current));
  }
  g_ptr_array_sort (everybody, compare_revisions);
  return everybody;
}

static PersonState *
tellable_state (Model *self, const Person *person)
{
  if (tellable (self, person->current))
    return person->current;
  for (guint i = person->older != NULL ? person->older->len : 0; i > 0; i--) {
    if (tellable (self, person->older->pdata[i - 1]))
      return person->older->pdata[i - 1];
  }
  return NULL;
}

guint64
model_tellable_revision (Model *self)
{
  guint64 revision = 0;

  if (self->lag == 0)
    return self->revision;
  for (guint i = 0; i < self->people->len; i++) {
    const PersonState *state = tellable_state (self, self->people->pdata[i]);

    if (state != NULL)
      revision = MAX (revision, state->revision);
  }
  return revision;
}

GPtrArray *
model_delta (Model *self, guint64 since)
{
  GPtrArray *delta = g_ptr_array_new_with_free_func ((GDestroyNotify)person_state_unref);

  for (guint i = 0; i < self->people->len; i++) {
    PersonState *state = tellable_state (self, self->people->pdata[i]);

    if (state != NULL && state->revision > since)
      g_ptr_array_add (delta, person_state_ref (state));
  }
  g_ptr_array_sort (delta, compare_revisions);
  return delta;
}
