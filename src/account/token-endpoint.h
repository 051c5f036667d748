/*
 * The token endpoint: what it answers to a form (RFC 6749 sections 4 to 6, RFC 7523), and in which words it refuses.
 * Loop thread only.
 */
#pragma once

#include <gio/gio.h>

#include "account/identity.h"
#include "net/http.h"

typedef struct {
  char *access_token;  /* checked by secret_is_token; NULL: refused */
  char *refresh_token; /* a new one that takes the old one's place, or NULL */
  char *scope;         /* as it was granted; NULL: not said */
  gint64 lifetime;     /* of the access token in microseconds; 0: not said */
  Identity *identity;  /* whose it is, by the ID token that came with it; NULL: not said */

  /* of a refusal */
  char *code;    /* "invalid_grant" …; "" when the answer is not the endpoint's JSON */
  char *subtype; /* "invalid_rapt" …; "" when not said */
  char *words;   /* for people: "invalid_grant: Token has been expired or revoked." */
} TokenResponse;

void token_response_free (TokenResponse *self); /* wipes the tokens */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TokenResponse, token_response_free)

/* Names and values in turn, ended by NULL, as application/x-www-form-urlencoded; wiped when freed. */
GBytes *token_endpoint_form (const char *name, ...) G_GNUC_NULL_TERMINATED;

/* Posts form to token_uri. 408, 429, 5xx and lost connections are tried again until *deadline, which may move later
 * meanwhile. Any other answer but 200 is a refusal. *error is PEOPLE_ERROR (never AUTH), or G_IO_ERROR_CANCELLED. */
void token_endpoint_request_async (HttpClient *http, const char *token_uri, GBytes *form, const gint64 *deadline,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
TokenResponse *token_endpoint_request_finish (GAsyncResult *result, GError **error);

/* Reads the answer of token_uri to form, given or refused. NULL: it is neither, and *error says why. Pure. */
TokenResponse *token_response_parse (guint status, GBytes *body, GBytes *form, const char *token_uri, GError **error);

/* PEOPLE_ERROR_AUTH for a refused refresh token. login: whose it is ("the login in /…"); renew: what to do
 * ("log in again: contactfs login"). Explains the consent screen in “Testing”. */
GError *token_response_error (const TokenResponse *self, const char *login, const char *renew);
