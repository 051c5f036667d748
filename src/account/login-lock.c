/*
 * flock(2), waited for on a worker. A wait that is cancelled is answered at once; its worker gets the lock later, and lets go
 * of it.
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/login-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

struct LoginLock {
  int fd; /* -1: without */
};

void
login_lock_free (LoginLock *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

/* Beside the folder, since a login that does not come about leaves no folder of its account; no account's name has a dot
 * in front. */
static int
open_file (const char *folder)
{
  g_autofree char *top = g_path_get_dirname (folder);
  g_autofree char *name = g_path_get_basename (folder);
  g_autofree char *path = g_strdup_printf ("%s/.%s.lock", top, name);

  return open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void
lock_in_thread (GTask *task, gpointer source, gpointer folder, GCancellable *cancellable)
{
  LoginLock *self = g_new0 (LoginLock, 1);

  self->fd = open_file (folder);
  while (self->fd >= 0 && flock (self->fd, LOCK_EX) != 0 && errno == EINTR)
    continue;
  g_task_return_pointer (task, self, (GDestroyNotify)login_lock_free);
}

void
login_lock_async (const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, g_strdup (folder), g_free);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, lock_in_thread);
}

LoginLock *
login_lock_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
