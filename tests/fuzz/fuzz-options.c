/* Any text as the value of -o, and as arguments divided by line feeds: options that hold what they promise, or a sentence. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "settings/options.h"

#include "fuzz.h"

static void
check (OptionsForm form, char **words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = options_parse (form, (int)g_strv_length (words), words, &error);

  g_assert_true ((options != NULL) == (error == NULL));
  g_assert_true (error == NULL || error->domain == G_OPTION_ERROR);
  if (options == NULL || options->help)
    return;
  g_assert_true (options_account_valid (options->account));
  g_assert_true (options->sync_interval > 0 && options->timeout > 0 && options->upload_timeout > 0
                 && options->cache_bytes >= 0 && options->writes_per_minute >= 0);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size), *line = g_strconcat ("command\n", text, NULL);
  g_auto (GStrv) lines = g_strsplit (line, "\n", 32);
  char *mount[] = { (char *)"mount", (char *)"/mnt", (char *)"-o", text, NULL };
  char *helper[] = { (char *)"mount.fuse.contactfs", (char *)"default", (char *)"/mnt", (char *)"-o", text, NULL };
  gint64 bytes;

  check (OPTIONS_MOUNT, mount);
  check (OPTIONS_HELPER, helper);
  for (OptionsForm form = OPTIONS_MOUNT; form <= OPTIONS_HELPER; form++)
    check (form, lines);
  if (options_parse_size (text, &bytes))
    g_assert_cmpint (bytes, >=, 0);
  return 0;
}
