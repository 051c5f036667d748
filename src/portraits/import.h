/*
 * contactfs import: gives many pictures to the contacts whom their names fit (docs/semantics.md "contactfs import").
 */
#pragma once

#include "portraits/command.h"
#include "portraits/plan.h"

typedef struct {
  CommandWishes common;
  const GPtrArray *paths; /* of char*: pictures and folders */
  const char *table;      /* a CSV file; NULL: none */
  const char *label;      /* only those who carry it; NULL: everybody */
  Replace replace;
} ImportWishes;

int import_run (const ImportWishes *wishes, GError **error);
