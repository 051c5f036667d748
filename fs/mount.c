/*
 * The session: mounting, the GSource that reads requests, and the end.
 *
 *   MOUNTED ─(the kernel lets go: read says ENODEV)─→ notifiers stop ─→ ENDED: the owner hears of it
 *      └─────(fs_unmount)──→ notifiers stop ─→ unmount ─────────────────→ ENDED
 *
 * The notifiers stop while the loop still answers requests, since their last notice may wait for a lock that a request
 * holds.
 */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fs/internal.h"

/* Requests in one turn of the loop, so that timers and the network get theirs. */
#define REQUESTS_A_TURN 32
#define MAX_WRITE       (1024 * 1024)
#define MAX_BACKGROUND  64

static void
init (void *data, struct fuse_conn_info *connection)
{
  connection->max_write = MAX_WRITE;
  connection->max_background = MAX_BACKGROUND;
  connection->congestion_threshold = MAX_BACKGROUND * 3 / 4;
  connection->want &= ~(unsigned int)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE
                                      | FUSE_CAP_AUTO_INVAL_DATA);
  connection->want |= connection->capable
                      & (FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_READDIRPLUS
                         | FUSE_CAP_READDIRPLUS_AUTO | FUSE_CAP_ASYNC_READ);
}

static const struct fuse_lowlevel_ops operations = {
  .init = init,
  .lookup = fs_lookup,
  .forget = fs_forget,
  .forget_multi = fs_forget_multi,
  .getattr = fs_getattr,
  .setattr = fs_setattr,
  .mknod = fs_mknod,
  .mkdir = fs_mkdir,
  .unlink = fs_unlink,
  .rmdir = fs_rmdir,
  .symlink = fs_symlink,
  .readlink = fs_readlink,
  .rename = fs_rename,
  .link = fs_link,
  .open = fs_open,
  .create = fs_create,
  .read = fs_read,
  .write = fs_write,
  .flush = fs_flush,
  .release = fs_release,
  .fsync = fs_fsync,
  .fallocate = fs_fallocate,
  .opendir = fs_opendir,
  .readdir = fs_readdir,
  .readdirplus = fs_readdirplus,
  .releasedir = fs_releasedir,
  .fsyncdir = fs_fsyncdir,
  .statfs = fs_statfs,
  .setxattr = fs_setxattr,
  .getxattr = fs_getxattr,
  .listxattr = fs_listxattr,
  .removexattr = fs_removexattr,
};

/* ---- the mountpoint ---- */

/* The attributes of a dead mount's root stay in the kernel's cache for a moment, so that stat succeeds; statfs is not
 * cached. */
static int
look_at (const char *mountpoint, struct stat *status)
{
  struct statfs system;

  return stat (mountpoint, status) != 0 || statfs (mountpoint, &system) != 0 ? errno : 0;
}

static gboolean
is_mountpoint (const char *path, const struct stat *status)
{
  g_autofree char *parent = g_build_filename (path, "..", NULL);
  struct stat above;

  return stat (parent, &above) == 0 && above.st_dev != status->st_dev;
}

gboolean
fs_check_mountpoint (const char *mountpoint, GError **error)
{
  g_autoptr (GDir) directory = NULL;
  struct stat status;
  int code = look_at (mountpoint, &status);

  if (code != 0) {
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "the mountpoint %s cannot be used: %s%s", mountpoint,
                 g_strerror (code),
                 code == ENOENT                             ? "; make it with mkdir"
                 : code == ENOTCONN || code == ECONNABORTED ? "; a dead mount is there: unmount it first"
                                                            : "");
    return FALSE;
  }
  if (!S_ISDIR (status.st_mode)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, "the mountpoint %s is not a directory", mountpoint);
    return FALSE;
  }
  if (is_mountpoint (mountpoint, &status)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "something is mounted on %s already; unmount it first",
                 mountpoint);
    return FALSE;
  }
  directory = g_dir_open (mountpoint, 0, error);
  if (directory == NULL)
    return FALSE;
  if (g_dir_read_name (directory) != NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_EMPTY, "the mountpoint %s is not empty; choose an empty directory",
                 mountpoint);
    return FALSE;
  }
  return TRUE;
}

/* ---- the end ---- */

static void
end (Fs *self)
{
  if (self->ended)
    return;
  self->ended = TRUE;
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_clear_pointer (&self->source, g_source_unref);
  }
  fs_open_end_all (self);
  if (self->ended_func != NULL)
    self->ended_func (self->ended_data);
}

void
fs_notifier_done (Fs *self)
{
  fs_notifier_join (self);
  fuse_session_exit (self->session);
  fuse_session_unmount (self->session); /* unmounted from outside: libfuse sees that, and frees what it holds */
  end (self);
}

void
fs_unmount (Fs *self)
{
  if (self->unmounting)
    return;
  self->unmounting = TRUE;
  fs_notifier_stop (self);
}

/* ---- requests ---- */

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer data)
{
  Fs *self = data;

  for (int n = 0; n < REQUESTS_A_TURN; n++) {
    int got = fuse_session_receive_buf (self->session, &self->buffer);

    if (got == -EAGAIN || got == -EINTR)
      return G_SOURCE_CONTINUE;
    if (got <= 0) { /* unmounted from outside */
      fuse_session_exit (self->session);
      fs_unmount (self);
      g_clear_pointer (&self->source, g_source_unref);
      return G_SOURCE_REMOVE;
    }
    fuse_session_process_buf (self->session, &self->buffer);
  }
  return G_SOURCE_CONTINUE;
}

static struct fuse_session *
new_session (Fs *self, const FsOptions *options, GError **error)
{
  struct fuse_args args = FUSE_ARGS_INIT (0, NULL);
  g_autofree char *mount_options
      = g_strdup_printf ("fsname=%s,subtype=contactfs,default_permissions,nosuid,nodev%s%s", options->source,
                         options->read_only ? ",ro" : "", options->allow_other ? ",allow_other" : "");
  struct fuse_session *session;

  if (fuse_opt_add_arg (&args, "contactfs") != 0 || fuse_opt_add_arg (&args, "-o") != 0
      || fuse_opt_add_arg (&args, mount_options) != 0 || (options->debug && fuse_opt_add_arg (&args, "-d") != 0))
    g_error ("out of memory"); /* GLib's own way of meeting it */
  session = fuse_session_new (&args, &operations, sizeof operations, self);
  fuse_opt_free_args (&args);
  if (session == NULL) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "libfuse refuses the mount options %s", mount_options);
    return NULL;
  }
  if (fuse_session_mount (session, options->mountpoint) != 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "%s could not be mounted: is /dev/fuse there and open to you, and fusermount3 installed?%s",
                 options->mountpoint,
                 options->allow_other ? " --allow-other also needs user_allow_other in /etc/fuse.conf" : "");
    fuse_session_destroy (session);
    return NULL;
  }
  return session;
}

Fs *
fs_mount (Contacts *contacts, const FsOptions *options, FsEndedFunc ended, gpointer data, GError **error)
{
  Fs *self = g_new0 (Fs, 1);
  int fd;

  self->contacts = contacts;
  self->book = contacts_book (contacts);
  self->photos = contacts_photos (contacts);
  self->ended_func = ended;
  self->ended_data = data;
  self->uid = getuid ();
  self->gid = getgid ();
  self->folder_icons = options->folder_icons;
  fs_nodes_init (self);
  fs_announcements_init (self, options->mountpoint);
  self->reads = g_hash_table_new (NULL, NULL);
  self->session = new_session (self, options, error);
  if (self->session == NULL) {
    fs_announcements_clear (self);
    fs_nodes_clear (self);
    g_hash_table_unref (self->reads);
    g_free (self);
    return NULL;
  }
  fd = fuse_session_fd (self->session);
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  self->source = g_unix_fd_source_new (fd, G_IO_IN | G_IO_ERR | G_IO_HUP);
  /* Nothing here recurses. GLib takes the descriptor of any other source out of its poll while it is dispatched, and wakes
   * the loop up for that, twice: four system calls a request. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);
  fs_notifier_start (self);
  book_listen (self->book, &fs_book_events, self);
  folder_set_events (contacts, &fs_folder_events, self);
  return self;
}

void
fs_free (Fs *self)
{
  if (self == NULL)
    return;
  if (self->notifiers[0] != NULL) { /* freed without fs_unmount: the mount failed to start */
    fs_notifier_stop (self);
    fs_notifier_join (self);
    g_idle_remove_by_data (self);
    fuse_session_exit (self->session);
    fuse_session_unmount (self->session);
  }
  if (self->source != NULL) {
    g_source_destroy (self->source);
    g_source_unref (self->source);
  }
  fuse_session_destroy (self->session);
  fs_announcements_clear (self);
  fs_nodes_clear (self);
  g_hash_table_unref (self->reads);
  free (self->buffer.mem); /* libfuse's malloc */
  g_free (self->read_buffer);
  g_free (self);
}
