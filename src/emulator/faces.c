/* Cartoon faces, drawn from a seed. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/faces.h"

#define N(array) ((guint)G_N_ELEMENTS (array))

static const char *const skins[] = { "#ffe0cc", "#f6c9a8", "#e8b088", "#d09468", "#a86c44", "#7c4a2c", "#5a3420" };
static const char *const hairs[]
    = { "#2a1d17", "#4a2f20", "#7a4a28", "#b5782f", "#e2b65b", "#a8432a", "#8a8a8f", "#d9d9de" };
static const char *const grounds[]
    = { "#a8d8ea", "#ffd3b6", "#c5e1a5", "#d7bde2", "#ffe082", "#b2dfdb", "#f8bbd0", "#bbdefb", "#dcedc8", "#cfd8dc" };
static const char *const shirts[]
    = { "#37474f", "#1565c0", "#2e7d32", "#c62828", "#6a1b9a", "#ef6c00", "#00838f", "#5d4037" };
static const char *const eyes[] = { "#3b2415", "#4b6b8a", "#4f7a4a", "#6b4a2f" };

/* Of hair: parted, long, curls, a bun, a fringe, none (which should stay the exception). */
static const guint styles[] = { 0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5 };

/* splitmix64: one step per choice. */
static guint
choose (guint64 *state, guint below)
{
  guint64 z = (*state += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return (guint)((z ^ (z >> 31)) % below);
}

guint64
face_seed (const char *word)
{
  guint64 hash = G_GUINT64_CONSTANT (0xcbf29ce484222325);

  for (; *word != '\0'; word++)
    hash = (hash ^ (guchar)*word) * G_GUINT64_CONSTANT (0x100000001b3);
  return hash;
}

static void
draw_hair_behind (GString *svg, guint style, const char *hair)
{
  if (style == 1) /* long */
    g_string_append_printf (
        svg, "<path d='M180 330 Q180 120 360 120 Q540 120 540 330 L560 560 Q360 640 160 560 Z' fill='%s'/>", hair);
  else if (style == 2) /* curls */
    for (int i = 0; i < 9; i++)
      g_string_append_printf (svg, "<circle cx='%d' cy='%d' r='78' fill='%s'/>", 190 + i * 42,
                              250 - (i < 5 ? i : 8 - i) * 28, hair);
  else if (style == 3) /* a bun */
    g_string_append_printf (svg, "<circle cx='360' cy='118' r='62' fill='%s'/>", hair);
}

static void
draw_hair_before (GString *svg, guint style, const char *hair)
{
  switch (style) {
  case 0: /* short, parted */
    g_string_append_printf (svg,
                            "<path d='M205 330 Q190 150 360 148 Q530 150 515 330 Q490 235 400 225 Q300 260 240 240 "
                            "Q215 270 205 330 Z' fill='%s'/>",
                            hair);
    break;
  case 1:
  case 3:
    g_string_append_printf (svg,
                            "<path d='M205 345 Q195 148 360 148 Q525 148 515 345 Q500 230 360 222 Q220 230 205 345 Z' "
                            "fill='%s'/>",
                            hair);
    break;
  case 2:
    g_string_append_printf (svg,
                            "<path d='M203 340 Q150 100 360 98 Q570 100 517 340 Q500 232 360 228 Q220 232 203 340 Z' "
                            "fill='%s'/>",
                            hair);
    break;
  case 4: /* a fringe */
    g_string_append_printf (svg,
                            "<path d='M202 350 Q185 145 360 142 Q535 145 518 350 L500 290 Q360 265 220 290 Z' "
                            "fill='%s'/>",
                            hair);
    break;
  default: /* none */
    break;
  }
}

static void
draw_features (GString *svg, guint64 *state, const char *skin, const char *hair)
{
  const char *eye = eyes[choose (state, N (eyes))];
  guint smile = 18 + choose (state, 34);
  guint brow = choose (state, 14);
  gboolean open = choose (state, 3) == 0;

  for (int side = -1; side <= 1; side += 2) {
    int x = 360 + side * 68;

    g_string_append_printf (
        svg,
        "<ellipse cx='%d' cy='345' rx='26' ry='20' fill='#fff'/><circle cx='%d' cy='346' r='14' "
        "fill='%s'/><circle cx='%d' cy='346' r='7' fill='#111'/><circle cx='%d' cy='341' r='4' fill='#fff'/>",
        x, x, eye, x, x + 4);
    g_string_append_printf (
        svg, "<path d='M%d %d q30 -%u 60 0' stroke='%s' stroke-width='10' fill='none' stroke-linecap='round'/>", x - 30,
        310, 8 + brow, hair);
    g_string_append_printf (svg, "<circle cx='%d' cy='405' r='26' fill='#e57373' opacity='.25'/>", 360 + side * 100);
  }
  g_string_append_printf (svg,
                          "<path d='M352 350 q-14 46 -4 54 q12 8 26 2' stroke='#00000044' stroke-width='7' fill='none' "
                          "stroke-linecap='round'/>");
  if (open)
    g_string_append_printf (svg,
                            "<path d='M305 442 Q360 %u 415 442 Z' fill='#7b2d2d'/><path d='M318 445 h84 v8 h-84 Z' "
                            "fill='#fff'/>",
                            470 + smile);
  else
    g_string_append_printf (svg,
                            "<path d='M310 442 Q360 %u 410 442' stroke='#9c4a3c' stroke-width='10' fill='none' "
                            "stroke-linecap='round'/>",
                            448 + smile);
  g_string_append_printf (svg, "<circle cx='360' cy='498' r='9' fill='%s' opacity='.6'/>", skin);
}

static void
draw_extras (GString *svg, guint64 *state, const char *hair, gboolean may_have_beard)
{
  guint glasses = choose (state, 5);
  guint beard = may_have_beard ? choose (state, 4) : G_MAXUINT;

  if (beard == 0)
    g_string_append_printf (svg,
                            "<path d='M215 400 Q220 560 360 568 Q500 560 505 400 Q480 470 430 424 Q360 408 290 424 "
                            "Q240 470 215 400 Z' fill='%s' opacity='.92'/>"
                            "<path d='M315 455 Q360 482 405 455' stroke='#9c4a3c' stroke-width='10' fill='none' "
                            "stroke-linecap='round'/>",
                            hair);
  else if (beard == 1)
    g_string_append_printf (svg,
                            "<path d='M300 424 Q330 404 360 420 Q390 404 420 424 Q390 436 360 430 Q330 436 300 424 Z' "
                            "fill='%s'/>",
                            hair);
  if (glasses == 0)
    g_string_append (svg, "<g fill='#ffffff33' stroke='#222' stroke-width='8'><circle cx='292' cy='346' r='46'/>"
                          "<circle cx='428' cy='346' r='46'/><path d='M338 340 q22 -14 44 0' fill='none'/></g>");
  else if (glasses == 1)
    g_string_append (
        svg, "<g fill='#ffffff33' stroke='#5d1f1f' stroke-width='9'><rect x='240' y='312' width='102' height='70' "
             "rx='14'/><rect x='378' y='312' width='102' height='70' rx='14'/><path d='M342 338 h36'/></g>");
}

char *
face_svg (guint64 seed)
{
  guint64 state = seed;
  const char *skin = skins[choose (&state, N (skins))];
  const char *hair = hairs[choose (&state, N (hairs))];
  const char *ground = grounds[choose (&state, N (grounds))];
  const char *shirt = shirts[choose (&state, N (shirts))];
  guint style = styles[choose (&state, N (styles))];
  guint width = 146 + choose (&state, 16);
  GString *svg = g_string_new (NULL);

  g_string_append_printf (
      svg,
      "<svg xmlns='http://www.w3.org/2000/svg' width='720' height='720' viewBox='0 0 720 720'>"
      "<defs><radialGradient id='g' cx='.5' cy='.4' r='.8'><stop offset='0' stop-color='#fff' "
      "stop-opacity='.6'/><stop offset='1' stop-color='#fff' stop-opacity='0'/></radialGradient></defs>"
      "<rect width='720' height='720' fill='%s'/><rect width='720' height='720' fill='url(#g)'/>",
      ground);
  draw_hair_behind (svg, style, hair);
  g_string_append_printf (svg, "<path d='M120 720 Q130 560 300 545 L420 545 Q590 560 600 720 Z' fill='%s'/>", shirt);
  g_string_append_printf (svg,
                          "<path d='M300 480 h120 v75 q-60 60 -120 0 Z' fill='%s'/><path d='M300 505 q60 50 120 0 v25 "
                          "q-60 50 -120 0 Z' fill='#00000022'/>",
                          skin);
  g_string_append_printf (
      svg,
      "<ellipse cx='%u' cy='365' rx='24' ry='36' fill='%s'/><ellipse cx='%u' cy='365' rx='24' ry='36' "
      "fill='%s'/>",
      360 - width, skin, 360 + width, skin);
  g_string_append_printf (
      svg, "<path d='M%u 330 Q%u 160 360 158 Q%u 160 %u 330 Q%u 530 360 545 Q%u 530 %u 330 Z' fill='%s'/>", 360 - width,
      360 - width, 360 + width, 360 + width, 360 + width - 14, 360 - width + 14, 360 - width, skin);
  draw_features (svg, &state, skin, hair);
  draw_extras (svg, &state, hair, style == 0 || style > 3);
  draw_hair_before (svg, style, hair);
  g_string_append (svg, "</svg>");
  return g_string_free (svg, FALSE);
}
