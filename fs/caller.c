/*
 * Who closes a file: a program that wants to, or the kernel for one that died? And does a signal that interrupts it mean
 * that it is to end?
 *
 * The flush looks the same. But who died is still there while it waits for the answer, and /proc/PID/stat (proc(5))
 * tells: "PID (name) state … flags(9) … exit_code(52)". A program that only ends without closing has an exit code of 0.
 * One that is killed while it waits goes on waiting, with a SIGKILL pending, whatever the signal was (signal(7)); the
 * signals that dump core stay what they are. /proc/PID/status has the sets: SigPnd of the thread and ShdPnd of the process
 * (pending), SigBlk, SigIgn, SigCgt (caught). A signal stays pending until the call returns.
 */
#define G_LOG_DOMAIN "contactfs"

#include <signal.h>
#include <unistd.h>

#include "fs/internal.h"

#define CALLER_US G_TIME_SPAN_SECOND

#define PF_EXITING 0x00000004 /* include/linux/sched.h */

enum { FLAGS = 9, EXIT_CODE = 52 };

static char *
read_proc (pid_t pid, const char *name)
{
  char path[32];
  char *text = NULL;

  g_snprintf (path, sizeof path, "/proc/%d/%s", (int)pid, name);
  return pid > 0 && g_file_get_contents (path, &text, NULL, NULL) ? text : NULL;
}

/* FALSE when nothing is known. */
static gboolean
is_exiting (pid_t pid, gint64 *exit_code)
{
  g_autofree char *stat = read_proc (pid, "stat");
  char *after_name = stat != NULL ? strrchr (stat, ')') : NULL; /* the name may hold anything */
  g_auto (GStrv) fields = NULL;

  if (after_name == NULL)
    return FALSE;
  fields = g_strsplit (g_strstrip (after_name + 1), " ", -1); /* from state(3) on */
  if (g_strv_length (fields) <= EXIT_CODE - 3)
    return FALSE;
  *exit_code = g_ascii_strtoll (fields[EXIT_CODE - 3], NULL, 10);
  return (g_ascii_strtoull (fields[FLAGS - 3], NULL, 10) & PF_EXITING) != 0;
}

gint64
fs_caller_process (pid_t pid)
{
  g_autofree char *status = read_proc (pid, "status");
  const char *process = status != NULL ? strstr (status, "\nTgid:") : NULL;

  return process != NULL ? g_ascii_strtoll (process + strlen ("\nTgid:"), NULL, 10) : 0;
}

gint64
fs_caller_session (Fs *self, pid_t pid)
{
  FsCaller *last = &self->last_caller;
  gint64 now = g_get_monotonic_time ();

  if (last->pid != pid || now >= last->until)
    *last = (FsCaller){ pid, pid > 0 ? MAX (getsid (pid), 0) : 0, now + CALLER_US };
  return last->session;
}

gboolean
fs_caller_is_dying (pid_t pid)
{
  gint64 exit_code;

  return is_exiting (pid, &exit_code) && exit_code != 0;
}

#define SIGNAL_BIT(number) (1ULL << ((number)-1))

/* A set of signals in the text of /proc/PID/status. */
static guint64
signal_set (const char *status, const char *name)
{
  g_autofree char *line = g_strconcat ("\n", name, ":", NULL);
  const char *found = strstr (status, line);

  return found != NULL ? g_ascii_strtoull (found + strlen (line), NULL, 16) : 0;
}

/* Of the signals that are pending, those that end the program: by themselves, since nobody catches them, or since they
 * are how people and service managers ask for the end, which is why programs catch them. */
static gboolean
is_asked_to_end (const char *status)
{
  const guint64 harmless = SIGNAL_BIT (SIGCHLD) | SIGNAL_BIT (SIGCONT) | SIGNAL_BIT (SIGURG) | SIGNAL_BIT (SIGWINCH)
                           | SIGNAL_BIT (SIGSTOP) | SIGNAL_BIT (SIGTSTP) | SIGNAL_BIT (SIGTTIN) | SIGNAL_BIT (SIGTTOU);
  const guint64 requests = SIGNAL_BIT (SIGINT) | SIGNAL_BIT (SIGTERM) | SIGNAL_BIT (SIGHUP) | SIGNAL_BIT (SIGQUIT);
  guint64 pending = (signal_set (status, "SigPnd") | signal_set (status, "ShdPnd"))
                    & ~(signal_set (status, "SigBlk") | signal_set (status, "SigIgn"));

  return (pending & (requests | ~(signal_set (status, "SigCgt") | harmless))) != 0;
}

gboolean
fs_caller_is_ending (pid_t pid)
{
  g_autofree char *status = read_proc (pid, "status");
  gint64 exit_code;

  return status == NULL || is_exiting (pid, &exit_code) || is_asked_to_end (status);
}
