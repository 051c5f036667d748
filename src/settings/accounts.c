#define G_LOG_DOMAIN "contactfs"

#include "settings/accounts.h"

#include <string.h>

#include "settings/options.h"

static gint
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

char **
accounts_list (void)
{
  g_autofree char *top = g_build_filename (g_get_user_config_dir (), "contactfs", NULL);
  g_autoptr (GDir) folder = g_dir_open (top, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  for (const char *name = folder != NULL ? g_dir_read_name (folder) : NULL; name != NULL;
       name = g_dir_read_name (folder)) {
    g_autofree char *path = g_build_filename (top, name, NULL);
    if (options_account_valid (name) && strcmp (name, DEMO_ACCOUNT) != 0 && g_file_test (path, G_FILE_TEST_IS_DIR))
      g_ptr_array_add (names, g_strdup (name));
  }
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return (char **)g_ptr_array_free (names, FALSE);
}
