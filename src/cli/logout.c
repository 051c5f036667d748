/*
 * contactfs logout: revoked at the service, then forgotten here; forgotten in any case.
 *
 *   lock ─┬─ a file ─→ load ─→ revoke ─→ in the file? ─┐
 *         └─ none ─────────────────────────────────────┴─→ what the keyring has ─→ revoke ─→ forget
 *
 * The lock is held to the end, or a mount that renews the login meanwhile would bring it back. A signal ends whichever it is. What takes long is named.
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/daemon.h"
#include "cli/folders.h"
#include "cli/interrupt.h"
#include "google/error.h"
#include "google/login-lock.h"
#include "google/login-revoke.h"
#include "google/stored-login.h"

#define KEYRING_SECONDS 20
#define REVOKE_SECONDS  20
#define NOTICE_SECONDS  2

typedef struct {
  GMainLoop *loop;
  GCancellable *cancellable;
  Interrupt interrupt;
  guint notice;        /* source, or 0 */
  const char *waiting; /* what for */
  gboolean begun;      /* the service was asked to revoke it */
  HttpClient *http;
  const char *account, *folder;
  LoginLock *lock;
  gboolean filed;            /* there is a file */
  gboolean in_keyring;       /* or that cannot be told */
  gboolean older_in_keyring; /* or it may be */
  gboolean found;            /* something to end */
  gint64 keyring_deadline;
  GError *not_revoked; /* why */
  GError *not_forgotten;
} Run;

static gint64
keyring_deadline (void)
{
  return g_get_monotonic_time () + KEYRING_SECONDS * G_USEC_PER_SEC;
}

/* ---- waiting ---- */

static gboolean
on_notice (gpointer data)
{
  Run *self = data;
  self->notice = 0;
  cli_fail (CLI_OK, "Waiting for %s. Ctrl-C ends that", self->waiting);
  return G_SOURCE_REMOVE;
}

static void
wait_for (Run *self, const char *what)
{
  g_clear_handle_id (&self->notice, g_source_remove);
  self->waiting = what;
  self->notice = g_timeout_add_seconds (NOTICE_SECONDS, on_notice, self);
}

static void
wait_for_keyring (Run *self)
{
  wait_for (self, "the keyring, where the login is: it may ask for its password");
}

/* TRUE: nothing more is begun. */
static gboolean
is_interrupted (Run *self)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    return FALSE;
  if (self->not_forgotten == NULL)
    g_cancellable_set_error_if_cancelled (self->cancellable, &self->not_forgotten);
  g_main_loop_quit (self->loop);
  return TRUE;
}

/* ---- the steps ---- */

static void
ask_to_revoke (Run *self, StoredLogin *login, GAsyncReadyCallback callback)
{
  self->begun = TRUE;
  wait_for (self, "the service, which is to revoke the login");
  login_revoke_async (self->http, login, g_get_monotonic_time () + REVOKE_SECONDS * G_USEC_PER_SEC, self->cancellable,
                      callback, self);
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  stored_login_forget_finish (result, &self->not_forgotten);
  g_main_loop_quit (self->loop);
}

static void
forget (Run *self)
{
  wait_for_keyring (self);
  stored_login_forget_async (self->account, self->folder, self->in_keyring || self->older_in_keyring,
                             self->keyring_deadline, self->cancellable, on_forgotten, self);
}

static void
on_older_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  login_revoke_finish (result, self->not_revoked == NULL ? &self->not_revoked : NULL);
  if (!is_interrupted (self))
    forget (self);
}

/* Where the file says that an older one went into a keyring, the one here must show it before that is settled. Else it
 * is an error only where there is no file to forget; forget tells of a keyring that is needed, and cannot be had. */
static void
on_older_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (StoredLogin) older = stored_login_load_older_finish (result, &error);
  if (is_interrupted (self))
    return;
  if (older != NULL) {
    self->found = TRUE;
    self->in_keyring = TRUE;
    ask_to_revoke (self, older, on_older_revoked);
    return;
  }
  if (self->older_in_keyring && error == NULL)
    self->not_forgotten = g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND,
                                               "the keyring here is locked, or it is another one and does not have it");
  else if (!self->filed && !g_error_matches (error, PEOPLE_ERROR, PEOPLE_ERROR_UNREACHABLE))
    self->not_forgotten = g_steal_pointer (&error);
  if (self->filed && self->not_forgotten == NULL)
    forget (self);
  else
    g_main_loop_quit (self->loop);
}

static void
load_older (Run *self)
{
  self->keyring_deadline = keyring_deadline ();
  wait_for (self, "the keyring, where an older login may be: it may ask for its password");
  stored_login_load_older_async (self->account, self->folder, self->keyring_deadline, self->cancellable,
                                 on_older_loaded, self);
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  login_revoke_finish (result, &self->not_revoked);
  if (is_interrupted (self))
    return;
  if (!self->in_keyring) {
    load_older (self);
    return;
  }
  self->keyring_deadline = keyring_deadline ();
  forget (self);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (StoredLogin) whole = stored_login_load_finish (result, &self->not_revoked);
  if (is_interrupted (self))
    return;
  if (g_error_matches (self->not_revoked, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT)) { /* forget would meet the same */
    self->not_forgotten = g_steal_pointer (&self->not_revoked);
    g_main_loop_quit (self->loop);
    return;
  }
  self->keyring_deadline = keyring_deadline ();
  if (whole == NULL)
    forget (self);
  else
    ask_to_revoke (self, whole, on_revoked);
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  self->lock = login_lock_finish (result, NULL);
  if (is_interrupted (self))
    return;
  g_autoptr (StoredLogin) login = stored_login_peek (self->account, self->folder, NULL);
  self->filed = self->found = stored_login_exists (self->folder);
  self->in_keyring = self->filed && (login == NULL || login->in_keyring);
  self->older_in_keyring = login != NULL && login->older_in_keyring;
  if (!self->filed) {
    load_older (self);
    return;
  }
  wait_for_keyring (self);
  stored_login_load_async (self->account, self->folder, keyring_deadline (), self->cancellable, on_loaded, self);
}

static void
run_clear (Run *self)
{
  g_clear_handle_id (&self->notice, g_source_remove);
  interrupt_clear (&self->interrupt);
  g_clear_pointer (&self->lock, login_lock_free);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->http, http_client_free);
  g_clear_error (&self->not_revoked);
  g_clear_error (&self->not_forgotten);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* There may be a login in a keyring. */
static int
tell_of_keyring (const Run *self, const char *account)
{
  g_autofree char *path = stored_login_path (self->folder);
  if (!self->filed)
    return cli_fail (CLI_FAILED,
                     "No file tells of a login of the account “%s”, and whether one is in the keyring cannot be seen "
                     "(%s): run contactfs logout --account %s where the keyring can be had",
                     account, self->not_forgotten->message, account);
  return cli_fail (CLI_FAILED,
                   "An older login of the account “%s” may still be in the keyring, so it is not forgotten (%s). Run "
                   "contactfs logout --account %s where the keyring can be had; or remove the app at "
                   "https://myaccount.google.com/permissions, which ends every login, and then the file %s",
                   account, self->not_forgotten->message, account, path);
}

static int
tell (const Run *self, const char *account)
{
  if (g_error_matches (self->not_forgotten, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return cli_fail (CLI_FAILED, "The logout was interrupted: %scontactfs logout --account %s",
                     self->begun ? "the login may be revoked, and is still here; to end it, run "
                                 : "nothing was changed. To end the login, run ",
                     account);
  if (!self->filed && self->not_forgotten == NULL && !self->found)
    return cli_fail (CLI_FAILED, "There is no login of the account “%s” to end", account);
  if (!self->in_keyring && self->not_forgotten != NULL && self->not_forgotten->domain == PEOPLE_ERROR)
    return tell_of_keyring (self, account);
  if (self->not_forgotten != NULL)
    return cli_fail (CLI_FAILED, "The login of the account “%s” is still here: %s", account,
                     self->not_forgotten->message);
  if (self->not_revoked != NULL)
    return cli_fail (
        CLI_FAILED,
        "The login of the account “%s” is forgotten here, but it could not be revoked (%s): remove the app at "
        "https://myaccount.google.com/permissions",
        account, self->not_revoked->message);
  printf (
      "Logged out: the login of the account “%s” is revoked and forgotten. Photos and names that were seen stay in its "
      "cache.\n",
      account);
  return CLI_OK;
}

int
cli_logout (const char *account)
{
  g_auto (Run) self = { 0 };
  g_autofree char *folder = folders_config (account);
  daemon_harden ();
  self.account = account;
  self.folder = folder;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.cancellable = g_cancellable_new ();
  self.http = http_client_new ();
  interrupt_watch (&self.interrupt, self.cancellable);
  wait_for (&self, "another program that is at work with this login");
  login_lock_async (folder, TRUE, self.cancellable, on_locked, &self);
  g_main_loop_run (self.loop);
  return tell (&self, account);
}
