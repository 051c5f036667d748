/*
 * flock(2) on a file of its own. Nothing tells when it is free: it is tried again, less often the longer it takes. So that
 * a mount, which may want it again and again, leaves a gap to somebody in a terminal, there is a second file: who is
 * urgent holds that one shared from the beginning, and who is not takes the lock only while nobody does.
 */
#define G_LOG_DOMAIN "contactfs"

#include "google/login-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "google/wait.h"

#define FIRST_INTERVAL (20 * G_TIME_SPAN_MILLISECOND)
#define LAST_INTERVAL  (500 * G_TIME_SPAN_MILLISECOND)

struct LoginLock {
  int fd;     /* -1: without */
  int urgent; /* the second file; -1: without */
};

typedef struct {
  LoginLock *lock;
  gint64 interval;
  gboolean is_urgent;
} Wait;

void
login_lock_free (LoginLock *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  if (self->urgent >= 0)
    close (self->urgent);
  g_free (self);
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

  if (is_taken (self)) {
    wait_async (self->interval, g_task_get_cancellable (task), on_waited, g_object_ref (task));
    self->interval = MIN (self->interval * 5 / 4, LAST_INTERVAL);
    return;
  }
  g_task_return_pointer (task, g_steal_pointer (&self->lock), (GDestroyNotify)login_lock_free);
}

static int
open_in (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void
login_lock_async (const char *folder, gboolean urgent, GCancellable *cancellable, GAsyncReadyCallback callback,
                  gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Wait *self = g_new0 (Wait, 1);

  self->lock = g_new0 (LoginLock, 1);
  self->lock->fd = open_in (folder, "login.lock");
  self->lock->urgent = open_in (folder, "login.urgent");
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
