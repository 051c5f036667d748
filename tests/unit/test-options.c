/*
 * The options of mount and demo: the three spellings, fstab's words, sizes, and one sentence for each wrong use.
 */
#include <glib.h>
#include <string.h>

#include "settings/options.h"

#define MIB (1024L * 1024)

static Options *
parse (OptionsForm form, const char *line, GError **error)
{
  g_auto (GStrv) argv = NULL;
  int argc;
  g_autofree char *command = g_strconcat ("command ", line, NULL);
  g_assert_true (g_shell_parse_argv (command, &argc, &argv, NULL));
  return options_parse (form, argc, argv, error);
}

static Options *
parse_ok (OptionsForm form, const char *line)
{
  g_autoptr (GError) error = NULL;
  Options *options = parse (form, line, &error);
  g_assert_no_error (error);
  g_assert_nonnull (options);
  return options;
}

static void
assert_refused (OptionsForm form, const char *line, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Options) options = parse (form, line, &error);
  if (options != NULL)
    g_error ("“%s” was taken", line);
  g_assert_true (error->domain == G_OPTION_ERROR);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” was refused with “%s”, which does not say “%s”", line, error->message, words);
  g_assert_null (strchr (error->message, '\n'));
}

static void
test_defaults (void)
{
  g_autoptr (Options) options = parse_ok (OPTIONS_MOUNT, "/mnt");
  g_assert_cmpstr (options->account, ==, "default");
  g_assert_cmpstr (options->mountpoint, ==, "/mnt");
  g_assert_null (options->api_url);
  g_assert_null (options->token_command);
  g_assert_null (options->credentials);
  g_assert_cmpint (options->sync_interval, ==, 300);
  g_assert_cmpint (options->timeout, ==, 30);
  g_assert_cmpint (options->upload_timeout, ==, 120);
  g_assert_cmpint (options->writes_per_minute, ==, 50);
  g_assert_cmpint (options->cache_bytes, ==, 512 * MIB);
  g_assert_false (options->read_only);
  g_assert_false (options->foreground);
  g_assert_false (options->verbose);
  g_assert_false (options->allow_other);
}

static void
assert_all_given (const Options *options)
{
  g_assert_cmpstr (options->account, ==, "work");
  g_assert_cmpstr (options->api_url, ==, "http://127.0.0.1:1");
  g_assert_cmpstr (options->token_command, ==, "print a, b");
  g_assert_cmpstr (options->credentials, ==, "/f=g.json");
  g_assert_cmpint (options->sync_interval, ==, 1);
  g_assert_cmpint (options->timeout, ==, 2);
  g_assert_cmpint (options->upload_timeout, ==, 3);
  g_assert_cmpint (options->writes_per_minute, ==, 0);
  g_assert_cmpint (options->cache_bytes, ==, 4 * MIB);
  g_assert_true (options->read_only);
  g_assert_true (options->foreground);
  g_assert_true (options->verbose);
  g_assert_true (options->allow_other);
  g_assert_cmpstr (options->mountpoint, ==, "/mnt");
}

static void
test_separate_values (void)
{
  g_autoptr (Options) options = parse_ok (
      OPTIONS_MOUNT, "--account work --api-url http://127.0.0.1:1 --token-command 'print a, b' "
                     "--credentials /f=g.json --sync-interval 1 --timeout 2 --upload-timeout 3 "
                     "--writes-per-minute 0 --cache-size 4M --read-only --foreground /mnt --verbose --allow-other");
  assert_all_given (options);
}

static void
test_equals_sign (void)
{
  g_autoptr (Options) options = parse_ok (
      OPTIONS_MOUNT, "/mnt --account=work --api-url=http://127.0.0.1:1 --token-command='print a, b' "
                     "--credentials=/f=g.json --sync-interval=1 --timeout=2 --upload-timeout=3 "
                     "--writes-per-minute=0 --cache-size=4M --read-only --foreground --verbose --allow-other");
  assert_all_given (options);
}

static void
test_mount_words (void)
{
  g_autoptr (Options) options = parse_ok (
      OPTIONS_MOUNT, "-o 'account=work,api_url=http://127.0.0.1:1,token-command=print a\\, b,credentials=/f=g.json' "
                     "-osync_interval=1,timeout=2,upload-timeout=3,writes_per_minute=0,cache_size=4M "
                     "/mnt -o read_only,foreground,verbose -o allow_other");
  assert_all_given (options);
}

static void
test_fstab (void)
{
  g_autoptr (Options) options
      = parse_ok (OPTIONS_HELPER, "work /home/me/contacts -o rw,noauto,user,nosuid,nodev,noexec,_netdev,nofail,"
                                  "x-systemd.automount,x-gvfs-name=Contacts,comment=hello,dev,suid,allow_other");
  g_assert_cmpstr (options->account, ==, "work");
  g_assert_cmpstr (options->mountpoint, ==, "/home/me/contacts");
  g_assert_false (options->read_only);
  g_assert_true (options->allow_other);

  g_autoptr (Options) shown = parse_ok (OPTIONS_HELPER, "contactfs:me@work /m -o ro");
  g_assert_cmpstr (shown->account, ==, "me@work");
  g_assert_true (shown->read_only);

  g_autoptr (Options) named = parse_ok (OPTIONS_HELPER, "work /m -o account=home,ro,rw,");
  g_assert_cmpstr (named->account, ==, "home");
  g_assert_false (named->read_only);
}

static void
test_demo (void)
{
  g_autoptr (Options) options = parse_ok (OPTIONS_DEMO, "--foreground -- -folder");
  g_assert_true (options->foreground);
  g_assert_cmpstr (options->mountpoint, ==, "-folder");
  assert_refused (OPTIONS_DEMO, "--account me /mnt", "--account");
  assert_refused (OPTIONS_DEMO, "-o token_command=x /mnt", "token-command");
}

static void
test_refused (void)
{
  static const struct {
    const char *line, *words;
  } cases[] = {
    { "", "no folder given" },
    { "--read-only", "no folder given" },
    { "/mnt /other", "/other" },
    { "--frobnicate /mnt", "--frobnicate" },
    { "/mnt --account", "--account" },
    { "--account= /mnt", "--account" },
    { "--account ../x /mnt", "../x" },
    { "--account .hidden /mnt", ".hidden" },
    { "--account '' /mnt", "--account" },
    { "--account 'a b' /mnt", "a b" },
    { "--timeout 0 /mnt", "--timeout takes a number from 1" },
    { "--timeout -1 /mnt", "-1" },
    { "--timeout 3s /mnt", "3s" },
    { "--timeout 99999999999999999999 /mnt", "--timeout" },
    { "--sync-interval soon /mnt", "soon" },
    { "--writes-per-minute=-5 /mnt", "-5" },
    { "--cache-size lots /mnt", "lots" },
    { "--cache-size 5X /mnt", "5X" },
    { "--read-only=yes /mnt", "read-only" },
    { "-o frobnicate /mnt", "frobnicate" },
    { "-o timeout /mnt", "timeout=S" },
    { "-o read_only=1 /mnt", "no value" },
    { "-o timeout=x /mnt", "“x”" },
    { "-o", "-o" },
    { "--edit /mnt", "later version" },
    { "--subject me /mnt", "e-mail address" },
    { "--subject=@example.com /mnt", "e-mail address" },
    { "--subject me@ /mnt", "e-mail address" },
    { "-o subject /mnt", "needs a value" },
    { "--subject me@example.com --token-command true /mnt", "token-command" },
    { "-o edit /mnt", "later version" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (OPTIONS_MOUNT, cases[i].line, cases[i].words);
  assert_refused (OPTIONS_HELPER, "default -o rw", "no folder given");
  assert_refused (OPTIONS_HELPER, "a/b /mnt -o rw", "a/b");
}

static void
test_sizes (void)
{
  static const struct {
    const char *text;
    gint64 bytes; /* -1: refused */
  } cases[] = {
    { "0", 0 },
    { "1048576", MIB },
    { "64K", 64L * 1024 },
    { "64k", 64L * 1024 },
    { "512M", 512 * MIB },
    { "2G", 2048 * MIB },
    { "", -1 },
    { "M", -1 },
    { "-1", -1 },
    { "+1", -1 },
    { " 1", -1 },
    { "1 M", -1 },
    { "1MB", -1 },
    { "1.5G", -1 },
    { "0x10", -1 },
    { "9223372036854775807", G_MAXINT64 },
    { "9223372036854775808", -1 },
    { "8589934592G", -1 },
    { "99999999999999999999999", -1 },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    gint64 bytes = -1;
    g_assert_cmpint (options_parse_size (cases[i].text, &bytes), ==, cases[i].bytes >= 0);
    g_assert_cmpint (bytes, ==, cases[i].bytes);
  }
}

static void
test_help (void)
{
  g_autoptr (Options) options = parse_ok (OPTIONS_MOUNT, "--help");
  g_assert_true (options->help);
  g_autofree char *mount = options_help (OPTIONS_MOUNT);
  g_assert_nonnull (strstr (mount, "--writes-per-minute"));
  g_assert_nonnull (strstr (mount, "--token-command"));
  g_autofree char *demo = options_help (OPTIONS_DEMO);
  g_assert_nonnull (strstr (demo, "--writes-per-minute"));
  g_assert_null (strstr (demo, "--token-command"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/defaults", test_defaults);
  g_test_add_func ("/options/separate-values", test_separate_values);
  g_test_add_func ("/options/equals-sign", test_equals_sign);
  g_test_add_func ("/options/mount-words", test_mount_words);
  g_test_add_func ("/options/fstab", test_fstab);
  g_test_add_func ("/options/demo", test_demo);
  g_test_add_func ("/options/refused", test_refused);
  g_test_add_func ("/options/sizes", test_sizes);
  g_test_add_func ("/options/help", test_help);
  return g_test_run ();
}
