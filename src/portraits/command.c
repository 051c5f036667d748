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
