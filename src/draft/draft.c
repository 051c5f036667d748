/* Drafts: the bytes that somebody is writing. */
#define G_LOG_DOMAIN "contactfs"

#include "draft/draft.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "book/error.h"

/* What all drafts together may take: they live in memory. */
#define ALL_DRAFTS_MAX_BYTES ((gint64)512 * 1024 * 1024)

static gint64 all_drafts_bytes; /* loop thread */
static guint64 last_revision;   /* of all drafts */

Draft *
draft_new (GError **error)
{
  int fd = memfd_create ("contactfs-draft", MFD_CLOEXEC);
  Draft *self;

  if (fd < 0) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_NO_SPACE, "no memory for another draft: %s", g_strerror (errno));
    return NULL;
  }
  self = g_new0 (Draft, 1);
  self->refs = 1;
  self->fd = fd;
  self->mtime = g_get_real_time ();
  self->revision = ++last_revision;
  return self;
}

Draft *
draft_ref (Draft *self)
{
  self->refs++;
  return self;
}

void
draft_unref (Draft *self)
{
  if (--self->refs > 0)
    return;
  g_assert (g_queue_is_empty (&self->waiting));
  all_drafts_bytes -= self->size;
  close (self->fd);
  g_clear_pointer (&self->base, g_bytes_unref);
  g_clear_error (&self->refusal);
  g_clear_error (&self->unfit);
  g_clear_error (&self->failed);
  g_free (self->half);
  g_free (self);
}

static gboolean
set_errno_error (GError **error, int code, const char *what)
{
  g_set_error (error, BOOK_ERROR, code == ENOSPC || code == ENOMEM ? BOOK_ERROR_NO_SPACE : BOOK_ERROR_IO, "%s: %s",
               what, g_strerror (code));
  return FALSE;
}

/* The draft will be size bytes long: is there room? */
static gboolean
grow (Draft *self, goffset size, GError **error)
{
  if (size <= self->size)
    return TRUE;
  if (size > DRAFT_MAX_BYTES) {
    g_set_error (error, BOOK_ERROR, BOOK_ERROR_TOO_LARGE, "a picture of more than %d MiB is not taken",
                 DRAFT_MAX_BYTES / (1024 * 1024));
    return FALSE;
  }
  if (all_drafts_bytes + (size - self->size) > ALL_DRAFTS_MAX_BYTES) {
    g_set_error_literal (error, BOOK_ERROR, BOOK_ERROR_NO_SPACE,
                         "too many unfinished pictures are open or left as temporary files; close or remove some");
    return FALSE;
  }
  all_drafts_bytes += size - self->size;
  self->size = size;
  return TRUE;
}

static void
changed (Draft *self)
{
  self->dirty = TRUE;
  self->abandoned = FALSE;
  self->said = FALSE;
  self->finished = FALSE;
  self->mtime = g_get_real_time ();
  self->revision = ++last_revision;
  g_clear_error (&self->refusal);
  g_clear_error (&self->unfit);
}

gssize
draft_read (Draft *self, void *buffer, gsize size, goffset offset, GError **error)
{
  gssize n = pread (self->fd, buffer, size, offset);

  if (n < 0)
    set_errno_error (error, errno, "the draft could not be read");
  return n;
}

/* Bit n is set for the bytes from begin to end, as far as there are bits. */
static guint32
head_bits (goffset begin, goffset end)
{
  guint32 bits = 0;

  for (goffset n = begin; n < MIN (end, DRAFT_HEAD_BYTES); n++)
    bits |= (guint32)1 << n;
  return bits;
}

gsize
draft_head (Draft *self, guint8 head[DRAFT_HEAD_BYTES])
{
  gsize known = 0;
  gssize n;

  while (known < DRAFT_HEAD_BYTES && (self->head_written & (guint32)1 << known) != 0)
    known++;
  n = known > 0 ? pread (self->fd, head, known, 0) : 0;
  return (gsize)MAX (n, 0);
}

static gboolean
write_all (Draft *self, const void *data, gsize size, goffset offset, GError **error)
{
  const char *next = data;

  if (offset < 0 || !grow (self, offset + (goffset)size, error))
    return FALSE;
  self->head_written |= head_bits (offset, offset + (goffset)size);
  while (size > 0) {
    gssize n = pwrite (self->fd, next, size, offset);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return set_errno_error (error, errno, "the draft could not be written");
    next += n;
    offset += n;
    size -= (gsize)n;
  }
  changed (self);
  return TRUE;
}

gboolean
draft_write (Draft *self, const void *data, gsize size, goffset offset, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (write_all (self, data, size, offset, &failure))
    return TRUE;
  if (self->failed == NULL)
    self->failed = g_error_copy (failure);
  self->dirty = TRUE;
  self->revision = ++last_revision; /* some of it may have been written */
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

gboolean
draft_truncate (Draft *self, goffset size, GError **error)
{
  gint64 before = self->size;

  if (size == 0)
    g_clear_error (&self->failed);
  if (size == self->size)
    return TRUE;
  if (!grow (self, size, error))
    return FALSE;
  if (ftruncate (self->fd, size) != 0)
    return set_errno_error (error, errno, "the draft could not be cut");
  if (size < before) {
    all_drafts_bytes -= before - size;
    self->size = size;
    self->head_written &= head_bits (0, size);
  }
  changed (self);
  return TRUE;
}

static GBytes *
read_all (int fd, gsize size, GError **error)
{
  g_autofree guint8 *data = g_malloc (size + 1);
  gsize got = 0;

  while (got < size) {
    gssize n = pread (fd, data + got, size - got, (goffset)got);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      set_errno_error (error, n < 0 ? errno : EIO, "the picture could not be read");
      return NULL;
    }
    got += (gsize)n;
  }
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

GBytes *
draft_bytes (Draft *self, GError **error)
{
  return read_all (self->fd, (gsize)self->size, error);
}

Draft *
draft_new_from_fd (int fd, GError **error)
{
  g_autoptr (Draft) self = draft_new (error);
  g_autoptr (GBytes) bytes = NULL;
  goffset size = lseek (fd, 0, SEEK_END);

  if (self == NULL)
    return NULL;
  if (size < 0) {
    set_errno_error (error, errno, "the photo could not be read");
    return NULL;
  }
  bytes = read_all (fd, (gsize)size, error);
  if (bytes == NULL || !draft_write (self, g_bytes_get_data (bytes, NULL), (gsize)size, 0, error))
    return NULL;
  self->dirty = FALSE;
  self->head_written = 0;
  self->base = g_steal_pointer (&bytes);
  return g_steal_pointer (&self);
}

void
draft_set_taken (Draft *self, guint64 revision, GBytes *bytes)
{
  if (self->base != NULL) {
    g_bytes_unref (self->base);
    self->base = g_bytes_ref (bytes);
  }
  self->taken = TRUE;
  self->dirty = self->revision != revision;
}

gboolean
draft_is_untouched (const Draft *self, GBytes *bytes)
{
  return self->base != NULL && !self->taken && g_bytes_equal (bytes, self->base);
}

void
draft_set_unfit (Draft *self, guint64 revision, const GError *error)
{
  if (self->unfit == NULL && self->revision == revision)
    self->unfit = g_error_copy (error);
}

void
draft_set_refused (Draft *self, guint64 revision, const GError *error)
{
  if (self->revision != revision)
    return; /* it has changed meanwhile: the next flush looks at it afresh */
  g_clear_error (&self->refusal);
  self->refusal = g_error_copy (error);
  self->dirty = FALSE;
}
