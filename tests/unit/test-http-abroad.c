/* What a server may not make this computer do: talk to itself. And what it may not make a terminal do. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>

#include "net/error.h"
#include "net/http-home.h"
#include "net/http.h"
#include "people/photo.h"
#include "script-server.h"

static struct sockaddr_storage
address (const char *text)
{
  struct sockaddr_storage storage = { 0 };
  struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

  if (inet_pton (AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    return storage;
  }
  g_assert_cmpint (inet_pton (AF_INET6, text, &v6->sin6_addr), ==, 1);
  v6->sin6_family = AF_INET6;
  return storage;
}

static void
test_addresses (void)
{
  static const char *const home[]
      = { "127.0.0.1",       "127.255.1.2", "0.0.0.0", "0.1.2.3",          "169.254.169.254",   "224.0.0.251",
          "255.255.255.255", "::1",         "::",      "::ffff:127.0.0.1", "::127.0.0.1",       "64:ff9b::7f00:1",
          "2002:7f00:1::",   "fe80::1",     "ff02::1", "::ffff:0.0.0.0",   "::ffff:169.254.1.1" };
  static const char *const abroad[]
      = { "8.8.8.8", "10.255.254.253", "2001:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::" };

  for (gsize i = 0; i < G_N_ELEMENTS (home); i++) {
    struct sockaddr_storage storage = address (home[i]);

    g_test_message ("%s", home[i]);
    g_assert_true (http_address_is_home ((struct sockaddr *)&storage));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (abroad); i++) {
    struct sockaddr_storage storage = address (abroad[i]);

    g_test_message ("%s", abroad[i]);
    g_assert_false (http_address_is_home ((struct sockaddr *)&storage));
  }
}

/* What an address says of itself, before any name is looked up. */
static void
test_urls (void)
{
  static const struct {
    const char *url;
    gboolean abroad, loopback, google;
  } cases[] = {
    { "https://lh3.googleusercontent.com/a=s100", TRUE, FALSE, FALSE },
    { "https://oauth2.googleapis.com/token", TRUE, FALSE, TRUE },
    { "https://accounts.google.com/", TRUE, FALSE, TRUE },
    { "http://accounts.google.com/", FALSE, FALSE, FALSE },
    { "https://google.com.example/", TRUE, FALSE, FALSE },
    { "https://evilgoogleapis.com/", TRUE, FALSE, FALSE },
    { "https://8.8.8.8/", TRUE, FALSE, FALSE },
    { "https://[2001:4860::8888]/", TRUE, FALSE, FALSE },
    { "http://example.com/", FALSE, FALSE, FALSE },
    { "https://localhost/", FALSE, TRUE, FALSE },
    { "https://LocalHost/", FALSE, TRUE, FALSE },
    { "https://localhost./", FALSE, FALSE, FALSE },
    { "https://localhost../", FALSE, FALSE, FALSE },
    { "https://photos.localhost/", FALSE, FALSE, FALSE },
    { "https://localhost.localdomain/", FALSE, FALSE, FALSE },
    { "https://ip6-localhost/", FALSE, FALSE, FALSE },
    { "https://ip6-loopback/", FALSE, FALSE, FALSE },
    { "https://localhost.example/", TRUE, FALSE, FALSE },
    { "https://127.0.0.1:8443/", FALSE, TRUE, FALSE },
    { "https://127.1/", FALSE, FALSE, FALSE },
    { "https://2130706433/", FALSE, FALSE, FALSE },
    { "https://0x7f.1/", FALSE, FALSE, FALSE },
    { "https://[::1]/", FALSE, TRUE, FALSE },
    { "https://[::ffff:127.0.0.1]/", FALSE, FALSE, FALSE },
    { "https://169.254.169.254/", FALSE, FALSE, FALSE },
    { "https://user@example.com/", FALSE, FALSE, FALSE },
    { "https://exa%6dple.com/", TRUE, FALSE, FALSE },
    { "https://%6cocalhost/", FALSE, TRUE, FALSE },
    { "https://[fe80::1%25eth0]/", FALSE, FALSE, FALSE },
    { "https:///photo", FALSE, FALSE, FALSE },
    { "https://", FALSE, FALSE, FALSE },
    { "example.com", FALSE, FALSE, FALSE },
    { "", FALSE, FALSE, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].url);
    g_assert_cmpint (http_url_leads_abroad (cases[i].url), ==, cases[i].abroad);
    g_assert_cmpint (http_url_is_loopback (cases[i].url), ==, cases[i].loopback);
    g_assert_cmpint (http_url_is_google (cases[i].url), ==, cases[i].google);
  }
}

static void
test_own_addresses (void)
{
  struct ifaddrs *all = NULL;

  g_assert_cmpint (getifaddrs (&all), ==, 0);
  for (struct ifaddrs *at = all; at != NULL; at = at->ifa_next)
    if (at->ifa_addr != NULL && (at->ifa_addr->sa_family == AF_INET || at->ifa_addr->sa_family == AF_INET6))
      g_assert_true (http_address_is_home (at->ifa_addr));
  freeifaddrs (all);
}

/* A name that somebody's DNS, or /etc/hosts, leads here: no connection comes about. */
static void
test_name_that_leads_home (void)
{
  g_autoptr (GSocket) socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GInetAddress) any = g_inet_address_new_any (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) bound = g_inet_socket_address_new (any, 0), actual = NULL;
  g_autoptr (HttpClient) client = http_client_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  struct addrinfo hints = { .ai_family = AF_INET }, *found = NULL;
  g_autofree char *url = NULL;
  HttpRequest *request;

  if (getaddrinfo (g_get_host_name (), NULL, &hints, &found) != 0) {
    g_test_skip ("this computer's name leads nowhere");
    return;
  }
  g_assert_true (http_address_is_home (found->ai_addr));
  freeaddrinfo (found);
  g_assert_true (g_socket_bind (socket, bound, FALSE, NULL) && g_socket_listen (socket, NULL));
  actual = g_socket_get_local_address (socket, NULL);
  url = g_strdup_printf ("https://%s:%u/photo", g_get_host_name (),
                         g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (actual)));
  g_assert_true (http_url_leads_abroad (url)); /* as far as the name tells */
  request = http_request_new ("GET", url);
  request->abroad = TRUE;
  http_send_async (client, request, deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_null (http_send_finish (await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_nonnull (strstr (error->message, "leads to this computer itself"));
  g_assert_cmpint (g_socket_condition_check (socket, G_IO_IN), ==, 0);
}

/* From the Person itself. */
static void
test_photo_at_home (void)
{
  g_autoptr (ScriptServer) server = script_server_new (NULL);
  g_autoptr (HttpClient) client = http_client_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *url = script_server_url (server, "/photo=s100");

  photo_fetch_async (client, url, FALSE, FALSE, NULL, NULL, deadline_in (AMPLE), NULL, keep_result, &result);
  g_assert_false (photo_fetch_finish (client, await_result (&result), &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_cmpuint (script_server_count (server), ==, 0);
}

static void
test_type_of_terminals (void)
{
  g_autoptr (ScriptServer) server = script_server_new (NULL);
  g_autoptr (HttpClient) client = http_client_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (HttpResponse) response = NULL;
  g_autofree char *url = script_server_url (server, "/photo");

  script_raw (server, "HTTP/1.1 200 OK\r\nContent-Type: te\x1b[2J\xc2\x9b"
                      "1mxt; \xe2\x80\xae\r\nContent-Length: 0\r\n\r\n");
  http_send_async (client, http_request_new ("GET", url), deadline_in (AMPLE), NULL, keep_result, &result);
  response = http_send_finish (await_result (&result), NULL);
  g_assert_cmpstr (response->content_type, ==, "te [2J 1mxt;");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-abroad/addresses", test_addresses);
  g_test_add_func ("/http-abroad/urls", test_urls);
  g_test_add_func ("/http-abroad/own-addresses", test_own_addresses);
  g_test_add_func ("/http-abroad/name-that-leads-home", test_name_that_leads_home);
  g_test_add_func ("/http-abroad/photo-at-home", test_photo_at_home);
  g_test_add_func ("/http-abroad/type-of-terminals", test_type_of_terminals);
  return g_test_run ();
}
