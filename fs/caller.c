/*
 * Who closes a file: a program that wants to, or the kernel for one that died?
 *
 * The flush looks the same. But who died is still there while it waits for the answer, and /proc/PID/stat (proc(5))
 * tells: "PID (name) state … flags(9) … exit_code(52)". A program that only ends without closing has an exit code of 0.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

#define PF_EXITING 0x00000004 /* include/linux/sched.h */

enum { FLAGS = 9, EXIT_CODE = 52 };

gboolean
fs_caller_is_dying (pid_t pid)
{
  char path[32];
  g_autofree char *stat = NULL;
  const char *after_name;
  g_auto (GStrv) fields = NULL;

  g_snprintf (path, sizeof path, "/proc/%d/stat", (int)pid);
  if (pid <= 0 || !g_file_get_contents (path, &stat, NULL, NULL))
    return FALSE;
  after_name = strrchr (stat, ')'); /* the name may hold anything */
  if (after_name == NULL)
    return FALSE;
  fields = g_strsplit (g_strstrip ((char *)after_name + 1), " ", -1); /* from state(3) on */
  if (g_strv_length (fields) <= EXIT_CODE - 3)
    return FALSE;
  return (g_ascii_strtoull (fields[FLAGS - 3], NULL, 10) & PF_EXITING) != 0
         && g_ascii_strtoll (fields[EXIT_CODE - 3], NULL, 10) != 0;
}
