/* Indentation and gzip. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/answer-body.h"

#include <stdlib.h>

#define QUICK 1 /* zlib's level: tests wait for it */

static void
append_line (GString *out, guint level)
{
  g_string_append_c (out, '\n');
  for (guint i = 0; i < level; i++)
    g_string_append (out, "  ");
}

/* From a quote to behind its end. */
static const char *
append_string (GString *out, const char *at)
{
  const char *end = at + 1;

  while (*end != '"' && *end != '\0')
    end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
  if (*end == '"')
    end++;
  g_string_append_len (out, at, end - at);
  return end;
}

GString *
answer_indent (GString *json)
{
  GString *out = g_string_sized_new (2 * json->len);
  guint level = 0;

  for (const char *at = json->str; *at != '\0';) {
    if (*at == '"') {
      at = append_string (out, at);
      continue;
    }
    if ((at[0] == '{' && at[1] == '}') || (at[0] == '[' && at[1] == ']')) {
      g_string_append_len (out, at, 2);
      at += 2;
      continue;
    }
    if (*at == '}' || *at == ']')
      append_line (out, level > 0 ? --level : 0);
    g_string_append_c (out, *at);
    if (*at == '{' || *at == '[')
      append_line (out, ++level);
    else if (*at == ',')
      append_line (out, level);
    else if (*at == ':')
      g_string_append_c (out, ' ');
    at++;
  }
  g_string_append_c (out, '\n');
  g_string_free (json, TRUE);
  return out;
}

gboolean
answer_accepts_gzip (const char *accept_encoding)
{
  g_auto (GStrv) codings = g_strsplit (accept_encoding != NULL ? accept_encoding : "", ",", -1);

  for (char **coding = codings; *coding != NULL; coding++) {
    g_auto (GStrv) parts = g_strsplit (*coding, ";", 2);
    const char *weight = parts[0] != NULL && parts[1] != NULL ? strstr (parts[1], "q=") : NULL;

    if (parts[0] != NULL && g_ascii_strcasecmp (g_strstrip (parts[0]), "gzip") == 0)
      return weight == NULL || g_ascii_strtod (weight + 2, NULL) > 0;
  }
  return FALSE;
}

GBytes *
answer_gzip (GBytes *body)
{
  g_autoptr (GConverter) compressor = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, QUICK));
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) compressed = g_converter_output_stream_new (out, compressor);
  gsize size;
  const void *data = g_bytes_get_data (body, &size);

  g_output_stream_write_all (compressed, data, size, NULL, NULL, NULL);
  g_output_stream_close (compressed, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
}
