/* Listings under way and what a client has seen. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/sync.h"

#include <string.h>

#include "emulator/clock.h"

#define MAX_LISTINGS 64

struct Sync {
  char *key;       /* of checksums */
  gint64 lifetime; /* microseconds */
  guint epoch;
  GHashTable *listings; /* name to Listing */
  GQueue order;         /* names, borrowed from the table, oldest first */
  guint64 last;
};

Sync *
sync_new (const char *account, gint64 lifetime_seconds)
{
  Sync *self = g_new0 (Sync, 1);

  self->key = g_strconcat ("people-emulator ", account, NULL);
  self->lifetime = lifetime_seconds * G_USEC_PER_SEC;
  self->listings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)listing_free);
  g_queue_init (&self->order);
  return self;
}

void
sync_free (Sync *self)
{
  g_queue_clear (&self->order);
  g_hash_table_unref (self->listings);
  g_free (self->key);
  g_free (self);
}

void
listing_free (Listing *self)
{
  g_ptr_array_unref (self->people);
  g_free (self->parameters);
  g_free (self);
}

void
sync_expire_all (Sync *self)
{
  self->epoch++;
}

guint
sync_get_epoch (const Sync *self)
{
  return self->epoch;
}

void
sync_set_epoch (Sync *self, guint epoch)
{
  self->epoch = epoch;
}

void
sync_keep (Sync *self, Listing *listing)
{
  char *name = g_strdup_printf ("%" G_GUINT64_FORMAT "-%08x", ++self->last, g_random_int ());

  if (g_queue_get_length (&self->order) >= MAX_LISTINGS)
    g_hash_table_remove (self->listings, g_queue_pop_head (&self->order));
  listing->name = name;
  g_hash_table_insert (self->listings, name, listing);
  g_queue_push_tail (&self->order, name);
}

char *
sync_page_token (const Listing *listing, guint offset)
{
  return g_strdup_printf ("%s.%u", listing->name, offset);
}

Listing *
sync_lookup (Sync *self, const char *page_token, guint *offset)
{
  const char *dot = strrchr (page_token, '.');
  g_autofree char *name = dot != NULL ? g_strndup (page_token, dot - page_token) : NULL;
  Listing *listing = name != NULL ? g_hash_table_lookup (self->listings, name) : NULL;
  guint64 at = 0;

  if (listing == NULL || !g_ascii_string_to_unsigned (dot + 1, 10, 0, listing->people->len, &at, NULL))
    return NULL;
  *offset = (guint)at;
  return listing;
}

static char *
checksum (const Sync *self, const char *text)
{
  g_autofree char *sum
      = g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *)self->key, strlen (self->key), text, -1);

  return g_strndup (sum, 16);
}

static char *
digest (const char *parameters)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, parameters, -1);

  return g_strndup (sum, 16);
}

char *
sync_token_new (Sync *self, guint64 revision, gint64 full_sync, const char *parameters)
{
  g_autofree char *same = digest (parameters);
  g_autofree char *text
      = g_strdup_printf ("%u.%" G_GUINT64_FORMAT ".%" G_GINT64_FORMAT ".%s", self->epoch, revision, full_sync, same);
  g_autofree char *sum = checksum (self, text);
  g_autofree char *signed_text = g_strconcat (text, ".", sum, NULL);
  char *token = g_base64_encode ((const guchar *)signed_text, strlen (signed_text));

  return g_strdelimit (g_strdelimit (token, "+", '-'), "/", '_');
}

TokenVerdict
sync_token_read (Sync *self, const char *token, const char *parameters, guint64 newest, guint64 *revision,
                 gint64 *full_sync)
{
  g_autofree char *standard = g_strdelimit (g_strdelimit (g_strdup (token), "-", '+'), "_", '/');
  gsize size = 0;
  g_autofree guchar *decoded = g_base64_decode (standard, &size);
  g_autofree char *text = g_strndup ((const char *)decoded, size);
  g_auto (GStrv) parts = g_strsplit (text, ".", -1);
  g_autofree char *sum = NULL;
  g_autofree char *same = digest (parameters);

  if (g_strv_length (parts) != 5)
    return TOKEN_MALFORMED;
  text[strlen (text) - strlen (parts[4]) - 1] = '\0';
  sum = checksum (self, text);
  if (!g_str_equal (sum, parts[4]))
    return TOKEN_MALFORMED;
  *revision = g_ascii_strtoull (parts[1], NULL, 10);
  *full_sync = g_ascii_strtoll (parts[2], NULL, 10);
  /* A revision from the future is of another book: one that was in memory only, and is gone. */
  if (g_ascii_strtoull (parts[0], NULL, 10) != self->epoch || *revision > newest
      || *full_sync + self->lifetime < clock_now ())
    return TOKEN_EXPIRED;
  return g_str_equal (same, parts[3]) ? TOKEN_GOOD : TOKEN_OTHER_PARAMETERS;
}
