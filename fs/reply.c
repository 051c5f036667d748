/* Every reply to the kernel leaves here, so that each failure can be seen with its operation in the log. */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

void
fs_reply_errno (fuse_req_t req, const char *op, int code)
{
  if (code != ENOENT && code != ENODATA) /* asked for all the time */
    g_debug ("%s: %s", op, g_strerror (code));
  fuse_reply_err (req, code);
}

void
fs_reply_error (fuse_req_t req, const char *op, const GError *error)
{
  int code = fs_errno (error);

  g_debug ("%s: %s (%s)", op, error->message, g_strerror (code));
  fuse_reply_err (req, code);
}

void
fs_reply_ok (fuse_req_t req)
{
  fuse_reply_err (req, 0);
}

void
fs_reply_none (fuse_req_t req)
{
  fuse_reply_none (req);
}

int
fs_reply_entry (fuse_req_t req, const struct fuse_entry_param *entry)
{
  return fuse_reply_entry (req, entry);
}

int
fs_reply_create (fuse_req_t req, const struct fuse_entry_param *entry, const struct fuse_file_info *fi)
{
  return fuse_reply_create (req, entry, fi);
}

int
fs_reply_open (fuse_req_t req, const struct fuse_file_info *fi)
{
  return fuse_reply_open (req, fi);
}

void
fs_reply_attr (fuse_req_t req, const struct stat *attr, double timeout)
{
  fuse_reply_attr (req, attr, timeout);
}

void
fs_reply_link (fuse_req_t req, const char *target)
{
  fuse_reply_readlink (req, target);
}

void
fs_reply_bytes (fuse_req_t req, const void *data, gsize size)
{
  fuse_reply_buf (req, data, size);
}

void
fs_reply_written (fuse_req_t req, gsize size)
{
  fuse_reply_write (req, size);
}

void
fs_reply_statfs (fuse_req_t req, const struct statvfs *statistics)
{
  fuse_reply_statfs (req, statistics);
}

void
fs_reply_sized (fuse_req_t req, const void *data, gsize size, gsize room)
{
  if (room == 0)
    fuse_reply_xattr (req, size);
  else if (room < size)
    fuse_reply_err (req, ERANGE);
  else
    fuse_reply_buf (req, data, size);
}
