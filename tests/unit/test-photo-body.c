/* The body of an upload: what is on the wire, in parts of any size, and what it costs of memory. */
#include <glib-unix.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "people/people.h"
#include "people/photo-body.h"
#include "script-server.h"

static GBytes *
make_photo (gsize size)
{
  guint8 *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)(i * 7 + i / 251);
  return g_bytes_new_take (data, size);
}

static char *
make_whole (GBytes *photo)
{
  gsize size;
  const guchar *data = g_bytes_get_data (photo, &size);
  g_autofree char *base64 = g_base64_encode (data != NULL ? data : (const guchar *)"", size);

  return g_strdup_printf ("{\"photoBytes\":\"%s\",\"personFields\":\"%s\"}", base64, PEOPLE_PERSON_FIELDS);
}

/* Each part of each length from each offset is that part of the whole. */
static void
test_parts (void)
{
  for (gsize size = 0; size <= 7; size++) {
    g_autoptr (GBytes) photo = make_photo (size);
    g_autofree char *whole = make_whole (photo);
    gsize length = strlen (whole);

    g_assert_cmpuint (photo_body_size (photo), ==, length);
    for (gsize offset = 0; offset <= length; offset++)
      for (gsize room = 0; room <= length - offset + 2; room++) {
        g_autofree char *part = g_malloc (room + 1);
        gsize n;

        part[room] = '~';
        n = photo_body_make (photo, offset, part, room);
        g_assert_cmpmem (part, n, whole + offset, MIN (room, length - offset));
        g_assert_cmpint (part[room], ==, '~');
      }
  }
}

/* In parts as curl asks for them, of one size and then of another. */
static void
test_large (void)
{
  g_autoptr (GBytes) photo = make_photo (300 * 1000 + 1);
  g_autofree char *whole = make_whole (photo), *made = g_malloc (photo_body_size (photo));
  gsize done = 0, n = 1;

  for (guint i = 0; n > 0; i++, done += n)
    n = photo_body_make (photo, done, made + done, MIN (i % 2 == 0 ? 16384 : 1021, photo_body_size (photo) - done));
  g_assert_cmpmem (made, done, whole, strlen (whole));
}

/* ---- memory ---- */

/* Answers one request after all of its body, keeps nothing of it, and ends. Its exit status says whether it has had size
 * bytes in it. */
static pid_t
start_server (gsize size, int *port)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  pid_t child;

  *port = g_socket_listener_add_any_inet_port (listener, NULL, NULL);
  g_assert_cmpint (*port, >, 0);
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    g_autoptr (GSocketConnection) connection = g_socket_listener_accept (listener, NULL, NULL, NULL);
    int fd = g_socket_get_fd (g_socket_connection_get_socket (connection));
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 42\r\n\r\n"
                                 "{\"person\":{\"resourceName\":\"people/c1\"   }}";
    static char block[65536];
    gsize got = 0;
    guint ends = 0; /* of the lines so far, one after the other, in characters */
    gssize n = 1;

    g_unix_set_fd_nonblocking (fd, FALSE, NULL);
    while (ends < 4 && read (fd, block, 1) == 1)
      ends = block[0] == '\r' || block[0] == '\n' ? ends + 1 : 0;
    for (; got < size && n > 0; got += (gsize)MAX (n, 0))
      n = read (fd, block, sizeof block);
    if (write (fd, answer, strlen (answer)) < 0)
      _exit (2);
    while (read (fd, block, 1) > 0)
      got++;
    _exit (got == size ? 0 : 1);
  }
  return child;
}

/* At most, so far; in KiB. */
static long
resident (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return usage.ru_maxrss;
}

/* Larger than any photo, so that whatever else takes memory is small beside it. */
#define HUGE_PHOTO (64 * 1024 * 1024)

static void
test_memory (void)
{
  g_autoptr (GBytes) photo = make_photo (HUGE_PHOTO);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) person = NULL;
  g_autofree char *url = NULL;
  PeopleAttempt attempt;
  int port, status;
  pid_t server = start_server (photo_body_size (photo), &port);
  HttpClient *http = http_client_new ();
  TokenCache *token_cache = token_cache_new_command ("echo ya29.1");
  PeopleClient *people;
  long before = resident ();

  url = g_strdup_printf ("http://127.0.0.1:%d", port);
  people = people_client_new (http, token_cache, url, &error);
  g_assert_no_error (error);
  people_update_photo_async (people, "people/c1", photo, deadline_in (AMPLE), NULL, keep_result, &result);
  person = people_update_photo_finish (people, await_result (&result), &attempt, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (person->resource_name, ==, "people/c1");
  g_assert_cmpint (resident () - before, <, HUGE_PHOTO / 1024 / 4);
  people_client_free (people);
  token_cache_free (token_cache);
  http_client_free (http);
  g_assert_cmpint (waitpid (server, &status, 0), ==, server);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/photo-body/parts", test_parts);
  g_test_add_func ("/photo-body/large", test_large);
  g_test_add_func ("/photo-body/memory", test_memory);
  return g_test_run ();
}
