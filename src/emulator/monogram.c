/* Monograms: the picture that Google shows for somebody without a photo. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/monogram.h"

/* A key is base64url of "m1 COLOUR LETTER": the colour goes by the person, the letter by the name. */
#define PREFIX "m1 "

static const char *const colours[]
    = { "#7b1fa2", "#00796b", "#c2185b", "#5d4037", "#0288d1", "#689f38", "#ef6c00", "#455a64" };

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

char *
monogram_svg (const char *key)
{
  g_autofree char *standard = g_strconcat (key, &"==="[3 - (4 - strlen (key) % 4) % 4], NULL);
  g_autofree guchar *decoded = NULL;
  g_autofree char *text = NULL;
  g_autofree char *letter = NULL;
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
  letter = g_markup_escape_text (rest + 1, -1);
  return g_strdup_printf ("<svg xmlns='http://www.w3.org/2000/svg' width='720' height='720'>"
                          "<rect width='720' height='720' fill='%s'/>"
                          "<text x='360' y='490' font-family='sans-serif' font-size='380' text-anchor='middle' "
                          "fill='#fff'>%s</text></svg>",
                          colours[colour], letter);
}
