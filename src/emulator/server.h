/*
 * One origin: a listening port that turns HTTP exchanges into Requests. HTTP/1.1 by libsoup; over TLS, HTTP/2 as well
 * (h2.h), chosen by ALPN.
 *
 * The handler gets each request once its body is there, keeps a reference if it answers later, and is called from the
 * main loop only.
 */
#pragma once

#include <gio/gio.h>

#include "emulator/request.h"

typedef struct Server Server;
typedef void (*ServerHandler) (Request *request, gpointer data); /* borrows request */

/* certificate NULL: plain HTTP. port 0: any free one. */
Server *server_new (Origin origin, const char *host, guint16 port, GTlsCertificate *certificate, ServerHandler handler,
                    gpointer data, GError **error);
void server_free (Server *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Server, server_free)

/* "https://127.0.0.1:1234", without a slash. Transfer full. */
char *server_url (const Server *self, const char *host);
