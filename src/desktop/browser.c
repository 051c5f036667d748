/* xdg-open as a child. The address is in its argv, and may be: it holds no secret. */
#define G_LOG_DOMAIN "contactfs"

#include "desktop/browser.h"

#include <sys/stat.h>

static void
give_umask (gpointer data)
{
  umask ((mode_t)GPOINTER_TO_UINT (data));
}

static void
on_ended (GObject *process, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (g_subprocess_wait_check_finish (G_SUBPROCESS (process), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
browser_open_async (const char *url, unsigned int mask, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, data);
  /* what the browser says on its standard output and error is not for this terminal */
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  GError *error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, give_umask, GUINT_TO_POINTER (mask), NULL);
  process = g_subprocess_launcher_spawn (launcher, &error, "xdg-open", url, NULL);
  if (process == NULL)
    g_task_return_error (task, error);
  else
    g_subprocess_wait_check_async (process, NULL, on_ended, g_object_ref (task));
}

gboolean
browser_open_finish (GAsyncResult *result, GError **error)
{
  if (g_task_propagate_boolean (G_TASK (result), error))
    return TRUE;
  g_prefix_error (error, "the browser cannot be opened: ");
  return FALSE;
}
