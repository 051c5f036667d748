/* What must not be lost goes to .previous or .rejected, on a worker: fsync takes its time. */
#define G_LOG_DOMAIN "contactfs"

#include "photo/internal.h"

typedef struct {
  Archive *archive;
  ArchiveKind kind;
  char *resource_name; /* the person may be renamed meanwhile */
  Photo *photo;        /* the present photo, or */
  GBytes *bytes;       /* what was written */
} Save;

static void
save_free (gpointer data)
{
  Save *self = data;

  g_clear_pointer (&self->photo, photo_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->resource_name);
  g_free (self);
}

static void
save_in_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  GError *error = NULL;
  g_autofree char *name = NULL;

  if (self->bytes == NULL)
    self->bytes = photo_read (self->photo, &error);
  if (self->bytes == NULL) {
    g_task_return_error (task, error);
    return;
  }
  name = archive_add (self->archive, self->kind, self->resource_name, self->bytes, &error);
  if (name != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
photos_save_async (Photos *photos, ArchiveKind kind, BookPerson *person, Photo *photo, GBytes *bytes,
                   GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, callback, data);
  Save *self = g_new0 (Save, 1);

  self->archive = photos->archive;
  self->kind = kind;
  self->resource_name = g_strdup (person->resource_name);
  self->photo = photo;
  self->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  g_task_set_task_data (worker, self, save_free);
  g_task_run_in_thread (worker, save_in_worker);
}

gboolean
photos_save_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
