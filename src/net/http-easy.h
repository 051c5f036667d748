/*
 * libcurl's door: <curl/curl.h> is included here and nowhere else. An easy handle's options, for http-transfer.c: whom
 * it believes, how long it waits, what it sends, and what came of it.
 */
#pragma once

#include <curl/curl.h>

#include "net/http-authorities.h"
#include "net/http-failure.h"
#include "net/http.h"

/* Borrows authorities. */
void http_easy_set_authorities (CURL *easy, const HttpAuthorities *authorities);
/* remaining: microseconds until the deadline, which the caller keeps. */
void http_easy_set_limits (CURL *easy, gint64 remaining);
/* Borrows request. The headers, which must live as long as easy does; wipe them, one may carry a token. */
struct curl_slist *http_easy_set_request (CURL *easy, const HttpRequest *request);
/* Sockets are not inherited by children, and notice a dead path. */
void http_easy_set_sockets (CURL *easy);

/* ---- of a handle whose transfer has at least its headers ---- */
guint http_easy_status (CURL *easy);           /* 0: none came */
gboolean http_easy_succeeded (CURL *easy);     /* 2xx */
HttpResponse *http_easy_response (CURL *easy); /* all but its body */

/* words: of the handle's error buffer. */
HttpFailure http_easy_failure (CURLcode code, const char *words);
