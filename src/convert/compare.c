/* Are two pictures the same? Both are brought to a few samples of colour. */
#define G_LOG_DOMAIN "contactfs"

#include <math.h>

#include "convert/picture.h"
#include "convert/vips-image.h"

#define GRID             16
#define PIXELS           (GRID * GRID)
#define LEAST_LIKENESS   0.97
#define FLAT             2.0 /* standard deviation */
#define GREY             1.5 /* mean distance from it: JPEG makes grey a little coloured */
#define LARGEST_DISTANCE 8.0 /* mean absolute difference of red, green or blue, of 255 */

typedef struct {
  double rgb[PIXELS][3];
} Sample;

typedef struct {
  int width;
  int height;
} Shape;

static Shape
upright_shape (const Source *source)
{
  gboolean lies = source->orientation >= 5;

  return (Shape){ lies ? source->height : source->width, lies ? source->width : source->height };
}

/* What the middle part with this shape is scaled to. Not more pixels than it has: of a line those would be millions. */
static Shape
middle_part (const Source *source, Shape shape)
{
  Shape whole = upright_shape (source);
  double largest = MIN ((double)whole.width / shape.width, (double)whole.height / shape.height);
  double scale = MIN (largest, 8.0 * GRID / MAX (shape.width, shape.height));

  return (Shape){ MAX ((int)(scale * shape.width), 1), MAX ((int)(scale * shape.height), 1) };
}

/* Of the middle part that has this shape. profile: the one to apply, if any. */
static gboolean
sample (gconstpointer data, gsize size, const Source *source, Shape shape, const char *profile, Sample *sample)
{
  Shape part = middle_part (source, shape);
  g_autoptr (VipsImage) image = NULL;
  g_autofree guint8 *pixels = NULL;
  gsize length;

  if (vips_thumbnail_buffer ((void *)data, size, &image, part.width, "height", part.height, "crop",
                             VIPS_INTERESTING_CENTRE, source->has_profile ? profile : NULL, "srgb", NULL)
          != 0
      || !picture_make_plain (&image))
    return FALSE;
  STEP (&image, vips_thumbnail_image, GRID, "height", GRID, "size", VIPS_SIZE_FORCE, NULL);
  STEP (&image, vips_colourspace, VIPS_INTERPRETATION_sRGB, NULL);
  pixels = vips_image_write_to_memory (image, &length);
  if (pixels == NULL || length < sizeof sample->rgb / sizeof (double))
    return FALSE;
  for (gsize i = 0; i < PIXELS; i++)
    for (gsize band = 0; band < 3; band++)
      sample->rgb[i][band] = pixels[3 * i + band];
  return TRUE;
}

static double
largest_distance (const Sample *a, const Sample *b)
{
  double largest = 0;

  for (gsize band = 0; band < 3; band++) {
    double sum = 0;

    for (gsize i = 0; i < PIXELS; i++)
      sum += fabs (a->rgb[i][band] - b->rgb[i][band]);
    largest = MAX (largest, sum / PIXELS);
  }
  return largest;
}

static double
grey (const double *rgb)
{
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

/* The correlation of their greys. */
static gboolean
have_the_same_shapes (const Sample *one, const Sample *other)
{
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;

  for (gsize i = 0; i < PIXELS; i++) {
    double a = grey (one->rgb[i]), b = grey (other->rgb[i]);

    sum_a += a;
    sum_b += b;
    aa += a * a;
    bb += b * b;
    ab += a * b;
  }
  aa = sqrt (MAX (aa / PIXELS - sum_a / PIXELS * (sum_a / PIXELS), 0));
  bb = sqrt (MAX (bb / PIXELS - sum_b / PIXELS * (sum_b / PIXELS), 0));
  if (aa < FLAT || bb < FLAT)
    return aa < FLAT && bb < FLAT;
  return (ab / PIXELS - sum_a / PIXELS * (sum_b / PIXELS)) / (aa * bb) > LEAST_LIKENESS;
}

/* How far its colours are from grey, on average. */
static double
colourfulness (const Sample *self)
{
  double sum = 0;

  for (gsize i = 0; i < PIXELS; i++)
    for (gsize band = 0; band < 3; band++)
      sum += fabs (self->rgb[i][band] - grey (self->rgb[i]));
  return sum / (3 * PIXELS);
}

/* Muted colours are not far from black and white, but who took them away meant it. */
static gboolean
is_one_without_colours (const Sample *a, const Sample *b)
{
  double least = colourfulness (a), most = colourfulness (b);

  return MIN (least, most) < GREY && MAX (least, most) > 2 * GREY;
}

static gboolean
are_alike (const Sample *a, const Sample *b)
{
  return largest_distance (a, b) <= LARGEST_DISTANCE && have_the_same_shapes (a, b) && !is_one_without_colours (a, b);
}

/* Programs that make copies either apply a colour profile or lose it: two pictures may be the same in either way. */
gboolean
picture_compare (gconstpointer data, gsize size, gconstpointer second, gsize second_size, gboolean *same,
                 GError **error)
{
  g_auto (Source) one = { .decoded = NULL }, two = { .decoded = NULL };
  const char *by_profile = NULL;
  Shape shape;

  *same = FALSE;
  if (!source_read (data, size, &one, error) || !source_read (second, second_size, &two, error))
    return FALSE;
  shape = upright_shape (&one);
  do {
    Sample a, b;

    if (!sample (data, size, &one, shape, by_profile, &a)
        || !sample (second, second_size, &two, shape, by_profile, &b)) {
      picture_set_error (error, "cannot be compared");
      return FALSE;
    }
    *same = are_alike (&a, &b);
    by_profile = by_profile == NULL && (one.has_profile || two.has_profile) ? "export_profile" : NULL;
  } while (!*same && by_profile != NULL);
  return TRUE;
}
