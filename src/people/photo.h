/*
 * Photo URLs and their bodies: another origin than the API's, which must never see the token.
 * Document: docs/google.md "Photos: reading".
 */
#pragma once

#include <gio/gio.h>

#include "net/error.h"
#include "net/http.h"

/* The picture's identity: the URL without its option suffix (after the last '=' of the last path segment). Transfer
 * full. */
char *photo_url_version (const char *url);

/* url with its whole suffix replaced ("s0" → "…=s0"), appended when it has none; a query is kept. Transfer full. */
char *photo_url_with_suffix (const char *url, const char *suffix);

/* TRUE if it may be followed: https to another computer. at_home, when the API itself is on loopback: https to any, or http
 * on a loopback address. */
gboolean photo_url_allowed (const char *url, gboolean at_home);

/* TRUE if what has that Content-Type (NULL: none is told) may be a picture; *error says what it is otherwise. */
gboolean photo_type_allowed (const char *content_type, GError **error);

/* Who takes the bytes as they come, and judges them. */
typedef struct {
  HttpSink bytes;
  /* In a worker, when a body has ended: is it the whole picture it claims to be? Sets *error with a sentence otherwise.
   * content_type may be NULL. Until it has answered the fetch does not end, whoever cancels it. */
  gboolean (*check) (gpointer data, const char *content_type, GError **error);
} PhotoSink;

/* Fetch the picture at url: original size (=s0), then =s2048, then the URL as given, the next one only when the one
 * before is refused for good; what may pass (429, 5xx, a lost connection, a body that check refuses) is tried again
 * with back-off inside the deadline (monotonic, microseconds), unless once. at_home as in photo_url_allowed. Redirects are followed only to allowed URLs, with no
 * credentials. What sink (borrowed) has at the end is the picture; what it refuses to keep ends the fetch. PEOPLE_ERROR_NOT_FOUND: all of them 404 or 410; the caller gets the person once more. */
void photo_fetch_async (HttpClient *http, const char *url, gboolean at_home, gboolean once, const PhotoSink *sink,
                        gpointer sink_data, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer data);
gboolean photo_fetch_finish (HttpClient *http, GAsyncResult *result, GError **error);
