/* Compressed bodies and wrapped methods. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/request-body.h"

#include <gio/gio.h>

#include "emulator/errors.h"

#define MAX_DECODED (64 * 1024 * 1024)

/* NULL with error: no gzip, cut, or more than anybody has business sending. */
static GBytes *
gunzip (GBytes *body, GError **error)
{
  g_autoptr (GInputStream) compressed = g_memory_input_stream_new_from_bytes (body);
  g_autoptr (GConverter) decompressor = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) plain = g_converter_input_stream_new (compressed, decompressor);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autofree guint8 *buffer = g_malloc (65536);
  gssize length;
  gsize size = 0;

  while ((length = g_input_stream_read (plain, buffer, 65536, NULL, error)) > 0 && (size += length) <= MAX_DECODED)
    g_output_stream_write_all (out, buffer, length, NULL, NULL, NULL);
  if (length < 0)
    return NULL;
  if (size > MAX_DECODED) {
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "it is too large");
    return NULL;
  }
  g_output_stream_close (out, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (out));
}

gboolean
request_decode_body (Request *request)
{
  const char *encoding = request_header (request, "content-encoding");
  g_autoptr (GError) error = NULL;
  GBytes *plain;

  if (encoding == NULL || g_ascii_strcasecmp (encoding, "identity") == 0 || request->body == NULL)
    return TRUE;
  if (g_ascii_strcasecmp (encoding, "gzip") != 0 && g_ascii_strcasecmp (encoding, "x-gzip") != 0) {
    request_set_header (request, "Accept-Encoding", "gzip");
    error_answer_html (request, 415);
    return FALSE;
  }
  plain = gunzip (request->body, &error);
  if (plain == NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
    error_answer_html (request, 413);
  else if (plain == NULL)
    error_answer_bad_request (request, NULL, "Invalid content encoding: the body is no gzip.");
  if (plain == NULL)
    return FALSE;
  g_bytes_unref (request->body);
  request->body = plain;
  return TRUE;
}

void
request_override_method (Request *request)
{
  const char *method = request_header (request, "x-http-method-override");
  const char *type = request_header (request, "content-type");
  gboolean form = type != NULL && g_ascii_strncasecmp (type, "application/x-www-form-urlencoded", 33) == 0;

  if (method == NULL || !g_str_equal (request->method, "POST"))
    return;
  g_free (request->method);
  request->method = g_ascii_strup (method, -1);
  if (form && request->body != NULL) {
    gsize size = 0;
    const char *text = g_bytes_get_data (request->body, &size);
    g_autofree char *more = g_strndup (text != NULL ? text : "", size);
    g_autofree char *query = request->query != NULL ? g_strconcat (request->query, "&", more, NULL) : g_strdup (more);

    request_set_query (request, query);
    g_clear_pointer (&request->body, g_bytes_unref);
    request->body = g_bytes_new (NULL, 0);
  }
}
