/*
 * contactfs logout: revoked at the service, then forgotten here; forgotten in any case.
 *
 *   load ─→ revoke ─→ in the file? one before it in the keyring ─→ revoke ─→ forget
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/daemon.h"
#include "cli/folders.h"
#include "google/error.h"
#include "google/login-revoke.h"
#include "google/stored-login.h"

#define KEYRING_SECONDS 20
#define REVOKE_SECONDS  20

typedef struct {
  GMainLoop *loop;
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
  stored_login_forget_async (self->account, self->folder, self->in_keyring || self->older_in_keyring,
                             self->keyring_deadline, NULL, on_forgotten, self);
}

static void
on_older_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  login_revoke_finish (result, self->not_revoked == NULL ? &self->not_revoked : NULL);
  forget (self);
}

/* That it cannot be had is told by forget, which meets the same keyring. */
static void
on_older_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (StoredLogin) older = stored_login_load_older_finish (result, NULL);
  if (older == NULL)
    forget (self);
  else
    login_revoke_async (self->http, older, g_get_monotonic_time () + REVOKE_SECONDS * G_USEC_PER_SEC, NULL,
                        on_older_revoked, self);
}

static void
on_revoked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  login_revoke_finish (result, &self->not_revoked);
  self->keyring_deadline = keyring_deadline ();
  if (self->in_keyring)
    forget (self);
  else
    stored_login_load_older_async (self->account, self->folder, self->keyring_deadline, NULL, on_older_loaded, self);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (StoredLogin) whole = stored_login_load_finish (result, &self->not_revoked);
  self->keyring_deadline = keyring_deadline ();
  if (whole == NULL)
    forget (self);
  else
    login_revoke_async (self->http, whole, g_get_monotonic_time () + REVOKE_SECONDS * G_USEC_PER_SEC, NULL, on_revoked,
                        self);
}

static void
run_clear (Run *self)
{
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->http, http_client_free);
  g_clear_error (&self->not_revoked);
  g_clear_error (&self->not_forgotten);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

static int
tell (const Run *self, const char *account)
{
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
  self.http = http_client_new ();
  stored_login_load_async (account, folder, keyring_deadline (), NULL, on_loaded, &self);
  g_main_loop_run (self.loop);
  return tell (&self, account);
}
