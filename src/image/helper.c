/* The processes of contactfs-convert. */
#define G_LOG_DOMAIN "contactfs"

#include "image/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/protocol.h"

#define MAX_RUNNING 2
#define MAX_TIME    (30 * G_TIME_SPAN_SECOND) /* one picture */

struct ImageHelper {
  char *program;
  guint running;
  GQueue waiting; /* of GTask with a Run */
};

typedef struct {
  ImageHelper *helper;
  char *arguments[6];
  GBytes *inputs[2];
  gsize max_bytes;
  gint64 deadline;
  int output; /* -1: not there */
  int report;
  GSubprocess *process; /* NULL while it waits */
  guint timer;
  gboolean late;
  gboolean cancelled;
  GSource *cancel; /* or NULL */
  GBytes *made;
} Run;

static void start_waiting (ImageHelper *self);

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
run_free (gpointer data)
{
  Run *self = data;

  for (gsize i = 0; i < G_N_ELEMENTS (self->arguments); i++)
    g_free (self->arguments[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (self->inputs); i++)
    g_clear_pointer (&self->inputs[i], g_bytes_unref);
  close_fd (&self->output);
  close_fd (&self->report);
  g_clear_object (&self->process);
  g_clear_pointer (&self->made, g_bytes_unref);
  g_free (self);
}

ImageHelper *
image_helper_new (const char *program)
{
  ImageHelper *self = g_new0 (ImageHelper, 1);

  self->program = g_strdup (program);
  g_queue_init (&self->waiting);
  return self;
}

void
image_helper_free (ImageHelper *self)
{
  g_assert (self->running == 0 && g_queue_is_empty (&self->waiting));
  g_free (self->program);
  g_free (self);
}

/* ---- its answer ---- */

/* Consumes the task. error: transfer full; NULL: lines are the answer, transfer full. */
static void
run_end (GTask *task, char **lines, GError *error)
{
  Run *self = g_task_get_task_data (task);

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->cancel != NULL)
    g_source_destroy (self->cancel);
  g_clear_pointer (&self->cancel, g_source_unref);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, lines, (GDestroyNotify)g_strfreev);
  g_object_unref (task);
}

/* Who wrote it may be the picture itself. */
static char **
read_report (int fd)
{
  char text[IMAGE_HELPER_REPORT_MAX + 1];
  gssize size = pread (fd, text, IMAGE_HELPER_REPORT_MAX, 0);
  g_autofree char *valid = g_utf8_make_valid (text, MAX (size, 0));

  for (char *c = valid; *c != '\0'; c = g_utf8_next_char (c))
    if (*c != '\n' && g_unichar_iscntrl (g_utf8_get_char (c)))
      return g_new0 (char *, 1);
  return g_strsplit (g_strchomp (valid), "\n", -1);
}

static GBytes *
read_output (int fd, gsize max_bytes)
{
  struct stat status;
  g_autofree guint8 *data = NULL;
  gsize size;

  if (fstat (fd, &status) != 0 || status.st_size > (goffset)max_bytes)
    return NULL;
  size = (gsize)status.st_size;
  data = g_malloc (MAX (size, 1));
  if (pread (fd, data, size, 0) != (gssize)size)
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static GError *
why_it_died (const Run *self)
{
  const char *words = "cannot be decoded: the decoder gave up";

  if (self->late)
    words = "cannot be decoded: it takes too long";
  else if (g_subprocess_get_if_signaled (self->process))
    switch (g_subprocess_get_term_sig (self->process)) {
    case SIGXCPU:
      words = "cannot be decoded: it takes too long";
      break;
    case SIGXFSZ:
      words = "cannot be decoded: it becomes too large";
      break;
    default:
      words = "cannot be decoded: it makes the decoder crash";
      break;
    }
  return g_error_new_literal (IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, words);
}

static GError *
read_answer (Run *self, char ***lines)
{
  g_auto (GStrv) said = read_report (self->report);
  const char *outcome = said[0] != NULL ? said[0] : "";
  const char *sentence = said[0] != NULL && said[1] != NULL ? said[1] : "gives no reason";

  if (g_str_equal (outcome, IMAGE_HELPER_UNABLE))
    return g_error_new (IMAGE_ERROR, IMAGE_ERROR_HELPER, "pictures cannot be converted here: %s", sentence);
  if (!g_subprocess_get_successful (self->process))
    return why_it_died (self);
  if (!g_str_equal (outcome, IMAGE_HELPER_OK))
    return g_error_new_literal (IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, sentence);
  self->made = read_output (self->output, self->max_bytes);
  if (self->made == NULL)
    return g_error_new_literal (IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "cannot be decoded: it becomes too large");
  *lines = g_strdupv (said + 1);
  return NULL;
}

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Run *self = g_task_get_task_data (task);
  ImageHelper *helper = self->helper;
  char **lines = NULL;
  GError *error = NULL;

  g_subprocess_wait_finish (self->process, result, NULL); /* cannot fail without a cancellable */
  if (self->cancelled)
    g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error);
  else
    error = read_answer (self, &lines);
  helper->running--;
  run_end (task, lines, error);
  start_waiting (helper);
}

/* ---- its process ---- */

static gboolean
on_timeout (gpointer data)
{
  Run *self = g_task_get_task_data (data);

  self->timer = 0;
  self->late = TRUE;
  g_subprocess_force_exit (self->process);
  return G_SOURCE_REMOVE;
}

static int
make_file (GBytes *content)
{
  int fd = memfd_create (IMAGE_HELPER_PROGRAM, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  gsize size = 0, done = 0;
  const guint8 *data = content != NULL ? g_bytes_get_data (content, &size) : NULL;

  while (fd >= 0 && done < size) {
    gssize n = write (fd, data + done, size - done);

    if (n > 0)
      done += (gsize)n;
    else if (n == 0 || errno != EINTR)
      close_fd (&fd);
  }
  if (fd >= 0 && content != NULL && fcntl (fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    close_fd (&fd);
  return fd;
}

/* fd: -1 if it could not be made. */
static gboolean
give_file (GSubprocessLauncher *launcher, int fd, int number, GError **error)
{
  int copy = fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 10) : -1; /* clear of the numbers that it is to get */

  if (copy < 0) {
    g_set_error (error, IMAGE_ERROR, IMAGE_ERROR_HELPER, "no memory to convert the picture: %s", g_strerror (errno));
    return FALSE;
  }
  g_subprocess_launcher_take_fd (launcher, copy, number);
  return TRUE;
}

/* An environment of nothing but how to get memory: in large pieces that are kept, or clearing pages is half the work. */
static GSubprocess *
spawn (Run *self, GError **error)
{
  static const char *const environment[]
      = { "LC_ALL=C",
          "GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=1073741824:"
          "glibc.malloc.trim_threshold=1073741824:glibc.malloc.top_pad=67108864:glibc.malloc.arena_max=2",
          NULL };
  static const int numbers[] = { IMAGE_HELPER_INPUT, IMAGE_HELPER_SECOND };
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);

  self->output = make_file (NULL);
  self->report = make_file (NULL);
  if (!give_file (launcher, self->output, IMAGE_HELPER_OUTPUT, error)
      || !give_file (launcher, self->report, IMAGE_HELPER_REPORT, error))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (numbers) && self->inputs[i] != NULL; i++) {
    int fd = make_file (self->inputs[i]);
    gboolean given = give_file (launcher, fd, numbers[i], error);

    close_fd (&fd);
    if (!given)
      return NULL;
    g_clear_pointer (&self->inputs[i], g_bytes_unref);
  }
  g_subprocess_launcher_set_environ (launcher, (char **)environment);
  g_subprocess_launcher_set_cwd (launcher, "/");
  return g_subprocess_launcher_spawnv (launcher, (const char *const *)self->arguments, error);
}

static void
start (GTask *task)
{
  Run *self = g_task_get_task_data (task);
  gint64 left = self->deadline - g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  self->process = spawn (self, &error);
  if (self->process == NULL) {
    run_end (task, NULL,
             error->domain == IMAGE_ERROR ? g_steal_pointer (&error)
                                          : g_error_new (IMAGE_ERROR, IMAGE_ERROR_HELPER,
                                                         "pictures cannot be converted here: %s", error->message));
    return;
  }
  self->helper->running++;
  g_clear_handle_id (&self->timer, g_source_remove);
  self->timer = g_timeout_add ((guint)(CLAMP (left, 0, MAX_TIME) / 1000), on_timeout, task);
  g_subprocess_wait_async (self->process, NULL, on_ended, task);
}

static void
start_waiting (ImageHelper *self)
{
  while (self->running < MAX_RUNNING && !g_queue_is_empty (&self->waiting))
    start (g_queue_pop_head (&self->waiting));
}

/* ---- waiting ---- */

static void
leave_queue (GTask *task, GError *error)
{
  Run *self = g_task_get_task_data (task);

  g_queue_remove (&self->helper->waiting, task);
  run_end (task, NULL, error);
}

static gboolean
on_deadline (gpointer data)
{
  Run *self = g_task_get_task_data (data);

  self->timer = 0;
  leave_queue (data, g_error_new_literal (IMAGE_ERROR, IMAGE_ERROR_TIMED_OUT,
                                          "too many pictures wait to be converted; try again later"));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer data)
{
  Run *self = g_task_get_task_data (data);
  GError *error = NULL;

  self->cancelled = TRUE;
  if (self->process != NULL) {
    g_subprocess_force_exit (self->process);
  } else {
    g_cancellable_set_error_if_cancelled (cancellable, &error);
    leave_queue (data, error);
  }
  return G_SOURCE_REMOVE;
}

void
image_helper_run_async (ImageHelper *self, const ImageHelperRequest *request, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  gint64 left = MAX (request->deadline - g_get_monotonic_time (), 0);
  Run *run = g_new0 (Run, 1);

  run->helper = self;
  run->arguments[0] = g_strdup (self->program);
  run->arguments[1] = g_strdup (request->operation);
  run->arguments[2] = g_strdup (image_kind_mime_type (request->kind));
  run->arguments[3] = g_strdup_printf ("%u", request->max_side);
  run->arguments[4] = g_strdup_printf ("%" G_GSIZE_FORMAT, request->max_bytes);
  run->inputs[0] = g_bytes_ref (request->input);
  run->inputs[1] = request->second != NULL ? g_bytes_ref (request->second) : NULL;
  run->max_bytes = request->max_bytes;
  run->deadline = request->deadline;
  run->output = run->report = -1;
  g_task_set_source_tag (task, image_helper_run_async);
  g_task_set_task_data (task, run, run_free);
  g_task_set_check_cancellable (task, FALSE);
  if (cancellable != NULL) {
    run->cancel = g_cancellable_source_new (cancellable);
    g_source_set_callback (run->cancel, G_SOURCE_FUNC (on_cancelled), task, NULL);
    g_source_attach (run->cancel, g_main_context_get_thread_default ());
  }
  run->timer = g_timeout_add ((guint)MIN (left / 1000, G_MAXINT32), on_deadline, task);
  g_queue_push_tail (&self->waiting, task);
  start_waiting (self);
}

char **
image_helper_run_finish (GAsyncResult *result, GBytes **output, GError **error)
{
  char **lines = g_task_propagate_pointer (G_TASK (result), error);

  if (lines != NULL && output != NULL) {
    Run *self = g_task_get_task_data (G_TASK (result));

    *output = g_steal_pointer (&self->made);
  }
  return lines;
}
