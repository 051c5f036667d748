/* The count that a mount leaves for `contactfs unmount`, and that it is gone with the mount. */
#include "mounts/ending.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "helpers.h"

#define ROUNDS 300

static guint
count (gpointer data)
{
  return *(const guint *)data;
}

static void
test_told (void)
{
  char *folder = test_folder_new ();
  guint waiting = 3;
  Ending *ending = ending_new (folder, count, &waiting);

  while (ending_read (folder, getpid ()) != 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (ending_read (folder, getpid () + 1), ==, -1);
  waiting = 2;
  while (ending_read (folder, getpid ()) != 2)
    g_main_context_iteration (NULL, TRUE);
  ending_free (ending);
  g_assert_cmpint (ending_read (folder, getpid ()), ==, -1);
  test_folder_remove (folder);
}

/* A worker that is late writes no file that nobody removes. */
static void
test_gone_at_the_end (void)
{
  char *folders[ROUNDS];
  guint waiting = 3;

  for (gsize i = 0; i < ROUNDS; i++) {
    folders[i] = test_folder_new ();
    ending_free (ending_new (folders[i], count, &waiting));
  }
  for (gsize i = 0; i < ROUNDS; i++) {
    g_assert_cmpint (g_rmdir (folders[i]), ==, 0);
    g_free (folders[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ending/told", test_told);
  g_test_add_func ("/ending/gone-at-the-end", test_gone_at_the_end);
  return g_test_run ();
}
