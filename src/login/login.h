/*
 * Logging in: the browser goes to the authorization server, comes back to a port of ours with a code, and the token
 * endpoint gives a refresh token for it (RFC 8252 with PKCE). Loop thread only.
 *
 *   login_new ─→ login_url, for the browser ─→ login_wait (login_paste may help) ─→ store it ─→ login_conclude ─→ free
 *
 * An answer with another state is refused with words and does not end the wait: whoever can reach the port could end a
 * login that way, and its code is not used.
 */
#pragma once

#include "account/client-file.h"
#include "account/token-endpoint.h"

typedef struct Login Login;

/* A sentence about an answer that was not taken, while the wait goes on. */
typedef void (*LoginNoteFunc) (const char *sentence, gpointer data);

/* Borrows http and client. Opens the port: PEOPLE_ERROR_UNREACHABLE. */
Login *login_new (HttpClient *http, const ClientFile *client, LoginNoteFunc note, gpointer data, GError **error);
void login_free (Login *self); /* after the wait has ended */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Login, login_free)

/* What the browser is to open. It holds no secret. */
const char *login_url (const Login *self);

/* Once. seconds: how long the person has. finish: a TokenResponse with a refresh token and the scope that a mount needs, transfer
 * full; or PEOPLE_ERROR with a sentence, or G_IO_ERROR_CANCELLED. */
void login_wait_async (Login *self, guint seconds, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data);
TokenResponse *login_wait_finish (GAsyncResult *result, GError **error);

/* TRUE until an answer has come, or the wait has ended. */
gboolean login_is_waiting (const Login *self);

/* The address that the browser was sent back to, as a person pasted it; the same as if it had come by itself. */
void login_paste (Login *self, const char *text);

/* Shows the browser, if it came, how it ended. The callback comes when it has the page, or after two seconds. */
void login_conclude_async (Login *self, gboolean good, const char *words, GAsyncReadyCallback callback, gpointer data);
