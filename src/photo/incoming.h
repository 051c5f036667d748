/*
 * Bytes of a photo on their way into the cache, kept as they come: in a file under a temporary name, which a kill leaves
 * behind and the next start removes; in memory when the folder cannot be written, or no longer (the disk is full).
 *
 * Loop thread only, but for incoming_read.
 */
#pragma once

#include <gio/gio.h>

/* Of such a file, in the cache's folder. */
#define INCOMING_PREFIX ".new-"

typedef struct {
  char *path; /* NULL: it is in memory, or has no name any more */
  int fd;     /* owned */
  gint64 size;
  gboolean touched; /* something was written, if only in part */
  int why;          /* the errno for which it is in memory; 0: it is in a file */
} Incoming;

/* NULL, and *error is set, when not even memory can be had. */
Incoming *incoming_new (const char *dir, GError **error);
void incoming_free (Incoming *self); /* removes the file */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Incoming, incoming_free)

gboolean incoming_write (Incoming *self, gconstpointer bytes, gsize size, GError **error);
gboolean incoming_restart (Incoming *self, GError **error); /* empty again */

/* All that came, read back. Any thread, while nobody else uses self. NULL: it cannot be read. */
GBytes *incoming_read (const Incoming *self, GError **error);

/* A read-only O_CLOEXEC descriptor of it, at its beginning, owned by the caller; or -1 with error. Nothing can be written
 * any more. */
int incoming_open (Incoming *self, GError **error);
