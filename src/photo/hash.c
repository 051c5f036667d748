/* SHA-256 of pictures (hash.h). */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <gnutls/crypto.h>
#include <unistd.h>

#include "book/error.h"
#include "photo/hash.h"

#define BLOCK (256 * 1024)
#define SIZE  32

/* GnuTLS fails here without memory alone, which GLib meets the same way. */
static void
must (int code)
{
  if (code != 0)
    g_error ("SHA-256: %s", gnutls_strerror (code));
}

static char *
print (guint8 digest[SIZE])
{
  const gnutls_datum_t data = { digest, SIZE };
  gsize length = 2 * SIZE + 1;
  char *text = g_malloc (length);

  must (gnutls_hex_encode (&data, text, &length));
  return text;
}

char *
hash_bytes (GBytes *bytes)
{
  guint8 digest[SIZE];
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  must (gnutls_hash_fast (GNUTLS_DIG_SHA256, data, size, digest));
  return print (digest);
}

static void
hash_in_worker (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_pointer (task, hash_bytes (data), g_free);
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
  g_autofree guchar *block = g_malloc (BLOCK);
  gnutls_hash_hd_t hash;
  guint8 digest[SIZE];
  gint64 done = 0;

  must (gnutls_hash_init (&hash, GNUTLS_DIG_SHA256));
  while (done < size) {
    gssize n = TEMP_FAILURE_RETRY (pread (fd, block, (gsize)MIN (size - done, (gint64)BLOCK), done));

    if (n <= 0) {
      g_set_error (error, BOOK_ERROR, BOOK_ERROR_IO, "the cached photo could not be read: %s",
                   n < 0 ? g_strerror (errno) : "it is cut off");
      gnutls_hash_deinit (hash, NULL);
      return NULL;
    }
    must (gnutls_hash (hash, block, (gsize)n));
    done += n;
  }
  gnutls_hash_deinit (hash, digest);
  return print (digest);
}

char *
hash_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
