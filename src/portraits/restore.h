/*
 * contactfs restore: brings back what was replaced or removed, or tries again what was refused (docs/semantics.md
 * "contactfs restore").
 */
#pragma once

#include <gio/gio.h>

#include "portraits/command.h"

typedef struct {
  CommandWishes common;
  const GPtrArray *names; /* of char*: the contacts' folders; empty: all of them */
  const char *label;      /* only those who carry it; NULL: everybody */
  gint64 since;           /* µs since 1970; 0: not given */
  gboolean rejected;      /* from .rejected, not from .previous */
} RestoreWishes;

int restore_run (const RestoreWishes *wishes, GError **error);

/* A time as people write it: 2026-11-30T18:00 and 2026-11-30 18:00 (here, if no time zone is said), 18:00 (the last
 * time that it was), a date alone, 30s, 90m, 2h, 3d (so long ago). µs since 1970; 0: none of these. now: the same. Pure but for the time zone. */
gint64 restore_parse_time (const char *text, gint64 now);
