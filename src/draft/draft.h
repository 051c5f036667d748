/*
 * A draft: bytes that somebody is writing, in a memfd. Knows nothing of names, people or the network.
 * Loop thread only. Reference counted: a FolderFile, each FolderHandle and each flush hold one; the last draft_unref
 * frees it and closes the memfd.
 */
#pragma once

#include <glib.h>

/* One draft at most; beyond it write(2) says EFBIG. Well over the photo limit, so that conversion has room later. */
#define DRAFT_MAX_BYTES (64 * 1024 * 1024)

/* How much of its beginning a draft knows as written; a bit each in head_written. */
#define DRAFT_HEAD_BYTES 32

typedef struct {
  guint refs;
  guint handles; /* open handles that use it */
  int fd;
  gint64 size;
  gint64 mtime;         /* microseconds since 1970 */
  guint64 revision;     /* another one after each change, and no other draft has it */
  guint32 head_written; /* which of the first bytes a program wrote: they are no hole, and not the photo's */
  gboolean dirty;       /* changed since it was last sent, refused or copied from the photo */
  GBytes *base;   /* the photo that it was copied from, or the last bytes that the service took; NULL: it began empty */
  gboolean taken; /* the service has taken something of it */
  GError *refusal; /* why it did not become the photo; NULL: that is not known, or it has changed since */
  GError
      *failed; /* a write that was refused: what is here is not what the program wanted. Until it is cut to nothing */
  gboolean abandoned; /* who wrote to it died, or failed, before it closed it; until somebody writes on */
  gboolean said;      /* the log and user.contactfs.error have why it is no picture, until somebody writes on */
  gboolean finished;  /* who wrote it has set its time, as one does at the end, until somebody writes on */
  GError *unfit;      /* no picture that can be sent, as it is now, and why; NULL: not known */
  guint64 kept;       /* the revision whose bytes are in .rejected, 0: none */
  char *half;         /* their name there, if they are there for this draft alone: they go when the whole is taken */
  gboolean busy;      /* a flush sends it, or keeps it in .rejected */
  GQueue waiting;     /* of GTask: flushes that wait for that one (flush.c) */
} Draft;

Draft *draft_new (GError **error);                 /* empty; BOOK_ERROR_NO_SPACE: no memfd can be had */
Draft *draft_new_from_fd (int fd, GError **error); /* a copy of the file; not dirty, base is its content */
Draft *draft_ref (Draft *self);
void draft_unref (Draft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Draft, draft_unref)

gssize draft_read (Draft *self, void *buffer, gsize size, goffset offset, GError **error);
gboolean draft_write (Draft *self, const void *data, gsize size, goffset offset, GError **error);
gboolean draft_truncate (Draft *self, goffset size, GError **error);
/* The beginning that programs wrote without a gap: so many bytes, into head. Those after it may still come. */
gsize draft_head (Draft *self, guint8 head[DRAFT_HEAD_BYTES]);
GBytes *draft_bytes (Draft *self, GError **error); /* a copy of all of it; transfer full */

/* The outcome of sending a copy, as it was at that revision: the draft stays dirty if it has changed meanwhile. bytes: the copy. */
void draft_set_taken (Draft *self, guint64 revision, GBytes *bytes);
void draft_set_unfit (Draft *self, guint64 revision, const GError *error);
void draft_set_refused (Draft *self, guint64 revision, const GError *error);
/* TRUE if nothing was changed in it since it began as a photo. bytes: all of it. */
gboolean draft_is_untouched (const Draft *self, GBytes *bytes);
