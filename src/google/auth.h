/*
 * Access tokens: where they come from, shared by all who wait, renewed before they expire.
 *
 * One Auth per account, used on the loop thread only. A token is held in memory alone: never logged, never in argv,
 * never written. All who ask while a token is being made wait for the same one command or refresh grant.
 * Documents: RFC 6749 section 6, docs/google.md "OAuth".
 */
#pragma once

#include <gio/gio.h>

#include "google/http.h"

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
 * when there is none, or no more, asking for a token says so. api_url: the service that it is for, kept with the login
 * when it is seen whose it is. */
Auth *auth_new_stored (HttpClient *http, const char *account, const char *folder, const char *api_url, GError **error);

void auth_free (Auth *self);

/* Runs the main context until a renewal that is on its way has come and is kept, for some seconds at most: with an answer
 * that nobody takes a login may be lost. For the end of a program. */
void auth_settle (Auth *self, guint seconds);

/* An access token, from memory while it is fresh (renewed a minute ahead of its expiry, while
 * the old one is still given out). Fails by deadline (monotonic
 * time, microseconds). finish: the token, transfer full; wipe it with auth_token_free. */
void auth_get_token_async (Auth *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data);
/* The same, also while they are held. */
void auth_get_first_token_async (Auth *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
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

/* Whose address book the tokens open, as far as that can be told without asking the service: a word to be compared with
 * an earlier one's, or NULL. A stored login that becomes somebody else's gives no tokens any more. */
const char *auth_owner (Auth *self);

/* Which login its last token came of, or that it was opened with: another one with each `contactfs login`, and for each
 * content of an authorized_user file. NULL: it is none. */
const char *auth_login (Auth *self);

/* The same for all logins since the last `contactfs logout`: each was made to renew the one before. NULL: it is none. */
const char *auth_lineage (Auth *self);

/* Tokens are held from now on, or somebody waits for one that is: it is not known whose it is. */
typedef void (*AuthWantedFunc) (gpointer data);

/* While tokens are held there is none but for auth_get_first_token_async; wanted is called for each who asks, and may ask
 * for the first one, to find out. They are from auth_hold, and from when a stored login or a credentials file is replaced
 * by one of which it is not known whose it is, until auth_identify, auth_disown or auth_bar. Without auth_watch nothing is ever held. */
void auth_watch (Auth *self, AuthWantedFunc wanted, gpointer data);
void auth_hold (Auth *self);
gboolean auth_is_wanted (Auth *self); /* somebody waits for a token that is held */
/* Those who wait for it now need not wait longer. Copies error. */
void auth_fail_held (Auth *self, const GError *error);

/* It is seen now whose the tokens are: a stored login keeps that. person NULL: of the same person as before, whoever it
 * is. who: for people, or NULL. */
void auth_identify (Auth *self, const char *person, const char *who);

/* They are not those of whom they were thought to be. There are none until another login is stored, or, of other
 * credentials, no more; why is what those who ask fail with. person and who: of a stored login, as for auth_identify. */
void auth_disown (Auth *self, const char *person, const char *who, const GError *why);

/* From now on there is no token, but this error. Takes error. */
void auth_bar (Auth *self, GError *error);

/* One line for `contactfs status`: "token command", "authorized_user file /…", "service account a@b for c@d, file /…",
 * with the reason where it was not asked for; never a secret. */
const char *auth_describe (Auth *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Auth, auth_free)
