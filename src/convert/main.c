/*
 * contactfs-convert: one picture, in a process of its own. What it is asked and answers is in image/protocol.h. It
 * loads its decoder, enters the sandbox, and only then looks at its input.
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "convert/heif.h"
#include "convert/picture.h"
#include "convert/sandbox.h"
#include "convert/turn.h"
#include "image/header.h"
#include "image/protocol.h"

/* A picture of 100 megapixels, whose decoder keeps it twice, and the result. */
#define MEMORY_BYTES ((guint64)1536 * 1024 * 1024)
#define CPU_SECONDS  20

G_STATIC_ASSERT ((int)SANDBOX_LAST_FD == (int)IMAGE_HELPER_SECOND);

typedef struct {
  guint8 *data; /* a copy of our own once it is written to */
  gsize size;
} Input;

typedef struct {
  const char *operation;
  ImageKind kind;
  PictureLimits limits;
  Input input;
  Input second;
  GPtrArray *phrases; /* of char* */
} Request;

/* Read by hand: stdio and GLib would ask what they need not know. */
static gboolean
write_all (int fd, const char *data, gsize size)
{
  while (size > 0) {
    gssize n = write (fd, data, size);

    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    data += n;
    size -= (gsize)n;
  }
  return TRUE;
}

static gboolean
map (int fd, Input *input)
{
  struct stat status;

  if (fstat (fd, &status) != 0 || status.st_size == 0)
    return FALSE;
  input->size = (gsize)status.st_size;
  input->data = mmap (NULL, input->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  return input->data != MAP_FAILED;
}

static gboolean
parse (int argc, char **argv, Request *request)
{
  gint64 side, bytes;

  if (argc != 5)
    return FALSE;
  request->operation = argv[1];
  for (request->kind = IMAGE_KIND_JPEG; strcmp (image_kind_mime_type (request->kind), argv[2]) != 0; request->kind++)
    if (request->kind == IMAGE_KIND_JXL)
      return FALSE;
  side = g_ascii_strtoll (argv[3], NULL, 10);
  bytes = g_ascii_strtoll (argv[4], NULL, 10);
  if (side < 1 || side > G_MAXINT32 || bytes < 1)
    return FALSE;
  request->limits = (PictureLimits){ (int)side, (gsize)bytes };
  return map (IMAGE_HELPER_INPUT, &request->input)
         && (strcmp (request->operation, "compare") != 0 || map (IMAGE_HELPER_SECOND, &request->second));
}

/* Upright, and coded as every program knows it. What is behind its end is left out, and if that is not enough its metadata. */
static GBytes *
turn (Request *request)
{
  const Input *input = &request->input;
  ImageHeader header;
  g_autoptr (GBytes) turned = NULL;
  gboolean is_stripped;

  if (!image_read_header (input->data, input->size, &header, NULL)
      || (header.orientation == 1 && !image_jpeg_is_arithmetic (&header)))
    return NULL;
  turned = turn_without_loss (input->data, input->size, header.orientation, NULL);
  if (turned == NULL)
    return NULL;
  is_stripped = g_bytes_get_size (turned) > request->limits.bytes;
  if (is_stripped) {
    GBytes *stripped = image_strip (turned);

    g_bytes_unref (turned);
    turned = stripped;
  }
  if (g_bytes_get_size (turned) > request->limits.bytes)
    return NULL;
  if (image_jpeg_is_arithmetic (&header))
    g_ptr_array_add (request->phrases, g_strdup ("recoded without loss (few programs know arithmetic coding)"));
  if (header.orientation != 1)
    g_ptr_array_add (request->phrases,
                     g_strdup_printf ("turned upright without loss (its EXIF orientation was %u)", header.orientation));
  if (is_stripped)
    g_ptr_array_add (request->phrases, g_strdup ("stripped of its metadata, which made it too large"));
  return g_steal_pointer (&turned);
}

static gboolean
put_out (GBytes *bytes, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  if (write_all (IMAGE_HELPER_OUTPUT, data, size))
    return TRUE;
  g_set_error_literal (error, IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED, "could not be handed over");
  return FALSE;
}

static gboolean
convert (Request *request, GError **error)
{
  g_autoptr (GBytes) made = strcmp (request->operation, "turn") == 0 ? turn (request) : NULL;

  if (request->kind == IMAGE_KIND_HEIC || request->kind == IMAGE_KIND_AVIF)
    heif_take_common_brand (request->input.data, request->input.size);
  if (made == NULL)
    made = picture_convert (request->input.data, request->input.size, &request->limits, request->phrases, error);
  return made != NULL && put_out (made, error);
}

static gboolean
carry_out (Request *request, GError **error)
{
  const Input *input = &request->input, *second = &request->second;
  gboolean same;

  if (strcmp (request->operation, "verify") == 0)
    return turn_verify (input->data, input->size, error);
  if (strcmp (request->operation, "compare") != 0)
    return convert (request, error);
  if (!picture_compare (input->data, input->size, second->data, second->size, &same, error))
    return FALSE;
  g_ptr_array_add (request->phrases, g_strdup (same ? IMAGE_HELPER_SAME : IMAGE_HELPER_OTHER));
  return TRUE;
}

static gboolean
report (const char *outcome, GPtrArray *lines)
{
  g_autoptr (GString) text = g_string_new (outcome);

  for (guint i = 0; i < lines->len; i++)
    g_string_append_printf (text, "\n%s", (char *)g_ptr_array_index (lines, i));
  return write_all (IMAGE_HELPER_REPORT, text->str, MIN (text->len, IMAGE_HELPER_REPORT_MAX));
}

static gboolean
report_error (const char *outcome, GError *error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();

  g_ptr_array_add (lines, g_strdelimit (error->message, "\n", ' '));
  return report (outcome, lines);
}

int
main (int argc, char **argv)
{
  static const ImageKind comparable[] = { IMAGE_KIND_JPEG, IMAGE_KIND_PNG };
  Request request = { .phrases = g_ptr_array_new_with_free_func (g_free) };
  SandboxLimits limits = { .memory_bytes = MEMORY_BYTES, .cpu_seconds = CPU_SECONDS };
  g_autoptr (GError) error = NULL;
  gboolean compares;

  if (!parse (argc, argv, &request)) {
    fprintf (stderr, "contactfs-convert is run by contactfs, not by people.\n");
    g_ptr_array_unref (request.phrases);
    return 2;
  }
  compares = strcmp (request.operation, "compare") == 0;
  limits.output_bytes = MAX (request.limits.bytes, IMAGE_HELPER_REPORT_MAX);
  if (!picture_start (compares ? comparable : &request.kind, compares ? G_N_ELEMENTS (comparable) : 1, &error)
      || !sandbox_enter (&limits, &error)) {
    report_error (IMAGE_HELPER_UNABLE, error);
    return 1;
  }
  /* Nothing is tidied up: no library gets a last word. */
  if (carry_out (&request, &error))
    _exit (report (IMAGE_HELPER_OK, request.phrases) ? 0 : 1);
  _exit (report_error (IMAGE_HELPER_FAILED, error) ? 0 : 1);
}
