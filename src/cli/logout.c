/*
 * contactfs logout: revoked at the service, then forgotten here; forgotten in any case.
 *
 *   load ─→ revoke ─→ in the file? one before it in the keyring ─→ revoke ─→ forget
 *
 * A signal ends whichever it is. What takes long is named.
 */
#define G_LOG_DOMAIN "contactfs"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/daemon.h"
#include "cli/folders.h"
#include "google/error.h"
#include "google/login-revoke.h"
#include "google/stored-login.h"

#define KEYRING_SECONDS 20
#define REVOKE_SECONDS  20
#define NOTICE_SECONDS  2

typedef struct {
  GMainLoop *loop;
  GCancellable *cancellable;
  guint signals[3];
  guint notice;        /* source, or 0 */
  const char *waiting; /* what for */
  gboolean begun;      /* the service was asked to revoke it */
  HttpClient *http;
  const char *account, *folder;
  gboolean in_keyring;       /* or that cannot be told */
  gboolean older_in_keyring; /* or it may be */
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

static gboolean
on_signal (gpointer data)
{
  Run *self = data;
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
watch_signals (Run *self)
{
  const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    self->signals[i] = g_unix_signal_add (numbers[i], on_signal, self);
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

/* That it cannot be had is told by forget, which meets the same keyring. */
static void
on_older_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (StoredLogin) older = stored_login_load_older_finish (result, NULL);
  if (is_interrupted (self))
    return;
  if (older == NULL)
    forget (self);
  else
    ask_to_revoke (self, older, on_older_revoked);
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  login_revoke_finish (result, &self->not_revoked);
  if (is_interrupted (self))
    return;
  self->keyring_deadline = keyring_deadline ();
  if (self->in_keyring) {
    forget (self);
    return;
  }
  wait_for (self, "the keyring, where an older login may be: it may ask for its password");
  stored_login_load_older_async (self->account, self->folder, self->keyring_deadline, self->cancellable,
                                 on_older_loaded, self);
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
run_clear (Run *self)
{
  g_clear_handle_id (&self->notice, g_source_remove);
  for (gsize i = 0; i < G_N_ELEMENTS (self->signals); i++)
    g_clear_handle_id (&self->signals[i], g_source_remove);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->http, http_client_free);
  g_clear_error (&self->not_revoked);
  g_clear_error (&self->not_forgotten);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static int
tell (const Run *self, const char *account)
{
  if (g_error_matches (self->not_forgotten, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return cli_fail (CLI_FAILED, "The logout was interrupted: %scontactfs logout --account %s",
                     self->begun ? "the login may be revoked, and is still here; to end it, run "
                                 : "nothing was changed. To end the login, run ",
                     account);
  if (!self->in_keyring && self->not_forgotten != NULL && self->not_forgotten->domain == PEOPLE_ERROR)
    return cli_fail (CLI_FAILED,
                     "An older login of the account “%s” may still be in the keyring, so it is not forgotten (%s). Run "
                     "contactfs logout --account %s where the keyring can be had; or remove the app at "
                     "https://myaccount.google.com/permissions, which ends every login",
                     account, self->not_forgotten->message, account);
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
  if (!stored_login_exists (folder))
    return cli_fail (CLI_FAILED, "There is no login of the account “%s” to end", account);
  g_autoptr (StoredLogin) login = stored_login_peek (account, folder, NULL);
  self.account = account;
  self.folder = folder;
  self.in_keyring = login == NULL || login->in_keyring;
  self.older_in_keyring = login != NULL && login->older_in_keyring;
  self.loop = g_main_loop_new (NULL, FALSE);
  self.cancellable = g_cancellable_new ();
  self.http = http_client_new ();
  watch_signals (&self);
  wait_for_keyring (&self);
  stored_login_load_async (account, folder, keyring_deadline (), self.cancellable, on_loaded, &self);
  g_main_loop_run (self.loop);
  return tell (&self, account);
}
