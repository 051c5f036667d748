/*
 * Lines of a report.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/report.h"

#include <stdio.h>
#include <unistd.h>

#include "net/json.h"

typedef struct {
  ReportState state;
  const char *check;
  char *sentence;
} Line;

struct Report {
  GPtrArray *lines; /* of Line */
};

static void
line_free (gpointer data)
{
  Line *self = data;
  g_free (self->sentence);
  g_free (self);
}

Report *
report_new (void)
{
  Report *self = g_new0 (Report, 1);
  self->lines = g_ptr_array_new_with_free_func (line_free);
  return self;
}

void
report_free (Report *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->lines);
  g_free (self);
}

void
report_add (Report *self, ReportState state, const char *check, const char *format, ...)
{
  Line *line = g_new0 (Line, 1);
  line->state = state;
  line->check = check;
  va_list arguments;
  va_start (arguments, format);
  line->sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  /* services' and commands' words come along: one line, no terminal sequences */
  for (char *c = line->sentence; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  g_ptr_array_add (self->lines, line);
}

static guint
count_bad (const Report *self)
{
  guint count = 0;
  for (guint i = 0; i < self->lines->len; i++)
    if (((const Line *)g_ptr_array_index (self->lines, i))->state == REPORT_BAD)
      count++;
  return count;
}

gboolean
report_is_good (const Report *self)
{
  return count_bad (self) == 0;
}

void
report_print (const Report *self)
{
  static const char *const plain[] = { "ok ", "BAD", "-  " };
  static const char *const marks[] = { "\033[32m✓\033[0m", "\033[31m✗\033[0m", "–" };
  const char *const *shown = isatty (STDOUT_FILENO) && g_get_charset (NULL) ? marks : plain;
  for (guint i = 0; i < self->lines->len; i++) {
    const Line *line = g_ptr_array_index (self->lines, i);
    printf ("%s %-12s %s\n", shown[line->state], line->check, line->sentence);
  }
  guint bad = count_bad (self);
  if (bad == 0)
    printf ("no problems\n");
  else
    printf ("%u %s\n", bad, bad == 1 ? "problem" : "problems");
}

void
report_print_json (const Report *self)
{
  static const char *const names[] = { "good", "bad", "skipped" };
  printf ("[");
  for (guint i = 0; i < self->lines->len; i++) {
    const Line *line = g_ptr_array_index (self->lines, i);
    g_autofree char *sentence = json_quote (line->sentence);
    printf ("%s{\"check\":\"%s\",\"state\":\"%s\",\"text\":%s}", i > 0 ? ",\n " : "", line->check, names[line->state],
            sentence);
  }
  printf ("]\n");
}
