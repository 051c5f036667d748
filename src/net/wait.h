/*
 * Waiting without holding anything: a timer on the main loop that ends at once when it is cancelled.
 */
#pragma once

#include <gio/gio.h>

/* microseconds from now. finish: FALSE with G_IO_ERROR_CANCELLED. */
void wait_async (gint64 delay, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean wait_finish (GAsyncResult *result, GError **error);
