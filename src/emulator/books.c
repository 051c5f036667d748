/* An address book for each account. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/emulator.h"
#include "emulator/sample-people.h"

void
books_load_samples (Emulator *emulator)
{
  const Options *options = emulator->options;

  if (options->people >= 0)
    synthetic_people_load (emulator->model, emulator->account, options->people, options->photos);
  else
    demo_people_load (emulator->model, emulator->account);
}

static void
free_other (gpointer data)
{
  Emulator *self = data;

  g_clear_pointer (&self->quota, quota_free);
  sync_free (self->sync);
  model_free (self->model);
  g_ptr_array_unref (self->groups);
  g_free ((char *)self->account);
  g_free (self);
}

Emulator *
books_of (Emulator *emulator, const char *account)
{
  Emulator *other;

  if (g_str_equal (account, emulator->account))
    return emulator;
  if (emulator->others == NULL)
    emulator->others = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_other);
  other = g_hash_table_lookup (emulator->others, account);
  if (other != NULL)
    return other;
  other = g_memdup2 (emulator, sizeof *emulator);
  other->account = g_strdup (account);
  other->others = NULL;
  other->state = NULL;
  other->quota = emulator->options->quota ? quota_new () : NULL;
  other->model = model_new (emulator->photos, account);
  other->groups = groups_new ();
  other->sync = sync_new (account, emulator->options->sync_token_lifetime);
  model_set_lag (other->model, emulator->options->delta_lag);
  books_load_samples (other);
  g_hash_table_insert (emulator->others, (char *)other->account, other);
  return other;
}
