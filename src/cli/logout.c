/*
 * contactfs logout: revoked at the service, then forgotten here; forgotten in any case. Then the account is nobody's.
 *
 *   lock ─┬─ a file ─→ load ─→ revoke ─┬─→ forget: keyring, file ─→ the principal leaves
 *         └─ none ─────────────────────┘
 *
 * The lock is held to the end, or a mount that renews the login meanwhile would bring it back. A signal ends whichever it
 * is. What takes long is named.
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>

#include "account/login-lock.h"
#include "account/principal.h"
#include "account/stored-login.h"
#include "cli/cli.h"
#include "cli/daemon.h"
#include "login/revoke.h"
#include "net/error.h"
#include "settings/folders.h"
#include "terminal/interrupt.h"

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
  gboolean filed;      /* there is a file */
  gboolean in_keyring; /* or that cannot be told */
  gboolean found;      /* something to end */
  GError *not_revoked; /* why */
  GError *not_forgotten;
  GError *not_ended; /* why the account is not nobody's */
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
  cli_fail (CLI_OK, "waiting for %s; Ctrl-C ends that", self->waiting);
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
on_forgotten (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  self->found = stored_login_forget_finish (result, &self->not_forgotten) || self->found;
  if (self->not_forgotten == NULL) {
    g_autoptr (Folders) folders = folders_new (self->account);
    self->found = principal_end (folders->state, &self->not_ended) || self->found;
  }
  g_main_loop_quit (self->loop);
}

static void
forget (Run *self)
{
  wait_for_keyring (self);
  stored_login_forget_async (self->account, self->folder, self->in_keyring, keyring_deadline (), self->cancellable,
                             on_forgotten, self);
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  login_revoke_finish (result, &self->not_revoked);
  if (!is_interrupted (self))
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
  } else if (whole == NULL) {
    forget (self);
  } else {
    self->begun = TRUE;
    wait_for (self, "the service, which is to revoke the login");
    login_revoke_async (self->http, whole, g_get_monotonic_time () + REVOKE_SECONDS * G_USEC_PER_SEC, self->cancellable,
                        on_revoked, self);
  }
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
  if (!self->filed) {
    forget (self);
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
  g_clear_error (&self->not_ended);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static int
tell (const Run *self, const char *account)
{
  if (g_error_matches (self->not_forgotten, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return cli_fail (CLI_FAILED, "the logout was interrupted: %scontactfs logout --account %s",
                     self->begun ? "the login may be revoked, and is still here; to end it, run "
                                 : "nothing was changed. To end the login, run ",
                     account);
  if (self->not_ended != NULL)
    return cli_fail (CLI_FAILED, "the account “%s” has no login now, but it is still that of whoever had it: %s",
                     account, self->not_ended->message);
  if (!self->found && self->not_forgotten == NULL)
    return cli_fail (CLI_FAILED, "there is no login of the account “%s” to end", account);
  if (self->not_forgotten != NULL)
    return cli_fail (CLI_FAILED, "the login of the account “%s” is still here: %s", account,
                     self->not_forgotten->message);
  if (self->not_revoked != NULL)
    return cli_fail (
        CLI_FAILED,
        "the login of the account “%s” is forgotten here, but it could not be revoked (%s): remove the app at "
        "https://myaccount.google.com/permissions",
        account, self->not_revoked->message);
  if (!self->filed) {
    printf ("The account “%s” has no login, and is nobody's now: whoever mounts it next begins anew\n", account);
    return CLI_OK;
  }
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
  login_lock_async (folder, self.cancellable, on_locked, &self);
  g_main_loop_run (self.loop);
  return tell (&self, account);
}
