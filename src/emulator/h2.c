/*
 * HTTP/2 for one connection.
 *
 *   read source ─ nghttp2_session_mem_recv ─ whole requests queue up ─ handler ─┐
 *   answer, now or later ─ nghttp2_submit_response ─────────────────────────────┴─ write soon ─ mem_send ─ stream
 *
 * The session owns its streams; a stream knows its request until that is answered, and a request whose stream closes
 * first is abandoned. Bytes go out from an idle source only, so nothing here is re-entered.
 */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/h2.h"

#include <nghttp2/nghttp2.h>

#include "emulator/sockets.h"

#define MAX_STREAMS 100 /* as Google's front end says */
#define WINDOW      (16 * 1024 * 1024)
#define READ_CHUNK  65536

typedef struct Session {
  grefcount references;
  GIOStream *stream;
  nghttp2_session *nghttp2;
  GHashTable *streams; /* id to Stream */
  GQueue ready;        /* Stream whose request is whole */
  GSource *read_source;
  GSource *write_source;
  guint write_soon;
  const guint8 *pending; /* nghttp2's, until it is all out */
  gsize pending_size;
  gboolean closed;

  Origin origin;
  guint64 connection;
  gboolean from_loopback;
  ServerHandler handler;
  gpointer data;
} Session;

typedef struct Stream {
  Session *session;
  int32_t id;
  char *method;
  char *path;
  GPtrArray *headers; /* char *, name and value in turn */
  GByteArray *body;
  Request *request; /* borrowed; NULL: not made yet, or answered */
  GBytes *answer;
  gsize sent;
  gsize stop; /* where the answer's body ends */
  gboolean cut;
} Stream;

static void session_write_soon (Session *session);

static void
stream_free (gpointer data)
{
  Stream *stream = data;

  g_free (stream->method);
  g_free (stream->path);
  g_ptr_array_unref (stream->headers);
  g_byte_array_unref (stream->body);
  g_clear_pointer (&stream->answer, g_bytes_unref);
  g_free (stream);
}

static void
clear_source (GSource **source)
{
  if (*source != NULL)
    g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static void
session_unref (Session *session)
{
  if (!g_ref_count_dec (&session->references))
    return;
  g_queue_clear (&session->ready);
  g_hash_table_unref (session->streams);
  nghttp2_session_del (session->nghttp2);
  g_object_unref (session->stream);
  g_free (session);
}

static void
abandon (gpointer id, gpointer value, gpointer unused)
{
  Stream *stream = value;

  if (stream->request != NULL)
    request_abandoned (stream->request); /* comes back to transport_free */
}

/* The end of the connection. Streams stay in memory until the last caller is out. */
static void
session_close (Session *session, gboolean abruptly)
{
  if (session->closed)
    return;
  session->closed = TRUE;
  clear_source (&session->read_source);
  clear_source (&session->write_source);
  if (session->write_soon != 0)
    g_source_remove (session->write_soon);
  session->write_soon = 0;
  if (abruptly)
    socket_reset_below (session->stream);
  g_io_stream_close (session->stream, NULL, NULL);
  g_hash_table_foreach (session->streams, abandon, NULL);
  session_unref (session);
}

/* ---- answering ---- */

static ssize_t
read_answer (nghttp2_session *nghttp2, int32_t id, uint8_t *buffer, size_t length, uint32_t *flags,
             nghttp2_data_source *source, void *data)
{
  Stream *stream = source->ptr;
  gsize chunk = MIN (length, stream->stop - stream->sent);

  if (chunk == 0 && stream->cut)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* ends the stream with an error */
  if (chunk > 0)
    memcpy (buffer, (const guint8 *)g_bytes_get_data (stream->answer, NULL) + stream->sent, chunk);
  stream->sent += chunk;
  if (stream->sent == stream->stop && !stream->cut)
    *flags |= NGHTTP2_DATA_FLAG_EOF;
  return (ssize_t)chunk;
}

static void
add_header (GArray *headers, const char *name, const char *value)
{
  nghttp2_nv header
      = { .name = (uint8_t *)name, .value = (uint8_t *)value, .namelen = strlen (name), .valuelen = strlen (value) };

  g_array_append_val (headers, header); /* nghttp2 copies names and values */
}

static void
transport_answer (gpointer data, guint status, const char *reason, GPtrArray *headers, GBytes *body, gboolean cut)
{
  Stream *stream = data;
  g_autoptr (GArray) out = g_array_new (FALSE, FALSE, sizeof (nghttp2_nv));
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *status_text = g_strdup_printf ("%u", status);
  g_autofree char *length = g_strdup_printf ("%zu", g_bytes_get_size (body));
  nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = read_answer };
  gboolean bodiless = status == 204 || status == 304 || g_str_equal (stream->method, "HEAD");

  if (stream->session->closed)
    return;
  add_header (out, ":status", status_text);
  add_header (out, "server", "people-emulator");
  if (status != 204 && status != 304)
    add_header (out, "content-length", length);
  for (guint i = 0; i + 1 < headers->len; i += 2) {
    g_ptr_array_add (names, g_ascii_strdown (headers->pdata[i], -1));
    add_header (out, names->pdata[names->len - 1], headers->pdata[i + 1]);
  }
  stream->answer = g_bytes_ref (body);
  stream->stop = cut ? g_bytes_get_size (body) / 2 : g_bytes_get_size (body);
  stream->cut = cut;
  nghttp2_submit_response (stream->session->nghttp2, stream->id, (const nghttp2_nv *)out->data, out->len,
                           bodiless ? NULL : &provider);
  session_write_soon (stream->session);
}

static void
transport_drop (gpointer data, gboolean abruptly)
{
  Stream *stream = data;

  session_close (stream->session, abruptly);
}

static void
transport_free (gpointer data)
{
  ((Stream *)data)->request = NULL;
}

static const Transport h2_transport = { transport_answer, transport_drop, transport_free };

/* ---- what nghttp2 tells ---- */

static int
on_begin_headers (nghttp2_session *nghttp2, const nghttp2_frame *frame, void *data)
{
  Session *session = data;
  Stream *stream;

  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  stream = g_new0 (Stream, 1);
  stream->session = session;
  stream->id = frame->hd.stream_id;
  stream->body = g_byte_array_new ();
  stream->headers = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_replace (session->streams, GINT_TO_POINTER (stream->id), stream);
  return 0;
}

static Stream *
find_stream (Session *session, int32_t id)
{
  return g_hash_table_lookup (session->streams, GINT_TO_POINTER (id));
}

static int
on_header (nghttp2_session *nghttp2, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
           const uint8_t *value, size_t value_length, uint8_t flags, void *data)
{
  Stream *stream = find_stream (data, frame->hd.stream_id);
  const char *key = (const char *)name; /* nghttp2 ends both with a NUL */
  char **pseudo;

  if (stream == NULL)
    return 0;
  pseudo = g_str_equal (key, ":method") ? &stream->method : g_str_equal (key, ":path") ? &stream->path : NULL;
  if (pseudo != NULL) {
    g_free (*pseudo);
    *pseudo = g_strndup ((const char *)value, value_length);
  } else if (*key != ':' || g_str_equal (key, ":authority")) {
    g_ptr_array_add (stream->headers, g_strdup (*key == ':' ? "host" : key));
    g_ptr_array_add (stream->headers, g_strndup ((const char *)value, value_length));
  }
  return 0;
}

static int
on_data (nghttp2_session *nghttp2, uint8_t flags, int32_t id, const uint8_t *bytes, size_t length, void *data)
{
  Stream *stream = find_stream (data, id);

  if (stream != NULL)
    g_byte_array_append (stream->body, bytes, (guint)length);
  return 0;
}

/* A client that waits for leave to send its body gets it: whoever may not is told by the answer. */
static void
let_go_on (Session *session, const Stream *stream)
{
  static const nghttp2_nv go_on = { (uint8_t *)":status", (uint8_t *)"100", 7, 3, NGHTTP2_NV_FLAG_NONE };

  for (guint i = 0; i + 1 < stream->headers->len; i += 2) {
    if (g_str_equal (stream->headers->pdata[i], "expect")
        && g_ascii_strcasecmp (stream->headers->pdata[i + 1], "100-continue") == 0)
      nghttp2_submit_headers (session->nghttp2, NGHTTP2_FLAG_NONE, stream->id, NULL, &go_on, 1, NULL);
  }
}

static int
on_frame (nghttp2_session *nghttp2, const nghttp2_frame *frame, void *data)
{
  Session *session = data;
  Stream *stream = find_stream (session, frame->hd.stream_id);

  if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
      && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 && stream != NULL)
    g_queue_push_tail (&session->ready, stream);
  else if (frame->hd.type == NGHTTP2_HEADERS && stream != NULL)
    let_go_on (session, stream);
  return 0;
}

static int
on_stream_close (nghttp2_session *nghttp2, int32_t id, uint32_t code, void *data)
{
  Session *session = data;
  Stream *stream = find_stream (session, id);

  if (stream == NULL)
    return 0;
  g_queue_remove (&session->ready, stream);
  if (stream->request != NULL)
    request_abandoned (stream->request);
  g_hash_table_remove (session->streams, GINT_TO_POINTER (id));
  return 0;
}

/* ---- in and out ---- */

static void
handle_stream (Session *session, Stream *stream)
{
  const char *target = stream->path != NULL ? stream->path : "/";
  const char *question = strchr (target, '?');
  g_autofree char *raw = question != NULL ? g_strndup (target, question - target) : g_strdup (target);
  g_autofree char *path = g_uri_unescape_string (raw, NULL);
  g_autoptr (Request) request = request_new (session->origin, stream->method, path != NULL ? path : raw,
                                             question != NULL ? question + 1 : NULL);

  request->body = g_byte_array_free_to_bytes (g_steal_pointer (&stream->body));
  stream->body = g_byte_array_new ();
  for (guint i = 0; i + 1 < stream->headers->len; i += 2)
    request_receive_header (request, stream->headers->pdata[i], stream->headers->pdata[i + 1]);
  request->http_version = "2";
  request->connection = session->connection;
  request->from_loopback = session->from_loopback;
  request->transport = &h2_transport;
  request->transport_data = stream;
  stream->request = request;
  session->handler (request, session->data);
}

static gboolean
session_readable (GObject *input, gpointer data)
{
  Session *session = data;
  g_autofree guint8 *buffer = g_malloc (READ_CHUNK);
  g_autoptr (GError) error = NULL;
  gboolean alive = TRUE;

  g_ref_count_inc (&session->references);
  while (alive && !session->closed) {
    gssize length
        = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), buffer, READ_CHUNK, NULL, &error);

    if (length < 0 && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
      break;
    alive = length > 0 && nghttp2_session_mem_recv (session->nghttp2, buffer, (gsize)length) == length;
    while (!session->closed && !g_queue_is_empty (&session->ready))
      handle_stream (session, g_queue_pop_head (&session->ready));
  }
  if (!alive)
    session_close (session, FALSE);
  else if (!session->closed)
    session_write_soon (session);
  session_unref (session);
  return G_SOURCE_CONTINUE;
}

static gboolean
session_writable (GObject *output, gpointer data)
{
  Session *session = data;

  clear_source (&session->write_source);
  session_write_soon (session);
  return G_SOURCE_REMOVE;
}

static void
wait_for_room (Session *session, GOutputStream *output)
{
  session->write_source = g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (output), NULL);
  g_source_set_callback (session->write_source, G_SOURCE_FUNC (session_writable), session, NULL);
  g_source_attach (session->write_source, NULL);
}

/* FALSE: the session is over. */
static gboolean
write_frames (Session *session)
{
  GOutputStream *output = g_io_stream_get_output_stream (session->stream);

  while (TRUE) {
    g_autoptr (GError) error = NULL;
    gssize written;

    if (session->pending_size == 0) {
      ssize_t size = nghttp2_session_mem_send (session->nghttp2, &session->pending);

      if (size < 0)
        return FALSE;
      if (size == 0)
        return nghttp2_session_want_read (session->nghttp2) || nghttp2_session_want_write (session->nghttp2);
      session->pending_size = (gsize)size;
    }
    written = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (output), session->pending,
                                                          session->pending_size, NULL, &error);
    if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)) {
      wait_for_room (session, output);
      return TRUE;
    }
    if (written < 0)
      return FALSE;
    session->pending += written;
    session->pending_size -= (gsize)written;
  }
}

static gboolean
write_now (gpointer data)
{
  Session *session = data;

  session->write_soon = 0;
  if (!write_frames (session))
    session_close (session, FALSE);
  return G_SOURCE_REMOVE;
}

static void
session_write_soon (Session *session)
{
  if (session->closed || session->write_source != NULL || session->write_soon != 0)
    return;
  session->write_soon = g_idle_add_full (G_PRIORITY_DEFAULT, write_now, session, NULL);
}

static void
make_nghttp2 (Session *session)
{
  const nghttp2_settings_entry settings[] = {
    { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS },
    { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW },
  };
  nghttp2_session_callbacks *callbacks;

  nghttp2_session_callbacks_new (&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback (callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback (callbacks, on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback (callbacks, on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback (callbacks, on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback (callbacks, on_stream_close);
  nghttp2_session_server_new (&session->nghttp2, callbacks, session);
  nghttp2_session_callbacks_del (callbacks);
  nghttp2_submit_settings (session->nghttp2, NGHTTP2_FLAG_NONE, settings, G_N_ELEMENTS (settings));
  nghttp2_session_set_local_window_size (session->nghttp2, NGHTTP2_FLAG_NONE, 0, WINDOW);
}

void
h2_serve (GIOStream *stream, Origin origin, guint64 connection, gboolean from_loopback, ServerHandler handler,
          gpointer data)
{
  Session *session = g_new0 (Session, 1);
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));

  g_ref_count_init (&session->references);
  session->stream = g_object_ref (stream);
  session->streams = g_hash_table_new_full (NULL, NULL, NULL, stream_free);
  g_queue_init (&session->ready);
  session->origin = origin;
  session->connection = connection;
  session->from_loopback = from_loopback;
  session->handler = handler;
  session->data = data;
  make_nghttp2 (session);
  session->read_source = g_pollable_input_stream_create_source (input, NULL);
  g_source_set_callback (session->read_source, G_SOURCE_FUNC (session_readable), session, NULL);
  g_source_attach (session->read_source, NULL);
  session_write_soon (session);
}
