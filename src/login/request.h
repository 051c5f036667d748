/*
 * What the browser is sent to the authorization server with, and what it brings back (RFC 6749 section 4.1, RFC 7636,
 * RFC 8252). Pure, but for the kernel's random numbers.
 */
#pragma once

#include "account/client-file.h"

typedef struct {
  char *redirect_uri; /* http://127.0.0.1:PORT */
  char *url;          /* for the browser; public: it holds the challenge and the state alone */
  char *state;
  char *verifier; /* wiped when freed */
} LoginRequest;

LoginRequest *login_request_new (const ClientFile *client, guint16 port);
void login_request_free (LoginRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LoginRequest, login_request_free)

typedef enum {
  LOGIN_REPLY_NONE,    /* no answer of an authorization server at all */
  LOGIN_REPLY_FOREIGN, /* one to another question: its state is not ours. Anybody on this computer can send such a one */
  LOGIN_REPLY_CODE,
  LOGIN_REPLY_REFUSED, /* *error: PEOPLE_ERROR_AUTH with a sentence */
} LoginReply;

/* query: what stands behind the '?', escaped. code: transfer full, to be wiped, when LOGIN_REPLY_CODE. */
LoginReply login_request_read (const LoginRequest *self, const char *query, char **code, GError **error);

/* Of a whole request, length bytes with a zero byte behind them, that came to 127.0.0.1:port: "GET /?QUERY HTTP/1.x" with that
 * Host. The query, ended in place and borrowed from request; NULL for any other request. */
const char *login_request_query (char *request, gsize length, guint16 port);

/* The query of an address that a person pasted: the whole address, or the part behind the '?'. Borrowed from text;
 * NULL: this is neither. */
const char *login_request_pasted (const char *text);

/* TRUE if scope, the words of an answer, holds what a mount needs. */
gboolean login_scope_granted (const char *scope);
