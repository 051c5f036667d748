/* One request with libcurl: its options, its answer as it comes, and how it ended. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-transfer.h"

#include <string.h>
#include <sys/socket.h>

#include "net/http-failure.h"
#include "net/http-home.h"
#include "net/secret.h"
#include "net/text.h"

#define SECRET_ANSWER_RESERVE 65536
#define MAX_HEADERS           (64 * 1024)
/* An address that changed is asked for anew with the next attempt. Connections are kept, so names are looked up seldom. */
#define DNS_CACHE_SECONDS 1L

/* ---- setting up ---- */

static gboolean
begin_sinking (HttpTransfer *self)
{
  curl_off_t length = -1;

  if (self->sinking)
    return TRUE;
  curl_easy_getinfo (self->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length); /* within CURLOPT_MAXFILESIZE_LARGE */
  self->sinking = self->request->sink->begin (self->request->sink_data, (gint64)length, &self->unkept);
  return self->sinking;
}

static size_t
on_read (char *buffer, size_t size, size_t count, void *user_data)
{
  HttpTransfer *self = user_data;
  gsize n = self->request->make (self->request->body, self->sent, buffer, size * count);

  self->sent += n;
  return n;
}

/* curl sends from the beginning again when a kept connection breaks under a request that may be repeated. */
static int
on_seek (void *user_data, curl_off_t offset, int origin)
{
  HttpTransfer *self = user_data;

  if (origin != SEEK_SET || offset < 0)
    return CURL_SEEKFUNC_CANTSEEK;
  self->sent = (gsize)offset;
  return CURL_SEEKFUNC_OK;
}

static size_t
on_body (char *data, size_t size, size_t count, void *user_data)
{
  HttpTransfer *self = user_data;

  if (size * count > self->request->max_answer - self->received) {
    self->too_large = TRUE;
    return 0;
  }
  self->received += size * count;
  if (self->request->sink == NULL)
    g_byte_array_append (self->body, (const guint8 *)data, (guint)(size * count));
  else if (http_easy_succeeded (self->easy)
           && (!begin_sinking (self)
               || !self->request->sink->write (self->request->sink_data, data, size * count, &self->unkept)))
    return 0;
  return size * count;
}

static size_t
on_header (char *line, size_t size, size_t count, void *user_data)
{
  HttpTransfer *self = user_data;

  self->headers_size += size * count;
  if (self->headers_size > MAX_HEADERS) {
    self->too_large = TRUE;
    return 0;
  }
  if (size * count >= 5 && memcmp (line, "HTTP/", 5) == 0)
    self->headers_whole = FALSE;
  else if (size * count > 0 && (line[0] == '\r' || line[0] == '\n'))
    self->headers_whole = TRUE;
  return size * count;
}

/* There is a connection. One that breaks before the answer begins makes curl send the request once more, whatever it is. */
static int
on_before_request (void *data, char *remote_address, char *local_address, int remote_port, int local_port)
{
  HttpTransfer *self = data;

  return self->requests++ == 0 && !self->request->unsent ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* Where the name really leads. Behind a proxy, it is the proxy's address, and the proxy looks the name up. */
static curl_socket_t
on_open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  HttpTransfer *self = data;

  self->reconnects = self->words[0] != '\0';
  if (self->looks && http_address_is_home (&address->addr)) {
    self->home = TRUE;
    return CURL_SOCKET_BAD;
  }
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void
set_up (HttpTransfer *self, const HttpAuthorities *authorities, gint64 deadline)
{
  const HttpOrigin *origin = self->origin;
  CURL *easy = self->easy = curl_easy_init ();
  gboolean tls = http_origin_is_tls (origin);

  curl_easy_setopt (easy, CURLOPT_PRIVATE, self);
  curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, self->words);
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  /* Else taking a request out of curl waits for the resolver's thread: with a mute DNS, the whole loop for seconds. */
  curl_easy_setopt (easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, self);
  curl_easy_setopt (easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)self->request->max_answer); /* said at the beginning */
  curl_easy_setopt (easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (easy, CURLOPT_HEADERDATA, self);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, self);
  if (self->request->make != NULL) {
    curl_easy_setopt (easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt (easy, CURLOPT_READDATA, self);
    curl_easy_setopt (easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt (easy, CURLOPT_SEEKDATA, self);
  }
  if (self->request->once || self->request->unsent) {
    curl_easy_setopt (easy, CURLOPT_PREREQFUNCTION, on_before_request);
    curl_easy_setopt (easy, CURLOPT_PREREQDATA, self);
  }
  /* Plain http is not asked to wait for a connection to share: HTTP/1.1 has none, and the wait would last a whole
   * answer. */
  curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long)(tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  curl_easy_setopt (easy, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
  curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* at least, whatever the system says */
  curl_easy_setopt (easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_SECONDS);
  if (origin->loopback)
    curl_easy_setopt (easy, CURLOPT_PROXY, "");
  http_easy_set_authorities (easy, authorities);
  http_easy_set_sockets (easy);
  http_easy_set_limits (easy, deadline - g_get_monotonic_time ());
  self->headers = http_easy_set_request (easy, self->request);
}

HttpTransfer *
http_transfer_new (HttpRequest *request, const HttpOrigin *origin, const HttpAuthorities *authorities, gboolean proxied,
                   gint64 deadline, HttpDoneFunc done, gpointer data)
{
  HttpTransfer *self = g_new0 (HttpTransfer, 1);

  self->request = request;
  self->origin = origin;
  self->done = done;
  self->data = data;
  self->secret = request->secret;
  self->looks = request->abroad && !proxied;
  self->body = g_byte_array_sized_new (request->secret ? SECRET_ANSWER_RESERVE : 0);
  set_up (self, authorities, deadline);
  return self;
}

/* ---- ending ---- */

gboolean
http_transfer_is_waiting (const HttpTransfer *self)
{
  curl_off_t begun = 0;

  curl_easy_getinfo (self->easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
  return begun == 0;
}

void
http_transfer_free (HttpTransfer *self)
{
  curl_easy_cleanup (self->easy);
  for (struct curl_slist *header = self->headers; header != NULL; header = header->next)
    explicit_bzero (header->data, strlen (header->data));
  curl_slist_free_all (self->headers);
  g_clear_error (&self->unkept);
  if (self->body != NULL) {
    if (self->secret && self->body->len > 0)
      explicit_bzero (self->body->data, self->body->len);
    g_byte_array_unref (self->body);
  }
  g_free (self);
}

static HttpResponse *
take_response (HttpTransfer *self)
{
  HttpResponse *response = http_easy_response (self->easy);
  gsize size = self->body->len;

  if (self->request->secret)
    response->body = secret_bytes_take (g_byte_array_free (self->body, FALSE), size);
  else
    response->body = g_byte_array_free_to_bytes (self->body);
  self->body = NULL;
  return response;
}

static HttpFailure
failure_kind (const HttpTransfer *self)
{
  HttpFailure kind = http_easy_failure (self->code, self->words);

  switch (kind) {
  case HTTP_FAILURE_UNREACHABLE:
  case HTTP_FAILURE_CERTIFICATE:
  case HTTP_FAILURE_HANDSHAKE:
    /* A request whose kept connection broke is lost, whatever kept curl from another one. Of a handshake on that one, curl
     * gives no words: it keeps those of the first failure. */
    if (self->requests > 0 || (self->reconnects && self->code == CURLE_SSL_CONNECT_ERROR))
      return HTTP_FAILURE_LOST;
    return kind == HTTP_FAILURE_UNREACHABLE && self->home ? HTTP_FAILURE_HOME : kind;
  case HTTP_FAILURE_LOST:
    return self->too_large ? HTTP_FAILURE_TOO_MUCH : kind;
  default:
    return kind;
  }
}

static GError *
take_failure (const HttpTransfer *self)
{
  HttpFailure kind = failure_kind (self);
  const char *words = self->words;
  g_autofree char *clean = NULL;

  if (kind == HTTP_FAILURE_TOO_MUCH)
    words = self->headers_whole || self->code == CURLE_FILESIZE_EXCEEDED ? "a body too large" : "headers too large";
  else if (self->requests > 1) /* curl's words are of our own callback, which kept it from sending a second time */
    words = "it ended before the answer";
  else if (words[0] == '\0' || (kind == HTTP_FAILURE_CERTIFICATE && http_failure_is_loss (words)))
    words = curl_easy_strerror (self->code); /* curl's words were of the goodbye that could not be sent any more */
  clean = text_clean (words);                /* a certificate's names are in them */
  return http_failure_new (kind, self->origin->host, clean != NULL ? clean : "");
}

void
http_transfer_complete (HttpTransfer *self)
{
  HttpDoneFunc done = self->done;
  gpointer data = self->data;
  HttpResponse *response = NULL;
  GError *error = NULL;

  if (done == NULL) { /* aborted by the callback of another one that ended with it */
    http_transfer_free (self);
    return;
  }
  if (self->code == CURLE_OK && self->request->sink != NULL && http_easy_succeeded (self->easy))
    begin_sinking (self); /* of nothing, no byte came */
  if (self->unkept != NULL)
    error = g_steal_pointer (&self->unkept);
  else if (self->code == CURLE_OK)
    response = take_response (self);
  else
    error = take_failure (self);
  http_transfer_free (self);
  done (data, response, error);
}
