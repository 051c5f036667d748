/*
 * SHA-256 in hexadecimal. In a worker: the largest pictures take a tenth of a second.
 */
#pragma once

#include <gio/gio.h>

/* Never fails, cannot be cancelled. */
void hash_async (GBytes *bytes, GAsyncReadyCallback callback, gpointer data);
char *hash_finish (GAsyncResult *result); /* transfer full */
/* Of a file, in small pieces; any thread. Transfer full; NULL, and *error is set: it cannot be read. */
char *hash_file (int fd, gint64 size, GError **error);
