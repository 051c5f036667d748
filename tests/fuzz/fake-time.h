/*
 * Time that passes only when it is told to, and work that leaves the loop only to come back to it: so the same bytes always lead to
 * the same run. The linker leads the tested code's calls of GLib here (meson.build: fake_time_wraps).
 */
#pragma once

#include <gio/gio.h>

void fake_time_begin (void); /* the same time of day in each run */
gint64 fake_time_now (void); /* what g_get_monotonic_time says */

/* The next timer is due then; G_MAXINT64: there is none. */
gint64 fake_time_next (void);
/* To that moment. Timers that are due fire in the next turns of the loop. */
void fake_time_set (gint64 now);

/* One of the jobs that a worker would do. FALSE: there is none. */
gboolean fake_time_work (void);
