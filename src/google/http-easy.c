/* What a request is to curl. */
#define G_LOG_DOMAIN "contactfs"

#include "google/http-easy.h"

#include "config.h"

#define CONNECT_TIMEOUT_MS 10000
#define MIN_STALL_SECONDS  5
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
    gsize size;
    const char *data = g_bytes_get_data (request->body, &size);

    /* No "Expect: 100-continue": it costs a second against servers that do not know it. */
    headers = curl_slist_append (headers, "Expect:");
    curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    curl_easy_setopt (easy, CURLOPT_POSTFIELDS, data != NULL ? data : "");
  }
  if (request->body != NULL || !g_str_equal (request->method, "GET"))
    curl_easy_setopt (easy, CURLOPT_CUSTOMREQUEST, request->method);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, headers);
  return headers;
}
