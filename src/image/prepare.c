/* What has to be done to a picture, and doing it. */
#define G_LOG_DOMAIN "contactfs"

#include "image/prepare.h"

#include <string.h>

#include "image/header.h"
#include "image/protocol.h"
#include "image/trailer.h"

typedef struct {
  ImageHelper *helper;
  GBytes *written;
  ImageWishes wishes;
  GBytes *base;   /* or NULL */
  GError *damage; /* what is wrong inside, unless base has it too */
  gint64 deadline;
  ImageKind kind;
  GPtrArray *phrases; /* of char*: "… was <phrase>, <phrase> and <phrase>" */
} Prepare;

static void
prepare_free (gpointer data)
{
  Prepare *self = data;

  g_bytes_unref (self->written);
  g_clear_pointer (&self->base, g_bytes_unref);
  g_clear_error (&self->damage);
  g_ptr_array_unref (self->phrases);
  g_free (self);
}

void
image_prepared_free (ImagePrepared *self)
{
  g_bytes_unref (self->bytes);
  g_free (self->note);
  g_free (self);
}

/* ---- the end ---- */

/* "the picture was A, B and C"; NULL for no phrase. */
static char *
make_note (GPtrArray *phrases)
{
  GString *note;

  if (phrases->len == 0)
    return NULL;
  note = g_string_new ("the picture was ");
  for (guint i = 0; i < phrases->len; i++) {
    if (i > 0)
      g_string_append (note, i + 1 == phrases->len ? " and " : ", ");
    g_string_append (note, g_ptr_array_index (phrases, i));
  }
  return g_string_free (note, FALSE);
}

/* Consumes the task; error: transfer full. */
static void
fail (GTask *task, GError *error)
{
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* of: which is made into something without its trailer. */
static void
tell_trailer (Prepare *self, GBytes *of, const char *why)
{
  const char *name = image_trailer_name (g_bytes_get_data (of, NULL), g_bytes_get_size (of));

  if (name != NULL)
    g_ptr_array_add (self->phrases, g_strconcat ("left without ", name, why, NULL));
}

/* Consumes the task. */
static void
succeed (GTask *task, GBytes *bytes)
{
  Prepare *self = g_task_get_task_data (task);
  ImagePrepared *prepared = g_new0 (ImagePrepared, 1);

  prepared->bytes = self->wishes.strip_metadata ? image_strip (bytes) : g_bytes_ref (bytes);
  if (prepared->bytes != bytes) {
    g_ptr_array_add (self->phrases, g_strdup ("stripped of its metadata, as --strip-metadata asks"));
    tell_trailer (self, bytes, "");
  }
  prepared->note = make_note (self->phrases);
  g_task_return_pointer (task, prepared, (GDestroyNotify)image_prepared_free);
  g_object_unref (task);
}

static gboolean
is_within (const Prepare *self, const ImageHeader *header, gsize size)
{
  return size <= self->wishes.max_bytes && MAX (header->width, header->height) <= self->wishes.max_side;
}

/* ---- the helper ---- */

static void
run_on (GTask *task, const char *operation, GBytes *input, GAsyncReadyCallback callback)
{
  Prepare *self = g_task_get_task_data (task);
  ImageHelperRequest request = {
    .operation = operation,
    .kind = self->kind,
    .max_side = self->wishes.max_side,
    .max_bytes = self->wishes.max_bytes,
    .input = input,
    .deadline = self->deadline,
  };

  image_helper_run_async (self->helper, &request, g_task_get_cancellable (task), callback, task);
}

static void
run (GTask *task, const char *operation, GAsyncReadyCallback callback)
{
  Prepare *self = g_task_get_task_data (task);

  run_on (task, operation, self->written, callback);
}

static void
on_converted (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Prepare *self = g_task_get_task_data (task);
  g_autoptr (GBytes) made = NULL, alone = NULL;
  GError *error = NULL;
  g_auto (GStrv) phrases = image_helper_run_finish (result, &made, &error);
  ImageHeader header;

  if (phrases == NULL) {
    fail (task, error);
    return;
  }
  alone = image_forget_trailer (made);
  /* The helper had the picture in its hands, so it is not believed. */
  if (!image_read_header (g_bytes_get_data (alone, NULL), g_bytes_get_size (alone), &header, NULL)
      || header.kind != IMAGE_KIND_JPEG || header.orientation != 1
      || !is_within (self, &header, g_bytes_get_size (alone))) {
    fail (task, g_error_new_literal (IMAGE_ERROR, IMAGE_ERROR_CUT_OFF, "cannot be made into an upright JPEG"));
    return;
  }
  for (char **phrase = phrases; *phrase != NULL; phrase++)
    g_ptr_array_add (self->phrases, g_strdup (*phrase));
  tell_trailer (self, self->written, "");
  succeed (task, alone);
}

static void
convert (GTask *task)
{
  Prepare *self = g_task_get_task_data (task);
  g_autofree char *why = g_bytes_get_size (self->written) > self->wishes.max_bytes
                             ? g_strdup_printf (" to fit %" G_GSIZE_FORMAT " bytes", self->wishes.max_bytes)
                             : NULL;

  if (self->kind == IMAGE_KIND_PNG)
    g_ptr_array_add (self->phrases, g_strconcat ("converted from PNG to JPEG", why, NULL));
  else if (self->kind == IMAGE_KIND_JPEG && why != NULL)
    g_ptr_array_add (self->phrases, g_strconcat ("compressed anew", why, NULL));
  else if (self->kind != IMAGE_KIND_JPEG)
    g_ptr_array_add (self->phrases, g_strdup_printf ("converted from %s to JPEG (contacts take JPEG and PNG)",
                                                     image_kind_label (self->kind)));
  run (task, "convert", on_converted);
}

/* ---- JPEG and PNG ---- */

/* What is behind its end, comments and profiles can weigh more than the picture. */
static gboolean
fits_with_less (GTask *task, const ImageHeader *header)
{
  Prepare *self = g_task_get_task_data (task);
  g_autoptr (GBytes) alone = NULL, stripped = NULL;

  if (MAX (header->width, header->height) > self->wishes.max_side)
    return FALSE;
  alone = image_forget_trailer (self->written);
  if (g_bytes_get_size (alone) <= self->wishes.max_bytes) {
    tell_trailer (self, self->written, ", which made it too large");
    succeed (task, alone);
    return TRUE;
  }
  stripped = image_strip (self->written);
  if (g_bytes_get_size (stripped) > self->wishes.max_bytes)
    return FALSE;
  g_ptr_array_add (self->phrases, g_strdup ("stripped of its metadata, which alone made it too large"));
  tell_trailer (self, self->written, "");
  succeed (task, stripped);
  return TRUE;
}

/* A JPEG that is not shown everywhere, but can be made so without a loss. */
static gboolean
can_be_recoded (const Prepare *self, const ImageHeader *header)
{
  g_autoptr (GBytes) stripped = NULL;

  if (header->kind != IMAGE_KIND_JPEG || (header->orientation == 1 && !image_jpeg_is_arithmetic (header)))
    return FALSE;
  if (is_within (self, header, header->end))
    return TRUE;
  stripped = image_strip (self->written);
  return is_within (self, header, g_bytes_get_size (stripped));
}

/* Whole by its structure, but hardly anybody could look at it. */
static gboolean
check_coding (GBytes *written, const ImageHeader *header, GError **error)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (written, &size);
  GError *found = NULL;

  if (image_jpeg_is_too_short (data, size))
    found = g_error_new (IMAGE_ERROR, IMAGE_ERROR_CUT_OFF,
                         "is cut off: %" G_GSIZE_FORMAT " bytes cannot hold the %u × %u pixels that it announces", size,
                         header->width, header->height);
  else if (image_jpeg_is_hierarchical (header) || image_jpeg_is_lossless (header))
    found = g_error_new (IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                         "is a %s JPEG, which hardly any program shows; save it as an ordinary one",
                         image_jpeg_is_hierarchical (header) ? "hierarchical" : "lossless");
  else if (header->bits != 8)
    found
        = g_error_new (IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                       "is a JPEG with %u bits a colour, which hardly any program shows; save it with 8", header->bits);
  else if (header->components != 1 && header->components != 3 && header->components != 4)
    found = g_error_new (IMAGE_ERROR, IMAGE_ERROR_UNSUPPORTED,
                         "is a JPEG of %u colours, which hardly any program shows; save it with 3 (RGB)",
                         header->components);
  if (found != NULL)
    g_propagate_error (error, found);
  return found == NULL;
}

/* Consumes the task. */
static void
prepare_jpeg_or_png (GTask *task)
{
  Prepare *self = g_task_get_task_data (task);
  gsize size;
  gconstpointer data = g_bytes_get_data (self->written, &size);
  ImageHeader header;
  GError *error = NULL;

  if (!image_read_header (data, size, &header, &error)
      || (header.kind == IMAGE_KIND_JPEG && !check_coding (self->written, &header, &error)))
    fail (task, error);
  else if (header.kind == IMAGE_KIND_JPEG && header.components == 4)
    convert (task);
  else if (can_be_recoded (self, &header))
    run (task, "turn", on_converted);
  else if (header.orientation == 1 && !image_jpeg_is_arithmetic (&header) && is_within (self, &header, size))
    succeed (task, self->written);
  else if (header.orientation != 1 || image_jpeg_is_arithmetic (&header) || !fits_with_less (task, &header))
    convert (task);
}

static gboolean
is_jpeg (GBytes *bytes)
{
  return bytes != NULL && image_kind (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) == IMAGE_KIND_JPEG;
}

static void
on_base_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Prepare *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) answer = image_helper_run_finish (result, NULL, &error);

  if (answer == NULL && g_error_matches (error, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF))
    prepare_jpeg_or_png (task); /* it was like that before */
  else
    fail (task, g_steal_pointer (&self->damage));
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer data)
{
  GTask *task = data;
  Prepare *self = g_task_get_task_data (task);
  g_auto (GStrv) answer = image_helper_run_finish (result, NULL, &self->damage);

  if (answer != NULL)
    prepare_jpeg_or_png (task);
  else if (is_jpeg (self->base) && g_error_matches (self->damage, IMAGE_ERROR, IMAGE_ERROR_CUT_OFF))
    run_on (task, "verify", self->base, on_base_verified);
  else
    fail (task, g_steal_pointer (&self->damage));
}

/* Programs that write JPEGs by hand, and devices that store them, leave bytes between segments; decoders step over those. */
static gboolean
mend (Prepare *self)
{
  gsize count;
  GBytes *mended
      = image_jpeg_without_junk (g_bytes_get_data (self->written, NULL), g_bytes_get_size (self->written), &count);

  if (mended == NULL)
    return FALSE;
  g_bytes_unref (self->written);
  self->written = mended;
  g_ptr_array_add (self->phrases,
                   g_strdup_printf ("made whole (%" G_GSIZE_FORMAT " bytes between its segments belonged "
                                    "to none)",
                                    count));
  return TRUE;
}

void
image_prepare_async (ImageHelper *helper, GBytes *written, const ImageWishes *wishes, GBytes *base, gint64 deadline,
                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);
  Prepare *self = g_new0 (Prepare, 1);
  GError *error = NULL;
  gsize size;
  gconstpointer bytes = g_bytes_get_data (written, &size);
  gboolean mended;

  self->helper = helper;
  self->written = g_bytes_ref (written);
  self->base = base != NULL ? g_bytes_ref (base) : NULL;
  self->wishes = *wishes;
  self->deadline = deadline;
  self->kind = image_kind (bytes, size);
  self->phrases = g_ptr_array_new_with_free_func (g_free);
  g_task_set_source_tag (task, image_prepare_async);
  g_task_set_task_data (task, self, prepare_free);
  g_task_set_check_cancellable (task, FALSE);
  mended = !image_check_download (bytes, size, &error) && self->kind == IMAGE_KIND_JPEG && mend (self);
  if (mended)
    g_clear_error (&error);
  if (error != NULL)
    fail (task, error);
  else if (self->kind == IMAGE_KIND_JPEG && (mended || is_jpeg (base)))
    run (task, "verify", on_verified);
  else if (self->kind == IMAGE_KIND_JPEG || self->kind == IMAGE_KIND_PNG)
    prepare_jpeg_or_png (task);
  else
    convert (task);
}

ImagePrepared *
image_prepare_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- the 100-pixel trap ---- */

static gboolean
has_half_the_pixels (GBytes *smaller, GBytes *larger)
{
  ImageHeader a, b;

  return image_read_header (g_bytes_get_data (smaller, NULL), g_bytes_get_size (smaller), &a, NULL)
         && image_read_header (g_bytes_get_data (larger, NULL), g_bytes_get_size (larger), &b, NULL)
         && (guint64)a.width * a.height * 2 <= (guint64)b.width * b.height;
}

static void
on_compared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) answer = image_helper_run_finish (result, NULL, &error);

  if (answer == NULL)
    g_info ("two pictures were not compared: %s", error->message);
  g_task_return_boolean (task, answer != NULL && g_strcmp0 (answer[0], IMAGE_HELPER_SAME) == 0);
}

void
image_is_smaller_copy_async (ImageHelper *helper, GBytes *smaller, GBytes *larger, gint64 deadline,
                             GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  ImageHelperRequest request = {
    .operation = "compare",
    .kind = image_kind (g_bytes_get_data (smaller, NULL), g_bytes_get_size (smaller)),
    .max_side = 1,
    .max_bytes = 1,
    .input = smaller,
    .second = larger,
    .deadline = deadline,
  };

  g_task_set_source_tag (task, image_is_smaller_copy_async);
  g_task_set_check_cancellable (task, FALSE);
  if (has_half_the_pixels (smaller, larger))
    image_helper_run_async (helper, &request, cancellable, on_compared, g_steal_pointer (&task));
  else
    g_task_return_boolean (task, FALSE);
}

gboolean
image_is_smaller_copy_finish (GAsyncResult *result)
{
  return g_task_propagate_boolean (G_TASK (result), NULL);
}
