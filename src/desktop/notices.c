/* A minute begins with the first failure after the minute before. */
#define G_LOG_DOMAIN "contactfs"

#include "desktop/notices.h"

#define MINUTE (60 * G_TIME_SPAN_SECOND)

struct Notices {
  GHashTable *known; /* char* contact → GHashTable: char* reason → gint64* time */
  gint64 begun;      /* this minute */
  guint told;        /* in it */
  guint more;
};

Notices *
notices_new (void)
{
  Notices *self = g_new0 (Notices, 1);
  self->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_hash_table_unref);
  return self;
}

void
notices_free (Notices *self)
{
  g_hash_table_unref (self->known);
  g_free (self);
}

static gboolean
is_old_reason (gpointer reason, gpointer time, gpointer now)
{
  return *(const gint64 *)now - *(const gint64 *)time >= MINUTE;
}

static gboolean
is_old_contact (gpointer contact, gpointer reasons, gpointer now)
{
  g_hash_table_foreach_remove (reasons, is_old_reason, now);
  return g_hash_table_size (reasons) == 0;
}

static GHashTable *
reasons_of (Notices *self, const char *contact)
{
  GHashTable *reasons = g_hash_table_lookup (self->known, contact);
  if (reasons == NULL) {
    reasons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
    g_hash_table_insert (self->known, g_strdup (contact), reasons);
  }
  return reasons;
}

Notice
notices_add (Notices *self, const char *contact, const char *reason, gint64 now)
{
  if (self->told == 0 || now - self->begun >= MINUTE) {
    self->begun = now;
    self->told = self->more = 0;
    g_hash_table_foreach_remove (self->known, is_old_contact, &now);
  }
  GHashTable *reasons = reasons_of (self, contact);
  const gint64 *before = g_hash_table_lookup (reasons, reason);
  if (before != NULL && now - *before < MINUTE)
    return NOTICE_KNOWN;
  g_hash_table_insert (reasons, g_strdup (reason), g_memdup2 (&now, sizeof now));
  if (self->told < NOTICES_EACH) {
    self->told++;
    return NOTICE_TELL;
  }
  self->more++;
  return NOTICE_COUNT;
}

guint
notices_more (const Notices *self)
{
  return self->more;
}

void
notices_forget (Notices *self, const char *contact)
{
  g_hash_table_remove (self->known, contact);
}
