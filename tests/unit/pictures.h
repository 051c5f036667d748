/* Pictures for unit tests: those of tests/data, and what is put into them. */
#pragma once

#include <glib.h>

/* tests/data/pictures/NAME. Transfer full. */
GByteArray *picture_load (const char *name);

void picture_insert (GByteArray *picture, gsize at, gconstpointer data, gsize size);

/* With its checksum: at the end, or behind IHDR. */
void picture_append_png_chunk (GByteArray *png, const char *type, gconstpointer data, gsize size);
void picture_insert_png_chunk (GByteArray *png, const char *type, gconstpointer data, gsize size);
