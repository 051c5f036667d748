/*
 * Google's quotas per user and minute, by the clock of clock.h.
 */
#pragma once

#include <glib.h>

typedef enum {
  QUOTA_CONTACT_READ,
  QUOTA_CONTACT_WRITE,
  QUOTA_PHOTO_WRITE,
  QUOTA_GROUP_READ,
  QUOTA_DELETE,
  QUOTA_FULL_SYNC, /* the first page of a full listing; answered as QuotaFailure */
  N_QUOTAS
} QuotaKind;

typedef struct Quota Quota;

Quota *quota_new (void);
void quota_free (Quota *self);
gboolean quota_spend (Quota *self, QuotaKind kind); /* FALSE: over it */
const char *quota_metric (QuotaKind kind);          /* in Google's words */
void quota_set_limit (Quota *self, QuotaKind kind, guint per_minute);
int quota_by_name (const char *name); /* "photo-writes"; -1: none */
