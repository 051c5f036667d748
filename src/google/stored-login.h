/*
 * What `contactfs login` leaves behind for an account: a refresh token and the client it was given to.
 *
 *   <folder>/login.json   0600 in a 0700 folder: who logged in, when, and where the secrets are: in the keyring, or,
 *                         where there is none, in this same file
 *   <folder>/client.json  the client file, for the next login
 *
 * folder is the account's own, $XDG_CONFIG_HOME/contactfs/NAME. A StoredLogin is a value that does not change; any thread.
 * The functions are for the loop thread; files are read and written on a worker. Errors: PEOPLE_ERROR with a sentence.
 */
#pragma once

#include <gio/gio.h>

#include "google/client-file.h"
#include "google/grant.h"

typedef struct {
  gatomicrefcount references;
  char *account;
  char *folder;
  gboolean in_keyring;       /* set by stored_login_save */
  gboolean older_in_keyring; /* so is this: it is in the file, and the one before may still be in the keyring */
  char *obtained;            /* RFC 3339 */
  char *generation;          /* another one with each login */
  char *lineage;             /* the same for all logins since the last logout: each renews the one before */
  char *filed;               /* what its file said of that when it was read; NULL: a login that is not kept yet */
  char *person;              /* resource name, so that nobody else's login takes this one's place; NULL: not known */
  char *who;                 /* "Sample User <you@example.com>"; NULL: not known */
  char *api_url;             /* the service that person is of; NULL: not known, or Google's */
  char *refresh_token;       /* the secrets are NULL when only looked at; wiped when freed */
  char *client_id, *client_secret;
  char *token_uri, *revoke_uri;
  char *scope; /* NULL: not said */
} StoredLogin;

StoredLogin *stored_login_ref (StoredLogin *self);
void stored_login_unref (StoredLogin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoredLogin, stored_login_unref)

/* Of a grant that has a refresh token. before: the one that it renews, or NULL. person, who and api_url may be NULL. */
StoredLogin *stored_login_new (const char *account, const char *folder, const StoredLogin *before,
                               const ClientFile *client, const Grant *grant, const char *person, const char *who,
                               const char *api_url);
/* The same login with the token that took the old one's place. */
StoredLogin *stored_login_with_token (const StoredLogin *self, const char *refresh_token);

/* The same login, of which it is known now whose it is, and where. who and api_url may be NULL. */
StoredLogin *stored_login_with_person (const StoredLogin *self, const char *person, const char *who,
                                       const char *api_url);

/* TRUE if the account has one; no more than a look for the file. */
gboolean stored_login_exists (const char *folder);

/* Its files were made for their owner alone: whoever opened them to others since (a restored backup, a stray chmod) meant
 * no such thing. Puts that right, with a message for each. */
void stored_login_guard (const char *folder);

/* What can be told without asking the keyring: no secrets. NULL without an error: none is stored. Reads a small file at
 * once: for the beginning of a program. */
StoredLogin *stored_login_peek (const char *account, const char *folder, GError **error);

/* With its secrets. deadline: monotonic, microseconds. None stored, or gone from the keyring: PEOPLE_ERROR_AUTH. Whoever
 * loads holds the lock, since a file that is one login behind the keyring is written anew. */
void stored_login_load_async (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
StoredLogin *stored_login_load_finish (GAsyncResult *result, GError **error);

/* Into the keyring, else into the file: *why_file says then why, transfer full (else NULL). Takes the place of the one
 * before. Whoever saves holds the lock (login-lock.h). When it fails, the login before it is as it was.
 * G_IO_ERROR_CANCELLED: nothing was changed; PEOPLE_ERROR_TIMED_OUT: cancelled too late, a keyring that did not answer may
 * take this one in its place later.
 * in_place: self is what was loaded, with something new in it; one that is in the file stays there. PEOPLE_ERROR_NOT_FOUND: there is no login any more;
 * PEOPLE_ERROR_STALE_ETAG: another one has taken its place; nothing was changed. */
void stored_login_save_async (StoredLogin *self, gboolean in_place, gint64 deadline, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data);
gboolean stored_login_save_finish (GAsyncResult *result, char **why_file, GError **error);

/* What the keyring holds, whatever the file says, and if there is one: of a login that is in the file, the one before.
 * NULL without an error: nothing, or the person did not unlock it. */
void stored_login_load_older_async (const char *account, const char *folder, gint64 deadline, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
StoredLogin *stored_login_load_older_finish (GAsyncResult *result, GError **error);

/* Out of the keyring and the file. FALSE: something is left, and *error says what. in_keyring: it may hold something, so
 * that one that cannot be reached is an error. PEOPLE_ERROR: of the keyring; G_IO_ERROR: of the file. */
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
