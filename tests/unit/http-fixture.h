/* An HttpClient and a scripted server, for unit tests. */
#pragma once

#include "net/http.h"
#include "script-server.h"

typedef struct {
  ScriptServer *server;
  HttpClient *client;
} HttpFixture;

void http_fixture_set_up (HttpFixture *f, gconstpointer data);
void http_fixture_tear_down (HttpFixture *f, gconstpointer data);
#define HTTP_TEST(path, func) g_test_add (path, HttpFixture, NULL, http_fixture_set_up, func, http_fixture_tear_down)

/* GET path, seconds from its deadline. The result comes into slot. */
void http_fixture_start (HttpFixture *f, const char *path, double seconds, GCancellable *cancellable,
                         GAsyncResult **slot);
/* The same, and waits. Transfer full. */
HttpResponse *http_fixture_get (HttpFixture *f, const char *path, double seconds, GError **error);
