/*
 * SHA-256 of pictures, in hexadecimal. By GnuTLS, which uses what the processor has for it: a cached photo is hashed each time
 * that it is opened, and GLib's own takes five times as long.
 */
#pragma once

#include <gio/gio.h>

/* At once; any thread. Transfer full. */
char *hash_bytes (GBytes *bytes);

/* In a worker: the largest pictures take some hundredths of a second. Never fails, cannot be cancelled. */
void hash_async (GBytes *bytes, GAsyncReadyCallback callback, gpointer data);
char *hash_finish (GAsyncResult *result); /* transfer full */

/* Of a file, in small pieces; any thread. Transfer full; NULL, and *error is set: it cannot be read. */
char *hash_file (int fd, gint64 size, GError **error);
