/* What programs do, as the kernel asks it of us. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-world.h"

#define MAX_WRITE  (32 * 1024)
#define SMALL_FILE ((guint64)1 << 23)

/* ---- what the bytes say ---- */

guint
take (void)
{
  if (world.size == 0)
    return 0;
  world.size--;
  return *world.data++;
}

static FakeNode *
take_node (void)
{
  return world.kernel.nodes->pdata[take () % world.kernel.nodes->len];
}

/* An open file, or folder; NULL: there is none. */
static FakeHandle *
take_handle (gboolean is_directory)
{
  guint n = take ();

  for (guint i = 0; i < world.kernel.handles->len; i++) {
    FakeHandle *handle = world.kernel.handles->pdata[(n + i) % world.kernel.handles->len];

    if (handle->is_directory == is_directory)
      return handle;
  }
  return NULL;
}

/* Transfer full; never with a '/', as the kernel's. */
char *
take_name (void)
{
  static const char *const names[] = { "photo.jpg",      "profile.jpg", ".previous",      ".rejected",  ".directory",
                                       "photo.jpg.part", "a.jpg",       ".goutputstream", "photo.jpg~", "sedAbCdEf",
                                       "4913",           "x.bmp",       ".keep.tmp",      "Ann",        "Bob",
                                       "Bob (c3)",       "A_B",         "Unnamed c5" };
  guint n = take ();
  char *name;

  if (n < 0xf0)
    return g_strdup (names[n % G_N_ELEMENTS (names)]);
  n = take () % 255 + 1;
  n = (guint)MIN (n, MAX (world.size, 1));
  name = g_strnfill (n, 'n');
  for (guint i = 0; i < n && world.size > 0; i++)
    name[i] = (char)take ();
  for (guint i = 0; i < n; i++)
    if (name[i] == '/' || name[i] == '\0')
      name[i] = '_';
  return name;
}

static guint64
take_number (void)
{
  static const guint64 odd[] = {
    0, 1, 4095, 4096, SMALL_FILE, 5 * 1024 * 1024 + 1, G_MAXINT32, (guint64)G_MAXUINT32 + 1, G_MAXINT64 - 1, G_MAXINT64
  };
  guint n = take ();

  return n < 0xe0 ? n : odd[n % G_N_ELEMENTS (odd)];
}

/* Who asks: we (who live), nobody, and somebody who is gone. */
static guint32
take_pid (void)
{
  const guint32 pids[] = { (guint32)getpid (), 0, 0x3ffffff0 };

  return pids[take () % G_N_ELEMENTS (pids)];
}

/* ---- asking ---- */

static FakeRequest *
ask (guint32 opcode, FakeNode *node, FakeHandle *handle, gconstpointer args, gsize size, gconstpointer more,
     gsize more_size)
{
  return fake_kernel_ask (&world.kernel, opcode, node, handle, args, size, more, more_size, take_pid ());
}

static FakeRequest *
ask_name (guint32 opcode, FakeNode *node, gconstpointer args, gsize size, char *name_owned)
{
  g_autofree char *name = name_owned;
  FakeRequest *request = ask (opcode, node, NULL, args, size, name, strlen (name) + 1);

  if (request != NULL)
    request->name = g_steal_pointer (&name);
  return request;
}

/* Names, or bytes, have changed: what is known of the files that are open there does not hold. */
static void
spoil (const FakeNode *node, const FakeHandle *but)
{
  for (guint i = 0; i < world.kernel.handles->len; i++) {
    FakeHandle *handle = world.kernel.handles->pdata[i];

    if (handle != but && handle->node->folder == node->folder)
      handle->spoilt = TRUE;
  }
}

/* ---- steps: names ---- */

static FakeNode *
take_folder (void)
{
  FakeNode *node = take_node ();

  return node->is_directory ? node : world.kernel.nodes->pdata[0];
}

static void
step_lookup (void)
{
  FakeNode *folder = take_folder ();

  ask_name (FUSE_LOOKUP, folder, NULL, 0, take_name ());
}

static void
step_forget (void)
{
  FakeNode *node = take_node ();
  struct fuse_forget_in args = { .nlookup = node->lookups };
  struct fuse_batch_forget_in batch = { .count = 1 };
  struct fuse_forget_one one = { .nodeid = node->id, .nlookup = node->lookups };

  if (node == world.kernel.nodes->pdata[0] || node->busy > 0)
    return;
  if (take () % 2 == 0)
    ask (FUSE_FORGET, node, NULL, &args, sizeof args, NULL, 0);
  else
    ask (FUSE_BATCH_FORGET, NULL, NULL, &batch, sizeof batch, &one, sizeof one);
  g_ptr_array_remove (world.kernel.nodes, node);
}

static void
step_unlink (void)
{
  FakeNode *folder = take_folder ();

  spoil (folder, NULL);
  ask_name (take () % 8 == 0 ? FUSE_RMDIR : FUSE_UNLINK, folder, NULL, 0, take_name ());
}

static void
step_rename (void)
{
  FakeNode *from = take_folder ();
  FakeNode *to = take_folder ();
  guint flags = take ();
  g_autofree char *name = take_name ();
  g_autofree char *new_name = take_name ();
  struct fuse_rename2_in args = { .newdir = to->id,
                                  .flags = flags < 192   ? 0
                                           : flags < 224 ? RENAME_NOREPLACE
                                                         : flags % 8 };
  g_autofree char *names = g_strdup_printf ("%s/%s", name, new_name);

  spoil (from, NULL);
  spoil (to, NULL);
  names[strlen (name)] = '\0';
  ask (FUSE_RENAME2, from, NULL, &args, sizeof args, names, strlen (name) + strlen (new_name) + 2);
}

static void
step_make (void)
{
  FakeNode *folder = take_folder ();
  guint kind = take () % 4;
  struct fuse_mknod_in mknod_in = { .mode = (take () % 4 == 0 ? S_IFIFO : S_IFREG) | 0600 };
  struct fuse_mkdir_in mkdir_in = { .mode = 0700 };
  struct fuse_link_in link_in = { .oldnodeid = take_node ()->id };
  char *name = take_name ();
  g_autofree char *names = NULL;

  spoil (folder, NULL);
  switch (kind) {
  case 0:
    ask_name (FUSE_MKNOD, folder, &mknod_in, sizeof mknod_in, name);
    break;
  case 1:
    ask_name (FUSE_MKDIR, folder, &mkdir_in, sizeof mkdir_in, name);
    break;
  case 2:
    ask_name (FUSE_LINK, folder, &link_in, sizeof link_in, name);
    break;
  default:
    names = g_strdup_printf ("%s/to", name);
    names[strlen (name)] = '\0';
    ask (FUSE_SYMLINK, folder, NULL, names, strlen (name) + 4, NULL, 0);
    g_free (name);
  }
}

/* ---- steps: open files ---- */

static guint32
take_flags (void)
{
  static const guint32 flags[] = {
    O_RDONLY, O_WRONLY | O_TRUNC, O_RDWR | O_TRUNC, O_WRONLY, O_RDWR, O_WRONLY | O_APPEND, O_RDWR | O_APPEND | O_TRUNC,
    O_ACCMODE
  };

  return flags[take () % G_N_ELEMENTS (flags)];
}

static void
step_open (void)
{
  FakeNode *node = take_node ();
  struct fuse_open_in args = { .flags = node->is_directory ? O_RDONLY : take_flags () };
  FakeRequest *request;

  if ((args.flags & O_TRUNC) != 0)
    spoil (node, NULL);
  request = ask (node->is_directory ? FUSE_OPENDIR : FUSE_OPEN, node, NULL, &args, sizeof args, NULL, 0);
  if (request != NULL)
    request->flags = args.flags;
}

static void
step_create (void)
{
  FakeNode *folder = take_folder ();
  struct fuse_create_in args = { .flags = take_flags () | O_CREAT, .mode = S_IFREG | 0600 };
  FakeRequest *request;

  spoil (folder, NULL);
  request = ask_name (FUSE_CREATE, folder, &args, sizeof args, take_name ());
  if (request != NULL)
    request->flags = args.flags | O_TRUNC; /* what is made is empty */
}

static void
step_read (void)
{
  FakeHandle *handle = take_handle (FALSE);
  struct fuse_read_in args = { .offset = take_number () };
  FakeRequest *request;

  args.size = 1 + take () * 64;
  if (handle == NULL || (handle->flags & O_ACCMODE) == O_WRONLY)
    return;
  args.fh = handle->fh;
  request = ask (FUSE_READ, handle->node, handle, &args, sizeof args, NULL, 0);
  if (request != NULL)
    request->size = args.size;
}

static void
step_list (void)
{
  FakeHandle *handle = take_handle (TRUE);
  struct fuse_read_in args = { .offset = take () % 4 == 0 ? take_number () : 0 };
  FakeRequest *request;

  args.size = 64 + take () * 16;
  if (handle == NULL)
    return;
  args.fh = handle->fh;
  request = ask (take () % 2 == 0 ? FUSE_READDIR : FUSE_READDIRPLUS, handle->node, handle, &args, sizeof args, NULL, 0);
  if (request != NULL) {
    request->size = args.size;
    request->offset = args.offset;
  }
}

/* A whole picture at the beginning, a part of one, or anything anywhere. */
static void
step_write (void)
{
  FakeHandle *handle = take_handle (FALSE);
  guint kind = take () % 4;
  guint number = take () % 4 + 1;
  g_autoptr (GBytes) picture = fake_picture (number);
  struct fuse_write_in args = { .offset = kind >= 2 ? take_number () : 0 };
  gsize size;
  const char *bytes = g_bytes_get_data (picture, &size);
  g_autofree char *filled = NULL;
  FakeRequest *request;

  if (handle == NULL || (handle->flags & O_ACCMODE) == O_RDONLY)
    return;
  if (kind == 1)
    size = size * take () / 256;
  if (kind == 3) {
    size = take_number ();
    size = MIN (size, MAX_WRITE);
    filled = g_strnfill (size, (char)take ());
    bytes = filled;
    args.write_flags = FUSE_WRITE_CACHE;
  }
  if (args.offset > G_MAXINT64 - size)
    return;
  spoil (handle->node, handle);
  handle->spoilt = handle->spoilt || handle->picture != 0 || kind != 0 || (handle->flags & O_APPEND) != 0;
  handle->picture = number;
  args.fh = handle->fh;
  args.size = (guint32)size;
  args.flags = handle->flags;
  request = ask (FUSE_WRITE, handle->node, handle, &args, sizeof args, bytes, size);
  if (request != NULL)
    request->size = args.size;
}

static void
step_flush (void)
{
  FakeHandle *handle = take_handle (FALSE);
  struct fuse_flush_in flush_in = { .fh = handle != NULL ? handle->fh : 0 };
  struct fuse_fsync_in fsync_in = { .fh = flush_in.fh };

  if (handle == NULL)
    return;
  if (take () % 4 != 0)
    ask (FUSE_FLUSH, handle->node, handle, &flush_in, sizeof flush_in, NULL, 0);
  else
    ask (FUSE_FSYNC, handle->node, handle, &fsync_in, sizeof fsync_in, NULL, 0);
}

void
program_release (FakeHandle *handle)
{
  struct fuse_release_in args = { .fh = handle->fh, .flags = handle->flags };

  if (handle->busy == 0)
    ask (handle->is_directory ? FUSE_RELEASEDIR : FUSE_RELEASE, handle->node, handle, &args, sizeof args, NULL, 0);
}

static void
step_release (void)
{
  FakeHandle *handle = take_handle (take () % 4 == 0);

  if (handle != NULL)
    program_release (handle);
}

static void
step_fallocate (void)
{
  FakeHandle *handle = take_handle (FALSE);
  struct fuse_fallocate_in args = { .mode = take () % 4 };

  args.offset = take_number ();
  args.length = take_number ();
  if (handle == NULL || (handle->flags & O_ACCMODE) == O_RDONLY || args.length == 0
      || args.length > G_MAXINT64 - args.offset)
    return;
  spoil (handle->node, NULL);
  args.fh = handle->fh;
  ask (FUSE_FALLOCATE, handle->node, handle, &args, sizeof args, NULL, 0);
}

/* ---- steps: attributes ---- */

static void
step_getattr (void)
{
  struct fuse_getattr_in args = { 0 };

  ask (FUSE_GETATTR, take_node (), NULL, &args, sizeof args, NULL, 0);
}

static void
step_setattr (void)
{
  FakeHandle *handle = take () % 2 == 0 ? take_handle (FALSE) : NULL;
  FakeNode *node = handle != NULL ? handle->node : take_node ();
  struct fuse_setattr_in args = { .size = take_number (), .mode = S_IFREG | 0600 };

  args.valid = take () & 0xff; /* all that have no argument of their own */
  args.valid &= ~(guint32)FATTR_FH;
  if (node->is_directory)
    args.valid &= ~(guint32)FATTR_SIZE;
  if (handle != NULL && (handle->flags & O_ACCMODE) != O_RDONLY) {
    args.valid |= FATTR_FH;
    args.fh = handle->fh;
  }
  spoil (node, NULL);
  ask (FUSE_SETATTR, node, handle, &args, sizeof args, NULL, 0);
}

static void
step_xattr (void)
{
  static const char *const names[]
      = { "user.mime_type",      "user.xdg.origin.url",   "user.contactfs.resource_name", "user.contactfs.error",
          "user.contactfs.note", "user.contactfs.status", "security.capability",          "user.x" };
  FakeNode *node = take_node ();
  const char *name = names[take () % G_N_ELEMENTS (names)];
  guint kind = take () % 4;
  guint64 room = take_number ();
  struct fuse_getxattr_in get = { .size = (guint32)MIN (room, 65536) };
  struct fuse_setxattr_in set = { .size = MIN (get.size, 1000), .flags = kind };
  gsize size = strlen (name) + 1;
  g_autofree char *value = g_malloc (size + set.size);
  FakeRequest *request = NULL;

  if (kind == 0) {
    request = ask (FUSE_LISTXATTR, node, NULL, &get, sizeof get, NULL, 0);
  } else if (kind == 1) {
    memcpy (value, name, size);
    memset (value + size, 'v', set.size);
    ask (FUSE_SETXATTR, node, NULL, &set, FUSE_COMPAT_SETXATTR_IN_SIZE, value, size + set.size);
  } else if (kind == 2) {
    ask (FUSE_REMOVEXATTR, node, NULL, NULL, 0, name, size);
  } else {
    request = ask (FUSE_GETXATTR, node, NULL, &get, sizeof get, name, size);
  }
  if (request != NULL)
    request->size = get.size;
}

static void
step_rarely (void)
{
  static const guint32 opcodes[] = { FUSE_STATFS, FUSE_FSYNCDIR, FUSE_ACCESS, FUSE_READLINK, FUSE_POLL, 2000 };
  guint32 opcode = opcodes[take () % G_N_ELEMENTS (opcodes)];
  FakeHandle *folder = opcode == FUSE_FSYNCDIR ? take_handle (TRUE) : NULL;
  struct fuse_fsync_in args = { .fh = folder != NULL ? folder->fh : 0 };

  if (opcode == FUSE_STATFS)
    ask (opcode, take_node (), NULL, NULL, 0, NULL, 0);
  else if (opcode != FUSE_FSYNCDIR || folder != NULL)
    ask (opcode, folder != NULL ? folder->node : take_node (), folder, &args, sizeof args, NULL, 0);
}

static void
step_interrupt (void)
{
  GPtrArray *requests = world.kernel.requests;
  struct fuse_interrupt_in args;

  if (requests->len == 0)
    return;
  args.unique = ((FakeRequest *)requests->pdata[take () % requests->len])->unique;
  ask (FUSE_INTERRUPT, NULL, NULL, &args, sizeof args, NULL, 0);
}

/* ---- all of them; those that matter more, more often ---- */

void (*const program_steps[]) (void)
    = { step_lookup,  step_lookup,  step_lookup, step_create,    step_create, step_open,    step_open,
        step_write,   step_write,   step_write,  step_flush,     step_flush,  step_release, step_read,
        step_list,    step_unlink,  step_unlink, step_rename,    step_rename, step_make,    step_fallocate,
        step_getattr, step_setattr, step_xattr,  step_interrupt, step_forget, step_rarely };
const guint n_program_steps = G_N_ELEMENTS (program_steps);
