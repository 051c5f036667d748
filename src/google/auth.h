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

typedef struct Auth Auth;

/* A command for /bin/sh -c that prints a token (`gcloud auth print-access-token`); run at the first need and after
 * auth_reject. Its failure is PEOPLE_ERROR_AUTH with the last line of its stderr. */
Auth *auth_new_command (const char *command);

/* An `authorized_user` JSON file: client_id, client_secret, refresh_token, optionally token_uri (https, or http on a
 * loopback address; Google's by default) and quota_project_id. Read at once: PEOPLE_ERROR_AUTH when it is missing,
 * not JSON or of another type, naming the file. Other types of file (service_account) say that they come later. */
Auth *auth_new_file (HttpClient *http, const char *path, GError **error);

void auth_free (Auth *self);

/* An access token, from memory while it is fresh (renewed 60 s ahead of its expiry). Fails by deadline (monotonic
 * time, microseconds). finish: the token, transfer full; wipe it with auth_token_free. */
void auth_get_token_async (Auth *self, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer data);
char *auth_get_token_finish (Auth *self, GAsyncResult *result, GError **error);
void auth_token_free (char *token); /* zeroes, then frees; NULL is fine */

/* The service answered 401 to token: forget it if it is still the one in memory, so the next get makes a new one. */
void auth_reject (Auth *self, const char *token);

/* The project to bill, for X-Goog-User-Project, or NULL. */
const char *auth_quota_project (Auth *self);

/* One line for `contactfs status`: "token command" or "authorized_user file /…"; never a secret. */
const char *auth_describe (Auth *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Auth, auth_free)
