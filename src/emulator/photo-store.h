/*
 * The photos that the second origin serves, by the key in their URL.
 *
 * A photo is either bytes as they were uploaded or a face drawn from a seed when it is asked for. It never changes: a
 * new picture is a new photo with a new key, and the old key stops working when it is retired, at once or after the
 * grace time.
 */
#pragma once

#include <glib.h>

typedef enum {
  PHOTO_CONTACT, /* /contacts/KEY */
  PHOTO_PROFILE, /* /a-/KEY */
} PhotoKind;

typedef struct Photo {
  grefcount references;
  PhotoKind kind;
  char *key;
  GBytes *bytes;    /* as they are served; NULL: a face */
  GBytes *uploaded; /* what was made into bytes; NULL: not known, or nothing was made of it */
  guint64 seed;
} Photo;

Photo *photo_new_bytes (PhotoKind kind, const char *key, GBytes *bytes);
Photo *photo_new_face (PhotoKind kind, const char *key, guint64 seed);
Photo *photo_ref (Photo *self);
void photo_unref (Photo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Photo, photo_unref)

/* A key that is the same whenever owner and version are; transfer full. */
char *photo_key (const char *owner, const char *version);

typedef struct PhotoStore PhotoStore;

PhotoStore *photo_store_new (gint64 grace_seconds);
void photo_store_free (PhotoStore *self);
void photo_store_add (PhotoStore *self, Photo *photo);
void photo_store_retire (PhotoStore *self, Photo *photo);
Photo *photo_store_lookup (PhotoStore *self, PhotoKind kind, const char *key); /* borrowed, NULL: unknown or gone */
