/*
 * Finds people-emulator, starts it with a pipe as its stdin (--until-eof: the kernel closes ours when we die, and it
 * ends), and waits for the address that it writes to --ready-fd.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/demo.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/folders.h"
#include "config.h"

#define DEMO_PROGRAM       "people-emulator"
#define DEMO_READY_FD      3
#define DEMO_START_TIMEOUT (30 * G_TIME_SPAN_SECOND)

/* Next to us (installed), where the build puts it, where it would be installed, or in $PATH. */
static char *
find_program (GError **error)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *here = self != NULL ? g_path_get_dirname (self) : NULL;
  if (here != NULL) {
    const char *const below[] = { ".", "../emulator" };
    for (gsize i = 0; i < G_N_ELEMENTS (below); i++) {
      g_autofree char *path = g_build_filename (here, below[i], DEMO_PROGRAM, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) && !g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&path);
    }
  }
  const char *const installed[] = { CONTACTFS_BINDIR, CONTACTFS_LIBEXECDIR };
  for (gsize i = 0; i < G_N_ELEMENTS (installed); i++) {
    g_autofree char *path = g_build_filename (installed[i], DEMO_PROGRAM, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
      return g_steal_pointer (&path);
  }
  char *found = g_find_program_in_path (DEMO_PROGRAM);
  if (found == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "The demo needs " DEMO_PROGRAM ", which is neither next to contactfs nor in $PATH");
  return found;
}

/* A Ctrl-C in the terminal is for us: we finish what was promised first, and for that the service must be there. */
static void
leave_process_group (gpointer data)
{
  setpgid (0, 0);
}

static GSubprocess *
spawn (const char *program, const char *folder, const char *credentials, const char *log, int ready_fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  if (log != NULL)
    g_subprocess_launcher_set_stderr_file_path (launcher, log);
  g_subprocess_launcher_set_child_setup (launcher, leave_process_group, NULL, NULL);
  g_subprocess_launcher_take_fd (launcher, ready_fd, DEMO_READY_FD);
  return g_subprocess_launcher_spawn (launcher, error, program, "--state-dir", folder, "--port", "0", "--photo-port",
                                      "0", "--until-eof", "--ready-fd", G_STRINGIFY (DEMO_READY_FD),
                                      "--demo-credentials", credentials, NULL);
}

/* The line that the emulator writes when it listens; NULL when it ends first, or takes too long. */
static char *
read_line (int fd)
{
  gint64 deadline = g_get_monotonic_time () + DEMO_START_TIMEOUT;
  g_autoptr (GString) line = g_string_new (NULL);
  for (;;) {
    gint64 left = deadline - g_get_monotonic_time ();
    GPollFD poll = { .fd = fd, .events = G_IO_IN };
    if (left <= 0)
      return NULL;
    if (g_poll (&poll, 1, (int)(left / 1000) + 1) <= 0)
      continue;
    char c;
    gssize count = read (fd, &c, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return NULL;
    if (c == '\n')
      return g_string_free (g_steal_pointer (&line), FALSE);
    g_string_append_c (line, c);
  }
}

Demo *
demo_start (const char *folder, gboolean foreground, GError **error)
{
  if (!folders_make (folder, error))
    return NULL;
  g_autofree char *program = find_program (error);
  if (program == NULL)
    return NULL;
  int fds[2];
  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return NULL;

  g_autoptr (Demo) self = g_new0 (Demo, 1);
  g_autofree char *log = g_build_filename (folder, "log", NULL);
  self->credentials = g_build_filename (folder, "credentials.json", NULL);
  self->process = spawn (program, folder, self->credentials, foreground ? NULL : log, fds[1], error);
  if (self->process != NULL) {
    self->api_url = read_line (fds[0]);
    if (self->api_url == NULL)
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The demo's server %s did not start; %s says why", program,
                   foreground ? "it" : log);
  }
  close (fds[0]);
  return self->api_url != NULL ? g_steal_pointer (&self) : NULL;
}

void
demo_stop (Demo *self)
{
  if (self == NULL)
    return;
  if (self->process != NULL) {
    g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
    g_subprocess_send_signal (self->process, SIGTERM);
    g_subprocess_wait (self->process, NULL, NULL);
    g_object_unref (self->process);
  }
  g_free (self->api_url);
  g_free (self->credentials);
  g_free (self);
}
