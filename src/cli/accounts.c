/*
 * Accounts are folders: config for what was set up, state for what was mounted once.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/accounts.h"

#include <string.h>

#include "cli/options.h"

/* needed: the file that makes a folder an account's; NULL: any folder is. */
static void
add_accounts (const char *base, const char *needed, GHashTable *names)
{
  g_autofree char *top = g_build_filename (base, "contactfs", NULL);
  g_autoptr (GDir) folder = g_dir_open (top, 0, NULL);
  for (const char *name = folder != NULL ? g_dir_read_name (folder) : NULL; name != NULL;
       name = g_dir_read_name (folder)) {
    g_autofree char *path = g_build_filename (top, name, needed, NULL);
    if (options_account_valid (name) && strcmp (name, "demo") != 0
        && g_file_test (path, needed != NULL ? G_FILE_TEST_EXISTS : G_FILE_TEST_IS_DIR))
      g_hash_table_add (names, g_strdup (name));
  }
}

char **
accounts_list (void)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  add_accounts (g_get_user_config_dir (), NULL, names);
  add_accounts (g_get_user_state_dir (), "book.sqlite", names);
  g_autoptr (GList) sorted = g_list_sort (g_hash_table_get_keys (names), (GCompareFunc)strcmp);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (GList *next = sorted; next != NULL; next = next->next)
    g_strv_builder_add (builder, next->data);
  return g_strv_builder_end (builder);
}
