/* Profiles that are made for colours told without one, and for HDR: what light their curves make of a number. */
#include <lcms2.h>
#include <math.h>
#include <string.h>

#include "convert/profile.h"

static cmsHPROFILE
open_profile (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  cmsHPROFILE profile = cmsOpenProfileFromMem (data, (cmsUInt32Number)size);

  g_assert_nonnull (profile);
  return profile;
}

static double
light_of (GBytes *bytes, cmsTagSignature curve, double value)
{
  cmsHPROFILE profile = open_profile (bytes);
  double is = cmsEvalToneCurveFloat (cmsReadTag (profile, curve), (cmsFloat32Number)value);

  cmsCloseProfile (profile);
  return is;
}

/* ITU-T H.273, table 3, worked out by hand. */
static void
test_transfers (void)
{
  static const struct {
    guint transfer;
    gboolean is_narrow;
    double gamma;
    double dark, middle, bright; /* light of 0, 0.5 and 1 */
    const char *phrase;          /* NULL: no profile is made, since it is sRGB's */
  } cases[] = {
    { 4, FALSE, 0, 0, 0.2176, 1, "brought from its gamma and primaries to sRGB" },
    { 5, FALSE, 0, 0, 0.1436, 1, "brought from its gamma and primaries to sRGB" },
    { IMAGE_TRANSFER_LINEAR, FALSE, 0, 0, 0.5, 1, "brought from its gamma and primaries to sRGB" },
    { 9, FALSE, 0, 0, 0.1, 1, "brought from its gamma and primaries to sRGB" },
    { 10, FALSE, 0, 0, 0.0562, 1, "brought from its gamma and primaries to sRGB" },
    { 17, FALSE, 0, 0, 0.1800, 1, "brought from its gamma and primaries to sRGB" },
    { IMAGE_TRANSFER_PQ, FALSE, 0, 0, 0.4545, 1, "brought from HDR to ordinary brightness" },
    { IMAGE_TRANSFER_HLG, FALSE, 0, 0, 0.2498, 1, "brought from HDR to ordinary brightness" },
    { IMAGE_TRANSFER_SRGB, TRUE, 0, 0, 0.2226, 1, "brought from its gamma and primaries to sRGB" },
    { IMAGE_TRANSFER_UNKNOWN, FALSE, 1, 0, 0.5, 1, "brought from its gamma and primaries to sRGB" },
    { IMAGE_TRANSFER_SRGB, FALSE, 0, 0, 0, 0, NULL },
    { IMAGE_TRANSFER_UNKNOWN, FALSE, 0.45455, 0, 0, 0, NULL },
    { 1, FALSE, 0, 0, 0, 0, NULL },  /* of television */
    { 99, FALSE, 0, 0, 0, 0, NULL }, /* reserved */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (guint is_grey = 0; is_grey <= 1; is_grey++) {
      ImageColours colours = { .primaries = IMAGE_PRIMARIES_BT709,
                               .transfer = cases[i].transfer,
                               .is_narrow = cases[i].is_narrow,
                               .gamma = cases[i].gamma };
      cmsTagSignature curve = is_grey ? cmsSigGrayTRCTag : cmsSigGreenTRCTag;
      const char *phrase = NULL;
      g_autoptr (GBytes) made = profile_for_colours (&colours, (gboolean)is_grey, &phrase);

      g_test_message ("transfer %u", cases[i].transfer);
      g_assert_cmpstr (phrase, ==, cases[i].phrase);
      g_assert_cmpint (made != NULL, ==, cases[i].phrase != NULL);
      if (made == NULL)
        continue;
      g_assert_cmpfloat_with_epsilon (light_of (made, curve, 0), cases[i].dark, 0.001);
      g_assert_cmpfloat_with_epsilon (light_of (made, curve, 0.5), cases[i].middle, 0.001);
      g_assert_cmpfloat_with_epsilon (light_of (made, curve, 1), cases[i].bright, 0.001);
    }
}

static void
test_primaries (void)
{
  static const double p3[8] = { 0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060 };
  static const double near_srgb[8] = { 0.3127, 0.3290, 0.641, 0.331, 0.301, 0.601, 0.151, 0.061 };
  static const struct {
    guint number;
    const double *xy; /* or NULL */
    const char *phrase;
  } cases[] = {
    { IMAGE_PRIMARIES_P3, NULL, "brought from Display P3 to sRGB" },
    { IMAGE_PRIMARIES_BT2020, NULL, "brought from BT.2020 to sRGB" },
    { 11, NULL, "brought from DCI-P3 to sRGB" },
    { 4, NULL, "brought from its gamma and primaries to sRGB" },
    { IMAGE_PRIMARIES_UNKNOWN, p3, "brought from its gamma and primaries to sRGB" },
    { IMAGE_PRIMARIES_UNKNOWN, near_srgb, NULL },
    { IMAGE_PRIMARIES_BT709, NULL, NULL },
    { 6, NULL, NULL }, /* who writes it means the matrix alone */
    { 99, NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    ImageColours colours = { .primaries = cases[i].number, .transfer = IMAGE_TRANSFER_SRGB };
    const char *phrase = NULL;
    g_autoptr (GBytes) made = NULL;

    if (cases[i].xy != NULL)
      memcpy (colours.chromaticities, cases[i].xy, sizeof colours.chromaticities);
    made = profile_for_colours (&colours, FALSE, &phrase);
    g_assert_cmpstr (phrase, ==, cases[i].phrase);
    g_assert_cmpint (made != NULL, ==, cases[i].phrase != NULL);
    g_assert_null (profile_for_colours (&colours, TRUE, &phrase)); /* grey has no primaries */
  }
}

/* ---- HDR in a profile ---- */

#define STEPS 256

static double
pq (double value)
{
  double power = pow (value, 1 / 78.84375);

  return pow (MAX (power - 0.8359375, 0) / (18.8515625 - 18.6875 * power), 1 / 0.1593017578125);
}

static double
hlg_scene (double value)
{
  return value <= 0.5 ? value * value / 3 : (exp ((value - 0.55991073) / 0.17883277) + 0.28466892) / 12;
}

static double
hlg (double value)
{
  return pow (hlg_scene (value), 1.2);
}

static double
half_of_pq (double value)
{
  return pq (value) / 2;
}

static double
bent_pq (double value)
{
  return value > 0.7 && value < 0.8 ? value : pq (value);
}

static double
gamma22 (double value)
{
  return pow (value, 2.2);
}

typedef struct {
  const char *name;
  double (*light) (double value);
  gboolean is_grey;
  guint8 cicp[12]; /* empty: none */
  guint cicp_size;
  gboolean is_hdr;
} Profile;

#define CICP(transfer)                                                                                                 \
  {                                                                                                                    \
    'c', 'i', 'c', 'p', 0, 0, 0, 0, 12, transfer, 0, 1                                                                 \
  }

static const Profile profiles[] = {
  { "PQ", pq, FALSE, { 0 }, 0, TRUE },
  { "HLG", hlg, FALSE, { 0 }, 0, TRUE },
  { "HLG of the scene", hlg_scene, FALSE, { 0 }, 0, TRUE },
  { "gamma", gamma22, FALSE, { 0 }, 0, FALSE },
  { "too dark", half_of_pq, FALSE, { 0 }, 0, FALSE },
  { "nearly PQ", bent_pq, FALSE, { 0 }, 0, FALSE },
  { "grey PQ", pq, TRUE, { 0 }, 0, FALSE }, /* which has no red curve, and nobody writes it */
  { "told to be PQ", gamma22, FALSE, CICP (16), 12, TRUE },
  { "told to be HLG, grey", gamma22, TRUE, CICP (18), 12, TRUE },
  { "told to be sRGB", gamma22, FALSE, CICP (13), 12, FALSE },
  { "told in too few bytes", gamma22, FALSE, CICP (16), 11, FALSE },
};

static GBytes *
make (const Profile *from)
{
  cmsCIExyY white = { 0.3127, 0.3290, 1 };
  cmsCIExyYTRIPLE primaries = { { 0.68, 0.32, 1 }, { 0.265, 0.69, 1 }, { 0.15, 0.06, 1 } };
  cmsUInt16Number table[STEPS];
  cmsToneCurve *curve, *curves[3];
  cmsUInt32Number size = 0;
  cmsHPROFILE profile;
  gpointer data;

  for (guint i = 0; i < STEPS; i++)
    table[i] = (cmsUInt16Number)lround (65535 * from->light ((double)i / (STEPS - 1)));
  curve = curves[0] = curves[1] = curves[2] = cmsBuildTabulatedToneCurve16 (NULL, STEPS, table);
  profile = from->is_grey ? cmsCreateGrayProfile (&white, curve) : cmsCreateRGBProfile (&white, &primaries, curves);
  cmsFreeToneCurve (curve);
  if (from->cicp_size > 0)
    g_assert_true (cmsWriteRawTag (profile, (cmsTagSignature)0x63696370, from->cicp, from->cicp_size));
  g_assert_true (cmsSaveProfileToMem (profile, NULL, &size));
  data = g_malloc (size);
  g_assert_true (cmsSaveProfileToMem (profile, data, &size));
  cmsCloseProfile (profile);
  return g_bytes_new_take (data, size);
}

static void
test_hdr (gconstpointer data)
{
  const Profile *from = data;
  g_autoptr (GBytes) profile = make (from), made = NULL;
  cmsTagSignature curve = from->is_grey ? cmsSigGrayTRCTag : cmsSigGreenTRCTag;
  const char *phrase = NULL;

  made = profile_for_hdr (g_bytes_get_data (profile, NULL), g_bytes_get_size (profile), &phrase);
  g_assert_cmpint (made != NULL, ==, from->is_hdr);
  g_assert_cmpstr (phrase, ==, from->is_hdr ? "brought from HDR to ordinary brightness" : NULL);
  if (made
      != NULL) /* 203 nits, where white is, are nearly as bright as a screen can be; PQ alone would make 2 % of it */
    g_assert_cmpfloat (light_of (made, curve, 0.75), >, 0.7);
  for (gsize cut = 0; cut < 128; cut++)
    g_assert_null (profile_for_hdr (g_bytes_get_data (profile, NULL), cut, &phrase));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/profile/transfers", test_transfers);
  g_test_add_func ("/profile/primaries", test_primaries);
  for (gsize i = 0; i < G_N_ELEMENTS (profiles); i++) {
    g_autofree char *path = g_strdup_printf ("/profile/hdr/%s", profiles[i].name);

    g_test_add_data_func (path, &profiles[i], test_hdr);
  }
  return g_test_run ();
}
