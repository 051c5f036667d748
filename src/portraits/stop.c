/* Signals on a thread of their own (stop.h). They are blocked in all others: a mount takes a signal that waits for a program
 * for the wish to break off what it does there. */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/stop.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int wanted; /* atomic; the signal */

static gpointer
wait_for_signals (gpointer set)
{
  int number = 0;
  while (sigwait (set, &number) == 0) {
    if (g_atomic_int_get (&wanted) != 0)
      _exit (128 + number);
    g_atomic_int_set (&wanted, number);
    fprintf (stderr, "\ncontactfs: ending after the picture under way; once more ends at once\n");
  }
  return NULL;
}

void
stop_watch (void)
{
  static sigset_t set;
  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  sigaddset (&set, SIGHUP);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
  g_thread_unref (g_thread_new ("signals", wait_for_signals, &set));
}

gboolean
stop_is_wanted (void)
{
  return g_atomic_int_get (&wanted) != 0;
}
