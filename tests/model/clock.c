/*
 * The clocks of a program under test, in the hands of the test: LD_PRELOADed into contactfs, it answers clock_gettime by
 * what stands in the file $MODEL_CLOCK.
 *
 *   monotonic  = real monotonic / rate + monotonic_ahead    a second of the mount's lasts rate seconds: none passes by itself
 *   real time  = real time + real_ahead                     may be set back, too
 *
 * A jump wakes nobody: whoever sits in poll() looks at the clock again when something else comes, such as a request.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C (1000000000)
#define SHOWN  __attribute__ ((visibility ("default"))) /* all else is built hidden */

/* As tests/lib/clock.py writes it; nanoseconds. */
typedef struct {
  int64_t rate;
  int64_t monotonic_ahead;
  int64_t real_ahead;
} Page;

static const volatile Page *page;

__attribute__ ((constructor)) static void
begin (void)
{
  const char *path = getenv ("MODEL_CLOCK");
  int fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *mapped = fd >= 0 ? mmap (NULL, sizeof (Page), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

  if (fd >= 0)
    close (fd);
  if (mapped != MAP_FAILED)
    page = mapped;
}

SHOWN int
clock_gettime (clockid_t clock, struct timespec *now)
{
  int64_t time;
  int result;

  /* not by dlsym: a sanitizer asks for the time before that can be called */
  result = (int)syscall (SYS_clock_gettime, clock, now);
  if (result != 0 || page == NULL)
    return result;
  time = now->tv_sec * SECOND + now->tv_nsec;
  switch (clock) {
  case CLOCK_MONOTONIC:
  case CLOCK_MONOTONIC_RAW:
  case CLOCK_MONOTONIC_COARSE:
  case CLOCK_BOOTTIME:
    time = time / page->rate + page->monotonic_ahead;
    break;
  case CLOCK_REALTIME:
  case CLOCK_REALTIME_COARSE:
    time += page->real_ahead;
    break;
  default:
    break;
  }
  now->tv_sec = time / SECOND;
  now->tv_nsec = time % SECOND;
  return 0;
}

SHOWN int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec time;
  int result = clock_gettime (CLOCK_REALTIME, &time);

  (void)zone;
  now->tv_sec = time.tv_sec;
  now->tv_usec = time.tv_nsec / 1000;
  return result;
}

SHOWN time_t
time (time_t *into)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  if (into != NULL)
    *into = now.tv_sec;
  return now.tv_sec;
}
