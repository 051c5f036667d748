/* Google's quotas per user and minute. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/quota.h"

#include "emulator/clock.h"

static const struct {
  const char *name;
  guint per_minute;
  const char *metric;
} kinds[N_QUOTAS] = {
  [QUOTA_CONTACT_READ] = { "contact-reads", 90, "Critical read requests (Contact and Profile Reads)" },
  [QUOTA_CONTACT_WRITE] = { "contact-writes", 30, "Critical write requests (Contact Writes)" },
  [QUOTA_PHOTO_WRITE] = { "photo-writes", 50, "Contact Photo Writes" },
  [QUOTA_GROUP_READ] = { "group-reads", 90, "Contact Group Reads" },
  [QUOTA_DELETE] = { "deletes", 30, "Delete requests" },
  [QUOTA_FULL_SYNC] = { "full-syncs", 6, "FBS quota" },
};

typedef struct Window {
  gint64 minute;
  guint spent;
  guint limit;
} Window;

struct Quota {
  Window windows[N_QUOTAS];
};

Quota *
quota_new (void)
{
  Quota *self = g_new0 (Quota, 1);

  for (int i = 0; i < N_QUOTAS; i++)
    self->windows[i].limit = kinds[i].per_minute;
  return self;
}

void
quota_free (Quota *self)
{
  g_free (self);
}

gboolean
quota_spend (Quota *self, QuotaKind kind)
{
  Window *window = &self->windows[kind];
  gint64 minute = clock_now () / (60 * G_USEC_PER_SEC);

  if (window->minute != minute) {
    window->minute = minute;
    window->spent = 0;
  }
  if (window->spent >= window->limit)
    return FALSE;
  window->spent++;
  return TRUE;
}

const char *
quota_metric (QuotaKind kind)
{
  return kinds[kind].metric;
}

void
quota_set_limit (Quota *self, QuotaKind kind, guint per_minute)
{
  self->windows[kind].limit = per_minute;
}

int
quota_by_name (const char *name)
{
  for (int i = 0; i < N_QUOTAS; i++) {
    if (g_str_equal (kinds[i].name, name))
      return i;
  }
  return -1;
}
