/* The command line of people-emulator. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/options.h"

#include "config.h"
#include "emulator/account.h"

static gboolean
parse_photos (const char *text, PhotosOption *photos, GError **error)
{
  static const char *const words[] = { [PHOTOS_ALL] = "all", [PHOTOS_HALF] = "half", [PHOTOS_NONE] = "none" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (text == NULL || g_str_equal (text, words[i])) {
      *photos = (PhotosOption)i;
      return TRUE;
    }
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--photos is all, half or none, not “%s”", text);
  return FALSE;
}

static char *
without_slash (char *url)
{
  gsize length = url != NULL ? strlen (url) : 0;

  while (length > 0 && url[length - 1] == '/')
    url[--length] = '\0';
  return url;
}

static gboolean
check (Options *self, const char *photos, GError **error)
{
  if (!parse_photos (photos, &self->photos, error))
    return FALSE;
  if ((self->tls_cert == NULL) != (self->tls_key == NULL)) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--tls-cert and --tls-key go together");
    return FALSE;
  }
  if (self->port < 0 || self->port > 65535 || self->photo_port < 0 || self->photo_port > 65535) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "a port is between 0 and 65535");
    return FALSE;
  }
  if (self->page_size_max < 1 || self->page_size_max > 1000 || self->face_size < 16 || self->face_size > 4096) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         "--page-size-max is between 1 and 1000, --face-size between 16 and 4096");
    return FALSE;
  }
  without_slash (self->public_url);
  without_slash (self->photo_url);
  return TRUE;
}

gboolean
options_parse (Options *self, int *argc, char ***argv, gboolean *done, GError **error)
{
  g_autofree char *photos = NULL;
  gboolean version = FALSE;
  const GOptionEntry entries[] = {
    { "port", 0, 0, G_OPTION_ARG_INT, &self->port, "Port of the API; 0, the default: any", "N" },
    { "photo-port", 0, 0, G_OPTION_ARG_INT, &self->photo_port, "Port of the photos; 0, the default: any", "N" },
    { "host", 0, 0, G_OPTION_ARG_STRING, &self->host, "Address to listen on (127.0.0.1)", "ADDRESS" },
    { "tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_cert, "Serve HTTPS with this certificate (PEM)", "FILE" },
    { "tls-key", 0, 0, G_OPTION_ARG_FILENAME, &self->tls_key, "and this key", "FILE" },
    { "public-url", 0, 0, G_OPTION_ARG_STRING, &self->public_url, "Base URL of the API behind a relay", "URL" },
    { "photo-url", 0, 0, G_OPTION_ARG_STRING, &self->photo_url, "Base URL of the photos behind a relay", "URL" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &self->state_dir, "Keep everything there; else in memory", "DIR" },
    { "account", 0, 0, G_OPTION_ARG_STRING, &self->account, "Whose address book it is (" ACCOUNT_DEFAULT ")", "EMAIL" },
    { "people", 0, 0, G_OPTION_ARG_INT, &self->people, "Invent N people in place of the demo's", "N" },
    { "photos", 0, 0, G_OPTION_ARG_STRING, &photos, "Which of them have one: all, half, none", "WHICH" },
    { "face-size", 0, 0, G_OPTION_ARG_INT, &self->face_size, "Width of drawn faces in pixels (720)", "N" },
    { "access-token", 0, 0, G_OPTION_ARG_STRING_ARRAY, &self->access_tokens, "Accept this token; repeatable", "TOKEN" },
    { "access-token-lifetime", 0, 0, G_OPTION_ARG_INT64, &self->access_token_lifetime, "Seconds (3600)", "S" },
    { "sync-token-lifetime", 0, 0, G_OPTION_ARG_INT64, &self->sync_token_lifetime, "Seconds (7 days)", "S" },
    { "delta-lag", 0, 0, G_OPTION_ARG_INT64, &self->delta_lag, "Seconds before a delta tells a change (0)", "S" },
    { "old-photo-grace", 0, 0, G_OPTION_ARG_INT64, &self->old_photo_grace, "Seconds that old photo URLs work (0)",
      "S" },
    { "page-size-max", 0, 0, G_OPTION_ARG_INT, &self->page_size_max, "Never more people on a page (1000)", "N" },
    { "quota", 0, 0, G_OPTION_ARG_NONE, &self->quota, "Keep Google's quotas per minute", NULL },
    { "keep-bytes", 0, 0, G_OPTION_ARG_NONE, &self->keep_bytes, "Serve uploaded photos as they came", NULL },
    { "abort-overlap", 0, 0, G_OPTION_ARG_NONE, &self->abort_overlap, "Answer 409 to mutations that overlap", NULL },
    { "demo-credentials", 0, 0, G_OPTION_ARG_FILENAME, &self->demo_credentials,
      "Write an authorized_user file there that is good for this run", "FILE" },
    { "service-account", 0, 0, G_OPTION_ARG_FILENAME, &self->service_account,
      "Write a service_account file there that is good for this run", "FILE" },
    { "control-key", 0, 0, G_OPTION_ARG_FILENAME, &self->control_key,
      "Write the key of /_control there, and tell it nowhere else", "FILE" },
    { "ready-fd", 0, 0, G_OPTION_ARG_INT, &self->ready_fd, "Say there, too, when and where it listens", "FD" },
    { "until-eof", 0, 0, G_OPTION_ARG_NONE, &self->until_eof, "End when standard input does", NULL },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &self->log, "Log requests there, one JSON object a line", "FILE" },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &self->verbose, "Log requests to standard error", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, "Tell the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("— a People API server with people of its own");

  *self = (Options){ .people = -1,
                     .face_size = 720,
                     .ready_fd = -1,
                     .sync_token_lifetime = 7 * 24 * 3600,
                     .access_token_lifetime = 3600,
                     .page_size_max = 1000 };
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is no option", (*argv)[1]);
    return FALSE;
  }
  if (self->host == NULL)
    self->host = g_strdup ("127.0.0.1");
  if (self->account == NULL)
    self->account = g_strdup (ACCOUNT_DEFAULT);
  *done = version;
  if (version)
    g_print ("people-emulator %s\n", CONTACTFS_VERSION);
  return check (self, photos, error);
}

void
options_clear (Options *self)
{
  g_free (self->demo_credentials);
  g_free (self->service_account);
  g_free (self->control_key);
  g_free (self->host);
  g_free (self->account);
  g_free (self->tls_cert);
  g_free (self->tls_key);
  g_free (self->public_url);
  g_free (self->photo_url);
  g_free (self->state_dir);
  g_free (self->log);
  g_strfreev (self->access_tokens);
}
