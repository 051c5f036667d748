/* What the two ways of serving share about sockets. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/sockets.h"

#include <sys/socket.h>

#define NUMBER_KEY "people-emulator-connection"

static guint64 last_connection;

guint64
connection_number (GSocketAddress *remote)
{
  guint64 *number;

  if (remote == NULL)
    return 0;
  number = g_object_get_data (G_OBJECT (remote), NUMBER_KEY);
  if (number == NULL) {
    number = g_new (guint64, 1);
    *number = ++last_connection;
    g_object_set_data_full (G_OBJECT (remote), NUMBER_KEY, number, g_free);
  }
  return *number;
}

gboolean
address_is_loopback (GSocketAddress *remote)
{
  return G_IS_INET_SOCKET_ADDRESS (remote)
         && g_inet_address_get_is_loopback (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (remote)));
}

GSocket *
socket_below (GIOStream *stream)
{
  g_autoptr (GIOStream) at = g_object_ref (stream);

  while (!G_IS_SOCKET_CONNECTION (at)) {
    GIOStream *base = NULL;

    if (G_IS_TLS_CONNECTION (at))
      g_object_get (at, "base-io-stream", &base, NULL);
    else
      g_object_get (at, "base-iostream", &base, NULL); /* libsoup's own wrapper */
    if (base == NULL)
      return NULL;
    g_object_unref (at);
    at = base;
  }
  return g_socket_connection_get_socket (G_SOCKET_CONNECTION (at));
}

void
socket_reset_below (GIOStream *stream)
{
  GSocket *socket = socket_below (stream);
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (socket == NULL)
    return;
  if (setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) != 0)
    g_debug ("SO_LINGER: %s", g_strerror (errno));
  g_socket_close (socket, NULL);
}
