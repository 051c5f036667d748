#define G_LOG_DOMAIN "contactfs"

#include "fake-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define BUFFER_SIZE (1024 * 1024)

static void
request_free (gpointer data)
{
  FakeRequest *self = data;

  g_free (self->name);
  g_free (self);
}

static FakeNode *
node_add (FakeKernel *self, guint64 id, gboolean is_directory)
{
  FakeNode *node = g_new0 (FakeNode, 1);

  node->id = id;
  node->is_directory = is_directory;
  g_ptr_array_add (self->nodes, node);
  return node;
}

void
fake_kernel_begin (FakeKernel *self, int fd)
{
  *self = (FakeKernel){ .fd = fd };
  self->nodes = g_ptr_array_new_with_free_func (g_free);
  self->handles = g_ptr_array_new_with_free_func (g_free);
  self->requests = g_ptr_array_new_with_free_func (request_free);
  node_add (self, FUSE_ROOT_ID, TRUE)->lookups = 1;
}

void
fake_kernel_clear (FakeKernel *self)
{
  g_ptr_array_unref (self->requests);
  g_ptr_array_unref (self->handles);
  g_ptr_array_unref (self->nodes);
}

static gboolean
has_no_answer (guint32 opcode)
{
  return opcode == FUSE_FORGET || opcode == FUSE_BATCH_FORGET || opcode == FUSE_INTERRUPT;
}

FakeRequest *
fake_kernel_ask (FakeKernel *self, guint32 opcode, FakeNode *node, FakeHandle *handle, gconstpointer args, gsize size,
                 gconstpointer more, gsize more_size, guint32 pid)
{
  struct fuse_in_header header = { .len = (guint32)(sizeof header + size + more_size),
                                   .opcode = opcode,
                                   .unique = self->unique += 2, /* the lowest bit marks interrupts */
                                   .nodeid = node != NULL ? node->id : 0,
                                   .pid = pid };
  struct iovec parts[] = { { &header, sizeof header }, { (void *)args, size }, { (void *)more, more_size } };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = G_N_ELEMENTS (parts) };
  FakeRequest *request;

  if (sendmsg (self->fd, &message, MSG_NOSIGNAL) < 0) {
    g_assert_true (errno == EPIPE || errno == ECONNRESET);
    return NULL;
  }
  if (has_no_answer (opcode))
    return NULL;
  request = g_new0 (FakeRequest, 1);
  request->unique = header.unique;
  request->opcode = opcode;
  request->node = node;
  request->handle = handle;
  if (node != NULL)
    node->busy++;
  if (handle != NULL)
    handle->busy++;
  g_ptr_array_add (self->requests, request);
  return request;
}

/* ---- answers ---- */

static void
check_attr (const struct fuse_attr *attr)
{
  g_assert_true (S_ISDIR (attr->mode) || S_ISREG (attr->mode));
  g_assert_cmpint ((gint64)attr->size, >=, 0);
  g_assert_cmpuint (attr->ino, !=, 0);
}

static void
check_name (const char *name, gsize length)
{
  g_assert_cmpuint (length, >, 0);
  g_assert_cmpuint (length, <=, 255);
  g_assert_null (memchr (name, '/', length));
  g_assert_true (g_utf8_validate (name, (gssize)length, NULL));
}

static FakeNode *
take_entry (FakeKernel *self, const struct fuse_entry_out *entry, const FakeNode *parent, const char *name)
{
  FakeNode *node = NULL;

  if (entry->nodeid == 0)
    return NULL;
  check_attr (&entry->attr);
  for (guint i = 0; i < self->nodes->len && node == NULL; i++)
    if (((FakeNode *)self->nodes->pdata[i])->id == entry->nodeid)
      node = self->nodes->pdata[i];
  if (node == NULL)
    node = node_add (self, entry->nodeid, S_ISDIR (entry->attr.mode));
  g_assert_true (node->is_directory == !!S_ISDIR (entry->attr.mode));
  node->lookups++;
  node->is_photo = g_str_equal (name, "photo.jpg");
  node->folder = parent->id == FUSE_ROOT_ID ? node->id : parent->folder;
  return node;
}

static void
take_open (FakeKernel *self, const FakeRequest *request, FakeNode *node, const struct fuse_open_out *out)
{
  FakeHandle *handle = g_new0 (FakeHandle, 1);

  handle->fh = out->fh;
  handle->node = node;
  handle->flags = request->flags;
  handle->is_directory = request->opcode == FUSE_OPENDIR;
  handle->spoilt = request->opcode == FUSE_OPEN && (request->flags & O_TRUNC) == 0;
  node->busy++;
  g_ptr_array_add (self->handles, handle);
}

static void
take_listing (FakeKernel *self, const FakeRequest *request, const char *data, gsize size)
{
  guint64 offset = request->offset;

  g_assert_cmpuint (size, <=, request->size);
  while (size > 0) {
    gboolean plus = request->opcode == FUSE_READDIRPLUS;
    const struct fuse_direntplus *entry = (const struct fuse_direntplus *)data;
    const struct fuse_dirent *dirent = plus ? &entry->dirent : (const struct fuse_dirent *)data;
    gsize all;

    g_assert_cmpuint (size, >=, plus ? FUSE_NAME_OFFSET_DIRENTPLUS : FUSE_NAME_OFFSET);
    all = plus ? FUSE_DIRENTPLUS_SIZE (entry) : FUSE_DIRENT_SIZE (dirent);
    g_assert_cmpuint (size, >=, all);
    check_name (dirent->name, dirent->namelen);
    g_assert_cmpuint (dirent->off, >, offset);
    offset = dirent->off;
    if (plus) {
      g_autofree char *name = g_strndup (dirent->name, dirent->namelen);

      take_entry (self, &entry->entry_out, request->node, name);
    }
    data += all;
    size -= all;
  }
}

static void
end_handle (FakeKernel *self, FakeHandle *handle)
{
  handle->node->busy--;
  g_ptr_array_remove (self->handles, handle);
}

/* What a success brings; data: behind the header. */
static void
take_success (FakeKernel *self, FakeRequest *request, const char *data, gsize size)
{
  const struct fuse_entry_out *entry = (const struct fuse_entry_out *)data;

  switch (request->opcode) {
  case FUSE_LOOKUP:
  case FUSE_MKNOD:
    g_assert_cmpuint (size, ==, sizeof *entry);
    take_entry (self, entry, request->node, request->name);
    break;
  case FUSE_CREATE:
    g_assert_cmpuint (size, ==, sizeof *entry + sizeof (struct fuse_open_out));
    g_assert_cmpuint (entry->nodeid, !=, 0);
    take_open (self, request, take_entry (self, entry, request->node, request->name),
               (const struct fuse_open_out *)(data + sizeof *entry));
    break;
  case FUSE_OPEN:
  case FUSE_OPENDIR:
    g_assert_cmpuint (size, ==, sizeof (struct fuse_open_out));
    take_open (self, request, request->node, (const struct fuse_open_out *)data);
    break;
  case FUSE_GETATTR:
  case FUSE_SETATTR:
    g_assert_cmpuint (size, ==, sizeof (struct fuse_attr_out));
    check_attr (&((const struct fuse_attr_out *)data)->attr);
    break;
  case FUSE_READ:
    g_assert_cmpuint (size, <=, request->size);
    break;
  case FUSE_READDIR:
  case FUSE_READDIRPLUS:
    take_listing (self, request, data, size);
    break;
  case FUSE_WRITE:
    g_assert_cmpuint (size, ==, sizeof (struct fuse_write_out));
    g_assert_cmpuint (((const struct fuse_write_out *)data)->size, ==, request->size);
    break;
  case FUSE_STATFS:
    g_assert_cmpuint (size, ==, sizeof (struct fuse_statfs_out));
    break;
  case FUSE_GETXATTR:
  case FUSE_LISTXATTR:
    if (request->size == 0)
      g_assert_cmpuint (size, ==, sizeof (struct fuse_getxattr_out));
    else
      g_assert_cmpuint (size, <=, request->size);
    break;
  case FUSE_FLUSH:
    g_assert_cmpuint (size, ==, 0);
    self->flushed (request->handle);
    break;
  case FUSE_INIT:
    g_assert_cmpuint (size, >, 0);
    break;
  default:
    g_assert_cmpuint (size, ==, 0);
  }
}

static FakeRequest *
find_request (FakeKernel *self, guint64 unique)
{
  for (guint i = 0; i < self->requests->len; i++)
    if (((FakeRequest *)self->requests->pdata[i])->unique == unique)
      return self->requests->pdata[i];
  g_error ("an answer to what was not asked, or twice: %" G_GUINT64_FORMAT, unique);
}

static void
take_answer (FakeKernel *self, const char *message, gsize size)
{
  const struct fuse_out_header *header = (const struct fuse_out_header *)message;
  FakeRequest *request;

  g_assert_cmpuint (size, >=, sizeof *header);
  g_assert_cmpuint (header->len, ==, size);
  if (header->unique == 0) { /* a notice */
    g_assert_true (header->error == FUSE_NOTIFY_INVAL_ENTRY || header->error == FUSE_NOTIFY_INVAL_INODE
                   || header->error == FUSE_NOTIFY_DELETE);
    return;
  }
  request = find_request (self, header->unique);
  g_assert_cmpint (header->error, <=, 0);
  g_assert_cmpint (header->error, >, -512);
  if (request->node != NULL)
    request->node->busy--;
  if (request->handle != NULL)
    request->handle->busy--;
  if (header->error == 0)
    take_success (self, request, message + sizeof *header, size - sizeof *header);
  else
    g_assert_cmpuint (size, ==, sizeof *header);
  if (request->opcode == FUSE_RELEASE || request->opcode == FUSE_RELEASEDIR)
    end_handle (self, request->handle);
  g_ptr_array_remove (self->requests, request);
}

void
fake_kernel_listen (FakeKernel *self)
{
  static _Alignas(8) char buffer[BUFFER_SIZE];
  ssize_t got;

  while ((got = recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
    take_answer (self, buffer, (gsize)got);
}
