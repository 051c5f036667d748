/*
 * HTTP on the GLib main loop: libcurl's multi interface driven by GSources. Only http-transfer.c, http-transport.c and
 * http-easy.c know libcurl. HTTP/2 is multiplexed over one connection per host. Nothing here holds a thread.
 *
 * TLS is always verified. Certificate authorities: the system's, or $SSL_CERT_FILE / $SSL_CERT_DIR / $CURL_CA_BUNDLE as
 * the curl tool reads them (http-authorities.h). Loop thread only.
 *
 * One http_send is one attempt: no redirect is followed and nothing is retried here (see retry.h). Any status is an
 * answer. What else can happen is PEOPLE_ERROR, by what the caller can do about it:
 *   UNREACHABLE  no connection came about: no DNS, no route, refused, lost in the TLS handshake
 *   TLS          the certificate did not verify, or the other side speaks no TLS 1.2
 *   TIMED_OUT    the deadline passed, or the request stood still; later requests get a fresh connection
 *   SERVER       the connection was lost on the way, or the answer was cut
 *   BAD_ANSWER   the answer, or its headers, are larger than they may be; or the address of an abroad request is at home
 * and G_IO_ERROR_CANCELLED, G_IO_ERROR_INVALID_ARGUMENT (a URL that http_url_allowed refuses). After a 421, as after
 * TIMED_OUT, later requests get a fresh connection.
 */
#pragma once

#include <gio/gio.h>

typedef struct HttpClient HttpClient;

HttpClient *http_client_new (void);
void http_client_free (HttpClient *self); /* pending requests end as cancelled first */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpClient, http_client_free)

/* For operations that may outlast http_client_free; what they send after it ends as cancelled. */
HttpClient *http_client_ref (HttpClient *self);
void http_client_unref (HttpClient *self);

/* Counters since the start, for status and tests. */
typedef struct {
  guint64 requests;
  guint64 connections;
} HttpStatistics;
void http_client_get_statistics (HttpClient *self, HttpStatistics *out);

/* ---- where requests may go ---- */

/* TRUE for https, or http to a loopback address (127.0.0.0/8, ::1, localhost); never with a user or password inside.
 * Judged by the parser that makes the request, so that no two readings of one URL can differ. */
gboolean http_url_allowed (const char *url);
/* TRUE for https to a host whose name is none of this computer's: for URLs that a server named. What the name leads to is
 * looked at when a connection is made (HttpRequest.abroad). */
gboolean http_url_leads_abroad (const char *url);
/* TRUE when the URL's host is this computer by its name. */
gboolean http_url_is_loopback (const char *url);
/* TRUE for an https URL at Google. */
gboolean http_url_is_google (const char *url);

/* ---- where the body of a 2xx goes, if not into the answer ---- called on the loop, and not to call back from */
typedef struct {
  /* It begins; length: as the server told it, or -1. Called again, when a redirect or another attempt led on. */
  gboolean (*begin) (gpointer data, gint64 length, GError **error);
  gboolean (*write) (gpointer data, gconstpointer bytes, gsize size, GError **error);
} HttpSink; /* FALSE and *error: it cannot be kept, and the request fails with that */

/* ---- how a body is made, if it is not sent as it is ---- */

/* Writes what the body has from offset on, at most room bytes, and returns how many: less than room only at its end. source:
 * what it is made of. The same for the same offset, since a part may be asked for again. On the loop, and not to call
 * back from. */
typedef gsize (*HttpBodyFunc) (GBytes *source, gsize offset, gpointer buffer, gsize room);

/* ---- a request: filled in by its maker, then given to http_send ---- */
typedef struct {
  char *method;
  char *url;
  GPtrArray *headers;   /* of "Name: value", owned; wiped when freed, since one may carry a token */
  GBytes *body;         /* or NULL */
  HttpBodyFunc make;    /* of body; NULL: it is sent as it is */
  gsize body_size;      /* of what goes out */
  const HttpSink *sink; /* borrowed; or NULL: the body comes with the answer */
  gpointer sink_data;
  gsize max_answer;    /* bytes of the decoded body */
  gboolean compressed; /* ask for gzip and the like */
  gboolean abroad;     /* its URL came from a server: nothing at home is asked (http-home.h), and only https */
  gboolean unsent;     /* the connection alone is made: then the request ends as lost */
  gboolean once;       /* never sent a second time without our knowing: curl does that when a kept connection breaks */
  gboolean secret;     /* the answer carries a token: its buffer is wiped when freed */
} HttpRequest;

HttpRequest *http_request_new (const char *method, const char *url);
void http_request_free (HttpRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpRequest, http_request_free)

void http_request_add_header (HttpRequest *self, const char *name, const char *value);
void http_request_set_body (HttpRequest *self, const char *content_type, GBytes *body);
/* The body has size bytes, which make makes of source as they are sent: they are never in memory all at once. */
void http_request_set_made_body (HttpRequest *self, const char *content_type, GBytes *source, HttpBodyFunc make,
                                 gsize size);

/* ---- its answer ---- */
typedef struct {
  guint status;
  char *content_type; /* NULL: not said */
  char *location;     /* where a 3xx points, made absolute; or NULL */
  gint64 retry_after; /* microseconds from now; 0: not said */
  gint64 date;        /* when the server answered by its own clock, seconds since 1970; 0: not said */
  GBytes *body;       /* empty when the request had a sink */
} HttpResponse;

void http_response_free (HttpResponse *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HttpResponse, http_response_free)

/* Takes request. deadline: monotonic, microseconds. The callback comes from the main context, never from inside the
 * call. */
void http_send_async (HttpClient *self, HttpRequest *request, gint64 deadline, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data);
HttpResponse *http_send_finish (GAsyncResult *result, GError **error);

/* Makes a connection to the host of url, so that a request that comes soon need not wait for it. Nothing is asked there.
 * abroad: as in HttpRequest. Not for plain http, where each request makes its own. */
void http_connect (HttpClient *self, const char *url, gboolean abroad);
