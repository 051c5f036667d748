/*
 * Finds people-emulator, starts it with a pipe as its stdin (--until-eof: the kernel closes ours when we die, and it
 * ends), and waits for the address that it writes to --ready-fd.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/demo.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "net/json.h"
#include "settings/folders.h"
#include "settings/programs.h"

#define DEMO_PROGRAM       "people-emulator"
#define DEMO_READY_FD      3
#define DEMO_START_TIMEOUT (30 * G_TIME_SPAN_SECOND)

/* A Ctrl-C in the terminal is for us: we finish what was promised first, and for that the service must be there. */
static void
leave_process_group (gpointer data)
{
  setpgid (0, 0);
}

/* ---- ports ---- */

typedef struct {
  guint16 api, photo; /* 0: any */
} Ports;

static gboolean
port_is_free (guint16 port)
{
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, port);
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  return socket != NULL && g_socket_bind (socket, address, TRUE, NULL);
}

static Ports
read_ports (const char *file)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (file, &text, NULL, NULL))
    return (Ports){ 0 };
  char *rest;
  guint64 api = g_ascii_strtoull (text, &rest, 10);
  guint64 photo = g_ascii_strtoull (rest, NULL, 10);
  if (api == 0 || api > G_MAXUINT16 || photo == 0 || photo > G_MAXUINT16)
    return (Ports){ 0 };
  Ports ports = { (guint16)api, (guint16)photo };
  return port_is_free (ports.api) && port_is_free (ports.photo) ? ports : (Ports){ 0 };
}

static int
port_of (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  return uri != NULL ? g_uri_get_port (uri) : 0;
}

static void
keep_ports (const char *file, const char *api_url, const char *photo_url)
{
  g_autofree char *text = g_strdup_printf ("%d %d\n", port_of (api_url), port_of (photo_url));
  g_autoptr (GError) error = NULL;
  if (!g_file_set_contents (file, text, -1, &error))
    g_warning ("the next demo will not know this one's photos: %s", error->message);
}

/* ---- the process ---- */

static GSubprocess *
spawn (const char *program, const char *folder, Ports ports, const char *credentials, const char *control_key,
       const char *log, int ready_fd, GError **error)
{
  g_autofree char *api_port = g_strdup_printf ("%u", ports.api);
  g_autofree char *photo_port = g_strdup_printf ("%u", ports.photo);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  if (log != NULL)
    g_subprocess_launcher_set_stderr_file_path (launcher, log);
  g_subprocess_launcher_set_child_setup (launcher, leave_process_group, NULL, NULL);
  g_subprocess_launcher_take_fd (launcher, ready_fd, DEMO_READY_FD);
  return g_subprocess_launcher_spawn (
      launcher, error, program, "--state-dir", folder, "--port", api_port, "--photo-port", photo_port, "--until-eof",
      "--ready-fd", G_STRINGIFY (DEMO_READY_FD), "--demo-credentials", credentials, "--control-key", control_key, NULL);
}

/* The line that the emulator writes when it listens; NULL when it ends first, or takes too long. */
static char *
read_line (int fd)
{
  gint64 deadline = g_get_monotonic_time () + DEMO_START_TIMEOUT;
  g_autoptr (GString) line = g_string_new (NULL);
  for (;;) {
    gint64 left = deadline - g_get_monotonic_time ();
    GPollFD poll = { .fd = fd, .events = G_IO_IN };
    if (left <= 0)
      return NULL;
    if (g_poll (&poll, 1, (int)(left / 1000) + 1) <= 0)
      continue;
    char c;
    gssize count = read (fd, &c, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return NULL;
    if (c == '\n')
      return g_string_free (g_steal_pointer (&line), FALSE);
    g_string_append_c (line, c);
  }
}

char *
demo_find_program (GError **error)
{
  char *program = programs_find (DEMO_PROGRAM, "emulator");
  if (program == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "the demo needs " DEMO_PROGRAM
                 ", which is neither next to contactfs nor in $PATH; on Debian it is a package of that "
                 "name");
  return program;
}

char *
demo_folder (void)
{
  g_autofree char *folder = g_build_filename (g_get_user_state_dir (), "contactfs", "demo-service", NULL);
  return g_canonicalize_filename (folder, NULL);
}

Demo *
demo_start (const char *folder, gboolean foreground, GError **error)
{
  if (!folders_make (folder, error))
    return NULL;
  g_autofree char *program = demo_find_program (error);
  if (program == NULL)
    return NULL;
  int fds[2];
  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return NULL;

  g_autoptr (Demo) self = g_new0 (Demo, 1);
  g_autofree char *log = g_build_filename (folder, "log", NULL);
  g_autofree char *ports = g_build_filename (folder, "ports", NULL);
  g_autofree char *control_key = g_build_filename (folder, "control-key", NULL);
  self->credentials = g_build_filename (folder, "credentials.json", NULL);
  self->process = spawn (program, folder, read_ports (ports), self->credentials, control_key, foreground ? NULL : log,
                         fds[1], error);
  g_autofree char *line = self->process != NULL ? read_line (fds[0]) : NULL;
  close (fds[0]);
  if (self->process == NULL)
    return NULL;

  g_autoptr (JsonValue) addresses = line != NULL ? json_parse (line, strlen (line), NULL) : NULL;
  const char *photo_url = json_string (addresses, "photo_url");
  self->api_url = g_strdup (json_string (addresses, "api_url"));
  if (self->api_url == NULL || photo_url == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the demo's server %s did not start%s%s", program,
                 foreground ? "" : "; why is in ", foreground ? "" : log);
    return NULL;
  }
  keep_ports (ports, self->api_url, photo_url);
  return g_steal_pointer (&self);
}

void
demo_stop (Demo *self)
{
  if (self == NULL)
    return;
  if (self->process != NULL) {
    g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, NULL);
    g_subprocess_send_signal (self->process, SIGTERM);
    g_subprocess_wait (self->process, NULL, NULL);
    g_object_unref (self->process);
  }
  g_free (self->api_url);
  g_free (self->credentials);
  g_free (self);
}
