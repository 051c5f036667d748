/*
 * Addresses that lead back to this computer, or to what only it can reach beside it: a server elsewhere must not make
 * contactfs ask there. Pure, but for http_address_is_home, which asks the kernel for this computer's own addresses.
 *
 * At home are loopback, "this host" (0.0.0.0/8, ::), link-local (169.254.0.0/16, where clouds keep their secrets, fe80::/10),
 * multicast, broadcast, each of these inside an IPv6 address that stands for an IPv4 one, and whatever address an interface of
 * this computer has. Private networks (10.0.0.0/8 and the like) are not: a company may well lead photos' hosts through
 * its own, and only a server with a certificate for the name hears more than a greeting there.
 */
#pragma once

#include <glib.h>
#include <sys/socket.h>

/* A host as it stands in a URL, without brackets: a name for this computer, or an address at home in any spelling that the
 * C library takes (127.1, 0x7f000001). */
gboolean http_host_is_home (const char *host);

gboolean http_address_is_home (const struct sockaddr *address);
