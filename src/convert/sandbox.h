/*
 * The helper's cage. Entered once, by a process of one thread that has loaded all the code it needs and not yet looked
 * at its input. From then on, in every thread, for good:
 *
 *   no file, socket, pipe or process can be opened, looked up or started; nothing can be signalled or traced; no code
 *   can be made or loaded; only descriptors 0 to SANDBOX_LAST_FD are open
 *   memory, processor time and the size of the output are limited; no core dump; the first victim when memory is short
 *   the process dies with its parent
 *
 * A forbidden system call fails with EPERM, so that a library which only asks (how many processors?) goes on.
 */
#pragma once

#include <glib.h>

enum { SANDBOX_LAST_FD = 6 };

/* AddressSanitizer maps terabytes, so a build with it has no limit of memory. */
#define SANDBOX_LIMITS_MEMORY 1
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#undef SANDBOX_LIMITS_MEMORY
#define SANDBOX_LIMITS_MEMORY 0
#endif
#endif

/* ./dev coverage alone: a build whose cage has a door, for the file that it counts in. No such build is for use. */
#ifdef CONTACTFS_COVERAGE
#define SANDBOX_COUNTS 1
#else
#define SANDBOX_COUNTS 0
#endif

typedef struct {
  guint64 memory_bytes; /* beyond what is mapped already */
  guint64 output_bytes; /* of any one file */
  guint cpu_seconds;
} SandboxLimits;

/* FALSE with a sentence when the kernel cannot do it: then the input must not be looked at. */
gboolean sandbox_enter (const SandboxLimits *limits, GError **error);
