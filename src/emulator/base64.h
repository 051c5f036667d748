/*
 * Base64 as Google takes and gives it.
 */
#pragma once

#include <glib.h>

/* Of the standard or the URL-safe alphabet, padded or not. NULL: it is neither. Transfer full. */
GBytes *base64_decode (const char *text);
/* The URL-safe alphabet without padding, as JWTs and PKCE have it. Transfer full. */
char *base64_encode_url (gconstpointer data, gsize size);
