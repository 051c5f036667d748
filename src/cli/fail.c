#define G_LOG_DOMAIN "contactfs"

#include "cli/fail.h"

#include <stdio.h>
#include <string.h>

int
cli_fail (int status, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  /* services' and commands' words come along: one line, no terminal sequences */
  for (char *c = sentence; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  fprintf (stderr, "contactfs: %s\n", g_strchomp (sentence));
  return status;
}

int
cli_fail_usage (const GError *error, const char *command)
{
  /* GLib's own sentence, in whatever language, ends with the option. */
  const char *option = strchr (error->message, '-');
  if (g_error_matches (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) && option != NULL)
    return cli_fail (CLI_USAGE, "unknown option “%s” (see %s --help)", option, command);
  return cli_fail (CLI_USAGE, "%s (see %s --help)", error->message, command);
}
