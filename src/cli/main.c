/*
 * main: which command was meant.
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/log.h"
#include "config.h"
#include "desktop/icon-setter.h"
#include "desktop/session-bus.h"
#include "settings/environment.h"

static const char usage[]
    = "Usage: contactfs COMMAND [OPTION…]\n"
      "\n"
      "Your Google contacts as folders, each with a photo.jpg; copy a picture over it and it is the photo.\n"
      "\n"
      "Commands:\n"
      "  mount [OPTION…] MOUNTPOINT   Mount an account's contacts\n"
      "  demo [OPTION…] MOUNTPOINT    Mount sample contacts from a built-in server; needs no account\n"
      "  status [--json] [FOLDER]     Show how mounts, or a contact, are doing\n"
      "  doctor [--json] [OPTION…]    Look for what a mount needs, and say what to do\n"
      "  list [OPTION…] [MOUNTPOINT]  Show who has which photo\n"
      "  import [OPTION…] PICTURES    Give pictures to the contacts whom their files are named after\n"
      "  restore [OPTION…] [CONTACT]  Bring back photos that were replaced or removed\n"
      "  sheet FILE.html [MOUNTPOINT] Make one page with every face and name\n"
      "  unmount [--quiet] MOUNTPOINT Unmount, and wait until everything has been sent\n"
      "  login [OPTION…]              Log an account in, by the browser\n"
      "  logout [--account NAME]      Revoke and forget an account's login\n"
      "\n"
      "`contactfs COMMAND --help` tells more. In fstab:\n"
      "  default  /home/me/contacts  fuse.contactfs  noauto,user,_netdev  0  0\n";

static gboolean
asks_for_help (const char *word)
{
  return word != NULL && (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0);
}

static int
run_with_options (OptionsForm form, int argc, char **argv)
{
  static const char *const names[] = { "contactfs mount", "contactfs demo", "contactfs doctor", "contactfs mount" };
  g_autoptr (GError) error = NULL;
  if (form == OPTIONS_HELPER && !environment_restore_home (&error))
    return cli_fail (CLI_FAILED, "%s", error->message);
  g_autoptr (Options) options = options_parse (form, argc, argv, &error);
  if (options == NULL)
    return cli_fail_usage (error, names[form]);
  if (options->help) {
    g_set_prgname (names[form]);
    g_autofree char *help = options_help (form);
    fputs (help, stdout);
    return CLI_OK;
  }
  return cli_mount (options, form == OPTIONS_DEMO);
}

static int
run_mount (int argc, char **argv)
{
  return run_with_options (OPTIONS_MOUNT, argc, argv);
}

static int
run_demo (int argc, char **argv)
{
  return run_with_options (OPTIONS_DEMO, argc, argv);
}

static int
run_unmount (int argc, char **argv)
{
  const char *mountpoint = NULL;
  gboolean quiet = FALSE;
  for (int i = 1; i < argc; i++) {
    if (asks_for_help (argv[i])) {
      printf ("Usage: contactfs unmount [--quiet] MOUNTPOINT\n\nUnmounts, and waits until everything has been sent.\n"
              "\n  --quiet   Do not show what is waited for\n");
      return CLI_OK;
    }
    if (strcmp (argv[i], "--quiet") == 0)
      quiet = TRUE;
    else if (mountpoint == NULL && argv[i][0] != '-')
      mountpoint = argv[i];
    else
      return cli_fail (CLI_USAGE, "not “%s”; usage: contactfs unmount [--quiet] MOUNTPOINT", argv[i]);
  }
  if (mountpoint == NULL)
    return cli_fail (CLI_USAGE, "no folder given to unmount; usage: contactfs unmount [--quiet] MOUNTPOINT");
  return cli_unmount (mountpoint, quiet);
}

static int
run_status (int argc, char **argv)
{
  const char *path = NULL;
  gboolean json = FALSE;
  for (int i = 1; i < argc; i++) {
    if (asks_for_help (argv[i])) {
      printf ("Usage: contactfs status [--json] [MOUNTPOINT | CONTACT]\n"
              "\n"
              "Shows how the mount is doing; without MOUNTPOINT, every mount and every account. Of a CONTACT (its "
              "folder, or a\n"
              "file in it): why its last change failed, and what was changed in its last picture.\n"
              "\n"
              "  --json   For programs: an array of objects\n");
      return CLI_OK;
    }
    if (strcmp (argv[i], "--json") == 0)
      json = TRUE;
    else if (path == NULL && argv[i][0] != '-')
      path = argv[i];
    else
      return cli_fail (CLI_USAGE, "not “%s”; usage: contactfs status [--json] [MOUNTPOINT | CONTACT]", argv[i]);
  }
  return cli_status (path, json);
}

/* Takes --json out of the words: options of mount do not know it. */
static gboolean
take_json (int *argc, char **argv)
{
  int kept = 0;
  for (int i = 0; i < *argc; i++)
    if (strcmp (argv[i], "--json") != 0)
      argv[kept++] = argv[i];
  gboolean taken = kept < *argc;
  argv[kept] = NULL;
  *argc = kept;
  return taken;
}

static int
run_doctor (int argc, char **argv)
{
  gboolean json = take_json (&argc, argv);
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = options_parse (OPTIONS_DOCTOR, argc, argv, &error);
  if (options == NULL)
    return cli_fail_usage (error, "contactfs doctor");
  if (!options->help)
    return cli_doctor (options, json);
  g_set_prgname ("contactfs doctor");
  g_autofree char *help = options_help (OPTIONS_DOCTOR);
  printf ("%s\n  --json   For programs: an array of objects\n", help);
  return CLI_OK;
}

static int
run_logout (int argc, char **argv)
{
  const char *account = "default";
  if (asks_for_help (argv[1])) {
    printf ("Usage: contactfs logout [--account NAME]\n\nRevokes the account's login at the service, and forgets it "
            "here.\n\n  --account=NAME   Name of the account on this computer (default)\n");
    return CLI_OK;
  }
  if (argc == 3 && strcmp (argv[1], "--account") == 0)
    account = argv[2];
  else if (argc == 2 && g_str_has_prefix (argv[1], "--account="))
    account = argv[1] + strlen ("--account=");
  else if (argc != 1)
    return cli_fail (CLI_USAGE, "which account? Usage: contactfs logout [--account NAME]");
  if (!options_account_valid (account))
    return cli_fail (CLI_USAGE, "“%s” cannot name an account: letters, digits and . _ @ + - only, and no . in front",
                     account);
  return cli_logout (account);
}

/* What the mount starts for itself, and nobody else. */
static int
run_set_folder_icons (int argc, char **argv)
{
  return argc == 3 ? icon_setter_run (argv[1], argv[2]) : CLI_USAGE;
}

static const struct {
  const char *name;
  int (*run) (int argc, char **argv); /* argv[0]: the command's name */
} commands[] = {
  { "doctor", run_doctor },   { "mount", run_mount },   { "demo", run_demo },
  { "unmount", run_unmount }, { "status", run_status }, { "login", cli_login },
  { "logout", run_logout },   { "import", cli_import }, { "list", cli_list },
  { "restore", cli_restore }, { "sheet", cli_sheet },   { "set-folder-icons", run_set_folder_icons },
};

/* mount.fuse3 calls `contactfs SOURCE MOUNTPOINT -o OPTIONS`, and always with -o. */
static gboolean
is_helper_call (int argc, char **argv)
{
  if (argc < 4 || argv[1][0] == '-' || argv[2][0] == '-')
    return FALSE;
  for (int i = 3; i < argc; i++)
    if (g_str_has_prefix (argv[i], "-o"))
      return TRUE;
  return FALSE;
}

static int
run (int argc, char **argv)
{
  if (argc < 2)
    return cli_fail (CLI_USAGE, "which command? contactfs --help lists them");
  if (asks_for_help (argv[1]) || strcmp (argv[1], "help") == 0) {
    fputs (usage, stdout);
    return CLI_OK;
  }
  if (strcmp (argv[1], "--version") == 0) {
    printf ("contactfs %s\n", CONTACTFS_VERSION);
    return CLI_OK;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      return commands[i].run (argc - 1, argv + 1);
  if (is_helper_call (argc, argv))
    return run_with_options (OPTIONS_HELPER, argc, argv);
  return cli_fail (CLI_USAGE, "there is no command “%s”; contactfs --help lists them", argv[1]);
}

/* Whoever reads the output must not take a part of it for the whole. */
static int
finish_output (int status)
{
  errno = 0;
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  int failed = cli_fail (CLI_FAILED, "the output could not be written: %s", g_strerror (errno != 0 ? errno : EIO));
  return status == CLI_OK ? failed : status;
}

int
main (int argc, char **argv)
{
  setlocale (LC_CTYPE, "");
  log_init ();
  session_bus_find ();
  return finish_output (run (argc, argv));
}
