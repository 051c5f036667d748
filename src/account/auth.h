/*
 * Access tokens: where they come from, shared by all who wait, renewed before they expire.
 *
 * One Auth per account, used on the loop thread only. A token is held in memory alone: never logged, never in argv,
 * never written. All who ask while a token is being made wait for the same one command or refresh grant.
 * Documents: RFC 6749 section 6, docs/google.md "OAuth".
 */
#pragma once

#include <gio/gio.h>

#include "account/principal.h"
#include "account/token-endpoint.h"
#include "net/http.h"

/* The permission that every token is for. */
#define AUTH_SCOPE "https://www.googleapis.com/auth/contacts"

typedef struct Auth Auth;

/* A command for /bin/sh -c that prints a token (`gcloud auth print-access-token`); run at the first need and after
 * auth_reject. Its failure is PEOPLE_ERROR_AUTH with the last line of its stderr. */
Auth *auth_new_command (const char *command);

/* How a credentials file came to be used. */
typedef enum {
  AUTH_FILE_GIVEN,       /* --credentials */
  AUTH_FILE_ENVIRONMENT, /* $GOOGLE_APPLICATION_CREDENTIALS */
  AUTH_FILE_GCLOUD,      /* gcloud's application default credentials */
} AuthFileOrigin;

/* An `authorized_user` JSON file (client_id, client_secret, refresh_token) or a `service_account` key (client_email,
 * private_key), both with token_uri (https, or http on a loopback address; Google's by default) and quota_project_id if
 * they like. subject: the person whom a service account acts for, or NULL. Read at once: PEOPLE_ERROR_AUTH, naming the
 * file, when it is missing, not JSON, of another type, or does not go with subject.
 * Before each token it is looked at again, and read again when it has changed. What the token endpoint refused is not
 * sent there again until the file changes; for refusals that may pass (a clock, a permission of a service account) for
 * a minute. */
Auth *auth_new_file (HttpClient *http, const char *path, AuthFileOrigin origin, const char *subject, GError **error);

/* What `contactfs login` left in folder (stored-login.h), read again for each token, so that a login elsewhere is noticed.
 * A login that the service refuses is not tried again until another one is stored. PEOPLE_ERROR_AUTH when it is damaged;
 * when there is none, or no more, asking for a token says so. */
Auth *auth_new_stored (HttpClient *http, const char *account, const char *folder, GError **error);

/* The access token of a login that was just made, as long as it lasts. It is never renewed. */
Auth *auth_new_granted (const TokenResponse *response);

void auth_free (Auth *self);

/* Runs the main context until a renewal that is on its way has come and is kept, for some seconds at most: with an answer
 * that nobody takes a login may be lost. For the end of a program. */
void auth_settle (Auth *self, guint seconds);

/* An access token, from memory while it is fresh (renewed a minute ahead of its expiry, while the old one is still given
 * out). Fails by deadline (monotonic time, microseconds). finish: the token, transfer full; wipe it with auth_token_free. */
void auth_get_token_async (Auth *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data);
char *auth_get_token_finish (Auth *self, GAsyncResult *result, GError **error);
void auth_token_free (char *token); /* zeroes, then frees; NULL is fine */

/* The service answered 401 to token: forget it if it is still the one in memory, so the next get makes a new one. */
void auth_reject (Auth *self, const char *token);

/* What the service has against a token. */
typedef enum {
  AUTH_TOKEN_REFUSED, /* 401, for a fresh one too */
  AUTH_SCOPE_MISSING, /* it is not for contacts */
} AuthTrouble;

/* What to do about it with credentials of this kind, as the end of a sentence: "log in again: contactfs login --account
 * default". Transfer full. */
char *auth_advice (Auth *self, AuthTrouble trouble);

/* The project to bill, for X-Goog-User-Project, or NULL. */
const char *auth_quota_project (Auth *self);

/* Whose contacts the tokens open, as far as that can be told without the service; borrowed, NULL: it cannot. */
const Identity *auth_identity (Auth *self);

/* From now on a token of somebody who is known to be another one than the principal is not given out: who asks for it fails
 * with principal_admit's words. Borrows principal. */
void auth_set_principal (Auth *self, Principal *principal);

/* One line for `contactfs status`: "token command", "authorized_user file /…", "service account a@b for c@d, file /…",
 * with the reason where it was not asked for; never a secret. */
const char *auth_describe (Auth *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Auth, auth_free)
