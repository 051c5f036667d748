/*
 * Photos on disk by version, least recently used out first, within a number of bytes. Loop thread only.
 *
 * Files are named by the SHA-256 of the version, written under a temporary name and renamed, so a file that is there is
 * whole. Its length is checked against the store at each open all the same: a power cut can leave a short one, which is
 * dropped. The caller checks the content against the store's SHA-256. A file that was found good is not read again for
 * as long as nobody touches it.
 *
 * The folder is 0700, files 0600. It fails quietly where it can: a cache that cannot be written costs a fetch, not a photo.
 */
#pragma once

#include <glib.h>

#include "book/store.h"
#include "photo/incoming.h"

typedef struct Cache Cache;

/* dir is created (0700) if it is missing. Rows whose file is gone are corrected when met. Borrows store. */
Cache *cache_new (BookStore *store, const char *dir, gint64 max_bytes, GError **error);
void cache_free (Cache *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Cache, cache_free)

/* What is known of a version: TRUE and its row even when its bytes are no longer here (out->cached FALSE). */
gboolean cache_lookup (Cache *self, const char *version, BookStorePhoto *out);

/* How many bytes of photos are here. */
gint64 cache_bytes (const Cache *self);

/* Counts up whenever a version gets another size or type than it had. As long as it does not, what cache_lookup told holds. */
guint64 cache_revision (const Cache *self);

/* A read-only O_CLOEXEC descriptor of the bytes, owned by the caller, and their row; or -1 when they are not here. Counts as
 * a use. A photo that is evicted while open stays readable through its descriptor. *is_intact: the bytes were seen to be what
 * was fetched, by cache_take or by who called cache_note_intact. */
int cache_open (Cache *self, const char *version, BookStorePhoto *photo, gboolean *is_intact);
void cache_note_intact (Cache *self, const char *version, int fd);

/* The file that has the bytes of version, or will within a moment; NULL: they are not here. Does not count as a use, and does
 * not look at the file. Transfer full. */
char *cache_path (Cache *self, const char *version);

/* A photo that comes: written to by who fetches it. incoming_free gives it up. */
Incoming *cache_begin (Cache *self, GError **error);

/* Keep it, as version, and remember size, type and sha256 (hexadecimal; NULL: not known); evicts others to stay within
 * max_bytes (never this one). The size is remembered even when the file cannot be kept. Takes incoming. Returns a
 * descriptor as cache_open does, or -1 with error. */
int cache_take (Cache *self, const char *version, Incoming *incoming, const char *mime_type, const char *sha256,
                GError **error);

/* Stores now what is new: photos that came, and uses. It happens by itself a tenth of a second after a photo came, and in
 * cache_free. Until then the photo's file has a temporary name, and a kill makes it unknown. */
void cache_settle (Cache *self);

/* The file is to be trusted no longer (reading it failed, or it is not what was fetched). */
void cache_drop (Cache *self, const char *version);
