/*
 * Words that nobody can guess: keys, tokens, codes.
 */
#pragma once

#include <glib.h>

/* prefix and 256 random bits in base64url. Transfer full. */
char *secret_new (const char *prefix);
/* In a time that does not tell how much of it is right. */
gboolean secret_equal (const char *a, const char *b);
/* Writes it and a newline there, 0600. */
gboolean secret_write (const char *secret, const char *path, GError **error);
/* Whole or not at all, and 0600, whatever was there before. */
gboolean secret_write_bytes (GBytes *bytes, const char *path, GError **error);
