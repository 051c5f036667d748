/*
 * Dead mounts: umount2(2) for root, fusermount3 for others.
 */
#define G_LOG_DOMAIN "contactfs"

#include "mounts/stale.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

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
gboolean
stale_detach (const Mount *mount, gboolean lazily, GError **error)
{
  if (geteuid () != 0)
    return spawn_fusermount (mount->mountpoint, lazily, error);
  if (umount2 (mount->mountpoint, UMOUNT_NOFOLLOW | (lazily ? MNT_DETACH : 0)) == 0)
    return TRUE;
  int code = errno;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s cannot be unmounted: %s", mount->mountpoint,
               g_strerror (code));
  return FALSE;
}

/* FALSE and no error: it lives. */
static gboolean
is_dead (const Mount *mount, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autofree char *status = mounts_read_status (mount, &why);
  if (status != NULL)
    return FALSE;
  if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_propagate_error (error, g_steal_pointer (&why));
  return g_error_matches (why, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
}

/* Asking took time: somebody else may have repaired it, and mounted again, meanwhile. */
static gboolean
is_still_there (const char *path, const Mount *mount)
{
  g_autoptr (Mount) now = mounts_find (path, NULL);
  return now != NULL && now->id == mount->id;
}

gboolean
stale_repair (const char *path, guint *taken, GError **error)
{
  for (*taken = 0;;) {
    g_autoptr (GError) unclear = NULL;
    g_autoptr (Mount) mount = mounts_find (path, NULL);
    if (mount == NULL || mount->uid != getuid () || !is_dead (mount, &unclear)) {
      if (unclear == NULL)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&unclear));
      return FALSE;
    }
    if (!is_still_there (path, mount))
      continue;
    if (!stale_detach (mount, TRUE, error))
      return FALSE;
    ++*taken;
  }
}
