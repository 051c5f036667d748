/*
 * Descriptors and one timer on the main loop, for a library that keeps its own sockets and wants to be told. Knows
 * nothing of HTTP. Loop thread only. func may free the watch.
 */
#pragma once

#include <glib.h>

typedef struct HttpWatch HttpWatch;

/* fd -1: the timer. */
typedef void (*HttpWatchFunc) (int fd, GIOCondition ready, gpointer data);

HttpWatch *http_watch_new (HttpWatchFunc func, gpointer data);
void http_watch_free (HttpWatch *self);

void http_watch_descriptor (HttpWatch *self, int fd, GIOCondition wanted); /* 0: no longer */
void http_watch_timer (HttpWatch *self, gint64 milliseconds);              /* replaces the one before; negative: none */
