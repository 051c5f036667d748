/*
 * The contactfs mounts that exist, seen from outside: through the kernel's list, and each one's own
 * user.contactfs.status. Made for short-lived, single-threaded commands; nothing here waits long for a mount that does
 * not answer.
 */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

typedef struct {
  gint64 id; /* of this mount, as long as it lasts */
  uid_t uid; /* whose it is */
  gboolean is_contactfs;
  char *mountpoint;
  char *source; /* "contactfs:default" */
  char *device; /* "0:53": the file system's, also where else it is mounted */
} Mount;

void mount_free (Mount *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Mount, mount_free)

/* Element: Mount*, owned; in the order they were mounted. */
GPtrArray *mounts_list (GError **error);

/* The mount at path, however it is spelled; G_IO_ERROR_NOT_FOUND with a sentence when there is none. Asks no file
 * system that is mounted there. */
Mount *mounts_find (const char *path, GError **error);

/* Where the file system of mount is mounted for a process ("12", "self"), as that names it; transfer full. NULL: nowhere,
 * or the process may not be looked at. */
char *mounts_place_in (const Mount *mount, const char *process);

/* The mount that path is in, and what of path is below its mountpoint: "" for the mountpoint itself; transfer full. Asks
 * that mount nothing. */
Mount *mounts_find_around (const char *path, char **below, GError **error);

/* The text of an extended attribute of what is called below in the mount; "": it has none. Errors as of
 * mounts_read_status, and G_IO_ERROR_NOT_FOUND when there is no such file. */
char *mounts_read_attribute (const Mount *mount, const char *below, const char *name, GError **error);

/* The mount's status, JSON. G_IO_ERROR_NOT_CONNECTED when its daemon is dead, G_IO_ERROR_TIMED_OUT when it does not
 * answer. */
char *mounts_read_status (const Mount *mount, GError **error);
