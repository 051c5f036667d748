/*
 * How many failures one is told of: a contact's reason once a minute, NOTICES_EACH of them one by one, and of the others
 * how many there are. Pure: the caller brings the time (monotonic, microseconds) and does the telling.
 */
#pragma once

#include <glib.h>

#define NOTICES_EACH 10

typedef struct Notices Notices;

typedef enum {
  NOTICE_TELL,  /* tell this one */
  NOTICE_COUNT, /* there is one more that is not told by itself: notices_more */
  NOTICE_KNOWN  /* it has been told, or counted, less than a minute ago */
} Notice;

Notices *notices_new (void);
void notices_free (Notices *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Notices, notices_free)

Notice notices_add (Notices *self, const char *contact, const char *reason, gint64 now);
/* Of this minute, counted so far. */
guint notices_more (const Notices *self);
/* A change of the contact has succeeded: its next failure is news. */
void notices_forget (Notices *self, const char *contact);
