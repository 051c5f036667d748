#define G_LOG_DOMAIN "contactfs"

#include "cli/fail.h"

#include <stdio.h>

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
