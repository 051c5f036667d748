/* What a request is to curl. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-easy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "config.h"
#include "net/text.h"

#define CONNECT_TIMEOUT_MS 10000
#define MIN_STALL_SECONDS  5
#define UNACKNOWLEDGED_MS  10000 /* TCP_USER_TIMEOUT: a dead path shows before the deadline */
#define USER_AGENT         "contactfs/" CONTACTFS_VERSION " (gzip)" /* Google compresses only for agents that say so */

void
http_easy_set_authorities (CURL *easy, const HttpAuthorities *authorities)
{
  if (authorities->pem != NULL) {
    struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };

    blob.data = (void *)g_bytes_get_data (authorities->pem, &blob.len); /* curl only reads it */
    curl_easy_setopt (easy, CURLOPT_CAINFO_BLOB, &blob);
  } else if (authorities->file != NULL) {
    curl_easy_setopt (easy, CURLOPT_CAINFO, authorities->file);
  }
  if (authorities->dir != NULL)
    curl_easy_setopt (easy, CURLOPT_CAPATH, authorities->dir);
}

void
http_easy_set_limits (CURL *easy, gint64 remaining)
{
  long stall = MAX ((long)(remaining / 3 / G_USEC_PER_SEC), (long)MIN_STALL_SECONDS);

  curl_easy_setopt (easy, CURLOPT_CONNECTTIMEOUT_MS, MIN ((long)(remaining / 1000) + 1, (long)CONNECT_TIMEOUT_MS));
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt (easy, CURLOPT_LOW_SPEED_TIME, stall);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPINTVL, 10L);
}

struct curl_slist *
http_easy_set_request (CURL *easy, const HttpRequest *request)
{
  struct curl_slist *headers = NULL;

  curl_easy_setopt (easy, CURLOPT_URL, request->url);
  curl_easy_setopt (easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (easy, CURLOPT_USERAGENT, USER_AGENT);
  if (request->compressed)
    curl_easy_setopt (easy, CURLOPT_ACCEPT_ENCODING, "");
  for (guint i = 0; i < request->headers->len; i++)
    headers = curl_slist_append (headers, request->headers->pdata[i]);
  if (request->body != NULL) {
    const char *data = g_bytes_get_data (request->body, NULL);

    /* No "Expect: 100-continue": it costs a second against servers that do not know it. */
    headers = curl_slist_append (headers, "Expect:");
    curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
    if (request->make != NULL) /* the transfer sets who reads it */
      curl_easy_setopt (easy, CURLOPT_POST, 1L);
    else
      curl_easy_setopt (easy, CURLOPT_POSTFIELDS, data != NULL ? data : "");
  }
  if (request->body != NULL || !g_str_equal (request->method, "GET"))
    curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
  return headers;
}

static int
on_new_socket (void *data, curl_socket_t fd, curlsocktype purpose)
{
  unsigned int unacknowledged = UNACKNOWLEDGED_MS;

  if (purpose == CURLSOCKTYPE_IPCXN) {
    /* Token commands and the picture converter must not inherit it. Neither call is worth failing for. */
    (void)fcntl (fd, F_SETFD, FD_CLOEXEC);
    (void)setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
  }
  return CURL_SOCKOPT_OK;
}

void
http_easy_set_sockets (CURL *easy)
{
  curl_easy_setopt (easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
}

/* ---- what came of it ----
 *
 * curl_easy_getinfo fails for names alone that libcurl does not know; what it has no answer to is 0 or NULL. */

guint
http_easy_status (CURL *easy)
{
  long status = 0;

  curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
  return (guint)status;
}

gboolean
http_easy_succeeded (CURL *easy)
{
  guint status = http_easy_status (easy);

  return status >= 200 && status < 300;
}

HttpResponse *
http_easy_response (CURL *easy)
{
  HttpResponse *response = g_new0 (HttpResponse, 1);
  char *type = NULL, *location = NULL;
  curl_off_t seconds = 0;
  struct curl_header *date = NULL;

  response->status = http_easy_status (easy);
  curl_easy_getinfo (easy, CURLINFO_CONTENT_TYPE, &type);
  curl_easy_getinfo (easy, CURLINFO_REDIRECT_URL, &location);
  curl_easy_getinfo (easy, CURLINFO_RETRY_AFTER, &seconds);
  response->content_type = text_clean (type);
  response->location = g_strdup (location);
  response->retry_after = CLAMP (seconds, 0, G_MAXINT32) * G_USEC_PER_SEC;
  if (curl_easy_header (easy, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
    response->date = MAX (curl_getdate (date->value, NULL), 0);
  return response;
}

HttpFailure
http_easy_failure (CURLcode code, const char *words)
{
  switch (code) {
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_SSL_CERTPROBLEM:
    return HTTP_FAILURE_CERTIFICATE;
  case CURLE_SSL_CONNECT_ERROR:
    return http_failure_is_loss (words) ? HTTP_FAILURE_UNREACHABLE : HTTP_FAILURE_HANDSHAKE;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
  case CURLE_COULDNT_CONNECT:
  case CURLE_PROXY:
  case CURLE_INTERFACE_FAILED:
    return HTTP_FAILURE_UNREACHABLE;
  case CURLE_OPERATION_TIMEDOUT:
    return HTTP_FAILURE_TIMED_OUT;
  case CURLE_FILESIZE_EXCEEDED:
  case CURLE_OUT_OF_MEMORY: /* so curl calls a header line that is longer than its buffer, before 8.6 */
#if LIBCURL_VERSION_NUM >= 0x080600
  case CURLE_TOO_LARGE:
#endif
    return HTTP_FAILURE_TOO_MUCH;
  default:
    return HTTP_FAILURE_LOST;
  }
}
