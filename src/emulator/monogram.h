/*
 * Monograms: the picture that Google shows for somebody without a photo. Everything is in the key, so there is no
 * store.
 */
#pragma once

#include <glib.h>

/* The key for a person of that name; transfer full. */
char *monogram_key (const char *name, const char *id);
/* The SVG for a key, or NULL if it is none; transfer full. */
char *monogram_svg (const char *key);
