/*
 * The person's browser, by xdg-open.
 */
#pragma once

#include <gio/gio.h>

/* Starts it. The callback comes when xdg-open has ended, which may be when the browser ends. umask: what the browser is
 * to have. */
void browser_open_async (const char *url, unsigned int umask, GAsyncReadyCallback callback, gpointer data);
/* FALSE and a sentence: it could not be opened. */
gboolean browser_open_finish (GAsyncResult *result, GError **error);
