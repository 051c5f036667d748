/*
 * Who closes a file: a program that wants to, or the kernel for one that died? And does it hear the answer?
 *
 * The flush looks the same. But who died is still there while it waits for the answer, and /proc/PID/stat (proc(5))
 * tells: "PID (name) state … flags(9) … exit_code(52)". A program that only ends without closing has an exit code of 0.
 * One that is killed while it waits goes on waiting, with a SIGKILL pending, whatever the signal was (signal(7)).
 */
#define G_LOG_DOMAIN "contactfs"

#include <signal.h>

#include "fs/internal.h"

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

gboolean
fs_caller_is_dying (pid_t pid)
{
  gint64 exit_code;

  return is_exiting (pid, &exit_code) && exit_code != 0;
}

static gboolean
is_killed (pid_t pid)
{
  g_autofree char *status = read_proc (pid, "status");
  const char *pending = status != NULL ? strstr (status, "\nSigPnd:") : NULL;

  return pending != NULL
         && (g_ascii_strtoull (pending + strlen ("\nSigPnd:"), NULL, 16) & (1ULL << (SIGKILL - 1))) != 0;
}

gboolean
fs_caller_is_gone (pid_t pid)
{
  gint64 exit_code;

  return is_exiting (pid, &exit_code) || is_killed (pid);
}
