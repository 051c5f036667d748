/*
 * Requests on their way, behind http-client.c: what libcurl does and nothing else. Internal to src/net. Loop thread
 * only.
 */
#pragma once

#include "net/http-url.h"
#include "net/http.h"

typedef struct HttpTransport HttpTransport;
typedef struct HttpTransfer HttpTransfer;

/* The end of a transfer, which is freed by then: either response or error, transfer full. May do anything, even free
 * the transport. */
typedef void (*HttpDoneFunc) (gpointer data, HttpResponse *response, GError *error);

HttpTransport *http_transport_new (void);
void http_transport_free (HttpTransport *self);                 /* nothing may be on its way */
guint64 http_transport_connections (const HttpTransport *self); /* made since the start */

/* Borrows request until the end. deadline only sets curl's limits: the caller keeps the clock, see http_transfer_abort.
 */
HttpTransfer *http_transport_start (HttpTransport *self, HttpRequest *request, const HttpOrigin *origin,
                                    gint64 deadline, HttpDoneFunc done, gpointer data);

/* Ends and frees it without done. frozen: its connection is not trusted any more. */
void http_transfer_abort (HttpTransfer *self, gboolean frozen);
