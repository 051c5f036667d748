/*
 * flock(2) on a file of its own. Nothing tells when it is free: it is tried again, less often the longer it takes. So that
 * a mount, which may want it again and again, leaves a gap to somebody in a terminal, there is a second file: who is
 * urgent holds that one shared from the beginning, and who is not takes the lock only while nobody does.
 *
 * A login that did not come about removes both again, with the folder: who has waited for a file that is not there any
 * more has nothing when it gets that, and begins anew.
 */
#define G_LOG_DOMAIN "contactfs"

#include "google/login-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "google/wait.h"

#define FIRST_INTERVAL (20 * G_TIME_SPAN_MILLISECOND)
#define LAST_INTERVAL  (500 * G_TIME_SPAN_MILLISECOND)

#define LOCK_NAME   "login.lock"
#define URGENT_NAME "login.urgent"

struct LoginLock {
  char *folder;
  int fd;     /* -1: without */
  int urgent; /* the second file; -1: without */
};

typedef struct {
  LoginLock *lock;
  gint64 interval;
  gboolean is_urgent;
} Wait;

static void
close_files (LoginLock *self)
{
  if (self->fd >= 0)
    close (self->fd);
  if (self->urgent >= 0)
    close (self->urgent);
  self->fd = self->urgent = -1;
}

void
login_lock_free (LoginLock *self)
{
  if (self == NULL)
    return;
  close_files (self);
  g_free (self->folder);
  g_free (self);
}

static int
open_in (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void
open_files (LoginLock *self)
{
  self->fd = open_in (self->folder, LOCK_NAME);
  self->urgent = open_in (self->folder, URGENT_NAME);
}

static gboolean
is_in_place (int fd, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  struct stat ours, there;

  return fd < 0
         || (fstat (fd, &ours) == 0 && lstat (path, &there) == 0 && ours.st_ino == there.st_ino
             && ours.st_dev == there.st_dev);
}

/* Another one is there, or none, in which nobody can be: whoever removed ours had it, and is gone. */
static gboolean
was_removed (const LoginLock *self)
{
  return !is_in_place (self->fd, self->folder, LOCK_NAME) || !is_in_place (self->urgent, self->folder, URGENT_NAME);
}

static void
wait_free (Wait *self)
{
  login_lock_free (self->lock);
  g_free (self);
}

static void step_try (GTask *task);

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (wait_finish (result, &error))
    step_try (task);
  else
    g_task_return_error (task, error);
}

static gboolean
is_held (int fd, int how)
{
  return fd >= 0 && flock (fd, how | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static gboolean
is_taken (const Wait *self)
{
  const LoginLock *lock = self->lock;
  gboolean taken;

  if (self->is_urgent)
    return is_held (lock->urgent, LOCK_SH) || is_held (lock->fd, LOCK_EX);
  if (is_held (lock->urgent, LOCK_EX))
    return TRUE;
  taken = is_held (lock->fd, LOCK_EX);
  if (lock->urgent >= 0)
    flock (lock->urgent, LOCK_UN);
  return taken;
}

static void
step_try (GTask *task)
{
  Wait *self = g_task_get_task_data (task);
  gboolean taken = is_taken (self), removed = was_removed (self->lock);

  if (removed) {
    close_files (self->lock);
    if (self->is_urgent) /* the next login may still be without a file */
      g_mkdir_with_parents (self->lock->folder, 0700);
    open_files (self->lock);
  }
  if (taken || removed) {
    wait_async (self->interval, g_task_get_cancellable (task), on_waited, g_object_ref (task));
    self->interval = MIN (self->interval * 5 / 4, LAST_INTERVAL);
    return;
  }
  g_task_return_pointer (task, g_steal_pointer (&self->lock), (GDestroyNotify)login_lock_free);
}

void
login_lock_async (const char *folder, gboolean urgent, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Wait *self = g_new0 (Wait, 1);

  self->lock = g_new0 (LoginLock, 1);
  self->lock->folder = g_strdup (folder);
  open_files (self->lock);
  self->is_urgent = urgent;
  self->interval = FIRST_INTERVAL;
  g_task_set_task_data (task, self, (GDestroyNotify)wait_free);
  step_try (task);
}

LoginLock *
login_lock_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
login_lock_remove (LoginLock *self)
{
  g_autofree char *lock = g_build_filename (self->folder, LOCK_NAME, NULL);
  g_autofree char *urgent = g_build_filename (self->folder, URGENT_NAME, NULL);

  g_unlink (urgent);
  g_unlink (lock);
  login_lock_free (self);
}
