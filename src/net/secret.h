/*
 * Memory that held a token or a password is zeroed before it goes back to the allocator. Any thread.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

void secret_free (char *text); /* zeroes a NUL-terminated text, then frees it; NULL is fine */

/* Bytes that are zeroed when the last reference goes. Takes data. */
GBytes *secret_bytes_take (gpointer data, gsize size);

/* free(3) and realloc(3) for a library that lets one choose them: all that it gives back is zeroed. */
void secret_heap_free (void *block);
void *secret_heap_realloc (void *block, size_t size);

/* TRUE if text can stand in an Authorization header: printable ASCII without spaces, neither empty nor over 16 KiB. */
gboolean secret_is_token (const char *text);
