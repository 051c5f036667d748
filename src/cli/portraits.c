/*
 * contactfs import, list, restore and sheet: their options, and which mount is meant.
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "mounts/mounts.h"
#include "net/json.h"
#include "portraits/import.h"
#include "portraits/list.h"
#include "portraits/restore.h"
#include "portraits/sheet.h"
#include "settings/programs.h"

/* The user's only mount. NULL with a sentence: there is none, or more than one. */
static Mount *
find_only_mount (GError **error)
{
  g_autoptr (GPtrArray) mounts = mounts_list (error);
  gssize found = -1;
  for (guint i = 0; mounts != NULL && i < mounts->len; i++) {
    if (((const Mount *)g_ptr_array_index (mounts, i))->uid != getuid ())
      continue;
    if (found >= 0) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "several contacts are mounted; say which MOUNTPOINT");
      return NULL;
    }
    found = i;
  }
  if (mounts != NULL && found < 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "no contacts are mounted; `contactfs mount FOLDER` does that");
  return found >= 0 ? g_ptr_array_steal_index (mounts, (guint)found) : NULL;
}

/* The mount that the last word is the folder of, which is taken off the words; else the only one there is. */
static Mount *
take_mount (GPtrArray *words, GError **error)
{
  Mount *mount = words->len > 0 ? mounts_find (g_ptr_array_index (words, words->len - 1), NULL) : NULL;
  if (mount == NULL)
    return find_only_mount (error);
  g_ptr_array_remove_index (words, words->len - 1);
  return mount;
}

/* What is left of the arguments when the options are taken. */
static GPtrArray *
words_of (int argc, char **argv)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  for (int i = 1; i < argc; i++)
    if (i > 1 || strcmp (argv[i], "--") != 0)
      g_ptr_array_add (words, g_strdup (argv[i]));
  return words;
}

/* "contactfs:default" */
static const char *
account_of (const Mount *mount)
{
  const char *colon = strchr (mount->source, ':');
  return colon != NULL ? colon + 1 : mount->source;
}

static gboolean
parse (const char *usage, const char *summary, const GOptionEntry *entries, int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (usage);
  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static int
end_with (int status, const GError *error)
{
  gboolean is_usage = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  return status >= 0 ? status : cli_fail (is_usage ? CLI_USAGE : CLI_FAILED, "%s", error->message);
}

static gboolean
parse_replace (const char *text, Replace *replace)
{
  static const char *const names[]
      = { [REPLACE_MISSING] = "missing", [REPLACE_SMALLER] = "smaller", [REPLACE_ALL] = "all" };
  for (Replace i = REPLACE_MISSING; i <= REPLACE_ALL; i++)
    if (strcmp (text, names[i]) == 0) {
      *replace = i;
      return TRUE;
    }
  return FALSE;
}

/* Somebody who is not shown may be called like somebody who is: then a name tells too little. */
static gboolean
shows_everybody (const Mount *mount, GError **error)
{
  g_autofree char *text = mounts_read_status (mount, error);
  g_autoptr (JsonValue) status = text != NULL ? json_parse (text, strlen (text), error) : NULL;
  if (status == NULL)
    return FALSE;
  if (json_int (status, "hidden") > 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "%s does not show everybody (--label), and who is not shown may have the same name: mount without "
                 "--label to import",
                 mount->mountpoint);
  return json_int (status, "hidden") == 0;
}

/* A contact's folder among the pictures was meant for something else. */
static gboolean
are_elsewhere (const GPtrArray *words, GError **error)
{
  for (guint i = 0; i < words->len; i++) {
    const char *path = g_ptr_array_index (words, i);
    g_autofree char *below = NULL;
    g_autoptr (Mount) around = mounts_find_around (path, &below, NULL);
    if (around != NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "%s is in a contactfs mount; give one contact a picture with cp", path);
      return FALSE;
    }
  }
  return TRUE;
}

int
cli_import (int argc, char **argv)
{
  ImportWishes wishes = { .replace = REPLACE_MISSING };
  g_autofree char *table = NULL, *replace = NULL, *label = NULL;
  const GOptionEntry entries[] = {
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &wishes.common.dry_run, "Show the plan, and place nothing", NULL },
    { "yes", 0, 0, G_OPTION_ARG_NONE, &wishes.common.yes, "Do not ask", NULL },
    { "map", 0, 0, G_OPTION_ARG_FILENAME, &table, "CSV table of file,contact: comes before the names", "FILE" },
    { "replace", 0, 0, G_OPTION_ARG_STRING, &replace, "Which photos: missing (as if not given), smaller, all",
      "WHICH" },
    { "label", 0, 0, G_OPTION_ARG_STRING, &label, "Only contacts who carry it", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wishes.common.json, "For programs: the report as an object", NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &wishes.common.quiet, "Show no plan and no progress", NULL },
    { 0 },
  };
  g_autoptr (GError) error = NULL;
  g_set_prgname ("contactfs import");
  if (!parse (
          "PICTURE|FOLDER… [MOUNTPOINT]",
          "Gives each picture to the contact whom its file is named after. Shows the plan first, and asks. What fits "
          "nobody, or\nmore than one, is left alone.",
          entries, &argc, &argv, &error))
    return cli_fail_usage (error, "contactfs import");
  if (replace != NULL && !parse_replace (replace, &wishes.replace))
    return cli_fail (CLI_USAGE, "--replace takes missing, smaller or all, not “%s”", replace);
  g_autoptr (GPtrArray) words = words_of (argc, argv);
  g_autoptr (Mount) mount = take_mount (words, &error);
  if (mount == NULL)
    return end_with (-1, error);
  if (words->len == 0)
    return cli_fail (CLI_USAGE, "no pictures given; usage: contactfs import [OPTION…] PICTURE|FOLDER… [MOUNTPOINT]");
  if (!shows_everybody (mount, &error) || !are_elsewhere (words, &error))
    return end_with (-1, error);
  wishes.common.mountpoint = mount->mountpoint;
  wishes.common.account = account_of (mount);
  wishes.paths = words;
  wishes.table = table;
  wishes.label = label;
  int status = import_run (&wishes, &error);
  return end_with (status, error);
}

int
cli_list (int argc, char **argv)
{
  ListWishes wishes = { 0 };
  g_autofree char *label = NULL;
  int small = 0;
  const GOptionEntry entries[] = {
    { "without-photo", 0, 0, G_OPTION_ARG_NONE, &wishes.without_photo, "Only those who have no photo", NULL },
    { "small", 0, 0, G_OPTION_ARG_INT, &small, "Only those whose photo has a side of fewer pixels", "PIXELS" },
    { "label", 0, 0, G_OPTION_ARG_STRING, &label, "Only those who carry it", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wishes.common.json, "For programs: an array of objects", NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &wishes.common.quiet, "Show no progress", NULL },
    { 0 },
  };
  g_autoptr (GError) error = NULL;
  g_set_prgname ("contactfs list");
  if (!parse ("[MOUNTPOINT]",
              "Shows who has which photo: pixels, bytes, kind, when the contact was changed, and the last error. With "
              "both\n"
              "--without-photo and --small, those of either.",
              entries, &argc, &argv, &error))
    return cli_fail_usage (error, "contactfs list");
  if (small < 0)
    return cli_fail (CLI_USAGE, "--small takes a number of pixels, not %d", small);
  wishes.small = (guint)small;
  wishes.label = label;
  g_autoptr (GPtrArray) words = words_of (argc, argv);
  g_autoptr (Mount) mount = take_mount (words, &error);
  if (mount == NULL)
    return end_with (-1, error);
  if (words->len > 0)
    return cli_fail (CLI_USAGE, "“%s” is no contactfs mount", (const char *)g_ptr_array_index (words, 0));
  wishes.common.mountpoint = mount->mountpoint;
  wishes.common.account = account_of (mount);
  int status = list_run (&wishes, &error);
  return end_with (status, error);
}

/* The contact's name, of "Alice Smith/photo.jpg" and of ".labels/Choir/Alice Smith". */
static char *
contact_of (const char *below)
{
  g_auto (GStrv) parts = g_strsplit (below, "/", -1);
  gboolean is_by_label = g_strv_length (parts) > 2 && strcmp (parts[0], ".labels") == 0;
  return g_strdup (parts[is_by_label ? 2 : 0]);
}

/* The mount that all words are in, and the folders of contacts that they name: none for the mountpoint itself. */
static Mount *
take_contacts (const GPtrArray *words, GPtrArray *names, GError **error)
{
  g_autoptr (Mount) mount = words->len == 0 ? find_only_mount (error) : NULL;
  for (guint i = 0; i < words->len; i++) {
    g_autofree char *below = NULL;
    g_autoptr (Mount) around = mounts_find_around (g_ptr_array_index (words, i), &below, error);
    if (around == NULL)
      return NULL;
    if (mount != NULL && mount->id != around->id) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "all contacts must be in one mount");
      return NULL;
    }
    if (below[0] != '\0')
      g_ptr_array_add (names, contact_of (below));
    g_clear_pointer (&mount, mount_free);
    mount = g_steal_pointer (&around);
  }
  return g_steal_pointer (&mount);
}

int
cli_restore (int argc, char **argv)
{
  RestoreWishes wishes = { 0 };
  g_autofree char *since = NULL, *label = NULL;
  const GOptionEntry entries[] = {
    { "since", 0, 0, G_OPTION_ARG_STRING, &since,
      "As it was then: 2026-11-30T18:00, 18:00 (the last), 90m, 2h, 3d (ago)", "TIME" },
    { "rejected", 0, 0, G_OPTION_ARG_NONE, &wishes.rejected, "Try again what did not become a photo", NULL },
    { "label", 0, 0, G_OPTION_ARG_STRING, &label, "Only contacts who carry it", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wishes.common.json, "For programs: an object", NULL },
    { "dry-run", 0, 0, G_OPTION_ARG_NONE, &wishes.common.dry_run, "Show what would be done, and do nothing", NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &wishes.common.quiet, "Show no list and no progress", NULL },
    { 0 },
  };
  g_autoptr (GError) error = NULL;
  g_set_prgname ("contactfs restore");
  if (!parse ("[CONTACT… | MOUNTPOINT]",
              "Brings back photos that were replaced or removed: with --since as they were then, else those before the "
              "last\n"
              "change. What is replaced by that is kept, so that it can be undone.",
              entries, &argc, &argv, &error))
    return cli_fail_usage (error, "contactfs restore");
  if (since != NULL && (wishes.since = restore_parse_time (since, g_get_real_time ())) == 0)
    return cli_fail (CLI_USAGE, "--since takes a time such as 2026-11-30T18:00, 18:00 or 2h, not “%s”", since);
  g_autoptr (GPtrArray) words = words_of (argc, argv);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (Mount) mount = take_contacts (words, names, &error);
  if (mount == NULL)
    return end_with (-1, error);
  if (since == NULL && !wishes.rejected && names->len == 0)
    return cli_fail (CLI_USAGE, "restore which photos? Give --since TIME, or the folders of contacts");
  if (label != NULL && names->len > 0)
    return cli_fail (CLI_USAGE, "--label is for all who carry it; give it without contacts");
  wishes.common.mountpoint = mount->mountpoint;
  wishes.common.account = account_of (mount);
  wishes.names = names;
  wishes.label = label;
  int status = restore_run (&wishes, &error);
  return end_with (status, error);
}

int
cli_sheet (int argc, char **argv)
{
  SheetWishes wishes = { 0 };
  g_autofree char *label = NULL;
  const GOptionEntry entries[] = {
    { "label", 0, 0, G_OPTION_ARG_STRING, &label, "Only those who carry it", "NAME" },
    { "json", 0, 0, G_OPTION_ARG_NONE, &wishes.common.json, "For programs: an object", NULL },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &wishes.common.quiet, "Show no progress and no sum", NULL },
    { 0 },
  };
  g_autoptr (GError) error = NULL;
  g_set_prgname ("contactfs sheet");
  if (!parse ("FILE.html [MOUNTPOINT]",
              "Makes one page with every face and name, to look at in a browser, or to print. Nothing else is needed "
              "to show it.",
              entries, &argc, &argv, &error))
    return cli_fail_usage (error, "contactfs sheet");
  g_autoptr (GPtrArray) words = words_of (argc, argv);
  g_autoptr (Mount) mount = take_mount (words, &error);
  if (mount == NULL)
    return end_with (-1, error);
  if (words->len != 1)
    return cli_fail (CLI_USAGE, "which file? Usage: contactfs sheet [OPTION…] FILE.html [MOUNTPOINT]");
  g_autofree char *helper = programs_find ("contactfs-convert", "convert");
  wishes.common.mountpoint = mount->mountpoint;
  wishes.common.account = account_of (mount);
  wishes.path = g_ptr_array_index (words, 0);
  wishes.label = label;
  wishes.helper = helper != NULL ? helper : "contactfs-convert";
  int status = sheet_run (&wishes, &error);
  return end_with (status, error);
}
