/*
 * Failures, shown on the desktop (org.freedesktop.Notifications 1.2, D-Bus), whoever else was told: many programs do not
 * look at what close() says, and file managers say no more than its errno.
 *
 * Nothing waits for the desktop. The session bus is that of our environment, else /run/user/UID/bus; it is connected to
 * when there is something to tell, and no bus is started for it. One call at a time, each with a deadline; after one
 * that failed nothing is told for a minute, so a notification service that hangs or cannot start is left in peace. What
 * is not told is in the log all the same.
 *
 * Main thread only (GDBus has a worker thread of its own from the first connection on).
 */
#pragma once

#include "book/events.h"

typedef struct Notify Notify;

Notify *notify_new (void);
/* What has not been told is told now, within half a second. */
void notify_free (Notify *self);

extern const BookReports notify_reports; /* its data is the Notify */
