/* Loopback, link-local, and this computer's own addresses. */
#define G_LOG_DOMAIN "contactfs"

#include "net/http-home.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

static gboolean
is_home_v4 (guint32 address) /* in the host's order */
{
  guint32 first = address >> 24;

  return first == 0 || first == 127 || address >> 16 == 0xa9fe /* 169.254 */ || first >= 224; /* multicast, reserved */
}

static gboolean
is_home_v6 (const struct in6_addr *address)
{
  static const guint8 nat64[12] = { 0, 0x64, 0xff, 0x9b };
  guint32 last, second;

  memcpy (&last, address->s6_addr + 12, sizeof last);
  memcpy (&second, address->s6_addr + 2, sizeof second);
  /* IPv4 in it: mapped, of old compatible (:: and ::1 among them), translated, 6to4. */
  if (IN6_IS_ADDR_V4MAPPED (address) || memcmp (address->s6_addr, nat64, sizeof nat64) == 0
      || memcmp (address, &in6addr_any, 12) == 0)
    return is_home_v4 (ntohl (last));
  if (address->s6_addr[0] == 0x20 && address->s6_addr[1] == 0x02)
    return is_home_v4 (ntohl (second));
  return IN6_IS_ADDR_LINKLOCAL (address) || IN6_IS_ADDR_MULTICAST (address);
}

gboolean
http_host_is_home (const char *host)
{
  gsize length = strlen (host);
  g_autofree char *name = NULL;
  struct in_addr v4;
  struct in6_addr v6;

  while (length > 0 && host[length - 1] == '.')
    length--;
  name = g_ascii_strdown (host, (gssize)length);
  if (g_str_equal (name, "localhost") || g_str_has_suffix (name, ".localhost")
      || g_str_equal (name, "localhost.localdomain") || g_str_equal (name, "ip6-localhost")
      || g_str_equal (name, "ip6-loopback"))
    return TRUE;
  if (inet_aton (name, &v4) != 0)
    return is_home_v4 (ntohl (v4.s_addr));
  return inet_pton (AF_INET6, name, &v6) == 1 && is_home_v6 (&v6);
}

static gboolean
is_same (const struct sockaddr *a, const struct sockaddr *b)
{
  if (a == NULL || a->sa_family != b->sa_family)
    return FALSE;
  if (a->sa_family == AF_INET)
    return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
  return memcmp (&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr,
                 sizeof (struct in6_addr))
         == 0;
}

/* This computer's address in its own network leads home as well. */
static gboolean
is_of_an_interface (const struct sockaddr *address)
{
  struct ifaddrs *all = NULL;
  gboolean found = FALSE;

  if (getifaddrs (&all) != 0)
    return FALSE;
  for (struct ifaddrs *at = all; at != NULL && !found; at = at->ifa_next)
    found = is_same (at->ifa_addr, address);
  freeifaddrs (all);
  return found;
}

gboolean
http_address_is_home (const struct sockaddr *address)
{
  if (address->sa_family == AF_INET)
    return is_home_v4 (ntohl (((const struct sockaddr_in *)address)->sin_addr.s_addr)) || is_of_an_interface (address);
  if (address->sa_family == AF_INET6)
    return is_home_v6 (&((const struct sockaddr_in6 *)address)->sin6_addr) || is_of_an_interface (address);
  return TRUE; /* a socket of this computer's, or what we do not know */
}
