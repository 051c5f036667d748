/*
 * The log writer. GLib takes exactly one writer for the life of a process, so this one looks at a state.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/log.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "fs/fs.h"

#define WARNINGS (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)

static struct {
  /* set on the main thread, read by workers' warnings: atomically */
  int verbose;
  int to_system;
  int to_stderr; /* a GLogLevelFlags: the levels that go there */
  gboolean journald;
  char *account; /* or NULL */
  char *mountpoint;
} state = { .to_stderr = G_LOG_LEVEL_MASK };

static const char *
field (const GLogField *fields, gsize count, const char *key)
{
  for (gsize i = 0; i < count; i++)
    if (strcmp (fields[i].key, key) == 0 && fields[i].length == -1)
      return fields[i].value;
  return NULL;
}

static const char *
level_name (GLogLevelFlags level)
{
  switch (level & G_LOG_LEVEL_MASK) {
  case G_LOG_LEVEL_ERROR:
    return "error";
  case G_LOG_LEVEL_CRITICAL:
    return "critical";
  case G_LOG_LEVEL_WARNING:
    return "warning";
  case G_LOG_LEVEL_MESSAGE:
    return "message";
  case G_LOG_LEVEL_INFO:
    return "info";
  default:
    return "debug";
  }
}

static int
syslog_level (GLogLevelFlags level)
{
  switch (level & G_LOG_LEVEL_MASK) {
  case G_LOG_LEVEL_ERROR:
    return LOG_CRIT;
  case G_LOG_LEVEL_CRITICAL:
    return LOG_ERR;
  case G_LOG_LEVEL_WARNING:
    return LOG_WARNING;
  case G_LOG_LEVEL_MESSAGE:
    return LOG_NOTICE;
  case G_LOG_LEVEL_INFO:
    return LOG_INFO;
  default:
    return LOG_DEBUG;
  }
}

/* Others' words come along in messages (a service's, a command's): no line breaks, no terminal sequences. */
static char *
one_line (const char *message)
{
  char *line = g_strdup (message);
  for (char *c = line; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      *c = ' ';
  return g_strchomp (line);
}

static void
write_stderr (GLogLevelFlags level, const char *line)
{
  if (g_atomic_int_get (&state.verbose)) {
    g_autoptr (GDateTime) now = g_date_time_new_now_local ();
    g_autofree char *time = g_date_time_format (now, "%H:%M:%S.%f");
    fprintf (stderr, "%s contactfs: %s: %s\n", time, level_name (level), line);
  } else {
    fprintf (stderr, "contactfs: %s: %s\n", level_name (level), line);
  }
}

static void
add_field (GArray *fields, const char *key, const char *value)
{
  const GLogField added = { key, value, -1 };
  if (value != NULL)
    g_array_append_val (fields, added);
}

static void
write_journald (GLogLevelFlags level, const char *line, const GLogField *fields, gsize count)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (GLogField));
  g_autofree char *number = NULL;
  for (gsize i = 0; i < count; i++) {
    if (strcmp (fields[i].key, BOOK_LOG_ERROR) == 0)
      number = g_strdup_printf ("%d", fs_errno (fields[i].value));
    else if (strcmp (fields[i].key, "MESSAGE") != 0)
      g_array_append_val (all, fields[i]);
  }
  add_field (all, "MESSAGE", line);
  add_field (all, "CONTACTFS_ERRNO", number);
  add_field (all, "CONTACTFS_ACCOUNT", state.account);
  add_field (all, "CONTACTFS_MOUNTPOINT", state.mountpoint);
  /* native messages carry no identifier of themselves, and `journalctl -t contactfs` asks for it */
  add_field (all, "SYSLOG_IDENTIFIER", "contactfs");
  g_log_writer_journald (level, (const GLogField *)all->data, all->len, NULL);
}

static GLogWriterOutput
log_writer (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
  const char *message = field (fields, count, "MESSAGE");
  if (message == NULL)
    return G_LOG_WRITER_HANDLED;
  if (level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) {
    /* libraries' debug messages are for those who ask by $G_MESSAGES_DEBUG */
    const char *domain = field (fields, count, "GLIB_DOMAIN");
    if (!g_atomic_int_get (&state.verbose) || g_strcmp0 (domain, G_LOG_DOMAIN) != 0)
      return G_LOG_WRITER_HANDLED;
  }

  g_autofree char *line = one_line (message);
  if (g_atomic_int_get (&state.to_stderr) & level)
    write_stderr (level, line);
  if (g_atomic_int_get (&state.to_system)) {
    if (state.journald)
      write_journald (level, line, fields, count);
    else
      syslog (syslog_level (level), "%s", line);
  }
  return G_LOG_WRITER_HANDLED;
}

void
log_init (void)
{
  g_log_set_writer_func (log_writer, NULL, NULL);
}

void
log_set_verbose (gboolean verbose)
{
  g_atomic_int_set (&state.verbose, verbose);
}

void
log_set_context (const char *account, const char *mountpoint)
{
  state.account = g_strdup (account);
  state.mountpoint = g_strdup (mountpoint);
}

gboolean
log_stderr_is_journal (void)
{
  return g_log_writer_is_journald (STDERR_FILENO);
}

void
log_to_system (gboolean warnings_to_stderr)
{
  if (!g_atomic_int_get (&state.to_system)) {
    state.journald = g_file_test ("/run/systemd/journal/socket", G_FILE_TEST_EXISTS);
    if (!state.journald)
      openlog ("contactfs", LOG_PID, LOG_DAEMON);
    g_atomic_int_set (&state.to_system, TRUE);
  }
  g_atomic_int_set (&state.to_stderr, warnings_to_stderr ? WARNINGS : 0);
}
