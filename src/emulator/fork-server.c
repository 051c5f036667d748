/* Fork, and forget everything of the server but what it has loaded. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/fork-server.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulator/picture.h"

#define MAX_MESSAGE   65536
#define MAX_ARGUMENTS 256
#define DESCRIPTORS   4 /* stdin, stdout, stderr, status */

typedef struct Order {
  char text[MAX_MESSAGE];
  gssize length;
  int descriptors[DESCRIPTORS];
} Order;

/* FALSE: the client has gone. */
static gboolean
receive (Order *order)
{
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (sizeof order->descriptors)];
  } control = { 0 };
  struct iovec piece = { order->text, sizeof order->text };
  struct msghdr message
      = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  const struct cmsghdr *header;

  do
    order->length = recvmsg (STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
  while (order->length < 0 && errno == EINTR);
  if (order->length <= 0)
    return FALSE;
  header = CMSG_FIRSTHDR (&message);
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || order->text[order->length - 1] != '\0' || header == NULL
      || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN (sizeof order->descriptors))
    g_error ("--fork-server: a message that is no order");
  memcpy (order->descriptors, CMSG_DATA (header), sizeof order->descriptors);
  return TRUE;
}

static void
tell (int fd, int number)
{
  if (write (fd, &number, sizeof number) < 0)
    g_debug ("Nobody asks how an emulator ends");
}

/* Waits for its one child, the emulator, so that its status is told whatever it dies of. */
static gboolean
be_parent (const Order *order)
{
  pid_t pid;
  int status;

  signal (SIGCHLD, SIG_DFL);
  pid = fork ();
  if (pid == 0)
    return TRUE;
  if (pid < 0)
    g_error ("--fork-server: %s", g_strerror (errno));
  for (int i = 0; i < DESCRIPTORS - 1; i++)
    close (order->descriptors[i]); /* theirs alone, so that they end with it */
  tell (order->descriptors[DESCRIPTORS - 1], pid);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  tell (order->descriptors[DESCRIPTORS - 1], status);
  _exit (0);
}

static void
be_emulator (Order *order, int *argc, char ***argv)
{
  static char *arguments[MAX_ARGUMENTS + 1];
  int count = 0;

  for (char *word = order->text; word < order->text + order->length && count < MAX_ARGUMENTS; word += strlen (word) + 1)
    arguments[count++] = word;
  for (int i = 0; i < DESCRIPTORS; i++) {
    if (i < DESCRIPTORS - 1)
      dup2 (order->descriptors[i], i);
    close (order->descriptors[i]);
  }
  *argc = count;
  *argv = arguments;
}

gboolean
fork_server_run (int *argc, char ***argv)
{
  static Order order;

  picture_prepare ();
  signal (SIGCHLD, SIG_IGN); /* nobody waits for the parents of emulators */
  while (receive (&order)) {
    pid_t pid = fork ();

    if (pid == 0 && be_parent (&order)) {
      be_emulator (&order, argc, argv);
      return TRUE;
    }
    if (pid < 0)
      g_error ("--fork-server: %s", g_strerror (errno));
    for (int i = 0; i < DESCRIPTORS; i++)
      close (order.descriptors[i]);
  }
  return FALSE;
}
