/*
 * Names that only pass by: what editors, sync tools and downloaders write before they rename it over the real name.
 * Collected from the programs themselves; what is missed here still works, by the rule for "any other name".
 */
#include "book/folder.h"

static const char *const suffixes[]
    = { "~",    ".part", ".partial", ".tmp",      ".temp",       ".swp",      ".swx",
        ".swo", "_tmp",  ".bak",     "_original", ".crdownload", ".filepart", ".download",
        ".new", ".orig", ".old",     ".lock",     ".kate-swp",   ".aria2",    ".wgettmp" };

/* sed -i: "sed" and six characters of mkstemp. */
static gboolean
is_sed (const char *name)
{
  if (!g_str_has_prefix (name, "sed") || strlen (name) != 9)
    return FALSE;
  for (const char *c = name + 3; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c))
      return FALSE;
  return TRUE;
}

/* vim looks whether it may create files by the name 4913, then 4913 + 123 and so on. */
static gboolean
is_vim_probe (const char *name)
{
  guint64 number;

  return g_ascii_string_to_unsigned (name, 10, 4913, 99999, &number, NULL) && (number - 4913) % 123 == 0;
}

gboolean
book_name_is_temporary (const char *name)
{
  if (name[0] == '.' || is_sed (name) || is_vim_probe (name))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++)
    if (g_str_has_suffix (name, suffixes[i]))
      return TRUE;
  return FALSE;
}
