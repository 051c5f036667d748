/* Base64 as Google takes and gives it. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/base64.h"

#include <string.h>

GBytes *
base64_decode (const char *text)
{
  gsize length = strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "+/-_");
  gsize padding = strlen (text + length);
  gsize missing = (4 - length % 4) % 4;
  g_autofree char *standard = NULL;
  guchar *bytes;
  gsize size;

  if (missing == 3 || strspn (text + length, "=") != padding || (padding != 0 && padding != missing))
    return NULL;
  standard = g_strdup_printf ("%.*s%.*s", (int)length, text, (int)missing, "==");
  g_strdelimit (g_strdelimit (standard, "-", '+'), "_", '/');
  bytes = g_base64_decode (standard, &size);
  return g_bytes_new_take (bytes, size);
}

char *
base64_encode_url (gconstpointer data, gsize size)
{
  char *text = g_base64_encode (data, size);

  text[strcspn (text, "=")] = '\0';
  return g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_');
}
