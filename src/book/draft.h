/*
 * A draft: bytes that somebody is writing, in a memfd. Knows nothing of names, people or the network.
 * Loop thread only. Reference counted: a BookFile, each BookHandle and each flush hold one; the last book_draft_unref
 * frees it and closes the memfd.
 */
#pragma once

#include <glib.h>

/* One draft at most; beyond it write(2) says EFBIG. Well over the photo limit, so that conversion has room later. */
#define BOOK_DRAFT_MAX_BYTES (64 * 1024 * 1024)

/* How much of its beginning a draft knows as written; a bit each in head_written. */
#define BOOK_DRAFT_HEAD_BYTES 32

typedef struct {
  guint refs;
  guint handles; /* open handles that use it */
  int fd;
  gint64 size;
  gint64 mtime;         /* microseconds since 1970 */
  guint32 head_written; /* which of the first bytes a program wrote: they are no hole, and not the photo's */
  gboolean dirty;       /* changed since it was last sent, refused or copied from the photo */
  GBytes *base;    /* the photo that it began as, or what the service has taken of that since; NULL: it began empty */
  gboolean taken;  /* the service has taken something of it */
  GBytes *refused; /* what did not become the photo; NULL: nothing, or changed since */
  GError *refusal; /* and why */
  GError
      *failed; /* a write that was refused: what is here is not what the program wanted. Until it is cut to nothing */
  gboolean abandoned; /* who wrote to it died, or failed, before it closed it; until somebody writes on */
  gboolean said;      /* the log and user.contactfs.error have why it is no picture, until somebody writes on */
  gboolean finished;  /* who wrote it has set its time, as one does at the end, until somebody writes on */
  GError *unfit;      /* no picture that can be sent, as it is now, and why; NULL: not known */
  gboolean busy;      /* an upload of it is under way */
  GQueue waiting;     /* of GTask: flushes that wait for that upload (flush.c) */
} BookDraft;

BookDraft *
book_draft_new (GError **error); /* empty; BOOK_ERROR_NO_SPACE when all drafts together take too much memory */
BookDraft *book_draft_new_from_fd (int fd, GError **error); /* a copy of the file; not dirty, base is its content */
BookDraft *book_draft_ref (BookDraft *self);
void book_draft_unref (BookDraft *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookDraft, book_draft_unref)

gssize book_draft_read (BookDraft *self, void *buffer, gsize size, goffset offset, GError **error);
gboolean book_draft_write (BookDraft *self, const void *data, gsize size, goffset offset, GError **error);
gboolean book_draft_truncate (BookDraft *self, goffset size, GError **error);
/* The beginning that programs wrote without a gap: so many bytes, into head. Those after it may still come. */
gsize book_draft_head (BookDraft *self, guint8 head[BOOK_DRAFT_HEAD_BYTES]);
GBytes *book_draft_bytes (BookDraft *self, GError **error); /* a copy of all of it; transfer full */

/* The outcome of sending bytes (a copy taken earlier): the draft stays dirty if it changed meanwhile. */
void book_draft_set_taken (BookDraft *self, GBytes *bytes);
/* TRUE if nothing was changed in it since it began as a photo. bytes: all of it. */
gboolean book_draft_is_untouched (const BookDraft *self, GBytes *bytes);
void book_draft_set_unfit (BookDraft *self, GBytes *bytes, const GError *error);
void book_draft_set_refused (BookDraft *self, GBytes *bytes, const GError *error);
