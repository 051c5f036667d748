/* From a commit to the disk. SQLite syncs its log now and then; some commits must not be undone by a power cut after that. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "book/store-internal.h"

typedef struct {
  char *path;
  guint64 deletion_changes; /* when it began */
} Sync;

static void
sync_free (gpointer data)
{
  Sync *self = data;

  g_free (self->path);
  g_free (self);
}

/* A commit is in the log, or, after a checkpoint, in the database, which SQLite has synced then. Without a log SQLite syncs at
 * each commit. The database itself must not be opened here: to close it would take away SQLite's locks. */
static gboolean
sync_log (const char *path, GError **error)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  int fd = g_open (log, O_RDONLY | O_CLOEXEC, 0);
  gboolean good = fd >= 0 ? fdatasync (fd) == 0 : errno == ENOENT;

  if (!good)
    g_set_error (error, BOOK_STORE_ERROR, BOOK_STORE_ERROR_FAILED, "the database %s cannot be brought to the disk: %s",
                 path, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return good;
}

static void
sync_in_worker (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Sync *self = data;
  GError *error = NULL;

  if (sync_log (self->path, &error))
    g_task_return_boolean (worker, TRUE);
  else
    g_task_return_error (worker, error);
}

gboolean
book_store_deletions_are_synced (BookStore *self)
{
  return self->synced_deletion_changes == self->deletion_changes;
}

gboolean
book_store_sync (BookStore *self, GError **error)
{
  if (!sync_log (self->path, error))
    return FALSE;
  self->synced_deletion_changes = self->deletion_changes;
  return TRUE;
}

void
book_store_sync_async (BookStore *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, callback, data);
  Sync *sync = g_new0 (Sync, 1);

  sync->path = g_strdup (self->path);
  sync->deletion_changes = self->deletion_changes;
  g_task_set_source_tag (worker, book_store_sync_async);
  g_task_set_task_data (worker, sync, sync_free);
  g_task_run_in_thread (worker, sync_in_worker);
}

gboolean
book_store_sync_finish (BookStore *self, GAsyncResult *result, GError **error)
{
  const Sync *sync = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  self->synced_deletion_changes = MAX (self->synced_deletion_changes, sync->deletion_changes);
  return TRUE;
}
