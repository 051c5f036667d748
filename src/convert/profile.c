/* The only file that knows lcms2. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/profile.h"

#include <lcms2.h>
#include <math.h>
#include <string.h>

#define STEPS           4096
#define REFERENCE_WHITE 203.0  /* nits */
#define KNEE            0.85   /* of that; what is brighter is pressed together */
#define HLG_PEAK        1000.0 /* nits of the screen that HLG is made for */
#define NEAR            0.02

static const char hdr_phrase[] = "brought from HDR to ordinary brightness";
static const char gamma_phrase[] = "brought from its gamma and primaries to sRGB";

/* ---- light ---- */

/* SMPTE ST 2084; nits. */
static double
pq_light (double value)
{
  const double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128, c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32,
               c3 = 2392.0 / 4096 * 32;
  double power = pow (value, 1 / m2);

  return 10000 * pow (MAX (power - c1, 0) / (c2 - c3 * power), 1 / m1);
}

/* ITU-R BT.2100: of the scene, 0 to 1. */
static double
hlg_scene_light (double value)
{
  const double a = 0.17883277, b = 0.28466892, c = 0.55991073;

  return value <= 0.5 ? value * value / 3 : (exp ((value - c) / a) + b) / 12;
}

/* And of the screen; nits. */
static double
hlg_light (double value)
{
  return HLG_PEAK * pow (hlg_scene_light (value), 1.2);
}

static double
press (double nits)
{
  double light = nits / REFERENCE_WHITE;

  return light <= KNEE ? light : KNEE + (1 - KNEE) * (1 - exp (-(light - KNEE) / (1 - KNEE)));
}

static double
srgb_light (double value)
{
  return value <= 0.04045 ? value / 12.92 : pow ((value + 0.055) / 1.055, 2.4);
}

/* H.273, table 3. Those of television (1, 6, 7, 11, 12, 14, 15) are shown as sRGB everywhere; what is reserved, too. */
static double
light (const ImageColours *colours, double value)
{
  if (colours->is_narrow)
    value = CLAMP ((value * 255 - 16) / 219, 0, 1);
  if (colours->gamma > 0)
    return pow (value, 1 / colours->gamma);
  switch (colours->transfer) {
  case 4:
    return pow (value, 2.2);
  case 5:
    return pow (value, 2.8);
  case IMAGE_TRANSFER_LINEAR:
    return value;
  case 9:
    return value > 0 ? pow (10, 2 * (value - 1)) : 0;
  case 10:
    return value > 0 ? pow (10, 2.5 * (value - 1)) : 0;
  case IMAGE_TRANSFER_PQ:
    return press (pq_light (value));
  case 17: /* SMPTE ST 428-1 */
    return pow (value, 2.6) * 52.37 / 48;
  case IMAGE_TRANSFER_HLG:
    return press (hlg_light (value));
  default:
    return srgb_light (value);
  }
}

static cmsToneCurve *
make_curve (const ImageColours *colours)
{
  g_autofree guint16 *table = g_new (guint16, STEPS);

  for (gsize i = 0; i < STEPS; i++)
    table[i] = (guint16)lround (65535 * CLAMP (light (colours, (double)i / (STEPS - 1)), 0, 1));
  return cmsBuildTabulatedToneCurve16 (NULL, STEPS, table);
}

/* ---- primaries ---- */

typedef struct {
  guint number;
  double xy[8]; /* white, red, green, blue */
  const char *phrase;
} Primaries;

/* H.273, table 2, without those that differ from sRGB's by less than anybody sees, and that writers name who mean the matrix
 * alone (5, 6, 7). */
static const Primaries known_primaries[] = {
  { 4, { 0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08 }, gamma_phrase },
  { 8, { 0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049 }, gamma_phrase },
  { IMAGE_PRIMARIES_BT2020,
    { 0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046 },
    "brought from BT.2020 to sRGB" },
  { 11, { 0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060 }, "brought from DCI-P3 to sRGB" },
  { IMAGE_PRIMARIES_P3,
    { 0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060 },
    "brought from Display P3 to sRGB" },
  { 22, { 0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077 }, gamma_phrase },
};

static const Primaries srgb = { IMAGE_PRIMARIES_BT709, { 0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06 }, NULL };

static gboolean
are_near (const double *a, const double *b)
{
  for (gsize i = 0; i < 8; i++)
    if (fabs (a[i] - b[i]) > NEAR / 2)
      return FALSE;
  return TRUE;
}

static Primaries
find_primaries (const ImageColours *colours)
{
  guint number = colours->primaries == IMAGE_PRIMARIES_UNKNOWN && image_colours_are_hdr (colours)
                     ? IMAGE_PRIMARIES_BT2020
                     : colours->primaries;
  Primaries own = { .phrase = gamma_phrase };

  if (colours->chromaticities[0] > 0) {
    memcpy (own.xy, colours->chromaticities, sizeof own.xy);
    return are_near (own.xy, srgb.xy) ? srgb : own;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (known_primaries); i++)
    if (known_primaries[i].number == number)
      return known_primaries[i];
  return srgb;
}

/* Many a writer says 1/2.2 and means sRGB; browsers take it so. */
static gboolean
is_srgb_curve (const ImageColours *colours)
{
  static const guint others[] = { 4, 5, IMAGE_TRANSFER_LINEAR, 9, 10, IMAGE_TRANSFER_PQ, 17, IMAGE_TRANSFER_HLG };

  if (colours->gamma > 0)
    return fabs (colours->gamma - 1 / 2.2) < NEAR;
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    if (others[i] == colours->transfer)
      return FALSE;
  return !colours->is_narrow;
}

/* ---- profiles ---- */

static GBytes *
save (cmsHPROFILE profile)
{
  cmsUInt32Number size = 0;
  g_autofree guint8 *data = NULL;

  if (!cmsSaveProfileToMem (profile, NULL, &size))
    return NULL;
  data = g_malloc (size);
  return cmsSaveProfileToMem (profile, data, &size) ? g_bytes_new_take (g_steal_pointer (&data), size) : NULL;
}

static GBytes *
make_profile (const Primaries *primaries, cmsToneCurve *curve, gboolean is_grey)
{
  const double *xy = primaries->xy;
  cmsCIExyY white = { xy[0], xy[1], 1 };
  cmsCIExyYTRIPLE colours = { { xy[2], xy[3], 1 }, { xy[4], xy[5], 1 }, { xy[6], xy[7], 1 } };
  cmsToneCurve *curves[] = { curve, curve, curve };
  cmsHPROFILE profile = is_grey ? cmsCreateGrayProfile (&white, curve) : cmsCreateRGBProfile (&white, &colours, curves);
  GBytes *saved = profile != NULL ? save (profile) : NULL;

  if (profile != NULL)
    cmsCloseProfile (profile);
  return saved;
}

GBytes *
profile_for_colours (const ImageColours *colours, gboolean is_grey, const char **phrase)
{
  Primaries primaries = find_primaries (colours);
  ImageColours as_srgb = *colours;
  cmsToneCurve *curve;
  GBytes *made;

  if (is_srgb_curve (colours) && (is_grey || primaries.number == IMAGE_PRIMARIES_BT709))
    return NULL;
  if (is_srgb_curve (colours)) {
    as_srgb.gamma = 0;
    as_srgb.transfer = IMAGE_TRANSFER_SRGB;
  }
  curve = make_curve (&as_srgb);
  made = make_profile (&primaries, curve, is_grey);
  cmsFreeToneCurve (curve);
  *phrase = image_colours_are_hdr (colours) ? hdr_phrase : primaries.phrase != NULL ? primaries.phrase : gamma_phrase;
  return made;
}

/* ---- HDR in a profile ---- */

/* Is it that curve, up to a factor? Both are compared where a picture's middle is, with the brightest. */
static gboolean
is_curve (const cmsToneCurve *curve, double (*known) (double value))
{
  static const double values[] = { 0.3, 0.45, 0.6, 0.75, 0.9 };
  double most = cmsEvalToneCurveFloat (curve, 1);

  if (most < 0.9)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    double is = cmsEvalToneCurveFloat (curve, (cmsFloat32Number)values[i]) / most,
           wanted = known (values[i]) / known (1);

    if (fabs (is - wanted) > NEAR * wanted + 0.0001)
      return FALSE;
  }
  return TRUE;
}

static gboolean
set_curve (cmsHPROFILE profile, guint transfer)
{
  ImageColours colours = { .primaries = IMAGE_PRIMARIES_UNKNOWN, .transfer = transfer };
  cmsToneCurve *curve = make_curve (&colours);
  gboolean set = cmsWriteTag (profile, cmsSigRedTRCTag, curve) && cmsWriteTag (profile, cmsSigGreenTRCTag, curve)
                 && cmsWriteTag (profile, cmsSigBlueTRCTag, curve);

  cmsFreeToneCurve (curve);
  return set;
}

/* ICC.1:2022, 9.2.17: four code points behind type and reserve. Such a profile has a table for who does not know that, too
 * coarse to be used. */
static gboolean
read_cicp (cmsHPROFILE profile, ImageColours *colours)
{
  static const cmsTagSignature cicp = (cmsTagSignature)0x63696370;
  guint8 tag[12];

  if (!cmsIsTag (profile, cicp) || cmsReadRawTag (profile, cicp, NULL, 0) != sizeof tag
      || cmsReadRawTag (profile, cicp, tag, sizeof tag) != sizeof tag)
    return FALSE;
  *colours = (ImageColours){ .primaries = tag[8], .transfer = tag[9] };
  return image_colours_are_hdr (colours);
}

static GBytes *
change_curve (cmsHPROFILE profile)
{
  const cmsToneCurve *curve = cmsReadTag (profile, cmsSigRedTRCTag);
  guint transfer = 0;

  if (curve != NULL && is_curve (curve, pq_light))
    transfer = IMAGE_TRANSFER_PQ;
  else if (curve != NULL && (is_curve (curve, hlg_light) || is_curve (curve, hlg_scene_light)))
    transfer = IMAGE_TRANSFER_HLG;
  return transfer != 0 && set_curve (profile, transfer) ? save (profile) : NULL;
}

GBytes *
profile_for_hdr (gconstpointer data, gsize size, const char **phrase)
{
  cmsHPROFILE profile = cmsOpenProfileFromMem (data, (cmsUInt32Number)size);
  ImageColours colours;
  GBytes *made;

  if (profile == NULL)
    return NULL;
  if (read_cicp (profile, &colours))
    made = profile_for_colours (&colours, cmsGetColorSpace (profile) == cmsSigGrayData, phrase);
  else
    made = change_curve (profile);
  if (made != NULL)
    *phrase = hdr_phrase;
  cmsCloseProfile (profile);
  return made;
}
