/* How many failures one is told of, by a clock of our own. */
#include "desktop/notices.h"

#define SECOND G_TIME_SPAN_SECOND

static void
test_each_reason_once_a_minute (void)
{
  g_autoptr (Notices) notices = notices_new ();
  const gint64 begin = 1000 * SECOND;

  g_assert_cmpint (notices_add (notices, "people/c1", "refused", begin), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c1", "refused", begin + 1), ==, NOTICE_KNOWN);
  g_assert_cmpint (notices_add (notices, "people/c1", "refused", begin + 60 * SECOND - 1), ==, NOTICE_KNOWN);
  g_assert_cmpint (notices_add (notices, "people/c1", "too large", begin + 2), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c2", "refused", begin + 3), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c1", "refused", begin + 60 * SECOND), ==, NOTICE_TELL);
}

static void
test_known_across_a_new_minute (void)
{
  g_autoptr (Notices) notices = notices_new ();

  g_assert_cmpint (notices_add (notices, "people/c1", "refused", 0), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c2", "refused", 59 * SECOND), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c2", "refused", 61 * SECOND), ==, NOTICE_KNOWN);
  g_assert_cmpint (notices_add (notices, "people/c2", "refused", 119 * SECOND), ==, NOTICE_TELL);
}

static void
test_only_so_many (void)
{
  g_autoptr (Notices) notices = notices_new ();

  for (guint i = 0; i < NOTICES_EACH + 7; i++) {
    g_autofree char *contact = g_strdup_printf ("people/c%u", i);

    g_assert_cmpint (notices_add (notices, contact, "refused", i), ==, i < NOTICES_EACH ? NOTICE_TELL : NOTICE_COUNT);
  }
  g_assert_cmpuint (notices_more (notices), ==, 7);
  g_assert_cmpint (notices_add (notices, "people/c11", "refused", 20), ==, NOTICE_KNOWN); /* counted already */
  g_assert_cmpuint (notices_more (notices), ==, 7);
  g_assert_cmpint (notices_add (notices, "people/c11", "refused", 61 * SECOND), ==, NOTICE_TELL);
  g_assert_cmpuint (notices_more (notices), ==, 0);
}

static void
test_forget (void)
{
  g_autoptr (Notices) notices = notices_new ();

  notices_forget (notices, "people/c1");
  g_assert_cmpint (notices_add (notices, "people/c1", "refused", 0), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c2", "refused", 0), ==, NOTICE_TELL);
  notices_forget (notices, "people/c1");
  g_assert_cmpint (notices_add (notices, "people/c1", "refused", 1), ==, NOTICE_TELL);
  g_assert_cmpint (notices_add (notices, "people/c2", "refused", 1), ==, NOTICE_KNOWN);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/notices/each-reason-once-a-minute", test_each_reason_once_a_minute);
  g_test_add_func ("/notices/known-across-a-new-minute", test_known_across_a_new_minute);
  g_test_add_func ("/notices/only-so-many", test_only_so_many);
  g_test_add_func ("/notices/forget", test_forget);
  return g_test_run ();
}
