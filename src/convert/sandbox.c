/* seccomp and rlimits. The only file that knows libseccomp. */
#define G_LOG_DOMAIN "contactfs"

#include "convert/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gio/gio.h>

/* What decoding needs: memory, threads and their locks, clocks, and what is open already. */
static const int allowed[] = {
  SCMP_SYS (brk),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_nanosleep),
  SCMP_SYS (close),
  SCMP_SYS (exit),
  SCMP_SYS (exit_group),
  SCMP_SYS (futex),
  SCMP_SYS (getpid),
  SCMP_SYS (getrandom),
  SCMP_SYS (gettid),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (lseek),
  SCMP_SYS (madvise),
  SCMP_SYS (mremap),
  SCMP_SYS (munmap),
  SCMP_SYS (nanosleep),
  SCMP_SYS (pread64),
  SCMP_SYS (pwrite64),
  SCMP_SYS (read),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (rseq),
  SCMP_SYS (rt_sigaction),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_yield),
  SCMP_SYS (set_robust_list),
  SCMP_SYS (sigaltstack),
  SCMP_SYS (write),
/* The same on 32 bits. */
#ifdef __NR__llseek
  SCMP_SYS (_llseek),
#endif
#ifdef __NR_clock_getres_time64
  SCMP_SYS (clock_getres_time64),
#endif
#ifdef __NR_clock_gettime64
  SCMP_SYS (clock_gettime64),
#endif
#ifdef __NR_clock_nanosleep_time64
  SCMP_SYS (clock_nanosleep_time64),
#endif
#ifdef __NR_futex_time64
  SCMP_SYS (futex_time64),
#endif
#ifdef __NR_sigreturn
  SCMP_SYS (sigreturn),
#endif
};

/* gcov writes its counts beside the objects as the program ends. */
static const int allowed_to_count[] = {
  SCMP_SYS (fcntl), SCMP_SYS (ftruncate), SCMP_SYS (mkdir), SCMP_SYS (newfstatat), SCMP_SYS (openat),
};

static gboolean
fail (GError **error, int code, const char *what)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s: %s", what, g_strerror (code));
  return FALSE;
}

/* Calls that are harmless with some arguments only. Returns 0 or -errno. */
static int
allow_with_conditions (scmp_filter_ctx filter)
{
  const struct {
    int call;
    guint count;
    struct scmp_arg_cmp conditions[2];
  } rules[] = {
    /* Memory that can be run would be a way to code of one's own. */
    { SCMP_SYS (mmap), 1, { SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
#ifdef __NR_mmap2
    { SCMP_SYS (mmap2), 1, { SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
#endif
    { SCMP_SYS (mprotect), 1, { SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) } },
    /* Threads, no processes. clone3 keeps its flags where a filter cannot look; without it glibc uses clone. */
    { SCMP_SYS (clone), 1, { SCMP_A0 (SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD) } },
    /* Limits can be read, not set, and of oneself only. */
    { SCMP_SYS (prlimit64), 2, { SCMP_A0 (SCMP_CMP_EQ, 0), SCMP_A2 (SCMP_CMP_EQ, 0) } },
    /* abort() */
    { SCMP_SYS (tgkill), 1, { SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t)getpid ()) } },
    { SCMP_SYS (prctl), 1, { SCMP_A0 (SCMP_CMP_EQ, PR_SET_NAME) } },
  };
  int failed = seccomp_rule_add (filter, SCMP_ACT_ERRNO (ENOSYS), SCMP_SYS (clone3), 0);

  for (gsize i = 0; failed == 0 && i < G_N_ELEMENTS (rules); i++)
    failed = seccomp_rule_add_array (filter, SCMP_ACT_ALLOW, rules[i].call, rules[i].count, rules[i].conditions);
  return failed;
}

static gboolean
close_doors (GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ERRNO (EPERM));
  int failed;

  if (filter == NULL)
    return fail (error, ENOMEM, "no system call filter");
  /* For every thread there is, a library's too: a filter is else the calling thread's alone. */
  failed = seccomp_attr_set (filter, SCMP_FLTATR_CTL_TSYNC, 1);
  failed = failed ? failed : allow_with_conditions (filter);
  for (gsize i = 0; failed == 0 && i < G_N_ELEMENTS (allowed); i++)
    failed = seccomp_rule_add (filter, SCMP_ACT_ALLOW, allowed[i], 0);
  for (gsize i = 0; SANDBOX_COUNTS && failed == 0 && i < G_N_ELEMENTS (allowed_to_count); i++)
    failed = seccomp_rule_add (filter, SCMP_ACT_ALLOW, allowed_to_count[i], 0);
  if (failed == 0)
    failed = seccomp_load (filter); /* sets no_new_privs */
  seccomp_release (filter);
  return failed == 0 || fail (error, -failed, "the kernel takes no system call filter");
}

static gboolean
limit (__rlimit_resource_t what, guint64 value, GError **error)
{
  struct rlimit limit = { value, value };

  return setrlimit (what, &limit) == 0 || fail (error, errno, "a limit cannot be set");
}

static gboolean
limit_memory (guint64 more, GError **error)
{
  g_autofree char *text = NULL;
  guint64 pages;

  if (!SANDBOX_LIMITS_MEMORY)
    return TRUE;
  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, error))
    return FALSE;
  pages = g_ascii_strtoull (text, NULL, 10);
  return limit (RLIMIT_AS, pages * (guint64)sysconf (_SC_PAGESIZE) + more, error);
}

/* Not a condition: without it something else is killed first. */
static void
be_first_victim (void)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write (fd, "1000", 4) != 4)
    g_debug ("oom_score_adj: %s", g_strerror (errno));
  close (fd);
}

gboolean
sandbox_enter (const SandboxLimits *limits, GError **error)
{
  be_first_victim ();
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl (PR_SET_DUMPABLE, 0) != 0)
    return fail (error, errno, "the process cannot be tied to its parent");
  if (close_range (SANDBOX_LAST_FD + 1, ~0U, 0) != 0)
    return fail (error, errno, "open files cannot be closed");
  return limit_memory (limits->memory_bytes, error) && limit (RLIMIT_CORE, 0, error)
         && limit (RLIMIT_CPU, limits->cpu_seconds, error)
         && (SANDBOX_COUNTS || limit (RLIMIT_FSIZE, limits->output_bytes, error)) /* counts are files, too */
         && limit (RLIMIT_NOFILE, SANDBOX_LAST_FD + 1 + SANDBOX_COUNTS, error) && close_doors (error);
}
