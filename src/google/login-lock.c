/* flock(2) on a file of its own. Nothing tells when it is free: it is tried again, less often the longer it takes. */
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
  int fd; /* -1: without */
};

typedef struct {
  LoginLock *lock;
  gint64 interval;
} Wait;

void
login_lock_free (LoginLock *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
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

static void
step_try (GTask *task)
{
  Wait *self = g_task_get_task_data (task);

  if (self->lock->fd >= 0 && flock (self->lock->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    wait_async (self->interval, g_task_get_cancellable (task), on_waited, g_object_ref (task));
    self->interval = MIN (self->interval * 5 / 4, LAST_INTERVAL);
    return;
  }
  g_task_return_pointer (task, g_steal_pointer (&self->lock), (GDestroyNotify)login_lock_free);
}

void
login_lock_async (const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  g_autofree char *path = g_build_filename (folder, "login.lock", NULL);
  Wait *self = g_new0 (Wait, 1);

  self->lock = g_new0 (LoginLock, 1);
  self->lock->fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  self->interval = FIRST_INTERVAL;
  g_task_set_task_data (task, self, (GDestroyNotify)wait_free);
  step_try (task);
}

LoginLock *
login_lock_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
