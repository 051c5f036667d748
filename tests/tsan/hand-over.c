/*
 * What ThreadSanitizer has to be told, as GLib is not built with it: where one thread hands something over to another. The linker
 * leads our calls of these functions here (tests/instruments.sh), and each says so and does what GLib does.
 *
 *   a mutex, locked                        ← unlocked before
 *   a job in a worker                      ← g_task_run_in_thread
 *   g_task_propagate_…                     ← the worker's g_task_return_…
 *   what g_async_queue_pop brings          ← g_async_queue_push
 *
 * Threads that begin and are joined, ThreadSanitizer sees by itself. What libraries do among themselves is left out.
 */
#pragma GCC visibility push(default) /* libraries call what is wrapped, too; they are not led here */
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#define WRAP(type, name, ...)                                                                                          \
  type __real_##name (__VA_ARGS__);                                                                                    \
  type __wrap_##name (__VA_ARGS__);                                                                                    \
  type __wrap_##name (__VA_ARGS__)

const char *__tsan_default_options (void);
const char *__tsan_default_suppressions (void);

const char *
__tsan_default_options (void)
{
  return "ignore_noninstrumented_modules=1:die_after_fork=0:report_thread_leaks=0:second_deadlock_stack=1";
}

/* Each with its reason. */
const char *
__tsan_default_suppressions (void)
{
  return "";
}

/* ---- mutexes ---- */

WRAP (void, g_mutex_lock, GMutex *mutex)
{
  __real_g_mutex_lock (mutex);
  __tsan_acquire (mutex);
}

WRAP (void, g_mutex_unlock, GMutex *mutex)
{
  __tsan_release (mutex);
  __real_g_mutex_unlock (mutex);
}

/* ---- queues ---- */

WRAP (void, g_async_queue_push, GAsyncQueue *queue, gpointer data)
{
  __tsan_release (data);
  __real_g_async_queue_push (queue, data);
}

WRAP (gpointer, g_async_queue_pop, GAsyncQueue *queue)
{
  gpointer data = __real_g_async_queue_pop (queue);

  __tsan_acquire (data);
  return data;
}

/* ---- workers ---- */

static void
work (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GTaskThreadFunc func = (GTaskThreadFunc)g_object_get_data (G_OBJECT (task), "hand-over");

  __tsan_acquire (task);
  func (task, source, data, cancellable);
}

WRAP (void, g_task_run_in_thread, GTask *task, GTaskThreadFunc func)
{
  g_object_set_data (G_OBJECT (task), "hand-over", (gpointer)func);
  __tsan_release (task);
  __real_g_task_run_in_thread (task, work);
}

WRAP (void, g_task_return_boolean, GTask *task, gboolean result)
{
  __tsan_release (task);
  __real_g_task_return_boolean (task, result);
}

WRAP (void, g_task_return_int, GTask *task, gssize result)
{
  __tsan_release (task);
  __real_g_task_return_int (task, result);
}

WRAP (void, g_task_return_pointer, GTask *task, gpointer result, GDestroyNotify destroy)
{
  __tsan_release (task);
  __real_g_task_return_pointer (task, result, destroy);
}

WRAP (void, g_task_return_error, GTask *task, GError *error)
{
  __tsan_release (task);
  __real_g_task_return_error (task, error);
}

void __wrap_g_task_return_new_error (GTask *task, GQuark domain, gint code, const char *format, ...);

void
__wrap_g_task_return_new_error (GTask *task, GQuark domain, gint code, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  __wrap_g_task_return_error (task, g_error_new_valist (domain, code, format, arguments));
  va_end (arguments);
}

WRAP (gboolean, g_task_propagate_boolean, GTask *task, GError **error)
{
  __tsan_acquire (task);
  return __real_g_task_propagate_boolean (task, error);
}

WRAP (gssize, g_task_propagate_int, GTask *task, GError **error)
{
  __tsan_acquire (task);
  return __real_g_task_propagate_int (task, error);
}

WRAP (gpointer, g_task_propagate_pointer, GTask *task, GError **error)
{
  __tsan_acquire (task);
  return __real_g_task_propagate_pointer (task, error);
}
