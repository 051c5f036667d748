/*
 * Names that only pass by: what editors, sync tools and downloaders write before they rename it over the real name, and
 * what they keep beside it.
 *
 *   ".x", and names that end in one of suffixes     temporary
 *   "x.~3~", created                                a drop: somebody's picture met a name that was taken
 *   "y.3", created, of y in the folder              the same
 *   y and something behind it, or a mark before it  temporary: it derives from y in the folder: "#photo.jpg#",
 *                                                   "photo.jpg.save", "photo.jpg.AbC123"
 *   y and a blank behind it                         a drop: so people and file managers name copies
 *   y and a picture's ending, "photo.jpg.png"       a drop: so people name pictures
 *
 * Collected from the programs themselves; what is missed here still works, by the rule for "any other name".
 */
#include "folder/folder.h"

static const char *const suffixes[]
    = { "~",    ".part", ".partial", ".tmp",      ".temp",       ".swp",      ".swx",
        ".swo", "_tmp",  ".bak",     "_original", ".crdownload", ".filepart", ".download",
        ".new", ".orig", ".old",     ".lock",     ".kate-swp",   ".aria2",    ".wgettmp" };

/* sed -i: "sed" and six characters of mkstemp. */
static gboolean
is_sed (const char *name)
{
  if (!g_str_has_prefix (name, "sed") || strlen (name) != 9)
    return FALSE;
  for (const char *c = name + 3; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c))
      return FALSE;
  return TRUE;
}

/* vim looks whether it may create files by the name 4913, then 4913 + 123 and so on. */
static gboolean
is_vim_probe (const char *name)
{
  guint64 number;

  return g_ascii_string_to_unsigned (name, 10, 4913, 99999, &number, NULL) && (number - 4913) % 123 == 0;
}

#define MAX_NUMBER_DIGITS 3 /* longer ones are times, or mkstemp's */

/* text is ".3" or ".~3~": how lf, wget and cp --backup number a name that is taken. */
static gboolean
is_number (const char *text)
{
  gsize digits;

  if (*text++ != '.')
    return FALSE;
  if (*text == '~') {
    digits = strspn (++text, "0123456789");
    return digits >= 1 && digits <= MAX_NUMBER_DIGITS && g_str_equal (text + digits, "~");
  }
  digits = strspn (text, "0123456789");
  return digits >= 1 && digits <= MAX_NUMBER_DIGITS && text[digits] == '\0';
}

static gboolean
is_numbered_backup (const char *name)
{
  const char *number = strrchr (name, '.');

  return number != NULL && number != name && number[1] == '~' && is_number (number);
}

/* text is ".png" or another ending by which pictures are named. */
static gboolean
is_picture_ending (const char *text)
{
  static const char *const endings[] = { ".jpg",  ".jpeg", ".jfif", ".png", ".webp", ".heic", ".heif",
                                         ".avif", ".tif",  ".tiff", ".gif", ".bmp",  ".jxl",  NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  return g_strv_contains (endings, lower);
}

static gboolean
derives_from (const char *name, const char *neighbour, gboolean created)
{
  const char *at = strstr (name, neighbour), *behind;

  if (at == NULL)
    return FALSE;
  for (const char *c = name; c < at; c++)
    if (!g_ascii_ispunct (*c))
      return FALSE;
  behind = at + strlen (neighbour);
  if (at > name)
    return TRUE;
  if (*behind == '\0' || g_ascii_isspace (*behind) || (created && is_number (behind)) || is_picture_ending (behind))
    return FALSE;
  return !g_ascii_isalnum (*behind) || strchr (neighbour, '.') != NULL; /* "IMG_10.jpg" is none of "IMG_1" */
}

gboolean
folder_name_is_temporary (const char *name, const char *const *neighbours, gboolean created)
{
  if (name[0] == '.' || is_sed (name) || is_vim_probe (name))
    return TRUE;
  if (created && is_numbered_backup (name))
    return FALSE;
  if (strstr (name, ".digikamtempfile.") != NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (name, suffixes[i]))
      return TRUE;
  for (; *neighbours != NULL; neighbours++)
    if (derives_from (name, *neighbours, created))
      return TRUE;
  return FALSE;
}
