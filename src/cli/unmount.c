/*
 * contactfs unmount: takes the mount away and comes back when its process has carried out what it had promised.
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/mounts.h"
#include "google/json.h"

#define UNMOUNT_UPLOAD_TIMEOUT 120 /* seconds: when the mount does not tell its own */
#define UNMOUNT_GRACE          30  /* seconds: to end, apart from what it has to send */

static gboolean
spawn_fusermount (const char *mountpoint, gboolean lazily, GError **error)
{
  const char *const argv[]
      = { "fusermount3", "-u", lazily ? "-z" : "--", lazily ? "--" : mountpoint, lazily ? mountpoint : NULL, NULL };
  g_autofree char *words = NULL;
  int status;
  if (!g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL,
                     &words, &status, error)) {
    g_prefix_error (error, "%s cannot be unmounted: ", mountpoint);
    return FALSE;
  }
  if (g_spawn_check_wait_status (status, NULL))
    return TRUE;
  gboolean busy = strstr (words, "busy") != NULL;
  g_set_error (error, G_IO_ERROR, busy ? G_IO_ERROR_BUSY : G_IO_ERROR_FAILED, "%s cannot be unmounted: %s", mountpoint,
               g_strstrip (words));
  return FALSE;
}

/* Root needs no helper, which in turn would want an entry of its own in the mount table. */
static gboolean
detach (const char *mountpoint, gboolean lazily, GError **error)
{
  if (geteuid () != 0)
    return spawn_fusermount (mountpoint, lazily, error);
  if (umount2 (mountpoint, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0)
    return TRUE;
  int code = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s cannot be unmounted: %s", mountpoint,
               g_strerror (code));
  return FALSE;
}

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
wait_for_end (int pidfd, gint64 seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  for (;;) {
    gint64 left = deadline - g_get_monotonic_time ();
    if (left <= 0)
      return FALSE;
    struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
    if (poll (&poll_fd, 1, (int)(left / 1000) + 1) > 0)
      return TRUE;
  }
}

static int
unmount_dead (const Mount *mount)
{
  g_autoptr (GError) error = NULL;
  if (!detach (mount->mountpoint, TRUE, &error))
    return cli_fail (CLI_FAILED, "%s", error->message);
  return CLI_OK;
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
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED)
        || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
      return unmount_dead (mount);
    g_clear_error (&error); /* a mount that cannot tell its process can still be unmounted */
  }
  g_autoptr (JsonValue) status = text != NULL ? json_parse (text, strlen (text), NULL) : NULL;
  int pidfd = watch_daemon (status);

  int result = CLI_OK;
  if (!detach (mount->mountpoint, FALSE, &error)) {
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
      result = cli_fail (CLI_FAILED, "%s is in use; `fuser -vm %s` shows by whom", mountpoint, mount->mountpoint);
    else
      result = cli_fail (CLI_FAILED, "%s", error->message);
  } else if (pidfd >= 0 && !wait_for_end (pidfd, patience (status))) {
    result = cli_fail (CLI_FAILED, "%s is unmounted, but its process still has changes to send", mountpoint);
  }
  if (pidfd >= 0)
    close (pidfd);
  return result;
}
