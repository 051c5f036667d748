/*
 * The loopback address that the browser is sent back to: a port on 127.0.0.1 that takes one kind of request,
 * GET /?… with our own Host, and answers everything else with 404. Loop thread only.
 *
 * Only programs of this process's user are let in: the kernel says whose a connection is (peer.h). That of somebody
 * else is closed before a byte of it is read, and so is one of which the kernel does not tell.
 *
 * A visitor waits until it is answered: the page says how the login ended, and that is known a while later.
 */
#pragma once

#include <gio/gio.h>

#include "login/page.h"

typedef struct LoginListener LoginListener;
typedef struct LoginVisitor LoginVisitor;

/* Somebody came with this query. Answer visitor with login_visitor_answer, now or later. */
typedef void (*LoginVisitedFunc) (LoginVisitor *visitor, const char *query, gpointer data);

/* A connection was not let in; the sentence says why, and what to do if it was the person's browser. */
typedef void (*LoginRefusedFunc) (const char *sentence, gpointer data);

/* PEOPLE_ERROR_UNREACHABLE with a sentence when no port can be opened. */
LoginListener *login_listener_new (LoginVisitedFunc visited, LoginRefusedFunc refused, gpointer data, GError **error);
guint16 login_listener_port (const LoginListener *self);
/* Closes the port and every connection; visitors that were not answered must not be touched any more. */
void login_listener_free (LoginListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoginListener, login_listener_free)

/* Once per visitor; it is gone then. */
void login_visitor_answer (LoginVisitor *self, LoginPage page, const char *words);

/* The callback comes when every answer has been written, or by deadline (monotonic, microseconds). Once; self must live
 * until then. */
void login_listener_drain_async (LoginListener *self, gint64 deadline, GAsyncReadyCallback callback, gpointer data);
