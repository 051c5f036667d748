/*
 * fork, readiness, hardening. The child speaks for itself on the inherited stderr until it is ready; the pipe carries
 * one byte for "ready", and its end without one means that the child has ended. The service manager hears of it by
 * sd_notify(3).
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "cli/fail.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif
#ifndef WITH_SANITIZER
#define WITH_SANITIZER 0
#endif

#define STOP_GRACE 30 /* seconds: to end, apart from what is to be sent */

static int ready_fd = -1;                  /* in the child */
static GArray *inherited;                  /* in the child: descriptors that the caller left open, int */
static volatile sig_atomic_t waiting_for;  /* in the parent: the child */
static volatile sig_atomic_t was_told_off; /* in the parent: Ctrl-C and the like */

static void
on_parent_signal (int signal_number)
{
  was_told_off = 1;
  kill ((pid_t)waiting_for, SIGTERM);
}

/* The exit status for the parent of a child that ended before it was ready. */
static int
status_of_ended (pid_t child)
{
  int status;
  while (waitpid (child, &status, 0) < 0)
    if (errno != EINTR)
      return CLI_FAILED;
  if (WIFEXITED (status))
    return WEXITSTATUS (status) != 0
               ? WEXITSTATUS (status)
               : cli_fail (CLI_FAILED, "the mount's process ended before the mount was usable, and did not say why");
  if (was_told_off)
    return cli_fail (CLI_FAILED, "interrupted; nothing was mounted");
  return cli_fail (CLI_FAILED, "the mount's process died before the mount was usable (%s); nothing was mounted",
                   strsignal (WTERMSIG (status)));
}

static void G_GNUC_NORETURN
wait_in_parent (pid_t child, int fd)
{
  waiting_for = child;
  struct sigaction action = { .sa_handler = on_parent_signal };
  sigemptyset (&action.sa_mask);
  const int forwarded[] = { SIGINT, SIGTERM, SIGHUP };
  for (gsize i = 0; i < G_N_ELEMENTS (forwarded); i++)
    sigaction (forwarded[i], &action, NULL);

  char byte;
  gssize count;
  do
    count = read (fd, &byte, 1);
  while (count < 0 && errno == EINTR);
  /* _exit: the buffers of stdio and what is registered at exit are the child's as well */
  _exit (count == 1 ? CLI_OK : status_of_ended (child));
}

/* A caller's pipe or lock would stay open as long as the mount does. They are let go when we are ready, since until
 * then an option may name one of them (--credentials /dev/fd/63). */
static void
note_inherited (void)
{
  inherited = g_array_new (FALSE, FALSE, sizeof (int));
  DIR *dir = opendir ("/proc/self/fd");
  if (dir == NULL)
    return;
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir)) {
    int fd = (int)g_ascii_strtoll (entry->d_name, NULL, 10); /* "." and "..": 0 */
    if (fd > STDERR_FILENO && fd != dirfd (dir))
      g_array_append_val (inherited, fd);
  }
  closedir (dir);
}

static void
close_inherited (void)
{
  for (guint i = 0; i < inherited->len; i++)
    close (g_array_index (inherited, int, i));
  g_clear_pointer (&inherited, g_array_unref);
}

gboolean
daemon_detach (GError **error)
{
  note_inherited ();
  int fds[2];
  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error)) {
    g_prefix_error (error, "the mount cannot go to the background: ");
    return FALSE;
  }
  fflush (NULL);
  pid_t parent = getpid ();
  pid_t child = fork ();
  if (child < 0) {
    int code = errno;
    close (fds[0]);
    close (fds[1]);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the mount cannot go to the background: %s", g_strerror (code));
    return FALSE;
  }
  if (child > 0) {
    close (fds[1]);
    wait_in_parent (child, fds[0]);
  }
  close (fds[0]);
  ready_fd = fds[1];
  setsid ();
  /* Until it is ready, nobody but the parent knows of us: when that is killed, so are we. */
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (getppid () != parent)
    raise (SIGTERM);
  return TRUE;
}

void
daemon_guard_memory (void)
{
  struct rlimit none = { 0, 0 };
  setrlimit (RLIMIT_CORE, &none);
  /* LeakSanitizer looks at its own process by ptrace. */
  if (!WITH_SANITIZER)
    prctl (PR_SET_DUMPABLE, 0);
}

void
daemon_harden (void)
{
  signal (SIGPIPE, SIG_IGN);
  umask (077);
  if (chdir ("/") != 0)
    g_warning ("the folder / cannot be entered: %s", g_strerror (errno));
  daemon_guard_memory ();
}

/* ---- the service manager ---- */

/* A worker tells it one thing at a time, since a manager that does not read would keep the main loop waiting. Of what
 * is to be told meanwhile, the last status is kept, and everything else. */
static struct {
  gboolean busy;
  GString *news;      /* lines, or NULL */
  char *status;       /* a line, or NULL */
  guint parent_timer; /* while our parent waits until it has been told, or 0 */
} manager;

/* Whoever runs `contactfs mount` in a unit with Type=notify may look at its state as soon as that returns. */
#define PARENT_WAIT_MS 2000

static void
tell_in_thread (GTask *worker, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_task_return_int (worker, sd_notify (FALSE, data));
}

static void tell_manager (void);
static void release_parent (void);

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  gssize code = g_task_propagate_int (G_TASK (result), NULL);
  if (code < 0)
    g_warning ("the service manager cannot be told of the mount: %s", g_strerror ((int)-code));
  manager.busy = FALSE;
  tell_manager ();
  if (!manager.busy && manager.parent_timer != 0)
    release_parent ();
}

static void
tell_manager (void)
{
  if (manager.busy || (manager.news == NULL && manager.status == NULL))
    return;
  GString *text = manager.news != NULL ? g_steal_pointer (&manager.news) : g_string_new (NULL);
  if (manager.status != NULL)
    g_string_append (text, manager.status);
  g_clear_pointer (&manager.status, g_free);
  if (g_getenv ("NOTIFY_SOCKET") == NULL) { /* nobody waits */
    g_string_free (text, TRUE);
    return;
  }
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, on_told, NULL);
  manager.busy = TRUE;
  g_task_set_task_data (worker, g_strchomp (g_string_free (text, FALSE)), g_free);
  g_task_run_in_thread (worker, tell_in_thread);
}

static void
add_news (const char *line)
{
  if (manager.news == NULL)
    manager.news = g_string_new (NULL);
  g_string_append_printf (manager.news, "%s\n", line);
}

void
daemon_status (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *words = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_free (manager.status);
  manager.status = g_strconcat ("STATUS=", g_strdelimit (words, "\n", ' '), NULL);
  tell_manager ();
}

static void
leave_terminal (void)
{
  int null = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0)
    return;
  for (int fd = 0; fd <= 2; fd++)
    dup2 (null, fd);
  if (null > 2)
    close (null);
}

/* Our own process is what the person waits for, who gets the prompt back. */
static void
release_parent (void)
{
  g_clear_handle_id (&manager.parent_timer, g_source_remove);
  fflush (NULL);
  leave_terminal ();
  close_inherited ();
  prctl (PR_SET_PDEATHSIG, 0);
  /* whether the parent is still there to read it matters no more */
  if (write (ready_fd, "", 1) < 0)
    g_debug ("nobody waits for the mount any more");
  close (ready_fd);
  ready_fd = -1;
}

static gboolean
on_parent_time (gpointer data)
{
  manager.parent_timer = 0;
  release_parent ();
  return G_SOURCE_REMOVE;
}

void
daemon_ready (void)
{
  add_news ("READY=1");
  tell_manager ();
  if (ready_fd < 0)
    return;
  if (manager.busy)
    manager.parent_timer = g_timeout_add (PARENT_WAIT_MS, on_parent_time, NULL);
  else
    release_parent ();
}

void
daemon_stopping (guint waiting, guint upload_timeout)
{
  /* one after the other, each within its time; one more, since the end itself may bring a change about */
  guint64 extension = ((guint64)waiting + 1) * upload_timeout + STOP_GRACE;
  g_autofree char *words = waiting == 0   ? g_strdup ("Ending")
                           : waiting == 1 ? g_strdup ("Ending; a change is still to be sent")
                                          : g_strdup_printf ("Ending; %u changes are still to be sent", waiting);
  g_free (manager.status);
  manager.status
      = g_strdup_printf ("STATUS=%s\nEXTEND_TIMEOUT_USEC=%" G_GUINT64_FORMAT, words, extension * G_TIME_SPAN_SECOND);
  add_news ("STOPPING=1");
  tell_manager ();
}
