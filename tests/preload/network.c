/*
 * A network for the program under test: LD_PRELOADed into contactfs, it answers getaddrinfo and connect by the file
 * $TEST_NETWORK, which is read each time, so that a test may change it.
 *
 *   name people.test 203.0.113.1        a name has this address; several lines: several
 *   name people.test none               … does not exist; "silent": no answer comes before the line is another
 *   to 203.0.113.1 443 127.0.0.1 40001  who connects to the first comes to the second, and believes it is the first
 *
 * A public address without a line cannot be reached. Loopback is as it is. Every connect is a line of $TEST_NETWORK.log.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static FILE *
network (void)
{
  const char *path = getenv ("TEST_NETWORK");

  return path != NULL ? fopen (path, "re") : NULL;
}

static void
write_log (const char *address, int port)
{
  const char *path = getenv ("TEST_NETWORK");
  char name[4096], line[128];
  int fd, length;

  if (path == NULL)
    return;
  snprintf (name, sizeof name, "%s.log", path);
  fd = open (name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  length = snprintf (line, sizeof line, "%s %d\n", address, port);
  if (fd >= 0 && write (fd, line, (size_t)length) == length)
    close (fd);
}

/* ---- names ---- */

typedef int (*GetAddrInfo) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

static GetAddrInfo
real_getaddrinfo (void)
{
  static GetAddrInfo found;

  if (found == NULL)
    *(void **)&found = dlsym (RTLD_NEXT, "getaddrinfo");
  return found;
}

/* The address of a line number that a name has; 1: there is one, 0: there is none, -1: the name is not known. */
static int
find_name (const char *name, int number, char address[64])
{
  FILE *file = network ();
  char line[256], its_name[128];
  int known = -1;

  while (file != NULL && fgets (line, sizeof line, file) != NULL)
    if (sscanf (line, "name %127s %63s", its_name, address) == 2 && strcasecmp (its_name, name) == 0) {
      known = number == 0;
      if (number-- == 0)
        break;
    }
  if (file != NULL)
    fclose (file);
  return known;
}

int
getaddrinfo (const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **into)
{
  const struct timespec moment = { .tv_nsec = 20000000 };
  struct addrinfo **end = into, all = { .ai_flags = 0 };
  char address[64];
  int found = name != NULL ? find_name (name, 0, address) : -1;

  if (found < 0)
    return real_getaddrinfo () (name, service, hints, into);
  while (found > 0 && strcmp (address, "silent") == 0) {
    nanosleep (&moment, NULL);
    found = find_name (name, 0, address);
  }
  *into = NULL;
  if (hints != NULL)
    all = *hints;
  for (int i = 0; find_name (name, i, address) > 0 && strcmp (address, "none") != 0; i++) {
    if (real_getaddrinfo () (address, service, &all, end) != 0)
      continue; /* of another family than was asked for */
    while (*end != NULL)
      end = &(*end)->ai_next;
  }
  return *into != NULL ? 0 : EAI_NONAME;
}

/* ---- addresses ---- */

static int
find_way (const char *address, int port, struct sockaddr_in *way)
{
  FILE *file = network ();
  char line[256], its_address[64], its_port[16], to[64], to_port[16];
  int found = 0;

  while (!found && file != NULL && fgets (line, sizeof line, file) != NULL)
    found = sscanf (line, "to %63s %15s %63s %15s", its_address, its_port, to, to_port) == 4
            && strcmp (its_address, address) == 0 && strtol (its_port, NULL, 10) == port;
  if (file != NULL)
    fclose (file);
  if (!found)
    return 0;
  *way = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons ((in_port_t)strtol (to_port, NULL, 10)) };
  return inet_pton (AF_INET, to, &way->sin_addr) == 1;
}

int
connect (int fd, const struct sockaddr *address, socklen_t length)
{
  static int (*real_connect) (int, const struct sockaddr *, socklen_t);
  const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
  struct sockaddr_in way;
  char text[INET_ADDRSTRLEN];

  if (real_connect == NULL)
    *(void **)&real_connect = dlsym (RTLD_NEXT, "connect");
  if (address->sa_family != AF_INET || inet_ntop (AF_INET, &v4->sin_addr, text, sizeof text) == NULL)
    return real_connect (fd, address, length);
  write_log (text, ntohs (v4->sin_port));
  if (find_way (text, ntohs (v4->sin_port), &way))
    return real_connect (fd, (struct sockaddr *)&way, sizeof way);
  if (strncmp (text, "127.", 4) == 0)
    return real_connect (fd, address, length);
  errno = EHOSTUNREACH;
  return -1;
}
