/* Monograms: the picture that Google shows for somebody without a photo. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/monogram.h"

/* A key is base64url of "m1 COLOUR LETTER": the colour goes by the person, the letter by the name. */
#define PREFIX "m1 "

static const char *const colours[]
    = { "#7b1fa2", "#00796b", "#c2185b", "#5d4037", "#0288d1", "#689f38", "#ef6c00", "#455a64" };

/* Strokes on a field of 100 × 100, so that monograms look the same on every machine, with whatever fonts or none. */
#define ROUND "M50 0 Q10 0 10 50 Q10 100 50 100 Q90 100 90 50 Q90 0 50 0 Z"
#define BOW   "M15 100 V0 H55 Q88 0 88 28 Q88 56 55 56 H15"

static const char *const letters[26] = {
  "M10 100 L50 0 L90 100 M25 65 H75",
  "M52 48 H15 V0 H52 Q80 0 80 24 Q80 48 52 48 Q88 50 88 74 Q88 100 55 100 H15 V48",
  "M88 20 Q72 0 50 0 Q10 0 10 50 Q10 100 50 100 Q72 100 88 80",
  "M15 0 V100 H45 Q90 100 90 50 Q90 0 45 0 Z",
  "M85 0 H15 V100 H85 M15 50 H75",
  "M85 0 H15 V100 M15 50 H75",
  "M88 20 Q72 0 50 0 Q10 0 10 50 Q10 100 50 100 Q88 100 88 55 H55",
  "M15 0 V100 M85 0 V100 M15 50 H85",
  "M50 0 V100",
  "M70 0 V70 Q70 100 42 100 Q18 100 15 75",
  "M15 0 V100 M85 0 L15 60 M38 42 L88 100",
  "M15 0 V100 H85",
  "M10 100 V0 L50 65 L90 0 V100",
  "M15 100 V0 L85 100 V0",
  ROUND,
  BOW,
  ROUND " M58 72 L92 108",
  BOW " M50 56 L88 100",
  "M85 18 Q75 0 50 0 Q16 0 16 26 Q16 46 50 50 Q86 54 86 76 Q86 100 50 100 Q22 100 13 80",
  "M10 0 H90 M50 0 V100",
  "M15 0 V62 Q15 100 50 100 Q85 100 85 62 V0",
  "M10 0 L50 100 L90 0",
  "M5 0 L27 100 L50 30 L73 100 L95 0",
  "M12 0 L88 100 M88 0 L12 100",
  "M10 0 L50 50 L90 0 M50 50 V100",
  "M12 0 H88 L12 100 H88",
};
/* For letters of other scripts, and for the nameless: head and shoulders. */
static const char silhouette[]
    = "M50 0 Q25 0 25 25 Q25 50 50 50 Q75 50 75 25 Q75 0 50 0 Z M0 110 Q0 65 50 65 Q100 65 100 110 Z";

char *
monogram_key (const char *name, const char *id)
{
  gunichar letter = g_utf8_get_char_validated (name, -1);
  char utf8[7] = "";
  g_autofree char *text = NULL;
  char *key;

  if (letter == 0 || letter >= (gunichar)-2 || !g_unichar_isalpha (letter))
    letter = '?';
  utf8[g_unichar_to_utf8 (g_unichar_toupper (letter), utf8)] = '\0';
  text = g_strdup_printf (PREFIX "%u %s", g_str_hash (id) % (guint)G_N_ELEMENTS (colours), utf8);
  key = g_base64_encode ((const guchar *)text, strlen (text));
  g_strdelimit (g_strdelimit (key, "+", '-'), "/", '_');
  key[strcspn (key, "=")] = '\0';
  return key;
}

/* É is drawn as E. */
static const char *
strokes (const char *letter)
{
  gunichar base[4] = { 0 };

  g_unichar_fully_decompose (g_utf8_get_char (letter), FALSE, base, G_N_ELEMENTS (base));
  return base[0] >= 'A' && base[0] <= 'Z' ? letters[base[0] - 'A'] : NULL;
}

char *
monogram_svg (const char *key)
{
  g_autofree char *standard = g_strconcat (key, &"==="[3 - (4 - strlen (key) % 4) % 4], NULL);
  g_autofree guchar *decoded = NULL;
  g_autofree char *text = NULL;
  const char *drawn;
  guint64 colour;
  char *rest;
  gsize size;

  decoded = g_base64_decode (g_strdelimit (g_strdelimit (standard, "-", '+'), "_", '/'), &size);
  text = g_strndup ((const char *)decoded, size);
  if (!g_str_has_prefix (text, PREFIX) || !g_utf8_validate (text, -1, NULL))
    return NULL;
  colour = g_ascii_strtoull (text + strlen (PREFIX), &rest, 10);
  if (*rest != ' ' || colour >= G_N_ELEMENTS (colours))
    return NULL;
  drawn = strokes (rest + 1);
  return g_strdup_printf (
      "<svg xmlns='http://www.w3.org/2000/svg' width='720' height='720'>"
      "<rect width='720' height='720' fill='%s'/>"
      "<path transform='translate(210 210) scale(3)' d='%s' fill='%s' stroke='#fff' stroke-width='12' "
      "stroke-linecap='round' stroke-linejoin='round'/></svg>",
      colours[colour], drawn != NULL ? drawn : silhouette, drawn != NULL ? "none" : "#fff");
}
