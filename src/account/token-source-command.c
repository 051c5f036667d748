/*
 * Tokens from a command. It runs in a process group of its own, which is killed whole when nobody waits any more. What
 * it prints is read while it runs; when it has ended, what is still in the pipes is read and no more waited for: it may
 * have left a daemon behind that holds them open.
 */
#define G_LOG_DOMAIN "contactfs"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "account/token-source.h"
#include "net/error.h"
#include "net/secret.h"
#include "net/text.h"

/* Of what is printed: more than a token or a last line needs. The rest is read and dropped. */
#define MAX_OUTPUT 32768

typedef struct {
  GPollableInputStream *stream; /* of the subprocess */
  GSource *source;
  char *text; /* MAX_OUTPUT + 1 */
  gsize length;
  gboolean newest; /* keep the end (stderr), else the beginning (stdout) */
} Capture;

typedef struct {
  GSubprocess *process;
  pid_t group;
  Capture out, err;
  GSource *cancel_source;
} Command;

/* ---- reading ---- */

static void
capture_append (Capture *self, const char *data, gsize size)
{
  gsize free_space = MAX_OUTPUT - self->length;

  if (size > free_space && self->newest) {
    gsize drop = MIN (self->length, size - free_space);

    memmove (self->text, self->text + drop, self->length - drop);
    self->length -= drop;
    free_space += drop;
  }
  size = MIN (size, free_space);
  memcpy (self->text + self->length, data, size);
  self->length += size;
}

/* FALSE at the end of the stream. */
static gboolean
capture_read (Capture *self)
{
  char chunk[4096];
  gssize got;
  g_autoptr (GError) error = NULL;

  while ((got = g_pollable_input_stream_read_nonblocking (self->stream, chunk, sizeof chunk, NULL, &error)) > 0)
    capture_append (self, chunk, (gsize)got);
  explicit_bzero (chunk, sizeof chunk);
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static gboolean
on_readable (GObject *stream, gpointer data)
{
  return capture_read (data) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
capture_start (Capture *self, GInputStream *stream, gboolean newest)
{
  self->stream = G_POLLABLE_INPUT_STREAM (stream);
  self->newest = newest;
  self->text = g_malloc0 (MAX_OUTPUT + 1);
  self->source = g_pollable_input_stream_create_source (self->stream, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static void
destroy_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
capture_clear (Capture *self)
{
  destroy_source (&self->source);
  if (self->text != NULL)
    explicit_bzero (self->text, MAX_OUTPUT);
  g_clear_pointer (&self->text, g_free);
}

/* ---- what came of it ---- */

static void
command_free (Command *self)
{
  destroy_source (&self->cancel_source);
  capture_clear (&self->out);
  capture_clear (&self->err);
  g_clear_object (&self->process);
  g_free (self);
}

static char *
last_line (char *text)
{
  char *end = g_strchomp (text), *newline = strrchr (end, '\n');

  return text_clean (newline != NULL ? newline + 1 : end);
}

/* stderr's last line, unless the token itself stands in it. */
static char *
explain (Command *self)
{
  g_autofree char *line = last_line (self->err.text);
  const char *printed = g_strstrip (self->out.text);

  if (line == NULL || (printed[0] != '\0' && strstr (line, printed) != NULL))
    return g_strdup ("it printed no reason");
  return g_steal_pointer (&line);
}

static void
command_judge (Command *self, GTask *task)
{
  g_autofree char *why = explain (self);
  const char *token = g_strstrip (self->out.text);

  if (g_subprocess_get_if_signaled (self->process))
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                             "the token command was ended by signal %d (%s): run it in a terminal to see why",
                             g_subprocess_get_term_sig (self->process), why);
  else if (g_subprocess_get_exit_status (self->process) != 0)
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the token command failed with exit status %d: %s",
                             g_subprocess_get_exit_status (self->process), why);
  else if (token[0] == '\0')
    g_task_return_new_error (
        task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "the token command printed nothing on its standard output (%s): it must print an access token", why);
  else if (!secret_is_token (token))
    g_task_return_new_error (
        task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "what the token command printed is not an access token: it must print the token and nothing "
        "else, one word of printable ASCII");
  else
    access_token_return (task, g_strdup (token), 0, NULL);
}

static void
on_exit_status (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Command *self = g_task_get_task_data (task);

  g_subprocess_wait_finish (self->process, result, NULL);
  destroy_source (&self->cancel_source);
  if (g_task_return_error_if_cancelled (task))
    return;
  capture_read (&self->out);
  capture_read (&self->err);
  command_judge (self, task);
}

/* ---- running ---- */

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Command *self = data;

  /* Reaped, its number may be somebody else's by now. */
  if (g_subprocess_get_identifier (self->process) != NULL)
    kill (-self->group, SIGKILL);
  return G_SOURCE_REMOVE;
}

static void
become_group (gpointer data)
{
  setpgid (0, 0);
}

static GSubprocess *
spawn (const char *command, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);

  g_subprocess_launcher_set_child_setup (launcher, become_group, NULL, NULL);
  return g_subprocess_launcher_spawn (launcher, error, "/bin/sh", "-c", command, NULL);
}

static void
command_make_async (gpointer data, gint64 *deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Command *self = g_new0 (Command, 1);
  g_autoptr (GError) error = NULL;
  const char *pid;

  g_task_set_task_data (task, self, (GDestroyNotify)command_free);
  self->process = spawn (data, &error);
  if (self->process == NULL) {
    g_task_return_new_error (task, PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "the token command could not be started: %s",
                             error->message);
    g_object_unref (task);
    return;
  }
  pid = g_subprocess_get_identifier (self->process);
  self->group = pid != NULL ? (pid_t)g_ascii_strtoll (pid, NULL, 10) : 0;
  capture_start (&self->out, g_subprocess_get_stdout_pipe (self->process), FALSE);
  capture_start (&self->err, g_subprocess_get_stderr_pipe (self->process), TRUE);
  if (self->group > 1) {
    self->cancel_source = g_cancellable_source_new (cancellable);
    g_source_set_callback (self->cancel_source, G_SOURCE_FUNC (on_cancelled), self, NULL);
    g_source_attach (self->cancel_source, g_main_context_get_thread_default ());
  }
  g_subprocess_wait_async (self->process, NULL, on_exit_status, task);
}

static char *
command_advice (gpointer data, TokenProblem problem)
{
  return g_strdup (problem == TOKEN_PROBLEM_SCOPE
                       ? "the token command must print a token with the scope " CONTACTS_SCOPE
                       : "the token command must print another one; what it prints now has ended, or was never good");
}

static const TokenSource command_source = {
  .make_async = command_make_async,
  .advice = command_advice,
  .free = g_free,
};

TokenCache *
token_cache_new_command (const char *command)
{
  return token_cache_new (&command_source, g_strdup (command), g_strdup ("token command"));
}
