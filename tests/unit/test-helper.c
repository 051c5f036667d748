/* What becomes of the helper's answers, of its ends and of its turn, and what is made of what it made. In its place: shell scripts. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helpers.h"
#include "image/header.h"
#include "image/prepare.h"
#include "image/protocol.h"
#include "pictures.h"

#define AMPLE     (600 * G_TIME_SPAN_SECOND)
#define MAX_BYTES 10

typedef struct {
  char *folder, *program;
  ImageHelper *helper;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_folder_new ();
  f->program = g_build_filename (f->folder, "helper", NULL);
  f->helper = image_helper_new (f->program);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  image_helper_free (f->helper);
  g_free (f->program);
  test_folder_remove (f->folder);
}

static void
write_program (Fixture *f, const char *script)
{
  g_autofree char *text = g_strconcat ("#!/bin/sh\n", script, "\n", NULL);

  g_assert_true (g_file_set_contents (f->program, text, -1, NULL));
  g_assert_cmpint (g_chmod (f->program, 0700), ==, 0);
}

static void
keep (GObject *source, GAsyncResult *result, gpointer slot)
{
  *(GAsyncResult **)slot = g_object_ref (result);
}

static GAsyncResult *
await (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *slot;
}

static void
begin (Fixture *f, gint64 time, GCancellable *cancellable, GAsyncResult **slot)
{
  g_autoptr (GBytes) input = g_bytes_new_static ("picture\n", 8);
  ImageHelperRequest request = { .operation = "convert",
                                 .kind = IMAGE_KIND_GIF,
                                 .max_side = 4096,
                                 .max_bytes = MAX_BYTES,
                                 .input = input,
                                 .deadline = g_get_monotonic_time () + time };

  image_helper_run_async (f->helper, &request, cancellable, keep, slot);
}

static char **
run (Fixture *f, GBytes **output, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  begin (f, AMPLE, NULL, &result);
  return image_helper_run_finish (await (&result), output, error);
}

/* ---- its answers ---- */

static void
test_good (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *script;
    const char *lines, *output; /* lines: joined by a stroke */
  } cases[] = {
    { "printf 'ok\\nturned\\nscaled\\n' >&5; printf JPEG >&4", "turned|scaled", "JPEG" },
    { "printf ok >&5", "", "" },
    { "printf ok >&5; printf 1234567890 >&4", "", "1234567890" },
    { "printf 'ok\\na\\377b' >&5", "a\357\277\275b", "" },
    { "printf 'ok\\n%s' \"$(/bin/cat /proc/self/fd/3)\" >&5", "picture", "" },
    { "printf 'ok\\n%s\\n%s\\n%s\\n%s' \"$@\" >&5", "convert|image/gif|4096|10", "" },
    { "echo to the log; echo and here >&2; printf ok >&5", "", "" },
    { "echo more >&3 && exit 1; printf ok >&5", "", "" }, /* nobody writes to the input */
    { "[ -e /proc/self/fd/6 ] && exit 1; [ \"$PWD\" = / ] && [ -z \"$HOME\" ] && printf ok >&5", "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) output = NULL;
    g_auto (GStrv) lines = NULL;
    g_autofree char *joined = NULL;

    g_test_message ("%s", cases[i].script);
    write_program (f, cases[i].script);
    lines = run (f, &output, &error);
    g_assert_no_error (error);
    joined = g_strjoinv ("|", lines);
    g_assert_cmpstr (joined, ==, cases[i].lines);
    g_assert_cmpmem (g_bytes_get_data (output, NULL), g_bytes_get_size (output), cases[i].output,
                     strlen (cases[i].output));
  }
}

static void
test_bad (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *script;
    int code;
    const char *words;
  } cases[] = {
    { "printf 'failed\\nis odd' >&5", IMAGE_ERROR_CUT_OFF, "is odd" },
    { "printf failed >&5", IMAGE_ERROR_CUT_OFF, "gives no reason" },
    { "true", IMAGE_ERROR_CUT_OFF, "gives no reason" },
    { "printf 'okay' >&5", IMAGE_ERROR_CUT_OFF, "gives no reason" },
    { "printf 'ok\\n\\033[2J' >&5", IMAGE_ERROR_CUT_OFF, "gives no reason" },
    { "printf 'failed\\n\\302\\233 2J' >&5", IMAGE_ERROR_CUT_OFF, "gives no reason" },
    { "printf 'unable\\nno sandbox' >&5; exit 1", IMAGE_ERROR_HELPER, "pictures cannot be converted here: no sandbox" },
    { "printf unable >&5", IMAGE_ERROR_HELPER, "pictures cannot be converted here: gives no reason" },
    { "printf ok >&5; exit 1", IMAGE_ERROR_CUT_OFF, "cannot be decoded: the decoder gave up" },
    { "kill -SEGV $$", IMAGE_ERROR_CUT_OFF, "cannot be decoded: it makes the decoder crash" },
    { "kill -XCPU $$", IMAGE_ERROR_CUT_OFF, "cannot be decoded: it takes too long" },
    { "kill -XFSZ $$", IMAGE_ERROR_CUT_OFF, "cannot be decoded: it becomes too large" },
    { "printf ok >&5; printf 12345678901 >&4", IMAGE_ERROR_CUT_OFF, "cannot be decoded: it becomes too large" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", cases[i].script);
    write_program (f, cases[i].script);
    g_assert_null (run (f, NULL, &error));
    g_assert_error (error, IMAGE_ERROR, cases[i].code);
    g_assert_cmpstr (error->message, ==, cases[i].words);
  }
}

static void
test_no_program (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (run (f, NULL, &error));
  g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_HELPER);
  g_assert_true (g_str_has_prefix (error->message, "pictures cannot be converted here: "));
}

/* Whichever file cannot be had, it is this computer's fault, and never called the picture's. */
static void
test_too_many_files (Fixture *f, gconstpointer data)
{
  struct rlimit before, limit;
  guint failed = 0;
  int unused = dup (0);

  close (unused);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &before), ==, 0);
  write_program (f, "printf ok >&5");
  for (rlim_t more = 0;; more++) {
    g_autoptr (GError) error = NULL;
    g_auto (GStrv) lines = NULL;

    limit = (struct rlimit){ (rlim_t)unused + more, before.rlim_max };
    g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
    lines = run (f, NULL, &error);
    g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
    if (lines != NULL)
      break;
    g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_HELPER);
    failed++;
  }
  g_assert_cmpuint (failed, >=, 4);
}

static void
test_no_memory (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *large = g_strnfill (5000, 'x');
  g_autoptr (GBytes) input = g_bytes_new_static (large, 5000);
  ImageHelperRequest request = { "verify", IMAGE_KIND_JPEG, 1, 1, input, NULL, g_get_monotonic_time () + AMPLE };

  write_program (f, "printf ok >&5");
  test_disk_full (TRUE);
  image_helper_run_async (f->helper, &request, NULL, keep, &result);
  g_assert_null (image_helper_run_finish (await (&result), NULL, &error));
  test_disk_full (FALSE);
  g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_HELPER);
  g_assert_true (g_str_has_prefix (error->message, "no memory to convert the picture: "));
}

/* ---- its turn ---- */

static void
test_late (Fixture *f, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  write_program (f, "exec /usr/bin/tail -f /dev/null");
  begin (f, G_TIME_SPAN_SECOND / 5, NULL, &result);
  g_assert_null (image_helper_run_finish (await (&result), NULL, &error));
  g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF);
  g_assert_cmpstr (error->message, ==, "cannot be decoded: it takes too long");
}

static void
assert_cancelled (GAsyncResult **result)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (image_helper_run_finish (await (result), NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Two have the helpers. Of those that wait, one has no time, one gives up, and two have their turn when the first end. */
static void
test_queue (Fixture *f, gconstpointer data)
{
  g_autofree char *started = g_build_filename (f->folder, "started", NULL);
  g_autofree char *script = g_strdup_printf ("echo >'%s'; exec /usr/bin/tail -f /dev/null", started);
  char lines[2];
  int fifo;
  g_autoptr (GCancellable) first = g_cancellable_new (), impatient = g_cancellable_new (), early = g_cancellable_new ();
  g_autoptr (GAsyncResult) late = NULL, gone = NULL, never = NULL;
  GAsyncResult *running[2] = { NULL }, *waiting[2] = { NULL };
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkfifo (started, 0600), ==, 0);
  fifo = g_open (started, O_RDWR | O_CLOEXEC, 0);
  g_assert_cmpint (fifo, >=, 0);
  write_program (f, script);
  begin (f, AMPLE, first, &running[0]);
  begin (f, AMPLE, first, &running[1]);
  begin (f, 0, NULL, &late);
  begin (f, AMPLE, impatient, &gone);
  begin (f, AMPLE, NULL, &waiting[0]);
  begin (f, AMPLE, NULL, &waiting[1]);
  g_cancellable_cancel (early);
  begin (f, AMPLE, early, &never);
  assert_cancelled (&never);
  g_assert_null (image_helper_run_finish (await (&late), NULL, &error));
  g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_TIMED_OUT);
  g_cancellable_cancel (impatient);
  assert_cancelled (&gone);
  g_assert_true (running[0] == NULL && running[1] == NULL && waiting[0] == NULL && waiting[1] == NULL);
  for (gsize i = 0; i < sizeof lines; i++) /* whoever has started has read the program */
    g_assert_cmpint (read (fifo, &lines[i], 1), ==, 1);
  close (fifo);
  write_program (f, "printf ok >&5");
  g_cancellable_cancel (first);
  g_cancellable_cancel (first); /* once is enough */
  assert_cancelled (&running[0]);
  assert_cancelled (&running[1]);
  for (guint i = 0; i < 2; i++) {
    g_auto (GStrv) said = image_helper_run_finish (await (&waiting[i]), NULL, NULL);

    g_assert_nonnull (said);
    g_object_unref (running[i]);
    g_object_unref (waiting[i]);
  }
}

/* ---- what is made of it ---- */

static ImagePrepared *
prepare (Fixture *f, const char *name, GBytes *base, GError **error)
{
  g_autoptr (GBytes) written = g_byte_array_free_to_bytes (picture_load (name));
  g_autoptr (GAsyncResult) result = NULL;
  ImageWishes wishes = { 20000, 200, FALSE };

  image_prepare_async (f->helper, written, &wishes, base, g_get_monotonic_time () + AMPLE, NULL, keep, &result);
  return image_prepare_finish (await (&result), error);
}

/* What comes back is looked at as if a stranger had made it. */
static void
test_prepared (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *name, *made;
    const char *words; /* NULL: it is taken */
  } cases[] = {
    { "picture.gif", "baseline.jpg", NULL },
    { "picture.gif", "rgb.png", "cannot be made into an upright JPEG" },
    { "picture.gif", "picture.gif", "cannot be made into an upright JPEG" },
    { "picture.gif", "turned6.jpg", "cannot be made into an upright JPEG" },
    { "picture.gif", "pattern.png", "cannot be made into an upright JPEG" },
    { "turned6.jpg", "baseline.jpg", NULL },
    { "turned6.jpg", "turned6.jpg", "cannot be made into an upright JPEG" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "pictures", cases[i].made, NULL);
    g_autofree char *script = g_strdup_printf ("/bin/cat '%s' >&4; printf 'ok\\nmade' >&5", path);
    g_autoptr (GByteArray) made = picture_load (cases[i].made);
    g_autoptr (ImagePrepared) prepared = NULL;
    g_autoptr (GError) error = NULL;

    g_test_message ("%s of %s", cases[i].made, cases[i].name);
    write_program (f, script);
    prepared = prepare (f, cases[i].name, NULL, &error);
    if (cases[i].words != NULL) {
      g_assert_null (prepared);
      g_assert_error (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF);
      g_assert_cmpstr (error->message, ==, cases[i].words);
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpmem (g_bytes_get_data (prepared->bytes, NULL), g_bytes_get_size (prepared->bytes), made->data,
                     made->len);
    g_assert_true (g_str_has_suffix (prepared->note, "made"));
  }
}

/* A JPEG that was edited in place has to decode, unless the one before did not either. */
static void
test_edited (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *first,
        *second;       /* answers to the first question, about what was written, and to the second, about base */
    const char *words; /* NULL: it is taken */
    int code;
  } cases[] = {
    { "ok", "failed", NULL, 0 },
    { "failed\\nis torn", "ok", "is torn", IMAGE_ERROR_CUT_OFF },
    { "failed\\nis torn", "failed\\nwas torn", NULL, 0 },
    { "failed\\nis torn", "unable\\nno sandbox", "is torn", IMAGE_ERROR_CUT_OFF },
    { "unable\\nno sandbox", "failed\\nwas torn", "pictures cannot be converted here: no sandbox", IMAGE_ERROR_HELPER },
  };
  g_autoptr (GBytes) jpeg = g_byte_array_free_to_bytes (picture_load ("gray.jpg"));
  g_autoptr (GBytes) png = g_byte_array_free_to_bytes (picture_load ("rgb.png"));

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *asked = g_strdup_printf ("%s/asked-%zu", f->folder, i);
    g_autofree char *script = g_strdup_printf ("if [ -e %s ]; then printf '%s' >&5; else : > %s; printf '%s' >&5; fi",
                                               asked, cases[i].second, asked, cases[i].first);
    g_autoptr (GError) error = NULL, none = NULL;
    g_autoptr (ImagePrepared) prepared = NULL, fresh = NULL;

    g_test_message ("case %zu", i);
    write_program (f, script);
    prepared = prepare (f, "baseline.jpg", jpeg, &error);
    g_assert_cmpint (prepared != NULL, ==, cases[i].words == NULL);
    if (cases[i].words != NULL) {
      g_assert_error (error, IMAGE_ERROR, cases[i].code);
      g_assert_cmpstr (error->message, ==, cases[i].words);
    }
    g_remove (asked);
    fresh = prepare (f, "baseline.jpg", png, &none); /* no JPEG was there before: nothing is decoded */
    g_assert_no_error (none);
    g_assert_null (fresh->note);
    g_assert_false (g_file_test (asked, G_FILE_TEST_EXISTS));
  }
}

static gboolean
is_smaller_copy (Fixture *f, const char *smaller, const char *larger)
{
  g_autoptr (GBytes) one = g_byte_array_free_to_bytes (picture_load (smaller));
  g_autoptr (GBytes) two = g_byte_array_free_to_bytes (picture_load (larger));
  g_autoptr (GAsyncResult) result = NULL;

  image_is_smaller_copy_async (f->helper, one, two, g_get_monotonic_time () + AMPLE, NULL, keep, &result);
  return image_is_smaller_copy_finish (await (&result));
}

/* Only a clear word of the helper's makes a picture a smaller copy. */
static void
test_smaller_copy (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *answer;
    gboolean same;
  } cases[] = {
    { "ok\\nsame", TRUE }, { "ok\\nother", FALSE }, { "ok", FALSE }, { "failed\\nsame", FALSE }, { "unable", FALSE }
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *script = g_strdup_printf ("printf '%s' >&5", cases[i].answer);

    write_program (f, script);
    g_assert_cmpint (is_smaller_copy (f, "pattern-small.jpg", "pattern.png"), ==, cases[i].same);
    g_assert_false (is_smaller_copy (f, "pattern.png", "pattern-small.jpg"));
    g_assert_false (is_smaller_copy (f, "picture.gif", "pattern.png"));
    g_assert_false (is_smaller_copy (f, "pattern-small.jpg", "picture.gif"));
  }
}

#define ADD(name, func) g_test_add ("/helper/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("good", test_good);
  ADD ("bad", test_bad);
  ADD ("no-program", test_no_program);
  ADD ("too-many-files", test_too_many_files);
  ADD ("no-memory", test_no_memory);
  ADD ("late", test_late);
  ADD ("queue", test_queue);
  ADD ("prepared", test_prepared);
  ADD ("edited", test_edited);
  ADD ("smaller-copy", test_smaller_copy);
  return g_test_run ();
}
