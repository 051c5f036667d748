/*
 * contactfs sheet: one page with every face and name (docs/semantics.md "contactfs sheet").
 */
#pragma once

#include <gio/gio.h>

#include "portraits/command.h"

typedef struct {
  CommandWishes common;
  const char *path;   /* of the page */
  const char *label;  /* only those who carry it; NULL: everybody */
  const char *helper; /* the path of contactfs-convert, which makes the faces small */
} SheetWishes;

/* Writes the page person by person; it takes the place of an older one only when it is whole. Fetches every photo. */
int sheet_run (const SheetWishes *wishes, GError **error);

/* Pure: what stands for a face: the first letter of the first and of the last word, with their marks; "#" where there is no letter. Transfer full. */
char *sheet_initials (const char *name);
