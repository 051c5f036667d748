/*
 * contactfs unmount: takes the mount away and comes back when its process has carried out what it had promised.
 */
#define G_LOG_DOMAIN "contactfs"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "mounts/copies.h"
#include "mounts/ending.h"
#include "mounts/stale.h"
#include "net/json.h"
#include "settings/folders.h"
#include "terminal/progress.h"

#define UNMOUNT_UPLOAD_TIMEOUT 120 /* seconds: when the mount does not tell its own */
#define UNMOUNT_GRACE          30  /* seconds: to end, apart from what it has to send */
#define UNMOUNT_QUIET          10  /* seconds: before it says what it waits for */
#define UNMOUNT_LOOKS          10  /* more, at a mount that is busy */
#define UNMOUNT_LOOK_INTERVAL  (50 * G_TIME_SPAN_MILLISECOND)

/* A descriptor that becomes readable when the process ends, or -1. */
static int
watch_daemon (const JsonValue *status)
{
  gint64 pid = json_int (status, "pid");
  return pid > 0 ? (int)syscall (SYS_pidfd_open, (pid_t)pid, 0) : -1;
}

/* What waits is sent one after the other, each within the upload time-out; so is what the unmounting itself sets off.
 */
static gint64
patience (const JsonValue *status)
{
  gint64 each = json_int (status, "upload_timeout");
  if (each <= 0)
    each = UNMOUNT_UPLOAD_TIMEOUT;
  gint64 waiting = CLAMP (json_int (status, "waiting_mutations"), 0, 1000);
  return (waiting + 1) * each + UNMOUNT_GRACE;
}

typedef struct {
  const Mount *mount;
  gint64 daemon; /* PID */
  char *state;   /* the account's state folder */
  int pidfd;
  int signals; /* signalfd */
  sigset_t set;
  gboolean quiet;
  gint64 seconds; /* how long it waits, at most */
  Progress *progress;
  gint64 left; /* changes; -1: not known */
  guint sent, total;
} Wait;

typedef enum { WAIT_ON, WAIT_ENDED, WAIT_SIGNAL } WaitNews;

static WaitNews
wait_for_news (const Wait *self, int milliseconds)
{
  struct pollfd fds[] = { { .fd = self->pidfd, .events = POLLIN }, { .fd = self->signals, .events = POLLIN } };
  if (poll (fds, G_N_ELEMENTS (fds), milliseconds) <= 0)
    return WAIT_ON;
  return fds[0].revents != 0 ? WAIT_ENDED : WAIT_SIGNAL;
}

/* More may come while it ends: what was removed just now, say. */
static void
show_progress (Wait *self)
{
  self->left = ending_read (self->state, self->daemon);
  if (self->left < 0 || self->left > G_MAXINT)
    return;
  guint left = (guint)self->left;
  self->total = MAX (self->total, self->sent + left);
  self->sent = self->total - left;
  progress_set (self->progress, self->sent, self->total);
}

/* The mount's process goes on. Ours ends by that signal, as if it had not been taken. */
static int
end_by_signal (const Wait *self)
{
  struct signalfd_siginfo info = { .ssi_signo = SIGTERM };
  if (read (self->signals, &info, sizeof info) < 0)
    g_debug ("which signal it was is not known");
  progress_clear (self->progress);
  if (self->left > 0)
    cli_fail (CLI_FAILED,
              "%s is unmounted; its process goes on sending what was promised, %" G_GINT64_FORMAT " more changes",
              self->mount->mountpoint, self->left);
  else
    cli_fail (CLI_FAILED, "%s is unmounted; its process goes on sending what was promised", self->mount->mountpoint);
  pthread_sigmask (SIG_UNBLOCK, &self->set, NULL);
  raise ((int)info.ssi_signo);
  return CLI_FAILED; /* it is ignored */
}

/* The kernel tells the process to end when the file system is mounted nowhere any more. A program that begins a mount namespace
 * has a copy of every mount at first, and often lets go of them at once. So a copy counts when it is there at two looks. */
static int
wait_for_end (Wait *self)
{
  const char *mountpoint = self->mount->mountpoint;
  g_autofree char *before = NULL;
  for (gint64 waited = 0; waited < self->seconds; waited++) {
    WaitNews news = wait_for_news (self, 1000);
    if (news != WAIT_ON)
      return news == WAIT_ENDED ? CLI_OK : end_by_signal (self);
    show_progress (self);
    g_autofree char *copy = mounts_find_copy (self->mount, self->daemon);
    if (copy != NULL && g_strcmp0 (copy, before) == 0 && wait_for_news (self, 0) != WAIT_ENDED) {
      progress_clear (self->progress);
      return cli_fail (
          CLI_FAILED,
          "%s is unmounted here, but not for %s: its process goes on as long as that has it, and sends what "
          "was promised",
          mountpoint, copy);
    }
    g_free (before);
    before = g_steal_pointer (&copy);
    if (waited + 1 == UNMOUNT_QUIET && !self->quiet) {
      progress_clear (self->progress);
      cli_fail (CLI_FAILED,
                "%s is unmounted; waiting for at most %" G_GINT64_FORMAT " seconds until its process has sent what was "
                "promised (Ctrl-C ends the wait alone)",
                mountpoint, self->seconds);
    }
  }
  progress_clear (self->progress);
  return cli_fail (CLI_FAILED,
                   "%s is unmounted, but its process has not ended: it still has changes to send, or a mount namespace "
                   "that cannot be seen from here has the mount",
                   mountpoint);
}

static void
wait_clear (Wait *self)
{
  progress_free (self->progress);
  g_free (self->state);
  close (self->pidfd);
  close (self->signals);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wait, wait_clear)

/* Its process is still there. Takes pidfd. */
static int
wait_for_process (const Mount *mount, const JsonValue *status, int pidfd, gboolean quiet)
{
  const char *account = json_string (status, "account");
  g_autoptr (Folders) folders = folders_new (account != NULL && options_account_valid (account) ? account : "default");
  g_auto (Wait) self = {
    .mount = mount,
    .daemon = json_int (status, "pid"),
    .state = g_strdup (folders->state),
    .pidfd = pidfd,
    .quiet = quiet,
    .seconds = patience (status),
    .progress = progress_new ("changes sent", 0, PROGRESS_CHANGES, quiet),
    .left = -1,
  };
  sigemptyset (&self.set);
  sigaddset (&self.set, SIGINT);
  sigaddset (&self.set, SIGTERM);
  sigaddset (&self.set, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &self.set, NULL);
  self.signals = signalfd (-1, &self.set, SFD_CLOEXEC);
  return wait_for_end (&self);
}

/* Others' as well, where they may be unmounted: this mountpoint was named. What lies below it is looked at again. */
static int
unmount_dead (const Mount *mount)
{
  g_autoptr (GError) error = NULL;
  guint taken;
  if (!stale_detach (mount, TRUE, &error) || !stale_repair (mount->mountpoint, &taken, &error))
    return cli_fail (CLI_FAILED, "%s", error->message);
  return CLI_OK;
}

/* Whoever asks the mount something just then (`contactfs status`, a file manager that looks at its folders) makes it busy
 * for that long, and nobody tells when such a call is over: so a few short looks. Who has a file open or works in there
 * is still there after them. */
static gboolean
detach (const Mount *mount, GError **error)
{
  for (guint left = UNMOUNT_LOOKS;; left--) {
    g_autoptr (GError) why = NULL;
    if (stale_detach (mount, FALSE, &why))
      return TRUE;
    if (left == 0 || !g_error_matches (why, G_IO_ERROR, G_IO_ERROR_BUSY)) {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
    g_usleep (UNMOUNT_LOOK_INTERVAL);
  }
}

int
cli_unmount (const char *mountpoint, gboolean quiet)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Mount) mount = mounts_find (mountpoint, &error);
  if (mount == NULL)
    return cli_fail (CLI_FAILED, "%s", error->message);

  g_autofree char *text = mounts_read_status (mount, &error);
  if (text == NULL) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED))
      return unmount_dead (mount);
    g_clear_error (&error); /* a mount that cannot tell its process can still be unmounted */
  }
  g_autoptr (JsonValue) status = text != NULL ? json_parse (text, strlen (text), NULL) : NULL;
  int pidfd = watch_daemon (status);

  if (detach (mount, &error))
    return pidfd >= 0 ? wait_for_process (mount, status, pidfd, quiet) : CLI_OK;
  if (pidfd >= 0)
    close (pidfd);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    return cli_fail (CLI_FAILED, "%s is in use; `fuser -vm %s` shows by whom", mountpoint, mount->mountpoint);
  return cli_fail (CLI_FAILED, "%s", error->message);
}
