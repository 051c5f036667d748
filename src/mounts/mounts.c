/*
 * /proc/self/mountinfo (proc(5)) and the status attribute, read by a child that may be left behind.
 */
#define G_LOG_DOMAIN "contactfs"

#include "mounts/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MOUNTS_TYPE           "fuse.contactfs"
#define MOUNTS_STATUS         "user.contactfs.status"
#define MOUNTS_STATUS_MAX     65536 /* XATTR_SIZE_MAX */
#define MOUNTS_STATUS_TIMEOUT (5 * G_TIME_SPAN_SECOND)

void
mount_free (Mount *self)
{
  if (self == NULL)
    return;
  g_free (self->mountpoint);
  g_free (self->source);
  g_free (self->device);
  g_free (self);
}

/* "rw,user_id=1000,group_id=1000,default_permissions" */
static uid_t
parse_uid (const char *options)
{
  const char *found = options != NULL ? strstr (options, "user_id=") : NULL;
  return found != NULL ? (uid_t)g_ascii_strtoull (found + strlen ("user_id="), NULL, 10) : (uid_t)-1;
}

/* "36 35 98:0 /root /mountpoint rw,noatime master:1 - type source rw": optional fields up to the dash. */
static Mount *
parse_line (const char *line)
{
  g_auto (GStrv) fields = g_strsplit (line, " ", -1);
  guint count = g_strv_length (fields);
  guint dash = 6;
  while (dash < count && strcmp (fields[dash], "-") != 0)
    dash++;
  if (dash + 2 >= count)
    return NULL;
  Mount *mount = g_new0 (Mount, 1);
  mount->is_contactfs = strcmp (fields[dash + 1], MOUNTS_TYPE) == 0;
  mount->id = g_ascii_strtoll (fields[0], NULL, 10);
  mount->uid = parse_uid (dash + 3 < count ? fields[dash + 3] : NULL);
  mount->mountpoint = g_strcompress (fields[4]); /* \040 for a space */
  mount->source = g_strcompress (fields[dash + 2]);
  mount->device = g_strdup (fields[2]);
  return mount;
}

/* Mounts of every type, as the process sees them. */
static GPtrArray *
list_of (const char *process, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/mountinfo", process);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  GPtrArray *mounts = g_ptr_array_new_with_free_func ((GDestroyNotify)mount_free);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    Mount *mount = parse_line (*line);
    if (mount != NULL)
      g_ptr_array_add (mounts, mount);
  }
  return mounts;
}

static GPtrArray *
list_all (GError **error)
{
  return list_of ("self", error);
}

char *
mounts_place_in (const Mount *mount, const char *process)
{
  g_autoptr (GPtrArray) mounts = list_of (process, NULL);
  for (guint i = 0; mounts != NULL && i < mounts->len; i++) {
    const Mount *other = g_ptr_array_index (mounts, i);
    /* a number is given out again when its file system is gone */
    if (other->is_contactfs && strcmp (other->device, mount->device) == 0 && strcmp (other->source, mount->source) == 0)
      return g_strdup (other->mountpoint);
  }
  return NULL;
}

GPtrArray *
mounts_list (GError **error)
{
  GPtrArray *mounts = list_all (error);
  for (guint i = mounts != NULL ? mounts->len : 0; i > 0; i--)
    if (!((Mount *)g_ptr_array_index (mounts, i - 1))->is_contactfs)
      g_ptr_array_remove_index (mounts, i - 1);
  return mounts;
}

/* realpath(3) would ask the file system that is mounted there, which may be dead. */
static char *
resolve (const char *path, GError **error)
{
  int fd = open (path, O_PATH | O_CLOEXEC);
  if (fd < 0) {
    int code = errno;
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path, g_strerror (code));
    return NULL;
  }
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  char *resolved = g_file_read_link (link, error);
  close (fd);
  return resolved;
}

Mount *
mounts_find (const char *path, GError **error)
{
  g_autofree char *resolved = resolve (path, error);
  if (resolved == NULL)
    return NULL;
  g_autoptr (GPtrArray) mounts = list_all (error);
  if (mounts == NULL)
    return NULL;
  for (guint i = mounts->len; i > 0; i--) { /* the topmost one first */
    Mount *mount = g_ptr_array_index (mounts, i - 1);
    if (strcmp (mount->mountpoint, resolved) != 0)
      continue;
    if (mount->is_contactfs)
      return g_ptr_array_steal_index (mounts, i - 1);
    break;
  }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s is not a contactfs mount", path);
  return NULL;
}

Mount *
mounts_find_around (const char *path, char **below, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  char *end = absolute;
  while (end != NULL) { /* from the root downwards, so that nothing is looked up inside the mount */
    end = strchr (end + 1, '/');
    g_autofree char *prefix = end != NULL ? g_strndup (absolute, (gsize)(end - absolute)) : g_strdup (absolute);
    Mount *mount = mounts_find (prefix, NULL);
    if (mount != NULL) {
      *below = g_strdup (end != NULL ? end + 1 : "");
      return mount;
    }
  }
  return mounts_find (path, error); /* for its words */
}

typedef struct {
  int code; /* errno, or 0 */
  gssize length;
} Answer;

static gboolean
write_all (int fd, const char *data, gsize length)
{
  while (length > 0) {
    gssize count = write (fd, data, length);
    if (count < 0)
      return FALSE;
    data += count;
    length -= (gsize)count;
  }
  return TRUE;
}

static void G_GNUC_NORETURN
ask_in_child (const char *path, const char *name, int fd)
{
  static char value[MOUNTS_STATUS_MAX];
  Answer answer = { .length = getxattr (path, name, value, sizeof value) };
  if (answer.length < 0)
    answer = (Answer){ .code = errno == ENODATA ? 0 : errno };
  gboolean written
      = write_all (fd, (const char *)&answer, sizeof answer) && write_all (fd, value, (gsize)answer.length);
  _exit (written ? 0 : 1);
}

/* Everything that comes until the end, or FALSE when it does not come in time. */
static gboolean
read_until (int fd, gint64 deadline, GByteArray *into)
{
  for (;;) {
    gint64 left = deadline - g_get_monotonic_time ();
    if (left <= 0)
      return FALSE;
    GPollFD poll = { .fd = fd, .events = G_IO_IN };
    if (g_poll (&poll, 1, (int)(left / 1000) + 1) <= 0)
      continue;
    guint8 buffer[4096];
    gssize count = read (fd, buffer, sizeof buffer);
    if (count <= 0)
      return count == 0;
    g_byte_array_append (into, buffer, (guint)count);
  }
}

static char *
answer_to_text (const Mount *mount, const GByteArray *bytes, GError **error)
{
  Answer answer = { .code = EIO };
  if (bytes->len >= sizeof answer)
    memcpy (&answer, bytes->data, sizeof answer);
  if (answer.code == 0 && bytes->len == sizeof answer + (gsize)answer.length)
    return g_strndup ((const char *)bytes->data + sizeof answer, (gsize)answer.length);
  if (answer.code == ENOTCONN || answer.code == ECONNABORTED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                 "the mount at %s is dead: its process has ended; `contactfs unmount` takes it away",
                 mount->mountpoint);
  else if (answer.code == EACCES || answer.code == EPERM)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "the mount at %s is another user's",
                 mount->mountpoint);
  else if (answer.code == ENOENT)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no such contact in %s", mount->mountpoint);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (answer.code), "the mount at %s does not tell its status: %s",
                 mount->mountpoint, g_strerror (answer.code));
  return NULL;
}

char *
mounts_read_attribute (const Mount *mount, const char *below, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (mount->mountpoint, below, NULL);
  int fds[2];
  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return NULL;
  pid_t child = fork ();
  if (child == 0)
    ask_in_child (path, name, fds[1]);
  close (fds[1]);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gboolean whole = child > 0 && read_until (fds[0], g_get_monotonic_time () + MOUNTS_STATUS_TIMEOUT, bytes);
  close (fds[0]);
  if (whole) {
    waitpid (child, NULL, 0);
    return answer_to_text (mount, bytes, error);
  }
  if (child > 0) /* not waited for: it may hang in the kernel as long as the mount does */
    kill (child, SIGKILL);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "the mount at %s does not answer", mount->mountpoint);
  return NULL;
}

char *
mounts_read_status (const Mount *mount, GError **error)
{
  return mounts_read_attribute (mount, "", MOUNTS_STATUS, error);
}
