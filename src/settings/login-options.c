#define G_LOG_DOMAIN "contactfs"

#include "settings/login-options.h"

#include <stdio.h>
#include <string.h>

#include "net/http.h"
#include "settings/options.h"

/* What is relative is so to the caller's folder, and daemon_harden leaves that. */
static void
complete (LoginOptions *options)
{
  if (options->account == NULL)
    options->account = g_strdup ("default");
  if (options->client != NULL) {
    char *absolute = g_canonicalize_filename (options->client, NULL);
    g_free (options->client);
    options->client = absolute;
  }
}

gboolean
login_options_parse (LoginOptions *options, int argc, char **argv, GError **error)
{
  options->seconds = 300;
  const GOptionEntry entries[] = {
    { "client", 0, 0, G_OPTION_ARG_FILENAME, &options->client,
      "Client file from the Google Cloud console (first login)", "FILE" },
    { "account", 0, 0, G_OPTION_ARG_STRING, &options->account, "Name of the account on this computer (default)",
      "NAME" },
    { "no-browser", 0, 0, G_OPTION_ARG_NONE, &options->no_browser, "Print the address, and take the one it ends on",
      NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &options->seconds, "Seconds to wait for the consent page (300)", "S" },
    { "quiet", 0, 0, G_OPTION_ARG_NONE, &options->quiet, "Do not show what is waited for", NULL },
    { "api-url", 0, 0, G_OPTION_ARG_STRING, &options->api_url,
      "Another People API: https, or http on a loopback address", "URL" },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &options->help, "Show this", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (options->help) {
    g_set_prgname ("contactfs login");
    g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);
    fputs (text, stdout);
    return TRUE;
  }
  if (argc > 1 && options->client != NULL) /* client_secret_*.json, and it was downloaded twice */
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 "one client file is wanted, and not also “%s”: name the one that is meant", argv[1]);
  else if (argc > 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "“%s” is one word too many", argv[1]);
  else if (options->seconds < 1)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "--timeout takes a number of seconds");
  else if (options->account != NULL && !options_account_valid (options->account))
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 "“%s” cannot name an account: letters, digits and . _ @ + - only, and no . in front",
                 options->account);
  else if (options->api_url != NULL && !http_url_allowed (options->api_url))
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                 "--api-url takes an https address, or http on this computer itself");
  else {
    complete (options);
    return TRUE;
  }
  return FALSE;
}

void
login_options_clear (LoginOptions *options)
{
  g_free (options->account);
  g_free (options->client);
  g_free (options->api_url);
}
