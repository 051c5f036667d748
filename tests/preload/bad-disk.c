/*
 * A disk that fails, for tests: loaded into contactfs by LD_PRELOAD, it counts the calls that change what is below
 * $BAD_DISK_ROOT (create, mkdir, write, truncate, allocate, fsync, rename, unlink, rmdir) in the file $BAD_DISK_COUNT, a guint64.
 *
 *   BAD_DISK_AT   the call that goes wrong, from 1; 0 or not set: none
 *   BAD_DISK_HOW  ENOSPC or EIO: it fails with that, and so do all after it if $BAD_DISK_LASTS; kill: the process dies before it
 *   BAD_DISK_UNREADABLE  a symbolic link, when there is one: the file that it leads to lies on bad sectors. Who reads it gets EIO, who
 *                    maps it dies when he looks
 *   BAD_DISK_BUSY    a FIFO: as long as somebody reads it, fsync writes a byte to it, and waits until nobody does
 *   BAD_DISK_SHADOW  a folder for what has surely come to the disk: at each fsync the file's bytes (f-ID), or the folder's names
 *                    (d-ID, lines "type ID name"). tests/lib/bad_disk.py rebuilds from it what a power cut leaves.
 *
 * An ID is the number of an inode; what has one is held open, so that no other file gets the number. Nothing is counted in other
 * programs than contactfs.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define HELD 400 /* out of the way of what the program opens */

#define REAL(name) ((__typeof__ (&name))dlsym (RTLD_NEXT, #name))

static const char *root; /* NULL: idle */
static const char *shadow;
static const char *unreadable;
static const char *busy;
static _Atomic uint64_t *count;
static uint64_t at;
static int how; /* an errno; 0: kill */
static int lasts;

__attribute__ ((constructor)) static void
set_up (void)
{
  const char *path = getenv ("BAD_DISK_COUNT"), *number = getenv ("BAD_DISK_AT"), *word = getenv ("BAD_DISK_HOW");
  int fd;

  if (path == NULL || strcmp (program_invocation_short_name, "contactfs") != 0)
    return;
  fd = (int)syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0)
    return;
  count = mmap (NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close (fd);
  if (count == MAP_FAILED)
    return;
  at = number != NULL ? strtoull (number, NULL, 10) : 0;
  how = word != NULL && strcmp (word, "EIO") == 0 ? EIO : word != NULL && strcmp (word, "ENOSPC") == 0 ? ENOSPC : 0;
  lasts = getenv ("BAD_DISK_LASTS") != NULL;
  shadow = getenv ("BAD_DISK_SHADOW");
  unreadable = getenv ("BAD_DISK_UNREADABLE");
  busy = getenv ("BAD_DISK_BUSY");
  root = getenv ("BAD_DISK_ROOT");
}

static int
is_below (const char *path)
{
  size_t length = root != NULL ? strlen (root) : 0;

  return length > 0 && strncmp (path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static int
is_fd_below (int fd)
{
  char link[64], path[PATH_MAX];
  ssize_t length;

  if (root == NULL)
    return 0;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink (link, path, sizeof path - 1);
  if (length <= 0)
    return 0;
  path[length] = '\0';
  return is_below (path);
}

static int
is_unreadable (int fd)
{
  struct stat bad, st;

  if (root == NULL || unreadable == NULL || stat (unreadable, &bad) != 0 || fstat (fd, &st) != 0
      || st.st_ino != bad.st_ino || st.st_dev != bad.st_dev)
    return 0;
  errno = EIO;
  return 1;
}

/* TRUE, and errno set: the call fails. */
static int
goes_wrong (int ours)
{
  uint64_t now;

  if (!ours)
    return 0;
  now = atomic_fetch_add (count, 1) + 1;
  if (at == 0 || (lasts ? now < at : now != at))
    return 0;
  if (how == 0) {
    kill (getpid (), SIGKILL);
    pause ();
  }
  errno = how;
  return 1;
}

/* ---- what has come to the disk ---- */

static void
keep_names (int fd, FILE *out)
{
  int copy = (int)syscall (SYS_openat, fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  DIR *dir = copy >= 0 ? fdopendir (copy) : NULL;
  struct dirent *entry;

  while (dir != NULL && (entry = readdir (dir)) != NULL) {
    struct stat st;

    if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0
        || fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    fprintf (out, "%c %ju %s\n", S_ISDIR (st.st_mode) ? 'd' : 'f', (uintmax_t)st.st_ino, entry->d_name);
  }
  if (dir != NULL)
    closedir (dir);
}

static void
keep_bytes (int fd, FILE *out)
{
  char link[64], buffer[65536];
  int copy;
  ssize_t n;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  copy = (int)syscall (SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  while (copy >= 0 && (n = read (copy, buffer, sizeof buffer)) > 0)
    fwrite (buffer, 1, (size_t)n, out);
  if (copy >= 0)
    close (copy);
}

static void
keep (int fd)
{
  static _Atomic unsigned number;
  char path[PATH_MAX], temporary[PATH_MAX];
  struct stat st;
  FILE *out;

  if (shadow == NULL || fstat (fd, &st) != 0)
    return;
  snprintf (path, sizeof path, "%s/%c-%ju", shadow, S_ISDIR (st.st_mode) ? 'd' : 'f', (uintmax_t)st.st_ino);
  snprintf (temporary, sizeof temporary, "%s/.%u", shadow, atomic_fetch_add (&number, 1));
  if (access (path, F_OK) != 0)
    fcntl (fd, F_DUPFD_CLOEXEC, HELD); /* for ever */
  out = fopen (temporary, "we");
  if (out == NULL)
    return;
  if (S_ISDIR (st.st_mode))
    keep_names (fd, out);
  else
    keep_bytes (fd, out);
  fclose (out);
  syscall (SYS_renameat2, AT_FDCWD, temporary, AT_FDCWD, path, 0);
}

/* ---- the calls ---- */

static void
wait_while_busy (int ours)
{
  struct pollfd reader = { .fd = -1 };

  if (ours && busy != NULL) /* fails when nobody reads */
    reader.fd = (int)syscall (SYS_openat, AT_FDCWD, busy, O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
  if (reader.fd < 0)
    return;
  if (syscall (SYS_write, reader.fd, "", 1) == 1)
    while (poll (&reader, 1, -1) < 0 && errno == EINTR)
      continue;
  close (reader.fd);
}

int
fsync (int fd)
{
  int ours = is_fd_below (fd);
  int result;

  wait_while_busy (ours);
  result = goes_wrong (ours) ? -1 : REAL (fsync) (fd);

  if (ours && result == 0)
    keep (fd);
  return result;
}

int
fdatasync (int fd)
{
  int ours = is_fd_below (fd);
  int result;

  wait_while_busy (ours);
  result = goes_wrong (ours) ? -1 : REAL (fdatasync) (fd);

  if (ours && result == 0)
    keep (fd);
  return result;
}

ssize_t
write (int fd, const void *data, size_t size)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (write) (fd, data, size);
}

ssize_t
pwrite (int fd, const void *data, size_t size, off_t offset)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (pwrite) (fd, data, size, offset);
}

ssize_t
pwrite64 (int fd, const void *data, size_t size, off64_t offset)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (pwrite64) (fd, data, size, offset);
}

int
ftruncate (int fd, off_t size)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (ftruncate) (fd, size);
}

int
ftruncate64 (int fd, off64_t size)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (ftruncate64) (fd, size);
}

int
fallocate (int fd, int mode, off_t offset, off_t size)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (fallocate) (fd, mode, offset, size);
}

int
fallocate64 (int fd, int mode, off64_t offset, off64_t size)
{
  return goes_wrong (is_fd_below (fd)) ? -1 : REAL (fallocate64) (fd, mode, offset, size);
}

int
unlink (const char *path)
{
  return goes_wrong (is_below (path)) ? -1 : REAL (unlink) (path);
}

int
rmdir (const char *path)
{
  return goes_wrong (is_below (path)) ? -1 : REAL (rmdir) (path);
}

int
rename (const char *from, const char *to)
{
  return goes_wrong (is_below (to)) ? -1 : REAL (rename) (from, to);
}

int
mkdir (const char *path, mode_t mode)
{
  return goes_wrong (is_below (path)) ? -1 : REAL (mkdir) (path, mode);
}

static int
creates (const char *path, int flags)
{
  return (flags & (O_CREAT | O_TRUNC)) != 0 && is_below (path);
}

#define OPEN(name)                                                                                                     \
  int name (const char *path, int flags, ...)                                                                          \
  {                                                                                                                    \
    va_list more;                                                                                                      \
    mode_t mode;                                                                                                       \
                                                                                                                       \
    va_start (more, flags);                                                                                            \
    mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg (more, mode_t) : 0;                                           \
    va_end (more);                                                                                                     \
    return goes_wrong (creates (path, flags)) ? -1 : REAL (name) (path, flags, mode);                                  \
  }

OPEN (open)
OPEN (open64)

/* ---- bad sectors ---- */

ssize_t
read (int fd, void *data, size_t size)
{
  return is_unreadable (fd) ? -1 : REAL (read) (fd, data, size);
}

ssize_t
pread (int fd, void *data, size_t size, off_t offset)
{
  return is_unreadable (fd) ? -1 : REAL (pread) (fd, data, size, offset);
}

ssize_t
pread64 (int fd, void *data, size_t size, off64_t offset)
{
  return is_unreadable (fd) ? -1 : REAL (pread64) (fd, data, size, offset);
}

/* What _FORTIFY_SOURCE makes of them. */
ssize_t __pread64_chk (int fd, void *data, size_t size, off64_t offset, size_t room);
ssize_t
__pread64_chk (int fd, void *data, size_t size, off64_t offset, size_t room)
{
  if (size > room)
    abort ();
  return pread64 (fd, data, size, offset);
}

ssize_t __read_chk (int fd, void *data, size_t size, size_t room);
ssize_t
__read_chk (int fd, void *data, size_t size, size_t room)
{
  if (size > room)
    abort ();
  return read (fd, data, size);
}

void *
mmap (void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
  int kept = errno, bad = fd >= 0 && is_unreadable (fd);

  errno = kept;
  return (void *)syscall (SYS_mmap, address, size, bad ? PROT_NONE : protection, flags, fd, offset);
}

void *
mmap64 (void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
  return mmap (address, size, protection, flags, fd, offset);
}
