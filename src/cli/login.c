/*
 * contactfs login:
 *
 *   client file → port → browser (or the address on the terminal) → code → tokens → do they open the contacts? → may this
 *   person log in here? → keyring or file → page → words
 *
 * One main loop, and every step a callback; the first failure goes straight to the page and the words.
 */
#define G_LOG_DOMAIN "contactfs"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/login-lock.h"
#include "account/stored-login.h"
#include "cli/cli.h"
#include "cli/daemon.h"
#include "cli/log.h"
#include "desktop/browser.h"
#include "login/login.h"
#include "people/login-check.h"
#include "settings/credentials.h"
#include "settings/folders.h"
#include "settings/login-options.h"
#include "settings/options.h"
#include "terminal/interrupt.h"
#include "terminal/progress.h"

#define CHECK_SECONDS   5  /* the page in the browser waits for it */
#define KEYRING_SECONDS 60 /* the person may have to type its password */
#define NOTICE_SECONDS  2
#define MAX_PASTED      16384

typedef struct {
  const LoginOptions *options;
  char *folder;
  mode_t umask; /* of the caller */
  GMainLoop *loop;
  GCancellable *cancellable;
  Interrupt interrupt;
  guint notice; /* source, or 0 */
  guint tick;   /* while progress is shown */
  Progress *progress;
  guint input;  /* source of stdin, or 0 */
  char *pasted; /* MAX_PASTED + 1 */
  gsize pasted_length;

  HttpClient *http;
  ClientFile *client;
  Login *login;
  gboolean made; /* the account's folder was made for this */
  LoginLock *lock;
  TokenResponse *response;
  char *api_url;        /* of the service that the login is for, or NULL */
  char *doubt;          /* why the contacts cannot be had, in words; or NULL */
  gboolean was_in_file; /* the login before this one */
  char *why_file;
  char *forgotten; /* why the client file could not be kept, or NULL */
  GError *error;
} Run;

static void G_GNUC_PRINTF (1, 2) say (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  fflush (stdout);
}

/* ---- what is waited for ---- */

static gboolean
on_tick (gpointer data)
{
  Run *self = data;
  progress_tick (self->progress);
  return G_SOURCE_CONTINUE;
}

static void
stop_waiting (Run *self)
{
  g_clear_handle_id (&self->notice, g_source_remove);
  g_clear_handle_id (&self->tick, g_source_remove);
  g_clear_pointer (&self->progress, progress_free);
}

static void
show_waiting (Run *self, const char *what, guint seconds)
{
  self->progress = progress_new_wait (what, seconds, self->options->quiet);
  self->tick = g_timeout_add_seconds (1, on_tick, self);
}

/* ---- the end ---- */

static void
on_concluded (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_main_loop_quit (self->loop);
}

static void
conclude (Run *self)
{
  if (self->error != NULL && self->made)
    g_rmdir (self->folder); /* with nothing in it, it would be an account that never was */
  g_clear_pointer (&self->lock, login_lock_free);
  g_clear_handle_id (&self->input, g_source_remove);
  if (self->error != NULL) {
    login_conclude_async (self->login, FALSE, self->error->message, on_concluded, self);
    return;
  }
  const char *who = identity_name (self->response->identity);
  g_autofree char *words
      = g_strdup_printf ("contactfs can now show the contacts of %s", who != NULL ? who : "your Google account");
  login_conclude_async (self->login, TRUE, words, on_concluded, self);
}

/* ---- keeping it ---- */

static void
on_saved (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (GError) error = NULL;
  stop_waiting (self);
  if (stored_login_save_finish (result, &self->why_file, &self->error) && self->options->client != NULL
      && !stored_login_keep_client (self->folder, self->client, &error))
    self->forgotten = g_strdup (error->message);
  conclude (self);
}

/* The account's login and folders are one person's: somebody else's must not take their place by a slip. */
static gboolean
may_log_in (Run *self, const StoredLogin *before, GError **error)
{
  g_autoptr (Folders) folders = folders_new (self->options->account);
  g_autoptr (Principal) principal = principal_open (folders->state, self->options->account, self->api_url);
  const Identity *who = self->response->identity;
  if (before != NULL && identity_is_other (before->identity, who)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                 "the account “%s” is that of %s, and you logged in as %s: choose another name with --account NAME, or "
                 "run contactfs logout --account %s first",
                 self->options->account, identity_name (before->identity), identity_name (who), self->options->account);
    return FALSE;
  }
  return principal_start_over (principal, who) || principal_check (principal, who, error);
}

static gboolean
on_keyring_notice (gpointer data)
{
  Run *self = data;
  self->notice = 0;
  if (!self->options->quiet)
    cli_fail (CLI_OK, "waiting for the keyring, which may be asking for its password; Ctrl-C ends that");
  show_waiting (self, "the keyring", KEYRING_SECONDS - NOTICE_SECONDS);
  return G_SOURCE_REMOVE;
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  stop_waiting (self);
  self->lock = login_lock_finish (result, &self->error);
  g_autoptr (StoredLogin) before = stored_login_peek (self->options->account, self->folder, NULL);
  self->made = !g_file_test (self->folder, G_FILE_TEST_EXISTS);
  if (self->lock == NULL || !may_log_in (self, before, &self->error) || !folders_make (self->folder, &self->error)) {
    conclude (self);
    return;
  }
  self->was_in_file = before != NULL && !before->in_keyring;
  g_autoptr (StoredLogin) login
      = stored_login_new (self->options->account, self->folder, self->client, self->response, self->api_url);
  self->notice = g_timeout_add_seconds (NOTICE_SECONDS, on_keyring_notice, self);
  stored_login_save_async (login, g_get_monotonic_time () + KEYRING_SECONDS * G_USEC_PER_SEC, self->cancellable,
                           on_saved, self);
}

static gboolean
on_lock_notice (gpointer data)
{
  Run *self = data;
  self->notice = 0;
  if (!self->options->quiet)
    cli_fail (CLI_OK, "waiting for another program that is at work with this login; Ctrl-C ends that");
  return G_SOURCE_REMOVE;
}

static void
keep (Run *self)
{
  g_autofree char *accounts = g_path_get_dirname (self->folder);
  if (!folders_make (accounts, &self->error)) {
    conclude (self);
    return;
  }
  self->notice = g_timeout_add_seconds (NOTICE_SECONDS, on_lock_notice, self);
  login_lock_async (self->folder, self->cancellable, on_locked, self);
}

/* ---- does it open the contacts? ---- */

/* Where a login by the same authorization server was at home before; else Google's, of Google's own clients. What another
 * server gave is not for Google to see. NULL: that. */
static char *
find_api_url (const Run *self)
{
  g_autoptr (StoredLogin) before = stored_login_peek (self->options->account, self->folder, NULL);
  if (self->options->api_url != NULL)
    return g_strdup (self->options->api_url);
  if (before != NULL && before->api_url != NULL && g_strcmp0 (before->token_uri, self->client->token_uri) == 0)
    return g_strdup (before->api_url);
  return http_url_is_google (self->client->token_uri) ? g_strdup (PEOPLE_DEFAULT_API_URL) : NULL;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (GError) error = NULL;
  login_check_finish (result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
    self->error = g_steal_pointer (&error);
    conclude (self);
    return;
  }
  self->doubt = error != NULL ? g_strdup (error->message) : NULL;
  keep (self);
}

static void
on_token_response (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  stop_waiting (self);
  self->response = login_wait_finish (result, &self->error);
  if (self->response == NULL) {
    conclude (self);
    return;
  }
  self->api_url = find_api_url (self);
  if (self->api_url == NULL)
    keep (self);
  else
    login_check_async (self->http, self->response, self->api_url,
                       g_get_monotonic_time () + CHECK_SECONDS * G_USEC_PER_SEC, self->cancellable, on_checked, self);
}

/* ---- getting the person to the consent page ---- */

static void
on_note (const char *sentence, gpointer data)
{
  const Run *self = data;
  if (self->progress != NULL)
    progress_clear (self->progress);
  cli_fail (CLI_FAILED, "%s", sentence);
}

static void
paste_line (Run *self, char *line)
{
  g_strstrip (line);
  if (line[0] != '\0')
    login_paste (self->login, line);
}

static void
paste_whole_lines (Run *self)
{
  for (char *newline; (newline = strchr (self->pasted, '\n')) != NULL;) {
    gsize size = (gsize)(newline - self->pasted) + 1;
    *newline = '\0';
    paste_line (self, self->pasted);
    memmove (self->pasted, self->pasted + size, self->pasted_length - size + 1);
    self->pasted_length -= size;
  }
}

/* Lines of stdin, each an address. */
static gboolean
on_input (int fd, GIOCondition condition, gpointer data)
{
  Run *self = data;
  gssize count = read (fd, self->pasted + self->pasted_length, MAX_PASTED - self->pasted_length);
  if (count <= 0) {
    self->input = 0;
    paste_line (self, self->pasted);
    if (login_is_waiting (self->login))
      cli_fail (CLI_FAILED,
                "nothing can be pasted here, the input is at its end; a browser on this computer can still finish the "
                "login, within %d seconds from its beginning",
                self->options->seconds);
    return G_SOURCE_REMOVE;
  }
  self->pasted_length += (gsize)count;
  self->pasted[self->pasted_length] = '\0';
  paste_whole_lines (self);
  if (self->pasted_length == MAX_PASTED)
    self->pasted_length = 0; /* no address is that long */
  return G_SOURCE_CONTINUE;
}

/* The address has been printed. Nothing may be drawn any more: it would hide what is typed. */
static void
ask_for_address (Run *self)
{
  say ("When it ends on a page that cannot be shown (http://127.0.0.1:…), paste that page's address here:\n");
  self->pasted = g_malloc0 (MAX_PASTED + 1);
  self->input = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, self);
}

static void
on_browser (GObject *source, GAsyncResult *result, gpointer data)
{
  Run *self = data;
  g_autoptr (GError) error = NULL;
  if (browser_open_finish (result, &error) || g_cancellable_is_cancelled (self->cancellable) || self->input != 0
      || self->error != NULL || self->response != NULL)
    return;
  stop_waiting (self);
  cli_fail (CLI_FAILED, "%s", error->message);
  say ("Open the address above in a browser, on any computer. ");
  ask_for_address (self);
}

static ClientFile *
load_client (const LoginOptions *options, const char *folder, GError **error)
{
  if (options->client != NULL)
    return client_file_load (options->client, error);
  g_autofree char *path = stored_login_client_path (folder);
  g_autofree char *command = stored_login_command (options->account);
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return client_file_load (path, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "the first login of the account “%s” needs a client file: %s --client FILE (the manual, `man "
               "contactfs`, says under LOGGING IN how to get one from the Google Cloud console)",
               options->account, command);
  return NULL;
}

static gboolean
run (Run *self)
{
  credentials_guard_login (self->folder);
  self->client = load_client (self->options, self->folder, &self->error);
  if (self->client == NULL)
    return FALSE;
  self->http = http_client_new ();
  self->login = login_new (self->http, self->client, on_note, self, &self->error);
  if (self->login == NULL)
    return FALSE;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  interrupt_watch (&self->interrupt, self->cancellable);
  login_wait_async (self->login, (guint)self->options->seconds, self->cancellable, on_token_response, self);
  if (self->options->no_browser) {
    say ("Open this address in a browser, on any computer:\n\n  %s\n\n", login_url (self->login));
    ask_for_address (self);
  } else {
    say ("Opening the consent page in your browser. If none opens, this is its address:\n\n  %s\n\n",
         login_url (self->login));
    browser_open_async (login_url (self->login), self->umask, on_browser, self);
    show_waiting (self, "the consent page in the browser", (guint)self->options->seconds);
  }
  g_main_loop_run (self->loop);
  return self->error == NULL;
}

static void
run_clear (Run *self)
{
  interrupt_clear (&self->interrupt);
  g_clear_pointer (&self->login, login_free);
  g_clear_pointer (&self->http, http_client_free);
  g_clear_pointer (&self->client, client_file_free);
  g_clear_pointer (&self->response, token_response_free);
  g_clear_pointer (&self->lock, login_lock_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  if (self->pasted != NULL)
    explicit_bzero (self->pasted, MAX_PASTED);
  g_free (self->pasted);
  g_free (self->folder);
  g_free (self->doubt);
  g_free (self->api_url);
  g_free (self->why_file);
  g_free (self->forgotten);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

/* ---- words ---- */

static void
tell (const Run *self)
{
  const char *account = self->options->account;
  gboolean is_default = strcmp (account, "default") == 0;
  const char *who = identity_name (self->response->identity);
  if (who != NULL)
    say ("Logged in as %s, as the account “%s”\n", who, account);
  else
    say ("Logged in, as the account “%s”\n", account);
  if (self->why_file != NULL && !self->was_in_file) {
    g_autofree char *file = g_build_filename (self->folder, "login.json", NULL);
    say ("%s; the login is in a file instead, which you alone can read: %s\n", self->why_file, file);
  } else if (self->why_file == NULL) {
    say ("The login is in the keyring\n");
  }
  if (self->doubt == NULL)
    say ("Next: contactfs mount %s%s%sFOLDER\n", is_default ? "" : "--account ", is_default ? "" : account,
         is_default ? "" : " ");
  if (self->forgotten != NULL)
    cli_fail (CLI_FAILED, "the next login needs --client again, since the client file could not be remembered: %s",
              self->forgotten);
  if (self->doubt != NULL)
    cli_fail (CLI_FAILED, "the login is kept, but the contacts cannot be had yet: %s", self->doubt);
}

int
cli_login (int argc, char **argv)
{
  g_auto (LoginOptions) options = { 0 };
  g_auto (Run) self = { .options = &options };
  g_autoptr (GError) error = NULL;
  if (!login_options_parse (&options, argc, argv, &error))
    return cli_fail_usage (error, "contactfs login");
  if (options.help)
    return CLI_OK;
  self.folder = folders_config (options.account);
  self.umask = umask (077);
  daemon_harden ();
  if (run (&self)) {
    tell (&self);
    return CLI_OK;
  }
  if (g_error_matches (self.error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return cli_fail (CLI_FAILED, "the login was interrupted: nothing was changed");
  return cli_fail (CLI_FAILED, "%s", self.error->message);
}
