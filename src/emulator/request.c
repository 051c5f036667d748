/* One HTTP request and its one answer, without the server that carries it. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/request.h"

#include "emulator/answer-body.h"
#include "emulator/json.h"

const char *
origin_name (Origin origin)
{
  switch (origin) {
  case ORIGIN_PHOTO:
    return "photo";
  case ORIGIN_TOKEN:
    return "token";
  case ORIGIN_API:
  default:
    return "api";
  }
}

static void
request_param_free (gpointer data)
{
  RequestParam *param = data;

  g_free (param->name);
  g_free (param->value);
  g_free (param);
}

static char *
decode_component (const char *text, gsize length)
{
  g_autofree char *spaced = g_strdelimit (g_strndup (text, length), "+", ' ');
  g_autofree char *decoded = g_uri_unescape_string (spaced, NULL);

  return g_utf8_make_valid (decoded != NULL ? decoded : spaced, -1); /* it comes back in errors, which are JSON */
}

GPtrArray *
request_parse_form (const char *text, gsize length)
{
  GPtrArray *params = g_ptr_array_new_with_free_func (request_param_free);
  const char *end;

  if (text == NULL) /* no query at all */
    return params;
  end = text + length;
  while (text < end) {
    const char *next = memchr (text, '&', end - text);
    const char *stop = next != NULL ? next : end;
    const char *equals = memchr (text, '=', stop - text);

    if (stop > text) {
      RequestParam *param = g_new0 (RequestParam, 1);

      param->name = decode_component (text, (equals != NULL ? equals : stop) - text);
      param->value = equals != NULL ? decode_component (equals + 1, stop - equals - 1) : g_strdup ("");
      g_ptr_array_add (params, param);
    }
    text = stop < end ? stop + 1 : end;
  }
  return params;
}

void
request_set_query (Request *self, const char *query)
{
  g_free (self->query);
  self->query = g_strdup (query);
  g_clear_pointer (&self->params, g_ptr_array_unref);
  self->params = request_parse_form (query, query != NULL ? strlen (query) : 0);
}

Request *
request_new (Origin origin, const char *method, const char *path, const char *query)
{
  Request *self = g_new0 (Request, 1);

  g_ref_count_init (&self->references);
  self->origin = origin;
  self->method = g_strdup (method);
  self->path = g_strdup (path);
  request_set_query (self, query);
  self->http_version = "1.1";
  self->received = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->headers = g_ptr_array_new_with_free_func (g_free);
  return self;
}

Request *
request_ref (Request *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

static void
release_transport (Request *self)
{
  if (self->transport != NULL && self->transport->free != NULL)
    self->transport->free (self->transport_data);
  self->transport = NULL;
}

const char *
request_param (const Request *self, const char *name)
{
  for (guint i = 0; i < self->params->len; i++) {
    const RequestParam *param = self->params->pdata[i];

    if (g_str_equal (param->name, name))
      return param->value;
  }
  return NULL;
}

const char *
request_header (const Request *self, const char *name)
{
  return g_hash_table_lookup (self->received, name);
}

void
request_receive_header (Request *self, const char *name, const char *value)
{
  g_autofree char *key = g_ascii_strdown (name, -1);
  const char *before = request_header (self, key);

  if (before == NULL)
    g_hash_table_insert (self->received, g_steal_pointer (&key), g_strdup (value));
  else
    g_hash_table_replace (self->received, g_strdup (key), g_strconcat (before, ", ", value, NULL));
}

void
request_set_header (Request *self, const char *name, const char *value)
{
  for (guint i = 0; i + 1 < self->headers->len; i += 2) {
    if (g_ascii_strcasecmp (self->headers->pdata[i], name) == 0) {
      g_free (self->headers->pdata[i + 1]);
      self->headers->pdata[i + 1] = g_strdup (value);
      return;
    }
  }
  g_ptr_array_add (self->headers, g_strdup (name));
  g_ptr_array_add (self->headers, g_strdup (value));
}

static void
tell_end (Request *self, guint status, gsize bytes)
{
  self->answered = TRUE;
  if (self->ended != NULL)
    self->ended (self, status, bytes, self->ended_data);
  self->ended = NULL;
}

void
request_unref (Request *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  if (!self->answered) /* whoever should have answered has let go: the end of the program */
    tell_end (self, 0, 0);
  release_transport (self);
  g_free (self->method);
  g_free (self->path);
  g_free (self->query);
  g_ptr_array_unref (self->params);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->fields, fields_free);
  g_hash_table_unref (self->received);
  g_free (self->forced_type);
  g_clear_pointer (&self->forced_body, g_bytes_unref);
  g_ptr_array_unref (self->headers);
  g_free (self->reason);
  g_free (self);
}

void
request_drop (Request *self, gboolean abruptly)
{
  if (self->answered)
    return;
  tell_end (self, 0, 0);
  if (self->transport != NULL)
    self->transport->drop (self->transport_data, abruptly);
  release_transport (self);
}

void
request_answer (Request *self, guint status, const char *content_type, GBytes *body)
{
  g_autoptr (GBytes) payload = body != NULL ? body : g_bytes_new (NULL, 0);

  if (self->answered)
    return;
  if (self->instead != NULL) {
    void (*instead) (Request *, gpointer) = g_steal_pointer (&self->instead);

    instead (self, self->instead_data);
    return;
  }
  if (self->ending == ENDING_LOSE) {
    request_drop (self, FALSE);
    return;
  }
  if (self->forced_body != NULL) {
    g_bytes_unref (payload);
    payload = g_bytes_ref (self->forced_body);
  }
  if (self->forced_type != NULL)
    content_type = self->forced_type;
  if (content_type != NULL)
    request_set_header (self, "Content-Type", content_type);
  if (self->wrapped && content_type != NULL && g_str_has_prefix (content_type, "application/json")
      && answer_accepts_gzip (request_header (self, "accept-encoding"))) {
    GBytes *compressed = answer_gzip (payload);

    g_bytes_unref (payload);
    payload = compressed;
    request_set_header (self, "Content-Encoding", "gzip");
    request_set_header (self, "Vary", "Accept-Encoding");
  }
  tell_end (self, status, g_bytes_get_size (payload));
  if (self->transport != NULL)
    self->transport->answer (self->transport_data, status, self->reason, self->headers, payload,
                             self->ending == ENDING_CUT);
  release_transport (self);
}

void
request_answer_text (Request *self, guint status, const char *content_type, const char *text)
{
  request_answer (self, status, content_type, g_bytes_new (text, strlen (text)));
}

void
request_answer_json (Request *self, guint status, GString *json)
{
  const char *pretty = request_param (self, "prettyPrint");
  g_autoptr (GBytes) bytes = NULL;

  if (status == 200 && self->fields != NULL) {
    g_autoptr (GBytes) whole = g_string_free_to_bytes (json);
    g_autoptr (cJSON) value = json_parse_bytes (whole);

    fields_apply (self->fields, value);
    bytes = json_to_bytes (value);
    json = g_string_new_len (g_bytes_get_data (bytes, NULL), (gssize)g_bytes_get_size (bytes));
    g_clear_pointer (&bytes, g_bytes_unref);
  }
  if (self->wrapped && g_strcmp0 (pretty, "false") != 0 && g_strcmp0 (pretty, "0") != 0)
    json = answer_indent (json);
  bytes = g_string_free_to_bytes (json);
  request_answer (self, status, "application/json; charset=UTF-8", g_steal_pointer (&bytes));
}

void
request_abandoned (Request *self)
{
  release_transport (self);
  if (!self->answered)
    tell_end (self, 0, 0);
}
