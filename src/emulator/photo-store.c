/* The photos that the second origin serves, by the key in their URL. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/photo-store.h"

#include "emulator/clock.h"

typedef struct Entry {
  Photo *photo;
  gint64 gone_at; /* 0: in use */
} Entry;

struct PhotoStore {
  GHashTable *entries; /* key to Entry */
  gint64 grace;
};

static Photo *
photo_new (PhotoKind kind, const char *key)
{
  Photo *self = g_new0 (Photo, 1);

  g_ref_count_init (&self->references);
  self->kind = kind;
  self->key = g_strdup (key);
  return self;
}

Photo *
photo_new_bytes (PhotoKind kind, const char *key, GBytes *bytes)
{
  Photo *self = photo_new (kind, key);

  self->bytes = g_bytes_ref (bytes);
  return self;
}

Photo *
photo_new_face (PhotoKind kind, const char *key, guint64 seed)
{
  Photo *self = photo_new (kind, key);

  self->seed = seed;
  return self;
}

Photo *
photo_ref (Photo *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
photo_unref (Photo *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_free (self->key);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->uploaded, g_bytes_unref);
  g_free (self);
}

char *
photo_key (const char *owner, const char *version)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;
  char *text;

  g_checksum_update (checksum, (const guchar *)owner, -1);
  g_checksum_update (checksum, (const guchar *)"\n", 1);
  g_checksum_update (checksum, (const guchar *)version, -1);
  g_checksum_get_digest (checksum, digest, &size);
  text = g_base64_encode (digest, size - size % 3);
  return g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_');
}

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  photo_unref (entry->photo);
  g_free (entry);
}

PhotoStore *
photo_store_new (gint64 grace_seconds)
{
  PhotoStore *self = g_new0 (PhotoStore, 1);

  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->grace = grace_seconds * G_USEC_PER_SEC;
  return self;
}

void
photo_store_free (PhotoStore *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

void
photo_store_add (PhotoStore *self, Photo *photo)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->photo = photo_ref (photo);
  g_hash_table_replace (self->entries, photo->key, entry);
}

void
photo_store_retire (PhotoStore *self, Photo *photo)
{
  Entry *entry = g_hash_table_lookup (self->entries, photo->key);

  if (entry == NULL)
    return;
  if (self->grace == 0)
    g_hash_table_remove (self->entries, photo->key);
  else
    entry->gone_at = clock_now () + self->grace;
}

Photo *
photo_store_lookup (PhotoStore *self, PhotoKind kind, const char *key)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL || entry->photo->kind != kind)
    return NULL;
  if (entry->gone_at != 0 && entry->gone_at <= clock_now ()) {
    g_hash_table_remove (self->entries, key);
    return NULL;
  }
  return entry->photo;
}
