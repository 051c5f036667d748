/*
 * Tables of text: CSV to be read (RFC 4180). Pure.
 */
#pragma once

#include <glib.h>

/* The rows of a CSV text, UTF-8 with or without a byte order mark. Fields are separated by commas, or by semicolons where the
 * first row has no comma. Empty rows are left out. Element: GStrv, owned. NULL with a sentence (G_IO_ERROR_INVALID_DATA) that
 * tells the row. */
GPtrArray *table_parse (const char *text, GError **error);
