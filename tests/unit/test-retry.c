/* Back-off: how long, how often, and when no more. */
#include "net/retry.h"

#define SECOND ((gint64)G_USEC_PER_SEC)

static double
highest (void)
{
  return 0.999999;
}

static double
lowest (void)
{
  return 0;
}

static Retry
make (gint64 deadline, double (*random) (void))
{
  Retry retry;

  retry_init (&retry, deadline);
  retry.random = random;
  return retry;
}

/* first: how many seconds come first. They double up to 32 times that. */
static void
assert_doubles (double first, double (*random) (void))
{
  Retry retry = make (1000 * SECOND, random);

  for (guint i = 0; i < 8; i++) {
    double delay = (double)retry_delay (&retry, RETRY_TRANSIENT, 0, 0) / SECOND;

    g_assert_cmpfloat_with_epsilon (delay, first * MIN (1 << i, 32), 0.001);
  }
}

static void
test_doubles_up_to_32 (void)
{
  assert_doubles (1, highest);
}

static void
test_waits_half_at_least (void)
{
  assert_doubles (0.5, lowest);
}

/* As the deadline comes near, attempts do not crowd: each wait is half of what the back-off says at least. */
static void
test_not_crowded_at_the_end (void)
{
  double (*const randoms[]) (void) = { lowest, g_random_double, highest };

  for (guint run = 0; run < 300; run++) {
    Retry retry = make (120 * SECOND, randoms[run % G_N_ELEMENTS (randoms)]);
    gint64 now = 0, least = SECOND / 2;
    guint attempts = 1, last_seconds = 0;

    for (gint64 delay; (delay = retry_delay (&retry, RETRY_TRANSIENT, 0, now)) >= 0; attempts++) {
      g_assert_cmpint (delay, >=, least);
      least = MIN (2 * least, 16 * SECOND);
      now += delay;
      last_seconds += now > 116 * SECOND;
    }
    g_assert_cmpuint (attempts, >=, 6);
    g_assert_cmpuint (attempts, <=, 12);
    g_assert_cmpuint (last_seconds, <=, 1);
  }
}

/* Nothing is waited for that would end behind the deadline. */
static void
test_no_wait_in_vain (void)
{
  Retry retry = make (10 * SECOND, lowest);

  g_assert_cmpint (retry_delay (&retry, RETRY_TRANSIENT, 0, 9 * SECOND + SECOND / 2), ==, -1);
  g_assert_cmpint (retry_delay (&retry, RETRY_TRANSIENT, 0, 9 * SECOND), ==, SECOND / 2);
  g_assert_cmpint (retry_delay (&retry, RETRY_TRANSIENT, 0, 9 * SECOND), ==, -1); /* a second, by now */
}

static void
test_conflict_three_times (void)
{
  Retry retry = make (1000 * SECOND, highest);

  for (int i = 0; i < 3; i++)
    g_assert_cmpint (retry_delay (&retry, RETRY_CONFLICT, 0, 0), >, 0);
  g_assert_cmpint (retry_delay (&retry, RETRY_CONFLICT, 0, 0), ==, -1);
}

static void
test_random_by_default (void)
{
  Retry retry;
  guint halves[2] = { 0, 0 };

  for (int i = 0; i < 200; i++) {
    gint64 delay;

    retry_init (&retry, 1000 * SECOND);
    delay = retry_delay (&retry, RETRY_TRANSIENT, 0, 0);
    g_assert_cmpint (delay, >=, SECOND / 2);
    g_assert_cmpint (delay, <, SECOND);
    halves[delay >= SECOND * 3 / 4]++;
  }
  g_assert_cmpuint (halves[0], >, 20);
  g_assert_cmpuint (halves[1], >, 20);
}

static void
test_stays_inside_deadline (void)
{
  Retry retry = make (10 * SECOND, highest);
  gint64 now = 0;
  guint delays = 0;

  for (gint64 delay; (delay = retry_delay (&retry, RETRY_TRANSIENT, 0, now)) >= 0; delays++) {
    now += delay;
    g_assert_cmpint (now, <, 10 * SECOND);
    now += SECOND / 10; /* the attempt */
  }
  g_assert_cmpuint (delays, >, 2);
  g_assert_cmpint (retry_delay (&retry, RETRY_TRANSIENT, 0, 11 * SECOND), ==, -1);
}

static void
test_retry_after (void)
{
  Retry retry = make (60 * SECOND, highest);
  gint64 delay = retry_delay (&retry, RETRY_TRANSIENT, 7 * SECOND, 0);

  g_assert_cmpint (delay, >=, 7 * SECOND);
  g_assert_cmpint (delay, <, 8 * SECOND);
  g_assert_cmpint (retry_delay (&retry, RETRY_TRANSIENT, 3600 * SECOND, 0), ==, -1);
}

static void
test_unreachable_twice (void)
{
  Retry retry = make (1000 * SECOND, highest);

  g_assert_cmpint (retry_delay (&retry, RETRY_UNREACHABLE, 0, 0), <=, SECOND);
  g_assert_cmpint (retry_delay (&retry, RETRY_UNREACHABLE, 0, 0), <=, 2 * SECOND);
  g_assert_cmpint (retry_delay (&retry, RETRY_UNREACHABLE, 0, 0), ==, -1);
}

static void
test_unreachable_in_a_row (void)
{
  Retry retry = make (1000 * SECOND, highest);

  for (int i = 0; i < 4; i++) {
    g_assert_cmpint (retry_delay (&retry, RETRY_UNREACHABLE, 0, 0), >=, 0);
    g_assert_cmpint (retry_delay (&retry, RETRY_TRANSIENT, 0, 0), >=, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/retry/doubles-up-to-32", test_doubles_up_to_32);
  g_test_add_func ("/retry/waits-half-at-least", test_waits_half_at_least);
  g_test_add_func ("/retry/not-crowded-at-the-end", test_not_crowded_at_the_end);
  g_test_add_func ("/retry/no-wait-in-vain", test_no_wait_in_vain);
  g_test_add_func ("/retry/conflict-three-times", test_conflict_three_times);
  g_test_add_func ("/retry/random-by-default", test_random_by_default);
  g_test_add_func ("/retry/stays-inside-deadline", test_stays_inside_deadline);
  g_test_add_func ("/retry/retry-after", test_retry_after);
  g_test_add_func ("/retry/unreachable-twice", test_unreachable_twice);
  g_test_add_func ("/retry/unreachable-in-a-row", test_unreachable_in_a_row);
  return g_test_run ();
}
