/* contactfs-convert itself, sandbox and all: what it is asked, what it answers, and what it takes for no question at all. */
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/header.h"
#include "image/protocol.h"
#include "pictures.h"

typedef struct {
  const char *arguments[5];      /* all that there are, the last ones NULL */
  const char *input, *second;    /* pictures; NULL: no such file; "": an empty one */
  gboolean no_output, no_report; /* cannot be written */
} Question;

typedef struct {
  int status;
  char *report, *errors;
  GBytes *output;
} Answer;

static int
make_file (GSubprocessLauncher *launcher, int number, const char *name, gboolean is_read_only)
{
  int fd = memfd_create ("test", MFD_CLOEXEC), given;
  g_autoptr (GByteArray) content = name != NULL && name[0] != '\0' ? picture_load (name) : NULL;

  if (content != NULL)
    g_assert_cmpint (write (fd, content->data, content->len), ==, content->len);
  given = is_read_only ? open ("/dev/null", O_RDONLY | O_CLOEXEC) : fd;
  g_subprocess_launcher_take_fd (launcher, fcntl (given, F_DUPFD_CLOEXEC, 20), number);
  if (given != fd)
    close (given);
  return fd;
}

static GBytes *
read_file (int fd)
{
  gsize size = (gsize)lseek (fd, 0, SEEK_END);
  g_autofree guint8 *data = g_malloc (size + 1);

  g_assert_cmpint (pread (fd, data, size, 0), ==, size);
  close (fd);
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

static void
ask (const Question *question, Answer *answer)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GBytes) report = NULL;
  g_autoptr (GError) error = NULL;
  int files[] = { -1, -1 };

  g_ptr_array_add (arguments, (char *)g_getenv ("CONTACTFS_CONVERT"));
  for (gsize i = 0; i < G_N_ELEMENTS (question->arguments) && question->arguments[i] != NULL; i++)
    g_ptr_array_add (arguments, (char *)question->arguments[i]);
  g_ptr_array_add (arguments, NULL);
  if (question->input != NULL)
    close (make_file (launcher, IMAGE_HELPER_INPUT, question->input, FALSE));
  if (question->second != NULL)
    close (make_file (launcher, IMAGE_HELPER_SECOND, question->second, FALSE));
  files[0] = make_file (launcher, IMAGE_HELPER_OUTPUT, NULL, question->no_output);
  files[1] = make_file (launcher, IMAGE_HELPER_REPORT, NULL, question->no_report);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *)arguments->pdata, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &answer->errors, &error);
  g_assert_no_error (error);
  answer->status = g_subprocess_get_if_exited (process) ? g_subprocess_get_exit_status (process) : -1;
  answer->output = read_file (files[0]);
  report = read_file (files[1]);
  answer->report = g_strndup (g_bytes_get_data (report, NULL), g_bytes_get_size (report));
}

static void
answer_clear (Answer *self)
{
  g_free (self->report);
  g_free (self->errors);
  g_bytes_unref (self->output);
}

static void
test_no_question (void)
{
  static const Question questions[] = {
    { .arguments = { NULL } },
    { .arguments = { "convert", "image/gif", "100" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/gif", "100", "100000", "more" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/x-icon", "100", "100000" }, .input = "picture.gif" },
    { .arguments = { "convert", "application/octet-stream", "100", "100000" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/gif", "0", "100000" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/gif", "many", "100000" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/gif", "2147483648", "100000" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/gif", "100", "0" }, .input = "picture.gif" },
    { .arguments = { "convert", "image/gif", "100", "100000" } },
    { .arguments = { "convert", "image/gif", "100", "100000" }, .input = "" },
    { .arguments = { "compare", "image/jpeg", "1", "1" }, .input = "baseline.jpg" },
    { .arguments = { "compare", "image/jpeg", "1", "1" }, .input = "baseline.jpg", .second = "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++) {
    Answer answer;

    g_test_message ("case %zu", i);
    ask (&questions[i], &answer);
    g_assert_cmpint (answer.status, ==, 2);
    g_assert_cmpstr (answer.errors, ==, "contactfs-convert is run by contactfs, not by people.\n");
    g_assert_cmpstr (answer.report, ==, "");
    g_assert_cmpuint (g_bytes_get_size (answer.output), ==, 0);
    answer_clear (&answer);
  }
}

static void
test_answers (void)
{
  static const struct {
    Question question;
    const char *report; /* its beginning */
    gboolean makes;     /* an upright JPEG */
  } cases[] = {
    { { .arguments = { "convert", "image/gif", "100", "100000" }, .input = "picture.gif" }, "ok", TRUE },
    { { .arguments = { "convert", "image/png", "20", "100000" }, .input = "rgb.png" }, "ok\nscaled from ", TRUE },
    { { .arguments = { "convert", "image/png", "100", "300" }, .input = "rgb.png" },
      "failed\ndoes not fit into 300 bytes",
      FALSE },
    { { .arguments = { "convert", "image/png", "100", "100000" }, .input = "picture.gif" },
      "failed\ncannot be read",
      FALSE },
    { { .arguments = { "turn", "image/jpeg", "200", "100000" }, .input = "turned6.jpg" },
      "ok\nturned upright without loss (its EXIF orientation was 6)",
      TRUE },
    { { .arguments = { "turn", "image/jpeg", "2000", "100000" }, .input = "arithmetic.jpg" },
      "ok\nrecoded without loss (few programs know arithmetic coding)",
      TRUE },
    { { .arguments = { "turn", "image/jpeg", "2000", "100000" }, .input = "baseline.jpg" }, "ok", TRUE },
    { { .arguments = { "verify", "image/jpeg", "1", "1" }, .input = "baseline.jpg" }, "ok", FALSE },
    { { .arguments = { "verify", "image/jpeg", "1", "1" }, .input = "rgb.png" }, "failed\n", FALSE },
    { { .arguments = { "compare", "image/jpeg", "1", "1" }, .input = "pattern-small.jpg", .second = "pattern.png" },
      "ok\nsame",
      FALSE },
    { { .arguments = { "compare", "image/jpeg", "1", "1" }, .input = "baseline.jpg", .second = "pattern.png" },
      "ok\nother",
      FALSE },
    { { .arguments = { "compare", "image/jpeg", "1", "1" }, .input = "baseline.jpg", .second = "picture.gif" },
      "failed\n",
      FALSE },
    { { .arguments = { "convert", "image/gif", "100", "100000" }, .input = "picture.gif", .no_output = TRUE },
      "failed\ncould not be handed over",
      FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    ImageHeader header;
    Answer answer;

    ask (&cases[i].question, &answer);
    g_test_message ("case %zu: %s", i, answer.report);
    g_assert_cmpint (answer.status, ==, 0);
    g_assert_true (g_str_has_prefix (answer.report, cases[i].report));
    g_assert_cmpint (
        image_read_header (g_bytes_get_data (answer.output, NULL), g_bytes_get_size (answer.output), &header, NULL), ==,
        cases[i].makes);
    if (cases[i].makes)
      g_assert_true (header.kind == IMAGE_KIND_JPEG && header.orientation == 1);
    answer_clear (&answer);
  }
}

/* Whoever asked must not take silence for an answer. */
static void
test_mute (void)
{
  static const Question questions[] = {
    { .arguments = { "convert", "image/gif", "100", "100000" }, .input = "picture.gif", .no_report = TRUE },
    { .arguments = { "convert", "image/png", "100", "100000" }, .input = "picture.gif", .no_report = TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (questions); i++) {
    Answer answer;

    ask (&questions[i], &answer);
    g_assert_cmpint (answer.status, ==, 1);
    answer_clear (&answer);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/convert/no-question", test_no_question);
  g_test_add_func ("/convert/answers", test_answers);
  g_test_add_func ("/convert/mute", test_mute);
  return g_test_run ();
}
