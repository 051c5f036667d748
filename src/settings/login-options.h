/*
 * The options of contactfs login. Any thread; asks no file.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *account;
  char *client;  /* absolute; NULL: the one of the login before */
  char *api_url; /* NULL: not given */
  gboolean no_browser;
  gboolean quiet;
  gboolean help; /* and it was printed */
  int seconds;   /* to wait for the consent page */
} LoginOptions;

/* Into options, which begin empty. argv[0] is the command's name. G_OPTION_ERROR with a sentence for wrong usage. */
gboolean login_options_parse (LoginOptions *options, int argc, char **argv, GError **error);
void login_options_clear (LoginOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LoginOptions, login_options_clear)
