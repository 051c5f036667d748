/* What must not be lost goes to .previous or .rejected, by the archive's worker: fsync takes its time. */
#define G_LOG_DOMAIN "contactfs"

#include "photo/internal.h"

typedef struct {
  Archive *archive;
  ArchiveKind kind;
  char *resource_name; /* the person may be renamed meanwhile */
  Photo *photo;        /* the present photo, or */
  GBytes *bytes;       /* what was written */
  gboolean unsent;     /* nobody asked for it to be sent: it is kept unless it is there */
  char *added;         /* its name in .rejected, if it was not there */
} Save;

static void
save_free (gpointer data)
{
  Save *self = data;

  g_clear_pointer (&self->photo, photo_free);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->resource_name);
  g_free (self->added);
  g_free (self);
}

static void
save_in_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Save *self = data;
  GError *error = NULL;
  g_autofree char *name = NULL;
  gboolean is_new;

  if (self->bytes == NULL)
    self->bytes = photo_read (self->photo, &error);
  if (self->bytes == NULL) {
    g_task_return_error (task, error);
    return;
  }
  is_new = self->kind == ARCHIVE_REJECTED && !archive_has (self->archive, self->kind, self->resource_name, self->bytes);
  name = self->unsent ? archive_add_unsent (self->archive, self->resource_name, self->bytes, &error)
                      : archive_add (self->archive, self->kind, self->resource_name, self->bytes, &error);
  if (is_new)
    self->added = g_strdup (name);
  if (error == NULL)
    g_task_return_boolean (task, name != NULL);
  else
    g_task_return_error (task, error);
}

static void
save (Photos *photos, ArchiveKind kind, const BookPerson *person, Photo *photo, GBytes *bytes, gboolean unsent,
      GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Save *self = g_new0 (Save, 1);

  self->archive = photos->archive;
  self->kind = kind;
  self->resource_name = g_strdup (person->resource_name);
  self->photo = photo;
  self->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  self->unsent = unsent;
  g_task_set_task_data (task, self, save_free);
  archive_work (photos, task, save_in_worker);
}

void
photos_save_async (Photos *photos, ArchiveKind kind, const BookPerson *person, Photo *photo, GBytes *bytes,
                   GAsyncReadyCallback callback, gpointer data)
{
  save (photos, kind, person, photo, bytes, FALSE, callback, data);
}

void
photos_save_unsent_async (Photos *photos, const BookPerson *person, GBytes *bytes, GAsyncReadyCallback callback,
                          gpointer data)
{
  save (photos, ARCHIVE_REJECTED, person, NULL, bytes, TRUE, callback, data);
}

gboolean
photos_save_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

const char *
photos_save_added (GAsyncResult *result)
{
  const Save *self = g_task_get_task_data (G_TASK (result));

  return self->added;
}
