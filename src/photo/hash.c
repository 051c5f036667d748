/* SHA-256 of pictures, in a worker: the largest take a tenth of a second. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <unistd.h>

#include "book/error.h"
#include "photo/hash.h"

#define BLOCK (256 * 1024)

static void
hash_in_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, data), g_free);
}

void
hash_async (GBytes *bytes, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, hash_async);
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify)g_bytes_unref);
  g_task_run_in_thread (task, hash_in_worker);
}

char *
hash_file (int fd, gint64 size, GError **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *block = g_malloc (BLOCK);
  gint64 done = 0;

  while (done < size) {
    gssize n = TEMP_FAILURE_RETRY (pread (fd, block, (gsize)MIN (size - done, (gint64)BLOCK), done));

    if (n <= 0) {
      g_set_error (error, BOOK_ERROR, BOOK_ERROR_IO, "the cached photo could not be read: %s",
                   n < 0 ? g_strerror (errno) : "it is cut off");
      return NULL;
    }
    g_checksum_update (checksum, block, n);
    done += n;
  }
  return g_strdup (g_checksum_get_string (checksum));
}

char *
hash_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
