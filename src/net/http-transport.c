/*
 * libcurl's connections on the GLib main loop: the transport of http-client.c. What goes over them is http-transfer.c's.
 *
 * A HttpPool is one curl multi handle with its connections; new requests go to the current one. When a request stands still
 * or runs out of time, its pool is retired: what runs there may end, new requests and those that were still waiting for
 * a connection go to a new pool, so that nothing picks the frozen connection again. curl alone would: with HTTP/2 the
 * request leaves and the connection stays.
 *
 * curl_multi_socket_action is called by the watch only, never from a callback of curl, and done is called only after it
 * returned.
 */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-transport.h"

#include <stdlib.h>

#include "net/http-authorities.h"
#include "net/http-easy.h"
#include "net/http-transfer.h"
#include "net/http-watch.h"
#include "net/secret.h"

#define MAX_CONCURRENT_STREAMS 1024L
#define MAX_IDLE_CONNECTIONS   64L
#define MAX_TLS_CONNECTIONS    4L /* the second only when the first has all the streams that the server allows */
/* The server says that this connection does not lead to the service (RFC 9110, 15.5.20): the next request needs another. */
#define MISDIRECTED 421

typedef struct HttpPool {
  HttpTransport *transport;
  CURLM *multi;
  HttpWatch *watch;
  GHashTable *transfers; /* set of HttpTransfer, borrowed */
  gboolean tls;
  gboolean few;     /* MAX_TLS_CONNECTIONS to a host at most */
  gboolean closing; /* curl calls back while it cleans up; nothing may be armed then */
} HttpPool;

struct HttpTransport {
  HttpPool *current[2]; /* for http, for https; NULL: the next request makes one */
  GPtrArray *pools;     /* all of them, owned; retired ones until they have drained */
  guint64 connections;
  gboolean proxied; /* https goes by a proxy */
  HttpAuthorities authorities;
};

static void pool_collect (HttpPool *self);

/* ---- pools ---- */

/* Takes it out of curl; what curl still knows of it stays readable until it is freed. */
static void
transfer_detach (HttpTransfer *self)
{
  long connects = 0;

  curl_multi_remove_handle (self->pool->multi, self->easy);
  g_hash_table_remove (self->pool->transfers, self);
  curl_easy_getinfo (self->easy, CURLINFO_NUM_CONNECTS, &connects);
  self->pool->transport->connections += (guint64)connects;
  self->pool = NULL;
}

static void
on_ready (int fd, GIOCondition ready, gpointer data)
{
  HttpPool *self = data;
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
  HttpPool *self = data;
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
  HttpPool *self = data;

  http_watch_timer (self->watch, self->closing ? -1 : milliseconds);
  return 0;
}

static HttpPool *
pool_new (HttpTransport *transport, gboolean tls)
{
  HttpPool *self = g_new0 (HttpPool, 1);

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
  HttpPool *self = data;

  self->closing = TRUE;
  curl_multi_cleanup (self->multi);
  http_watch_free (self->watch);
  g_hash_table_unref (self->transfers);
  g_free (self);
}

static void
pool_add (HttpPool *self, HttpTransfer *transfer)
{
  transfer->pool = self;
  g_hash_table_add (self->transfers, transfer);
  curl_multi_add_handle (self->multi, transfer->easy);
}

static HttpPool *
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
pool_notice_version (HttpPool *self, HttpTransfer *transfer)
{
  long version = 0;

  if (!self->few)
    return;
  curl_easy_getinfo (transfer->easy, CURLINFO_HTTP_VERSION, &version);
  if (version != CURL_HTTP_VERSION_1_0 && version != CURL_HTTP_VERSION_1_1)
    return;
  self->few = FALSE;
  curl_multi_setopt (self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 0L);
}

static void
pool_retire (HttpPool *self)
{
  HttpTransport *transport = self->transport;
  g_autoptr (GList) transfers = NULL;

  if (transport->current[self->tls] != self)
    return;
  transport->current[self->tls] = NULL;
  transfers = g_hash_table_get_keys (self->transfers);
  for (GList *item = transfers; item != NULL; item = item->next) {
    HttpTransfer *transfer = item->data;

    if (!http_transfer_is_waiting (transfer))
      continue;
    transfer_detach (transfer);
    pool_add (current_pool (transport, self->tls), transfer);
  }
}

static void
pool_drop_if_drained (HttpPool *self)
{
  if (self != self->transport->current[self->tls] && g_hash_table_size (self->transfers) == 0)
    g_ptr_array_remove_fast (self->transport->pools, self);
}

static void
pool_collect (HttpPool *self)
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
    http_transfer_complete (ended->pdata[i]);
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
  HttpTransfer *transfer = http_transfer_new (request, origin, &self->authorities, self->proxied, deadline, done, data);

  pool_add (current_pool (self, http_origin_is_tls (origin)), transfer);
  return transfer;
}

void
http_transfer_abort (HttpTransfer *self, gboolean frozen)
{
  HttpPool *pool = self->pool;

  if (pool == NULL) { /* pool_collect has it in hand, and frees it */
    self->done = NULL;
    return;
  }
  /* One that waited leaves no connection behind, and those that wait with it shall not begin anew. */
  frozen = frozen && !http_transfer_is_waiting (self);
  transfer_detach (self);
  http_transfer_free (self);
  if (frozen)
    pool_retire (pool);
  pool_drop_if_drained (pool);
}
