#define G_LOG_DOMAIN "contactfs"

#include "portraits/command.h"

#include <gio/gio.h>
#include <stdio.h>
#include <unistd.h>

gboolean
command_can_ask (const CommandWishes *wishes, GError **error)
{
  if (wishes->yes || wishes->dry_run || (isatty (STDIN_FILENO) && isatty (STDERR_FILENO)))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "nobody can be asked here; --dry-run shows what would be done, and --yes does it");
  return FALSE;
}

gboolean
command_ask (const CommandWishes *wishes, const char *question)
{
  char answer[16] = "";
  if (wishes->yes)
    return TRUE;
  fprintf (stderr, "%s [y/N] ", question);
  fflush (stderr);
  return fgets (answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

/* With its fraction: what was replaced earlier in this second is not to come back by the undoing. */
char *
command_time_now (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  return g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%f");
}

void
command_print_undo (const CommandWishes *wishes, const char *begun, const GPtrArray *names)
{
  guint count = names != NULL ? names->len : 0;
  printf ("To undo: contactfs restore --since %s", begun);
  for (guint i = 0; i < MAX (count, 1); i++) {
    g_autofree char *path
        = g_build_filename (wishes->mountpoint, count > 0 ? (const char *)g_ptr_array_index (names, i) : NULL, NULL);
    g_autofree char *quoted = g_shell_quote (path);
    printf (" %s", quoted);
  }
  printf ("\n");
}
