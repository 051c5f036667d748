/*
 * A TCP relay that adds a round trip to loopback connections, for the bench: this is what a network does that is far
 * but wide. Each chunk is passed on half a round trip after it came; order and bandwidth stay as they are. What a
 * client sends first is held for one round trip more, since a far server would have taken that long to accept.
 *
 *   delay-relay COUNT     listens on COUNT free ports of 127.0.0.1 and writes "PORT PORT …" to stdout
 *
 * It then takes commands on stdin, one a line, and answers each with a line; it ends when stdin does:
 *   targets PORT PORT …   where connections go to, in the order of the ports
 *   rtt MILLISECONDS      the round trip, from the next chunk on
 *   stats                 answers "BYTES CHUNKS LATEST CPU": LATEST is by how many microseconds the worst chunk was
 *                         late, CPU the milliseconds of processor spent; both since the last "stats"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_MAX  (64 * 1024)
#define QUEUED_MAX (64 * 1024 * 1024) /* of one direction: far more than any window of TCP */
#define NSEC       G_GINT64_CONSTANT (1000000000)

typedef struct {
  gint64 due;
  gsize size, sent; /* size 0: the sender has closed */
  char data[];
} Chunk;

typedef struct {
  int from, to;
  GQueue chunks;
  gsize queued;
  gint64 not_before; /* the sender's first bytes may leave it then */
  gboolean ended;    /* from has closed */
  gboolean closed;   /* and to knows */
  gboolean blocked;  /* to takes no more for now */
} Pipe;

typedef struct {
  Pipe pipes[2];
  gboolean broken;
} Link;

static GPtrArray *links;
static int *listeners, *targets;
static guint port_count;
static gint64 one_way;
static guint64 bytes_passed, chunks_passed;
static gint64 latest;
static char buffer[CHUNK_MAX];

static gint64
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_MONOTONIC, &time);
  return (gint64)time.tv_sec * NSEC + time.tv_nsec;
}

static G_NORETURN void
die (const char *what)
{
  fprintf (stderr, "delay-relay: %s: %s\n", what, g_strerror (errno));
  exit (1);
}

static struct sockaddr_in
loopback (guint16 port)
{
  return (struct sockaddr_in){
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
  };
}

/* ---- links ---- */

static void
pipe_init (Pipe *self, int from, int to, gint64 not_before)
{
  *self = (Pipe){ .from = from, .to = to, .not_before = not_before };
  g_queue_init (&self->chunks);
}

static void
link_free (gpointer data)
{
  Link *self = data;

  for (int i = 0; i < 2; i++)
    g_queue_clear_full (&self->pipes[i].chunks, g_free);
  close (self->pipes[0].from);
  close (self->pipes[0].to);
  g_free (self);
}

static void
link_accept (guint which)
{
  struct sockaddr_in target = loopback ((guint16)targets[which]);
  int on = 1;
  int client = accept4 (listeners[which], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  int server;
  Link *self;

  if (client < 0)
    return;
  /* Where the server's queue is full, the connection comes about later; what is sent meanwhile is blocked. */
  server = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (server < 0 || (connect (server, (struct sockaddr *)&target, sizeof target) != 0 && errno != EINPROGRESS)) {
    if (server >= 0)
      close (server);
    close (client);
    return;
  }
  setsockopt (client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  self = g_new0 (Link, 1);
  pipe_init (&self->pipes[0], client, server, now () + 2 * one_way);
  pipe_init (&self->pipes[1], server, client, 0);
  g_ptr_array_add (links, self);
}

static gboolean
link_is_over (const Link *self)
{
  return self->broken || (self->pipes[0].closed && self->pipes[1].closed);
}

/* ---- chunks ---- */

static gboolean
pipe_receive (Pipe *self)
{
  gssize size = recv (self->from, buffer, sizeof buffer, 0);
  gint64 arrival = now ();
  Chunk *chunk;

  if (size < 0)
    return errno == EAGAIN || errno == EINTR;
  chunk = g_malloc (sizeof (Chunk) + (gsize)size);
  chunk->due = MAX (arrival, self->not_before) + one_way;
  chunk->size = (gsize)size;
  chunk->sent = 0;
  memcpy (chunk->data, buffer, (gsize)size);
  self->queued += (gsize)size;
  self->ended = size == 0;
  g_queue_push_tail (&self->chunks, chunk);
  return TRUE;
}

/* Sends what is due. FALSE: the connection is gone. */
static gboolean
pipe_send (Pipe *self)
{
  gboolean was_blocked = self->blocked;
  Chunk *chunk;

  self->blocked = FALSE;
  while ((chunk = g_queue_peek_head (&self->chunks)) != NULL) {
    gint64 late = now () - chunk->due;

    if (late < 0)
      return TRUE;
    if (chunk->size == 0) {
      shutdown (self->to, SHUT_WR);
      self->closed = TRUE;
    } else {
      gssize sent = send (self->to, chunk->data + chunk->sent, chunk->size - chunk->sent, MSG_NOSIGNAL);

      self->blocked = sent < 0 && errno == EAGAIN;
      if (self->blocked || (sent < 0 && errno == EINTR))
        return TRUE;
      if (sent < 0)
        return FALSE;
      if (chunk->sent == 0 && !was_blocked) /* a receiver that is slow is none of ours */
        latest = MAX (latest, late);
      chunk->sent += (gsize)sent;
      if (chunk->sent < chunk->size)
        continue;
    }
    bytes_passed += chunk->size;
    chunks_passed++;
    self->queued -= chunk->size;
    g_free (g_queue_pop_head (&self->chunks));
  }
  return TRUE;
}

/* ---- commands ---- */

static void
take_targets (const char *words)
{
  char *end = (char *)words;

  for (guint i = 0; i < port_count; i++)
    targets[i] = (int)strtol (end, &end, 10);
  puts ("ok");
}

static void
tell_statistics (void)
{
  static gint64 cpu_before;
  struct rusage usage;
  gint64 cpu;

  getrusage (RUSAGE_SELF, &usage);
  cpu = ((gint64)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000
        + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  printf ("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", bytes_passed,
          chunks_passed, latest / 1000, cpu - cpu_before);
  cpu_before = cpu;
  bytes_passed = chunks_passed = 0;
  latest = 0;
}

static void
obey (const char *line)
{
  if (g_str_has_prefix (line, "targets "))
    take_targets (line + strlen ("targets "));
  else if (g_str_has_prefix (line, "rtt ")) {
    one_way = (gint64)(g_ascii_strtod (line + strlen ("rtt "), NULL) * 1e6 / 2);
    puts ("ok");
  } else if (g_str_equal (line, "stats"))
    tell_statistics ();
  else
    printf ("not understood: %s\n", line);
  fflush (stdout);
}

/* FALSE: stdin has ended. */
static gboolean
read_commands (void)
{
  static GString *text;
  gssize size = read (STDIN_FILENO, buffer, sizeof buffer);
  char *end;

  if (size <= 0)
    return FALSE;
  if (text == NULL)
    text = g_string_new (NULL);
  g_string_append_len (text, buffer, size);
  while ((end = strchr (text->str, '\n')) != NULL) {
    *end = '\0';
    obey (text->str);
    g_string_erase (text, 0, end - text->str + 1);
  }
  return TRUE;
}

/* ---- the loop ---- */

static void
listen_on_free_ports (void)
{
  for (guint i = 0; i < port_count; i++) {
    struct sockaddr_in address = loopback (0);
    socklen_t length = sizeof address;

    listeners[i] = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listeners[i] < 0 || bind (listeners[i], (struct sockaddr *)&address, sizeof address) != 0
        || listen (listeners[i], SOMAXCONN) != 0
        || getsockname (listeners[i], (struct sockaddr *)&address, &length) != 0)
      die ("listen");
    printf (i == 0 ? "%d" : " %d", ntohs (address.sin_port));
  }
  puts ("");
  fflush (stdout);
}

static void
add_poll (GArray *polls, int fd, short events)
{
  struct pollfd poll = { .fd = events != 0 ? fd : -1, .events = events };

  g_array_append_val (polls, poll);
}

/* Two entries for each pipe: its sender, its receiver. Returns when the next chunk is due. */
static gint64
prepare_links (GArray *polls)
{
  gint64 next = G_MAXINT64;

  for (guint i = 0; i < links->len; i++) {
    Link *link = links->pdata[i];

    for (int j = 0; j < 2; j++) {
      const Pipe *pipe = &link->pipes[j];
      const Chunk *head = g_queue_peek_head ((GQueue *)&pipe->chunks);

      add_poll (polls, pipe->from, pipe->ended || pipe->queued > QUEUED_MAX ? 0 : POLLIN);
      add_poll (polls, pipe->to, pipe->blocked ? POLLOUT : 0);
      if (head != NULL && !pipe->blocked)
        next = MIN (next, head->due);
    }
  }
  return next;
}

static void
serve_links (const GArray *polls, guint first)
{
  for (guint i = first, k = 0; i < polls->len; i += 4, k++) {
    Link *link = links->pdata[k];

    for (guint j = 0; j < 2; j++) {
      Pipe *pipe = &link->pipes[j];

      if (g_array_index (polls, struct pollfd, i + 2 * j).revents != 0 && !pipe_receive (pipe))
        link->broken = TRUE;
      if ((!pipe->blocked || g_array_index (polls, struct pollfd, i + 2 * j + 1).revents != 0) && !pipe_send (pipe))
        link->broken = TRUE;
    }
  }
  for (guint i = links->len; i-- > 0;)
    if (link_is_over (links->pdata[i]))
      g_ptr_array_remove_index_fast (links, i);
}

/* One turn. FALSE: it is over. */
static gboolean
turn (GArray *polls)
{
  guint first = port_count + 1;
  gint64 next, left;

  g_array_set_size (polls, 0);
  add_poll (polls, STDIN_FILENO, POLLIN);
  for (guint i = 0; i < port_count; i++)
    add_poll (polls, listeners[i], targets[i] != 0 ? POLLIN : 0);
  next = prepare_links (polls);
  left = next == G_MAXINT64 ? 0 : next - now ();
  left = MAX (left, 0);
  struct timespec timeout = { .tv_sec = left / NSEC, .tv_nsec = left % NSEC };
  if (ppoll ((struct pollfd *)(gpointer)polls->data, polls->len, next == G_MAXINT64 ? NULL : &timeout, NULL) < 0) {
    if (errno != EINTR)
      die ("ppoll");
    return TRUE;
  }
  serve_links (polls, first);
  for (guint i = 0; i < port_count; i++)
    if (g_array_index (polls, struct pollfd, i + 1).revents != 0)
      link_accept (i);
  return g_array_index (polls, struct pollfd, 0).revents == 0 || read_commands ();
}

int
main (int argc, char **argv)
{
  g_autoptr (GArray) polls = g_array_new (FALSE, FALSE, sizeof (struct pollfd));

  port_count = argc == 2 ? (guint)strtoul (argv[1], NULL, 10) : 0;
  if (port_count == 0 || port_count > 16) {
    fputs ("usage: delay-relay COUNT\n", stderr);
    return 2;
  }
  listeners = g_new0 (int, port_count);
  targets = g_new0 (int, port_count);
  links = g_ptr_array_new_with_free_func (link_free);
  prctl (PR_SET_TIMERSLACK, 1UL); /* a sleeping ppoll is 50 us late otherwise */
  listen_on_free_ports ();
  while (turn (polls))
    ;
  g_ptr_array_unref (links);
  g_free (listeners);
  g_free (targets);
  return 0;
}
