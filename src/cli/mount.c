/*
 * contactfs mount and demo: one daemon per mount, from the command line to the last free.
 *
 *   check mountpoint, credentials → fork → clients → folders → book → first listing (if there is none yet) → mount →
 * ready → serve → signal or fusermount3 -u → contacts_stop_async (promises are kept) → unmount → free
 *
 * What can fail without a network fails before the fork, in the process that the person sees. After it there is one
 * main loop.
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "book/labels.h"
#include "cli/cli.h"
#include "cli/daemon.h"
#include "cli/demo.h"
#include "cli/fail.h"
#include "cli/log.h"
#include "desktop/folder-icons.h"
#include "desktop/notify.h"
#include "folder/contacts.h"
#include "fs/fs.h"
#include "mounts/ending.h"
#include "mounts/stale.h"
#include "settings/accounts.h"
#include "settings/credentials.h"
#include "settings/folders.h"
#include "settings/programs.h"

#define MOUNTED_WORDS "The contacts of “%s” are mounted on %s"

/* For a refresh token that is on its way while the mount ends. */
#define SETTLE_SECONDS 5

typedef struct {
  const Options *options;
  char *api_url;
  char *account;
  char *mountpoint; /* absolute, no links */
  Credentials *credentials;
  Folders *folders;
  gboolean is_demo;

  GMainLoop *loop;
  GCancellable *listing; /* of what is asked for before the mount */
  GError *listing_error;
  gboolean stopping; /* the stop is under way, or done */
  gboolean stopped;  /* and done */
  gboolean ended;    /* the kernel has let go */

  Notify *notify; /* NULL: --no-notify */
  Demo *demo;
  HttpClient *http;
  Principal *principal;
  TokenCache *token_cache;
  PeopleClient *people;
  Contacts *contacts;
  Ending *ending; /* NULL: not yet */
  FolderIcons *icons;
  gboolean clearing_icons; /* the mount stays for that */
  Fs *fs;
} Daemon;

static void
end_if_done (Daemon *self)
{
  if (!self->stopped || self->clearing_icons)
    return;
  if (self->ended)
    g_main_loop_quit (self->loop);
  else /* the loop answers requests until the kernel has let go: its notifier may wait for one of them */
    fs_unmount (self->fs);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  Daemon *self = data;
  contacts_stop_finish (self->contacts, result);
  self->stopped = TRUE;
  end_if_done (self);
}

static void
on_icons_cleared (gpointer data)
{
  Daemon *self = data;
  self->clearing_icons = FALSE;
  end_if_done (self);
}

static void
on_cache_changed (gpointer data)
{
  Daemon *self = data;
  if (self->icons != NULL)
    folder_icons_cache_changed (self->icons);
}

static guint
count_waiting (gpointer contacts)
{
  SyncStatus sync;
  sync_get_status (contacts_sync (contacts), &sync);
  return sync.waiting;
}

static void
begin_stop (Daemon *self)
{
  self->stopping = TRUE;
  self->clearing_icons = !self->ended && self->icons != NULL && folder_icons_end (self->icons, on_icons_cleared, self);
  fs_give_up_reads (self->fs);
  contacts_stop_async (self->contacts, on_stopped, self);
  daemon_stopping (count_waiting (self->contacts), (guint)self->options->upload_timeout);
  self->ending = ending_new (self->folders->state, count_waiting, self->contacts);
}

/* fusermount3 -u, or our own fs_unmount */
static void
on_ended (gpointer data)
{
  Daemon *self = data;
  self->ended = TRUE;
  self->clearing_icons = FALSE;
  g_clear_pointer (&self->icons, folder_icons_free);
  if (!self->stopping)
    begin_stop (self);
  else
    end_if_done (self);
}

static gboolean
on_signal (gpointer data)
{
  Daemon *self = data;
  if (self->fs == NULL) {
    g_cancellable_cancel (self->listing);
  } else if (!self->stopping) {
    g_info ("told to end: finishing what is under way");
    begin_stop (self);
  } else if (!self->ended) {
    /* the second time: whatever waits in the mount fails now; what was promised is still carried out, within its time
     */
    fs_unmount (self->fs);
  }
  return G_SOURCE_CONTINUE;
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  Daemon *self = data;
  sync_list_finish (contacts_sync (self->contacts), result, &self->listing_error);
  g_main_loop_quit (self->loop);
}

static void
on_reachable (gboolean reachable, gpointer data)
{
  Daemon *self = data;
  if (self->fs == NULL || self->stopping)
    return;
  if (reachable)
    daemon_status (MOUNTED_WORDS, self->account, self->mountpoint);
  else
    daemon_status (MOUNTED_WORDS "; the service is out of reach", self->account, self->mountpoint);
}

static gboolean
make_clients (Daemon *self, GError **error)
{
  self->http = http_client_new ();
  if (self->is_demo) {
    g_autofree char *folder = demo_folder ();
    self->demo = demo_start (folder, self->options->foreground, error);
    if (self->demo == NULL)
      return FALSE;
    self->api_url = g_strdup (self->demo->api_url);
    self->credentials = credentials_new_file (self->demo->credentials);
  }
  self->token_cache = credentials_open (self->credentials, self->http, error);
  if (self->token_cache == NULL)
    return FALSE;
  credentials_guard (self->credentials);
  self->people = people_client_new (self->http, self->token_cache, self->api_url, error);
  return self->people != NULL;
}

static gboolean
list_contacts (Daemon *self, GError **error)
{
  daemon_status ("Reading the address book of “%s” for the first time", self->account);
  sync_list_async (contacts_sync (self->contacts), self->listing, on_listed, self);
  g_main_loop_run (self->loop);
  if (self->listing_error != NULL) {
    g_propagate_error (error, g_steal_pointer (&self->listing_error));
    return FALSE;
  }
  photos_expect (contacts_photos (self->contacts));
  return TRUE;
}

static void
on_labels (GObject *source, GAsyncResult *result, gpointer data)
{
  Daemon *self = data;
  book_labels_finish (contacts_book (self->contacts), result, &self->listing_error);
  g_main_loop_quit (self->loop);
}

/* Labels that an earlier mount learned do: no network is needed then. */
static gboolean
show_labels (Daemon *self, GError **error)
{
  Book *book = contacts_book (self->contacts);
  const char *const *names = (const char *const *)self->options->labels;
  if (names == NULL || book_show_labels (book, names, NULL))
    return TRUE;
  book_labels_async (book, self->listing, on_labels, self);
  g_main_loop_run (self->loop);
  if (self->listing_error == NULL)
    return book_show_labels (book, names, error);
  g_propagate_prefixed_error (error, g_steal_pointer (&self->listing_error), "the labels could not be had: ");
  return FALSE;
}

static gboolean
open_contacts (Daemon *self, GError **error)
{
  if (!folders_make_all (self->folders, error))
    return FALSE;
  g_autofree char *helper = programs_find ("contactfs-convert", "convert");
  self->principal = principal_open (self->folders->state, self->account, self->api_url);
  gboolean anew = principal_start_over (self->principal, token_cache_identity (self->token_cache));
  if (!principal_check (self->principal, token_cache_identity (self->token_cache), error))
    return FALSE;
  ContactsOptions options = {
    .book = {
      .account = self->account,
      .state_dir = self->folders->state,
      .anew = anew,
      .timeout = (guint)self->options->timeout,
      .reachable_changed = on_reachable,
      .reachable_data = self,
      .reports = self->notify != NULL ? &notify_reports : NULL,
      .reports_data = self->notify,
    },
    .photos = {
      .cache_dir = self->folders->cache,
      .cache_bytes = self->options->cache_bytes,
      .data_dir = self->folders->data,
      .timeout = (guint)self->options->timeout,
      .keep_all = self->options->keep_all,
      .cache_changed = on_cache_changed,
      .cache_data = self,
    },
    .sync = {
      .interval = (guint)self->options->sync_interval,
      .upload_timeout = (guint)self->options->upload_timeout,
      .writes_per_minute = (guint)self->options->writes_per_minute,
      .image_helper = helper != NULL ? helper : "contactfs-convert",
      .max_photo_bytes = self->options->max_photo_bytes,
      .max_photo_pixels = (guint)self->options->max_photo_pixels,
      .strip_metadata = self->options->strip_metadata,
      .protect = self->options->protect,
    },
    .credentials = token_cache_describe (self->token_cache),
    .read_only = self->options->read_only,
  };
  self->contacts = contacts_new (self->people, self->http, &options, error);
  if (self->contacts == NULL || !principal_save (self->principal, error))
    return FALSE;
  token_cache_set_principal (self->token_cache, self->principal);
  return (book_is_listed (contacts_book (self->contacts)) || list_contacts (self, error)) && show_labels (self, error);
}

static gboolean
mount_contacts (Daemon *self, GError **error)
{
  g_autofree char *source = g_strconcat ("contactfs:", self->account, NULL);
  FsOptions options = {
    .mountpoint = self->mountpoint,
    .source = source,
    .read_only = self->options->read_only,
    .allow_other = self->options->allow_other,
    .folder_icons = self->options->folder_icons,
  };
  self->fs = fs_mount (self->contacts, &options, on_ended, self, error);
  if (self->fs == NULL)
    return FALSE;
  contacts_start (self->contacts);
  self->icons = folder_icons_new (contacts_book (self->contacts), contacts_photos (self->contacts), self->mountpoint,
                                  self->options->folder_icons);
  return TRUE;
}

static void
print_first_steps (const Daemon *self)
{
  g_autofree char *folder = g_shell_quote (self->mountpoint);
  g_autofree char *command = programs_own_command ();
  g_autofree char *service = demo_folder ();
  g_autofree char *kept = g_shell_quote (service);
  printf ("Sample contacts are mounted on %s. Try:\n"
          "  ls %s\n"
          "  cp %s/'Ben Carter'/photo.jpg %s/'Alice Smith'/    Alice gets Ben's face\n"
          "  %s status\n"
          "  %s unmount %s\n"
          "Or open %s in your file manager.\n"
          "Only the built-in server is changed; no account is involved. It keeps what you change:\n"
          "to start afresh, unmount, and remove the folder %s.\n",
          self->mountpoint, folder, folder, folder, command, command, folder, self->mountpoint, kept);
  fflush (stdout);
}

/* Until the process ends: a signal more while it ends would kill it. */
static void
watch_signals (Daemon *self)
{
  const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    g_unix_signal_add (numbers[i], on_signal, self);
}

/* Everything after the fork. */
static int
serve (Daemon *self)
{
  g_autoptr (GError) error = NULL;
  mallopt (M_ARENA_MAX, 1); /* what one worker needed for a page of people the next one uses again */
  self->loop = g_main_loop_new (NULL, FALSE);
  self->listing = g_cancellable_new ();
  watch_signals (self);
  if (!self->options->no_notify)
    self->notify = notify_new ();
  if (!make_clients (self, &error) || !open_contacts (self, &error) || !mount_contacts (self, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
      return cli_fail (CLI_FAILED, "interrupted; nothing was mounted");
    gboolean usage = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
    return cli_fail (usage ? CLI_USAGE : CLI_FAILED, "%s", error->message);
  }
  if (self->is_demo)
    print_first_steps (self);
  if (!self->options->foreground)
    log_to_system (FALSE);
  daemon_status (MOUNTED_WORDS, self->account, self->mountpoint);
  daemon_ready ();
  g_info ("mounted on %s", self->mountpoint);
  g_main_loop_run (self->loop);
  g_info ("unmounted from %s", self->mountpoint);
  return CLI_OK;
}

/* Children first: each borrows from those below it. */
static void
tear_down (Daemon *self)
{
  g_clear_pointer (&self->ending, ending_free);
  g_clear_pointer (&self->icons, folder_icons_free);
  g_clear_pointer (&self->fs, fs_free);
  g_clear_pointer (&self->contacts, contacts_free);
  g_clear_pointer (&self->notify, notify_free);
  g_clear_pointer (&self->people, people_client_free);
  if (self->token_cache != NULL)
    token_cache_finish_renewal (self->token_cache, SETTLE_SECONDS);
  g_clear_pointer (&self->token_cache, token_cache_free);
  g_clear_pointer (&self->principal, principal_free);
  g_clear_pointer (&self->http, http_client_free);
  g_clear_pointer (&self->demo, demo_stop);
  /* what was cancelled just now is told so in idle callbacks */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_pointer (&self->loop, g_main_loop_unref);
}

static void
daemon_clear (Daemon *self)
{
  tear_down (self);
  g_clear_error (&self->listing_error);
  g_clear_object (&self->listing);
  g_free (self->account);
  g_free (self->mountpoint);
  g_free (self->api_url);
  credentials_free (self->credentials);
  folders_free (self->folders);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Daemon, daemon_clear)

/* What needs no network, and so can be told at once. */
static gboolean
prepare (Daemon *self, GError **error)
{
  guint taken;
  if (!stale_repair (self->options->mountpoint, &taken, error))
    return FALSE;
  if (taken > 0)
    cli_fail (CLI_OK, "%s was a dead mount, since its process had ended; it was taken away", self->options->mountpoint);
  /* whoever tries it out has no folder yet */
  if (self->is_demo && g_mkdir_with_parents (self->options->mountpoint, 0700) != 0 && errno != EEXIST) {
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s cannot be made: %s",
                 self->options->mountpoint, g_strerror (errno));
    return FALSE;
  }
  if (!fs_check_mountpoint (self->options->mountpoint, error))
    return FALSE;
  g_autofree char *real = realpath (self->options->mountpoint, NULL);
  self->mountpoint = g_strdup (real != NULL ? real : self->options->mountpoint);
  self->account = g_strdup (self->is_demo ? DEMO_ACCOUNT : self->options->account);
  if (!self->is_demo) {
    self->credentials = credentials_find (self->options, error);
    if (self->credentials == NULL)
      return FALSE;
    self->api_url = credentials_find_api_url (self->credentials, self->options->api_url, error);
    if (self->api_url == NULL)
      return FALSE;
  }
  umask (077);
  self->folders = folders_new (self->account);
  return TRUE;
}

int
cli_mount (const Options *options, gboolean demo)
{
  g_auto (Daemon) self = { .options = options, .is_demo = demo };
  g_autoptr (GError) error = NULL;
  log_set_verbose (options->verbose);
  if (!prepare (&self, &error))
    return cli_fail (CLI_FAILED, "%s", error->message);
  log_set_context (self.account, self.mountpoint);
  if (options->foreground && log_stderr_is_journal ())
    log_to_system (FALSE);
  if (!options->foreground) {
    if (!daemon_detach (&error))
      return cli_fail (CLI_FAILED, "%s", error->message);
    log_to_system (TRUE);
  }
  daemon_harden ();
  return serve (&self);
}
