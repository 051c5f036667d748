/*
 * contactfs list: who has which photo (docs/semantics.md "contactfs list").
 */
#pragma once

#include <gio/gio.h>

#include "portraits/command.h"

typedef struct {
  CommandWishes common;
  const char *label;      /* only those who carry it; NULL: everybody */
  gboolean without_photo; /* those who have none */
  guint small;            /* those whose photo has a side of fewer pixels; 0: not asked for */
} ListWishes;

/* Fetches photos only where their size is to be told. */
int list_run (const ListWishes *wishes, GError **error);
