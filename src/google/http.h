/*
 * HTTP on the GLib main loop: libcurl's multi interface driven by GSources; the only file of the daemon that includes
 * <curl/curl.h> is http.c. HTTP/2 multiplexed over one connection per host; nothing here holds a thread.
 *
 * TLS is always verified. Certificate authorities: the system's, or $SSL_CERT_FILE / $SSL_CERT_DIR / $CURL_CA_BUNDLE as
 * the curl tool reads them. Loop thread only.
 */
#pragma once

#include <gio/gio.h>

typedef struct HttpClient HttpClient;

HttpClient *http_client_new (void);
void http_client_free (HttpClient *self); /* pending requests end as cancelled first */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpClient, http_client_free)

/* Counters since the start, for status and tests. */
typedef struct {
  guint64 requests;
  guint64 connections;
} HttpStatistics;
void http_client_get_statistics (HttpClient *self, HttpStatistics *out);
