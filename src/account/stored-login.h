/*
 * What `contactfs login` leaves behind for an account: a refresh token and the client it was given to.
 *
 *   <folder>/login.json   0600 in a 0700 folder: who logged in, when, and where the secrets are: in the keyring, or,
 *                         where there is none, in this same file
 *   <folder>/client.json  the client file, for the next login
 *
 * The keyring has an item for each login, found by the account and the login's generation; login.json names the one that
 * counts. So a login takes the place of the one before when the file does, all at once. What ends the program before or
 * after that leaves an item which nobody looks for, until logout takes it away.
 *
 *   none ── save ──→ kept ⟲ renew (a refresh token that rotates: the same item, or the same file)
 *     ↑               │ ⟲ save (another login)
 *     └─── forget ────┘
 *
 * folder is the account's own, $XDG_CONFIG_HOME/contactfs/NAME. Only stored_login_renew_async changes a StoredLogin.
 * The functions are for the loop thread; whoever loads, saves, renews or forgets holds the lock (login-lock.h). Errors:
 * PEOPLE_ERROR with a sentence.
 */
#pragma once

#include <gio/gio.h>

#include "account/client-file.h"
#include "account/token-endpoint.h"

typedef struct {
  gatomicrefcount references;
  char *account;
  char *folder;
  gboolean in_keyring; /* set by stored_login_save and stored_login_renew */
  char *obtained;      /* RFC 3339 */
  char *generation;    /* another one with each login */
  Identity *identity;  /* who logged in; NULL: not known */
  char *api_url;       /* the service that it is for; NULL: not known */
  char *refresh_token; /* the secrets are NULL when only looked at; wiped when freed */
  char *client_id, *client_secret;
  char *token_uri, *revoke_uri;
  char *scope; /* NULL: not said */
} StoredLogin;

StoredLogin *stored_login_ref (StoredLogin *self);
void stored_login_unref (StoredLogin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoredLogin, stored_login_unref)

/* Of a response that has a refresh token. api_url may be NULL. */
StoredLogin *stored_login_new (const char *account, const char *folder, const ClientFile *client,
                               const TokenResponse *response, const char *api_url);

/* TRUE if the account has one; no more than a look for the file. */
gboolean stored_login_exists (const char *folder);

/* What can be told without asking the keyring: no secrets. NULL without an error: none is stored. Reads a small file at
 * once: for the beginning of a program. */
StoredLogin *stored_login_peek (const char *account, const char *folder, GError **error);

/* With its secrets. deadline: monotonic, microseconds. None stored, or gone from the keyring: PEOPLE_ERROR_AUTH. */
void stored_login_load_async (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
StoredLogin *stored_login_load_finish (GAsyncResult *result, GError **error);

/* A new login, in place of the one before: into the keyring, else into the file, and *why_file says then why, transfer full
 * (else NULL). When it fails or is cancelled, the login before it is as it was. Writes small files at once: for a program
 * that nobody waits for. */
void stored_login_save_async (StoredLogin *self, gint64 deadline, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean stored_login_save_finish (GAsyncResult *result, char **why_file, GError **error);

/* Puts refresh_token in the place of the one that was loaded, in self and where self is stored. If the keyring cannot be
 * reached any more, it goes into the file, and *why_file says why. */
void stored_login_renew_async (StoredLogin *self, const char *refresh_token, gint64 deadline,
                               GAsyncReadyCallback callback, gpointer data);
gboolean stored_login_renew_finish (GAsyncResult *result, char **why_file, GError **error);

/* All logins of the account, out of the keyring and the file. TRUE: the keyring had one; FALSE without an error: it had
 * none. An error says what is left. in_keyring: the keyring may hold something, so that one that cannot be reached is an
 * error. */
void stored_login_forget_async (const char *account, const char *folder, gboolean in_keyring, gint64 deadline,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
gboolean stored_login_forget_finish (GAsyncResult *result, GError **error);

/* The account's login.json and client.json: their paths, transfer full. */
char *stored_login_path (const char *folder);
char *stored_login_client_path (const char *folder);
/* Keeps client for the next login. Writes and syncs a small file: for a program that nobody waits for. */
gboolean stored_login_keep_client (const char *folder, const ClientFile *client, GError **error);

/* The command to run, for sentences: "contactfs login --account NAME". Transfer full. */
char *stored_login_command (const char *account);
