/*
 * Access tokens: where they come from, shared by all who wait, renewed before they expire.
 *
 * One TokenCache per account, used on the loop thread only. A token is held in memory alone: never logged, never in argv,
 * never written. All who ask while a token is being made wait for the same one command or refresh grant.
 * Documents: RFC 6749 section 6, docs/google.md "OAuth".
 */
#pragma once

#include <gio/gio.h>

#include "account/principal.h"
#include "account/token-endpoint.h"
#include "net/http.h"

/* The permission that every token is for. */
#define CONTACTS_SCOPE "https://www.googleapis.com/auth/contacts"

typedef struct TokenCache TokenCache;

/* A command for /bin/sh -c that prints a token (`gcloud auth print-access-token`); run at the first need and after
 * token_cache_invalidate. Its failure is PEOPLE_ERROR_AUTH with the last line of its stderr. */
TokenCache *token_cache_new_command (const char *command);

/* How a credentials file came to be used. */
typedef enum {
  CREDENTIALS_GIVEN,       /* --credentials */
  CREDENTIALS_ENVIRONMENT, /* $GOOGLE_APPLICATION_CREDENTIALS */
  CREDENTIALS_GCLOUD,      /* gcloud's application default credentials */
} CredentialsOrigin;

/* An `authorized_user` JSON file (client_id, client_secret, refresh_token) or a `service_account` key (client_email,
 * private_key), both with token_uri (https, or http on a loopback address; Google's by default) and quota_project_id if
 * they like. subject: the person whom a service account acts for, or NULL. Read at once: PEOPLE_ERROR_AUTH, naming the
 * file, when it is missing, not JSON, of another type, or does not go with subject.
 * Before each token it is looked at again, and read again when it has changed. What the token endpoint refused is not
 * sent there again until the file changes; for refusals that may pass (a clock, a permission of a service account) for
 * a minute. */
TokenCache *token_cache_new_file (HttpClient *http, const char *path, CredentialsOrigin origin, const char *subject,
                                  GError **error);

/* What `contactfs login` left in folder (stored-login.h), read again for each token, so that a login elsewhere is noticed.
 * A login that the service refuses is not tried again until another one is stored. PEOPLE_ERROR_AUTH when it is damaged;
 * when there is none, or no more, asking for a token says so. */
TokenCache *token_cache_new_login (HttpClient *http, const char *account, const char *folder, GError **error);

/* The access token of a login that was just made, as long as it lasts. It is never renewed. */
TokenCache *token_cache_new_fixed (const TokenResponse *response);

void token_cache_free (TokenCache *self);

/* Runs the main context until a renewal that is on its way has come and is kept, for some seconds at most: with an answer
 * that nobody takes a login may be lost. For the end of a program. */
void token_cache_finish_renewal (TokenCache *self, guint seconds);

/* An access token, from memory while it is fresh (renewed a minute ahead of its expiry, while the old one is still given
 * out). Fails by deadline (monotonic time, microseconds). finish: the token, transfer full; wipe it with secret_free. */
void token_cache_get_async (TokenCache *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer data);
char *token_cache_get_finish (TokenCache *self, GAsyncResult *result, GError **error);

/* The service answered 401 to token: forget it if it is still the one in memory, so the next get makes a new one. */
void token_cache_invalidate (TokenCache *self, const char *token);

/* What the service has against a token. */
typedef enum {
  TOKEN_PROBLEM_REFUSED, /* 401, for a fresh one too */
  TOKEN_PROBLEM_SCOPE,   /* it is not for contacts */
} TokenProblem;

/* What to do about it with credentials of this kind, as the end of a sentence: "log in again: contactfs login --account
 * default". Transfer full. */
char *token_cache_advice (TokenCache *self, TokenProblem problem);

/* The project to bill, for X-Goog-User-Project, or NULL. */
const char *token_cache_quota_project (TokenCache *self);

/* Whose contacts the tokens open, as far as that can be told without the service; borrowed, NULL: it cannot. */
const Identity *token_cache_identity (TokenCache *self);

/* From now on a token of somebody who is known to be another one than the principal is not given out: who asks for it fails
 * with principal_admit's words. Borrows principal. */
void token_cache_set_principal (TokenCache *self, Principal *principal);

/* One line for `contactfs status`: "token command", "authorized_user file /…", "service account a@b for c@d, file /…",
 * with the reason where it was not asked for; never a secret. */
const char *token_cache_describe (TokenCache *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TokenCache, token_cache_free)
