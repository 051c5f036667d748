/*
 * One question about one socket, named by its two addresses (struct inet_diag_req_v2). /proc/net/tcp has the same, but a
 * program that uses IPv6 for IPv4 addresses is elsewhere there, and a line may be missed while connections come and go.
 */
#define G_LOG_DOMAIN "contactfs"

#include "login/peer.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
  struct nlmsghdr header;
  struct inet_diag_req_v2 body;
} DiagRequest;

typedef struct {
  struct nlmsghdr header;
  union {
    struct nlmsgerr error;
    struct inet_diag_msg socket;
    char rest[1024]; /* what is known of it besides */
  };
} DiagReply;

/* The connection's ends, as the program at the other end has them. */
static gboolean
name_ends (int fd, struct inet_diag_sockid *ends)
{
  struct sockaddr_in ours = { 0 }, theirs = { 0 };
  socklen_t ours_size = sizeof ours, theirs_size = sizeof theirs;

  if (getsockname (fd, (struct sockaddr *)&ours, &ours_size) != 0
      || getpeername (fd, (struct sockaddr *)&theirs, &theirs_size) != 0)
    return FALSE;
  ends->idiag_sport = theirs.sin_port;
  ends->idiag_src[0] = theirs.sin_addr.s_addr;
  ends->idiag_dport = ours.sin_port;
  ends->idiag_dst[0] = ours.sin_addr.s_addr;
  ends->idiag_cookie[0] = ends->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return TRUE;
}

/* The kernel replies while it is being asked. */
static gssize
query_kernel (const DiagRequest *request, DiagReply *reply)
{
  int fd = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  gssize size = -1;
  int code;

  if (fd < 0)
    return -1;
  if (send (fd, request, sizeof *request, 0) == (gssize)sizeof *request)
    size = recv (fd, reply, sizeof *reply, MSG_DONTWAIT);
  code = errno;
  close (fd);
  errno = code;
  return size;
}

static gboolean
fail (int code, GError **error)
{
  if (code == ENOENT || code == ENOTCONN)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "no program holds the other end");
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", g_strerror (code));
  return FALSE;
}

gboolean
peer_uid (GSocket *connection, uid_t *uid, GError **error)
{
  DiagRequest request
      = { .header = { .nlmsg_len = sizeof request, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
          .body = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_states = ~0U } };
  DiagReply reply = { 0 };
  gssize size;

  if (!name_ends (g_socket_get_fd (connection), &request.body.id))
    return fail (errno, error);
  size = query_kernel (&request, &reply);
  if (size < 0)
    return fail (errno, error);
  if (size >= (gssize)NLMSG_LENGTH (sizeof reply.error) && reply.header.nlmsg_type == NLMSG_ERROR)
    return fail (-reply.error.error, error);
  if (size < (gssize)NLMSG_LENGTH (sizeof reply.socket) || reply.header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return fail (EPROTO, error);
  /* Where that end is gone, the kernel answers for a socket that listens at its port. One that a program has closed has no
   * inode and no owner: the kernel says 0, and that is not root. */
  if (reply.socket.id.idiag_dport != request.body.id.idiag_dport || reply.socket.idiag_inode == 0)
    return fail (ENOENT, error);
  *uid = reply.socket.idiag_uid;
  return TRUE;
}
