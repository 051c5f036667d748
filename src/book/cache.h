/*
 * Photos on disk by version, least recently used out first, within a number of bytes.
 *
 * Files are named by the SHA-256 of the version, written under a temporary name and renamed, so a file that is there is
 * whole; its length is checked against the store at each open all the same (a power cut can leave a short one), and a
 * wrong one is dropped. That it holds what was fetched is for the caller to see, who has the store's SHA-256 of that, before
 * he believes it; what he has seen is remembered for as long as nobody touches the file. Loop thread only. The folder is 0700, files 0600. Fails quietly where it can: a cache that
 * cannot be written costs a fetch, not a photo.
 */
#pragma once

#include <glib.h>

#include "book/incoming.h"
#include "book/store.h"

typedef struct BookCache BookCache;

/* dir is created (0700) if it is missing. Rows whose file is gone are corrected when met. Borrows store. */
BookCache *book_cache_new (BookStore *store, const char *dir, gint64 max_bytes, GError **error);
void book_cache_free (BookCache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BookCache, book_cache_free)

/* What is known of a version: TRUE and its row even when its bytes are no longer here (out->cached FALSE). */
gboolean book_cache_lookup (BookCache *self, const char *version, BookStorePhoto *out);

/* A read-only O_CLOEXEC descriptor of the bytes, owned by the caller, or -1 when they are not here. Counts as a use. A
 * photo that is evicted while open stays readable through its descriptor. */
int book_cache_open (BookCache *self, const char *version);

/* TRUE if the bytes behind fd, of book_cache_open, were seen to be what was fetched: by book_cache_take, or by who called
 * book_cache_note_intact. */
gboolean book_cache_is_intact (BookCache *self, const char *version, int fd);
void book_cache_note_intact (BookCache *self, const char *version, int fd);

/* A photo that comes: written to by who fetches it. incoming_free gives it up. */
Incoming *book_cache_begin (BookCache *self, GError **error);

/* Keep it, as version, and remember size, type and sha256 (hexadecimal; NULL: not known); evicts others to stay within
 * max_bytes (never this one). The size is remembered even when the file cannot be kept. Takes incoming. Returns a
 * descriptor as book_cache_open does, or -1 with error. */
int book_cache_take (BookCache *self, const char *version, Incoming *incoming, const char *mime_type,
                     const char *sha256, GError **error);

/* The file is to be trusted no longer (reading it failed, or it is not what was fetched). */
void book_cache_drop (BookCache *self, const char *version);
