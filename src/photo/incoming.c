/* A file that becomes a memfd when the disk fails. */
#define G_LOG_DOMAIN "contactfs"

#include "photo/incoming.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/mman.h>
#include <unistd.h>

static gboolean
fail (GError **error, int code, const char *what)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", what, g_strerror (code));
  return FALSE;
}

static int
new_memory (void)
{
  return memfd_create ("contactfs-photo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

Incoming *
incoming_new (const char *dir, GError **error)
{
  g_autoptr (Incoming) self = g_new0 (Incoming, 1);

  self->path = g_build_filename (dir, INCOMING_PREFIX "XXXXXX", NULL);
  self->fd = g_mkstemp_full (self->path, O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0) {
    self->why = errno;
    g_clear_pointer (&self->path, g_free);
    self->fd = new_memory ();
  }
  if (self->fd < 0) {
    fail (error, errno, "A photo cannot be kept in memory");
    return NULL;
  }
  return g_steal_pointer (&self);
}

void
incoming_free (Incoming *self)
{
  if (self == NULL)
    return;
  if (self->path != NULL)
    g_unlink (self->path);
  g_free (self->path);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

/* 0, or the errno. */
static int
write_all (int fd, const char *bytes, gsize size)
{
  while (size > 0) {
    gssize n = TEMP_FAILURE_RETRY (write (fd, bytes, size));

    if (n < 0)
      return errno;
    bytes += n;
    size -= (gsize)n;
  }
  return 0;
}

static int
copy (int from, int to, gint64 size)
{
  char block[65536];
  gint64 done = 0;

  while (done < size) {
    gssize n = TEMP_FAILURE_RETRY (pread (from, block, (gsize)MIN (size - done, (gint64)sizeof block), done));
    int failed = n > 0 ? write_all (to, block, (gsize)n) : n == 0 ? EIO : errno;

    if (failed != 0)
      return failed;
    done += n;
  }
  return 0;
}

/* The disk took no more, for why: what came so far goes on in memory. */
static gboolean
move_to_memory (Incoming *self, int why, GError **error)
{
  int memory = new_memory (), failed;

  if (memory < 0)
    return fail (error, errno, "A photo cannot be kept in memory");
  failed = copy (self->fd, memory, self->size);
  if (failed != 0) {
    close (memory);
    return fail (error, failed, "A photo cannot be kept in memory");
  }
  close (self->fd);
  self->fd = memory;
  self->why = why;
  g_unlink (self->path);
  g_clear_pointer (&self->path, g_free);
  return TRUE;
}

gboolean
incoming_write (Incoming *self, gconstpointer bytes, gsize size, GError **error)
{
  int failed = write_all (self->fd, bytes, size);

  self->touched = TRUE;
  if (failed != 0 && self->path != NULL) {
    if (!move_to_memory (self, failed, error))
      return FALSE;
    failed = write_all (self->fd, bytes, size);
  }
  if (failed != 0)
    return fail (error, failed, "A photo cannot be kept in memory");
  self->size += (gint64)size;
  return TRUE;
}

gboolean
incoming_restart (Incoming *self, GError **error)
{
  if (!self->touched)
    return TRUE;
  self->size = 0;
  return (ftruncate (self->fd, 0) == 0 && lseek (self->fd, 0, SEEK_SET) == 0)
         || fail (error, errno, "A photo's file cannot be emptied");
}

GBytes *
incoming_read (const Incoming *self, GError **error)
{
  gsize size = (gsize)self->size, done = 0;
  g_autofree char *data = g_malloc (MAX (size, 1));

  while (done < size) {
    gssize n = TEMP_FAILURE_RETRY (pread (self->fd, data + done, size - done, (off_t)done));

    if (n <= 0) {
      fail (error, n == 0 ? EIO : errno, "A photo cannot be read back");
      return NULL;
    }
    done += (gsize)n;
  }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static int
seal (int fd)
{
  return lseek (fd, 0, SEEK_SET) == 0
                 && fcntl (fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0
             ? fcntl (fd, F_DUPFD_CLOEXEC, 0)
             : -1;
}

int
incoming_open (Incoming *self, GError **error)
{
  int fd = -1;

  if (self->path != NULL) {
    /* Some file systems tell of a full disk only when the file is closed. */
    int written = dup (self->fd), failed = written < 0 || close (written) != 0 ? errno : 0;

    fd = failed == 0 ? g_open (self->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0) : -1;
    if (fd < 0 && !move_to_memory (self, failed != 0 ? failed : errno, error))
      return -1;
  }
  if (fd < 0)
    fd = seal (self->fd);
  if (fd < 0)
    fail (error, errno, "A photo cannot be opened");
  return fd;
}
