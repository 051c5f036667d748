/*
 * contactfs unmount: takes the mount away and comes back when its process has carried out what it had promised.
 */
#define G_LOG_DOMAIN "contactfs"

#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "mounts/copies.h"
#include "mounts/stale.h"
#include "net/json.h"

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

static gboolean
has_ended (int pidfd, gint64 milliseconds)
{
  gint64 deadline = g_get_monotonic_time () + milliseconds * G_TIME_SPAN_MILLISECOND;
  struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
  do {
    gint64 left = MAX (deadline - g_get_monotonic_time (), 0);
    if (poll (&poll_fd, 1, (int)((left + 999) / 1000)) > 0)
      return TRUE;
  } while (g_get_monotonic_time () < deadline);
  return FALSE;
}

/* The kernel tells the process to end when the file system is mounted nowhere any more. */
static int
wait_for_end (const Mount *mount, gint64 daemon, int pidfd, gint64 seconds)
{
  for (gint64 waited = 0; waited < seconds; waited++) {
    if (has_ended (pidfd, 1000))
      return CLI_OK;
    g_autofree char *copy = mounts_find_copy (mount, daemon);
    if (copy != NULL && !has_ended (pidfd, 0))
      return cli_fail (
          CLI_FAILED,
          "%s is unmounted here, but not for %s: its process goes on as long as that has it, and sends what "
          "was promised",
          mount->mountpoint, copy);
    if (waited + 1 == UNMOUNT_QUIET)
      cli_fail (CLI_FAILED,
                "%s is unmounted; waiting for at most %" G_GINT64_FORMAT " seconds until its process has sent what was "
                "promised (Ctrl-C ends the wait alone)",
                mount->mountpoint, seconds);
  }
  return cli_fail (CLI_FAILED,
                   "%s is unmounted, but its process has not ended: it still has changes to send, or a mount namespace "
                   "that cannot be seen from here has the mount",
                   mount->mountpoint);
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
cli_unmount (const char *mountpoint)
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

  int result = CLI_OK;
  if (!detach (mount, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
      result = cli_fail (CLI_FAILED, "%s is in use; `fuser -vm %s` shows by whom", mountpoint, mount->mountpoint);
    else
      result = cli_fail (CLI_FAILED, "%s", error->message);
  } else if (pidfd >= 0) {
    result = wait_for_end (mount, json_int (status, "pid"), pidfd, patience (status));
  }
  if (pidfd >= 0)
    close (pidfd);
  return result;
}
