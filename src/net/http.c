/*
 * libcurl on the GLib main loop: the transport of http-client.c.
 *
 * A Pool is one curl multi handle with its connections; new requests go to the current one. When a request stands still
 * or runs out of time, its pool is retired: what runs there may end, new requests and those that were still waiting for
 * a connection go to a new pool, so that nothing picks the frozen connection again. curl alone would: with HTTP/2 the
 * request leaves and the connection stays.
 *
 * curl_multi_socket_action is called by the watch only, never from a callback of curl, and done is called only after it
 * returned.
 */
#define G_LOG_DOMAIN "contactfs"

#include "net/http.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/http-authorities.h"
#include "net/http-easy.h"
#include "net/http-failure.h"
#include "net/http-home.h"
#include "net/http-transport.h"
#include "net/http-watch.h"
#include "net/secret.h"
#include "net/text.h"

#define MAX_CONCURRENT_STREAMS 1024L
#define MAX_IDLE_CONNECTIONS   64L
#define MAX_TLS_CONNECTIONS    4L /* the second only when the first has all the streams that the server allows */
#define SECRET_ANSWER_RESERVE  65536
#define MAX_HEADERS            (64 * 1024)
/* An address that changed is asked for anew with the next attempt. Connections are kept, so names are looked up seldom. */
#define DNS_CACHE_SECONDS 1L
/* The server says that this connection does not lead to the service (RFC 9110, 15.5.20): the next request needs another. */
#define MISDIRECTED 421

typedef struct {
  HttpTransport *transport;
  CURLM *multi;
  HttpWatch *watch;
  GHashTable *transfers; /* set of HttpTransfer, borrowed */
  gboolean tls;
  gboolean few;     /* MAX_TLS_CONNECTIONS to a host at most */
  gboolean closing; /* curl calls back while it cleans up; nothing may be armed then */
} Pool;

struct HttpTransport {
  Pool *current[2]; /* for http, for https; NULL: the next request makes one */
  GPtrArray *pools; /* all of them, owned; retired ones until they have drained */
  guint64 connections;
  gboolean proxied; /* https goes by a proxy */
  HttpAuthorities authorities;
};

struct HttpTransfer {
  HttpTransport *transport;
  Pool *pool;               /* NULL: detached */
  HttpRequest *request;     /* borrowed */
  const HttpOrigin *origin; /* borrowed */
  HttpDoneFunc done;
  gpointer data;
  CURL *easy;
  struct curl_slist *headers;
  GByteArray *body;
  gsize received;   /* bytes of the body */
  gboolean sinking; /* the sink knows that the body has begun */
  GError *unkept;   /* why the sink takes no more */
  gsize headers_size;
  gboolean too_large, secret;
  gboolean home;          /* an address was refused */
  gboolean headers_whole; /* curl takes a connection that closes among the headers for an answer without a body */
  guint requests;         /* for one that is made once: so often curl began to send it */
  CURLcode code;          /* set by pool_collect */
  char words[CURL_ERROR_SIZE];
};

static void pool_collect (Pool *self);

/* ---- setting up ---- */

static gboolean
is_tls (const HttpOrigin *origin)
{
  return g_str_equal (origin->scheme, "https");
}

static gboolean
begin_sinking (HttpTransfer *self)
{
  curl_off_t length = -1;

  if (self->sinking)
    return TRUE;
  if (curl_easy_getinfo (self->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) != CURLE_OK)
    length = -1;
  if (length > 0 && (guint64)length > self->request->max_answer) {
    self->too_large = TRUE;
    return FALSE;
  }
  self->sinking = self->request->sink->begin (self->request->sink_data, (gint64)length, &self->unkept);
  return self->sinking;
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

/* A kept connection that breaks before the answer begins makes curl send the request once more, whatever it is. */
static int
on_before_request (void *data, char *remote_address, char *local_address, int remote_port, int local_port)
{
  return ((HttpTransfer *)data)->requests++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* Where the name really leads. Behind a proxy, it is the proxy's address, and the proxy looks the name up. */
static curl_socket_t
on_open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  HttpTransfer *self = data;

  if (self->request->abroad && !self->transport->proxied && http_address_is_home (&address->addr)) {
    self->home = TRUE;
    return CURL_SOCKET_BAD;
  }
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void
transfer_set_up (HttpTransfer *self, gint64 deadline)
{
  const HttpOrigin *origin = self->origin;
  CURL *easy = self->easy = curl_easy_init ();
  gboolean tls = is_tls (origin);

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
  if (self->request->once) {
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
  http_easy_set_authorities (easy, &self->transport->authorities);
  http_easy_set_sockets (easy);
  http_easy_set_limits (easy, deadline - g_get_monotonic_time ());
  self->headers = http_easy_set_request (easy, self->request);
}

/* ---- ending ---- */

/* TRUE while it waits for its connection: nothing of the request is on the wire. */
static gboolean
transfer_is_waiting (HttpTransfer *self)
{
  curl_off_t begun = 0;

  return curl_easy_getinfo (self->easy, CURLINFO_PRETRANSFER_TIME_T, &begun) == CURLE_OK && begun == 0;
}

/* Takes it out of curl; what curl still knows of it stays readable until it is freed. */
static void
transfer_detach (HttpTransfer *self)
{
  long connects = 0;

  curl_multi_remove_handle (self->pool->multi, self->easy);
  g_hash_table_remove (self->pool->transfers, self);
  if (curl_easy_getinfo (self->easy, CURLINFO_NUM_CONNECTS, &connects) == CURLE_OK && connects > 0)
    self->transport->connections += (guint64)connects;
  self->pool = NULL;
}

static void
transfer_free (HttpTransfer *self)
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
    /* A request that was on the wire when its connection broke is lost, whatever kept curl from another one. */
    if (self->requests > 0)
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
    words = self->headers_whole ? "a body too large" : "headers too large";
  else if (self->requests > 1) /* curl's words are of our own callback, which kept it from sending a second time */
    words = "it ended before the answer";
  else if (words[0] == '\0' || (kind == HTTP_FAILURE_CERTIFICATE && http_failure_is_loss (words)))
    words = curl_easy_strerror (self->code); /* curl's words were of the goodbye that could not be sent any more */
  clean = text_clean (words);                /* a certificate's names are in them */
  return http_failure_new (kind, self->origin->host, clean != NULL ? clean : "");
}

static void
transfer_complete (HttpTransfer *self)
{
  HttpDoneFunc done = self->done;
  gpointer data = self->data;
  HttpResponse *response = NULL;
  GError *error = NULL;

  if (done == NULL) { /* aborted by the callback of another one that ended with it */
    transfer_free (self);
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
  transfer_free (self);
  done (data, response, error);
}

/* ---- pools ---- */

static void
on_ready (int fd, GIOCondition ready, gpointer data)
{
  Pool *self = data;
  int action = 0, running;

  if (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    action |= CURL_CSELECT_IN;
  if (ready & (G_IO_OUT | G_IO_ERR))
    action |= CURL_CSELECT_OUT;
  curl_multi_socket_action (self->multi, fd >= 0 ? fd : CURL_SOCKET_TIMEOUT, action, &running);
  pool_collect (self);
}

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
  Pool *self = data;
  GIOCondition wanted = 0;

  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
    wanted |= G_IO_IN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
    wanted |= G_IO_OUT;
  http_watch_descriptor (self->watch, fd, self->closing ? 0 : wanted);
  return 0;
}

static int
on_timer (CURLM *multi, long milliseconds, void *data)
{
  Pool *self = data;

  http_watch_timer (self->watch, self->closing ? -1 : milliseconds);
  return 0;
}

static Pool *
pool_new (HttpTransport *transport, gboolean tls)
{
  Pool *self = g_new0 (Pool, 1);

  self->transport = transport;
  self->tls = self->few = tls;
  self->watch = http_watch_new (on_ready, self);
  self->transfers = g_hash_table_new (NULL, NULL);
  self->multi = curl_multi_init ();
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt (self->multi, CURLMOPT_SOCKETDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt (self->multi, CURLMOPT_TIMERDATA, self);
  curl_multi_setopt (self->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt (self->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, MAX_CONCURRENT_STREAMS);
  curl_multi_setopt (self->multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
  /* HTTP/2 shares one. Past the streams that the server allows (usually 100), curl would open one for each further
   * request. */
  if (self->few)
    curl_multi_setopt (self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_TLS_CONNECTIONS);
  return self;
}

static void
pool_free (gpointer data)
{
  Pool *self = data;

  self->closing = TRUE;
  curl_multi_cleanup (self->multi);
  http_watch_free (self->watch);
  g_hash_table_unref (self->transfers);
  g_free (self);
}

static void
pool_add (Pool *self, HttpTransfer *transfer)
{
  transfer->pool = self;
  g_hash_table_add (self->transfers, transfer);
  curl_multi_add_handle (self->multi, transfer->easy);
}

static Pool *
current_pool (HttpTransport *self, gboolean tls)
{
  if (self->current[tls] == NULL) {
    self->current[tls] = pool_new (self, tls);
    g_ptr_array_add (self->pools, self->current[tls]);
  }
  return self->current[tls];
}

/* A server of HTTP/1.1 behind TLS needs a connection for each request. */
static void
pool_notice_version (Pool *self, HttpTransfer *transfer)
{
  long version = 0;

  if (!self->few || curl_easy_getinfo (transfer->easy, CURLINFO_HTTP_VERSION, &version) != CURLE_OK)
    return;
  if (version != CURL_HTTP_VERSION_1_0 && version != CURL_HTTP_VERSION_1_1)
    return;
  self->few = FALSE;
  curl_multi_setopt (self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L);
}

static void
pool_retire (Pool *self)
{
  HttpTransport *transport = self->transport;
  g_autoptr (GList) transfers = NULL;

  if (transport->current[self->tls] != self)
    return;
  transport->current[self->tls] = NULL;
  transfers = g_hash_table_get_keys (self->transfers);
  for (GList *item = transfers; item != NULL; item = item->next) {
    HttpTransfer *transfer = item->data;

    if (!transfer_is_waiting (transfer))
      continue;
    transfer_detach (transfer);
    pool_add (current_pool (transport, self->tls), transfer);
  }
}

static void
pool_drop_if_drained (Pool *self)
{
  if (self != self->transport->current[self->tls] && g_hash_table_size (self->transfers) == 0)
    g_ptr_array_remove_fast (self->transport->pools, self);
}

static void
pool_collect (Pool *self)
{
  g_autoptr (GPtrArray) ended = g_ptr_array_new ();
  gboolean frozen = FALSE; /* or no use any more */
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read (self->multi, &left)) != NULL) {
    HttpTransfer *transfer = NULL;
    CURLcode code = message->data.result;

    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
    transfer->code = code == CURLE_OK && !transfer->headers_whole ? CURLE_PARTIAL_FILE : code;
    pool_notice_version (self, transfer);
    frozen = frozen || code == CURLE_OPERATION_TIMEDOUT || http_easy_status (transfer->easy) == MISDIRECTED;
    transfer_detach (transfer);
    g_ptr_array_add (ended, transfer);
  }
  if (frozen)
    pool_retire (self);
  pool_drop_if_drained (self);
  /* From here on self and the transport may be gone. */
  for (guint i = 0; i < ended->len; i++)
    transfer_complete (ended->pdata[i]);
}

/* ---- the transport ---- */

static gboolean
names_proxy (const char *variable)
{
  const char *value = g_getenv (variable);

  return value != NULL && value[0] != '\0';
}

HttpTransport *
http_transport_new (void)
{
  static gsize started = 0;
  HttpTransport *self = g_new0 (HttpTransport, 1);

  if (g_once_init_enter (&started)) {
    /* The headers that it puts together hold the token. */
    curl_global_init_mem (CURL_GLOBAL_DEFAULT, malloc, secret_heap_free, secret_heap_realloc, strdup, calloc);
    g_once_init_leave (&started, 1);
  }
  self->pools = g_ptr_array_new_with_free_func (pool_free);
  http_authorities_init (&self->authorities);
  self->proxied = names_proxy ("https_proxy") || names_proxy ("HTTPS_PROXY") || names_proxy ("all_proxy")
                  || names_proxy ("ALL_PROXY");
  return self;
}

void
http_transport_free (HttpTransport *self)
{
  g_ptr_array_unref (self->pools);
  http_authorities_clear (&self->authorities);
  g_free (self);
}

guint64
http_transport_connections (const HttpTransport *self)
{
  return self->connections;
}

HttpTransfer *
http_transport_start (HttpTransport *self, HttpRequest *request, const HttpOrigin *origin, gint64 deadline,
                      HttpDoneFunc done, gpointer data)
{
  HttpTransfer *transfer = g_new0 (HttpTransfer, 1);

  transfer->transport = self;
  transfer->request = request;
  transfer->origin = origin;
  transfer->done = done;
  transfer->data = data;
  transfer->secret = request->secret;
  transfer->body = g_byte_array_sized_new (request->secret ? SECRET_ANSWER_RESERVE : 0);
  transfer_set_up (transfer, deadline);
  pool_add (current_pool (self, is_tls (origin)), transfer);
  return transfer;
}

void
http_transfer_abort (HttpTransfer *self, gboolean frozen)
{
  Pool *pool = self->pool;

  if (pool == NULL) { /* pool_collect has it in hand, and frees it */
    self->done = NULL;
    return;
  }
  /* One that waited leaves no connection behind, and those that wait with it shall not begin anew. */
  frozen = frozen && !transfer_is_waiting (self);
  transfer_detach (self);
  transfer_free (self);
  if (frozen)
    pool_retire (pool);
  pool_drop_if_drained (pool);
}
