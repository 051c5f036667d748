/* Requests to a scripted server. */
#include "http-fixture.h"

void
http_fixture_set_up (HttpFixture *f, gconstpointer data)
{
  f->server = script_server_new (NULL);
  f->client = http_client_new ();
}

void
http_fixture_tear_down (HttpFixture *f, gconstpointer data)
{
  http_client_free (f->client);
  script_server_free (f->server);
}

void
http_fixture_start (HttpFixture *f, const char *path, double seconds, GCancellable *cancellable, GAsyncResult **slot)
{
  g_autofree char *url = script_server_url (f->server, path);

  http_send_async (f->client, http_request_new ("GET", url), deadline_in (seconds), cancellable, keep_result, slot);
}

HttpResponse *
http_fixture_get (HttpFixture *f, const char *path, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  http_fixture_start (f, path, seconds, NULL, &result);
  return http_send_finish (await_result (&result), error);
}
