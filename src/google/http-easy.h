/*
 * libcurl's door: <curl/curl.h> is included here and nowhere else. An easy handle's options, for http.c: whom it believes,
 * how long it waits, and what it sends.
 */
#pragma once

#include <curl/curl.h>

#include "google/http-authorities.h"
#include "google/http.h"

/* Borrows authorities. */
void http_easy_set_authorities (CURL *easy, const HttpAuthorities *authorities);
/* remaining: microseconds until the deadline, which the caller keeps. */
void http_easy_set_limits (CURL *easy, gint64 remaining);
/* Borrows request. The headers, which must live as long as easy does; wipe them, one may carry a token. */
struct curl_slist *http_easy_set_request (CURL *easy, const HttpRequest *request);
