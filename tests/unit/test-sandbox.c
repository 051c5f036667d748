/* The helper's cage, from inside: each attempt in a process of its own that has entered it. */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib.h>

#include "convert/sandbox.h"

#define MEMORY (64 * 1024 * 1024)
#define OUTPUT 100000

enum { BARRED = 0, DONE = 1, BAD_SANDBOX = 2 };

/* Each returns what the attempt came to: BARRED with EPERM, or DONE. */

static int
outcome (long result)
{
  return result < 0 && errno == EPERM ? BARRED : DONE;
}

static int
try_open (void)
{
  return outcome (open ("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

static int
try_create (void)
{
  return outcome (open ("/tmp/contactfs-escaped", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static int
try_unlink (void)
{
  return outcome (unlink ("/tmp/contactfs-escaped"));
}

static int
try_socket (void)
{
  return outcome (socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int
try_unix_socket (void)
{
  return outcome (socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int
try_connect (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/dbus/system_bus_socket" };

  return outcome (connect (SANDBOX_LAST_FD, (struct sockaddr *)&address, sizeof address));
}

static int
try_fork (void)
{
  pid_t child = fork ();

  if (child == 0)
    _exit (0);
  return outcome (child);
}

static int
try_exec (void)
{
  return outcome (execl ("/bin/true", "true", NULL));
}

static int
try_kill_parent (void)
{
  return outcome (kill (getppid (), SIGTERM));
}

static int
try_trace_parent (void)
{
  return outcome (ptrace (PTRACE_ATTACH, getppid (), NULL, NULL));
}

static int
try_run_data (void)
{
  return outcome (
      mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static int
try_make_executable (void)
{
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return outcome (mprotect (page, 4096, PROT_READ | PROT_EXEC));
}

static int
try_raise_limit (void)
{
  struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

  return outcome (setrlimit (RLIMIT_AS, &none));
}

static int
try_clone3 (void)
{
  return syscall (SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? BARRED : DONE;
}

/* What leaves other traces than EPERM. */

static int
try_memory (void)
{
  return malloc (2 * MEMORY) == NULL ? BARRED : DONE;
}

static int
try_inherited_file (void)
{
  char byte;

  return read (SANDBOX_LAST_FD + 1, &byte, 1) < 0 && errno == EBADF ? BARRED : DONE;
}

static int
try_output (void) /* dies of SIGXFSZ */
{
  static const char data[1000];

  for (gsize written = 0; written < (gsize)2 * OUTPUT; written += sizeof data)
    if (write (SANDBOX_LAST_FD, data, sizeof data) < 0)
      return BARRED;
  return DONE;
}

static void *
work (void *data)
{
  *(int *)data = 1;
  return NULL;
}

/* What decoders do need. */
static int
try_thread (void)
{
  pthread_t thread;
  int done = 0;

  if (pthread_create (&thread, NULL, work, &done) != 0 || pthread_join (thread, NULL) != 0)
    return BARRED;
  return done ? DONE : BARRED;
}

/* A thread that was there before: a library may have started one. */
static pthread_t earlier;
static int earlier_may_go[2];

static void *
open_later (void *data)
{
  char byte;

  while (read (earlier_may_go[0], &byte, 1) < 0)
    continue;
  *(int *)data = try_open ();
  return NULL;
}

static int earlier_outcome = DONE;

static void
start_earlier_thread (void)
{
  /* Below the sandbox's last descriptor: those above are closed. */
  g_assert_cmpint (pipe (earlier_may_go), ==, 0);
  g_assert_cmpint (dup2 (earlier_may_go[0], 0), ==, 0);
  g_assert_cmpint (dup2 (earlier_may_go[1], 1), ==, 1);
  earlier_may_go[0] = 0;
  g_assert_cmpint (pthread_create (&earlier, NULL, open_later, &earlier_outcome), ==, 0);
}

static int
try_open_in_earlier_thread (void)
{
  if (write (1, "x", 1) != 1 || pthread_join (earlier, NULL) != 0)
    return DONE;
  return earlier_outcome;
}

static int
run_inside (int (*attempt) (void), int *signal_number)
{
  int output = memfd_create ("output", MFD_CLOEXEC), more = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int status;
  pid_t child;

  g_assert_cmpint (output, >=, 0);
  g_assert_cmpint (more, >=, 0);
  child = fork ();
  if (child == 0) {
    const SandboxLimits limits = { .memory_bytes = MEMORY, .output_bytes = OUTPUT, .cpu_seconds = 5 };

    if (attempt == try_open_in_earlier_thread)
      start_earlier_thread ();
    if (dup2 (more, SANDBOX_LAST_FD + 1) < 0 || dup2 (output, SANDBOX_LAST_FD) < 0 || !sandbox_enter (&limits, NULL))
      _exit (BAD_SANDBOX);
    _exit (attempt ());
  }
  close (output);
  close (more);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  *signal_number = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

typedef struct {
  const char *name;
  int (*attempt) (void);
} Attempt;

static void
test_barred (gconstpointer data)
{
  const Attempt *attempt = data;
  int number;

  if (!SANDBOX_LIMITS_MEMORY && attempt->attempt == try_memory) {
    g_test_skip ("a build with AddressSanitizer has no limit of memory");
    return;
  }
  g_assert_cmpint (run_inside (attempt->attempt, &number), ==, BARRED);
  g_assert_cmpint (number, ==, 0);
}

static void
test_output (void)
{
  int number;

  g_assert_cmpint (run_inside (try_output, &number), ==, -1);
  g_assert_cmpint (number, ==, SIGXFSZ);
}

static void
test_thread (void)
{
  int number;

  g_assert_cmpint (run_inside (try_thread, &number), ==, DONE);
}

int
main (int argc, char **argv)
{
  static const Attempt attempts[]
      = { { "open", try_open },
          { "open-in-earlier-thread", try_open_in_earlier_thread },
          { "create", try_create },
          { "unlink", try_unlink },
          { "socket", try_socket },
          { "unix-socket", try_unix_socket },
          { "connect", try_connect },
          { "fork", try_fork },
          { "exec", try_exec },
          { "kill-parent", try_kill_parent },
          { "trace-parent", try_trace_parent },
          { "run-data", try_run_data },
          { "make-executable", try_make_executable },
          { "raise-limit", try_raise_limit },
          { "clone3", try_clone3 },
#if SANDBOX_LIMITS_MEMORY
          { "memory", try_memory },
#endif
          { "inherited-file", try_inherited_file },
        };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (attempts); i++) {
    g_autofree char *path = g_strconcat ("/sandbox/", attempts[i].name, NULL);

    g_test_add_data_func (path, &attempts[i], test_barred);
  }
  g_test_add_func ("/sandbox/output", test_output);
  g_test_add_func ("/sandbox/thread", test_thread);
  return g_test_run ();
}
