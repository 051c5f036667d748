/*
 * Cartoon faces, drawn from a seed: always the same for the same seed, and pleasant enough for a demo.
 */
#pragma once

#include <glib.h>

/* An SVG of 720 × 720; transfer full. */
char *face_svg (guint64 seed);
/* The seed of a word: a resource name, say. */
guint64 face_seed (const char *word);
