/* people-emulator: a People API server with people of its own, for the demo and the tests. */
#define G_LOG_DOMAIN "contactfs"

#include <gio/gio.h>
#include <glib-unix.h>
#include <locale.h>
#include <unistd.h>

#include "emulator/emulator.h"
#include "emulator/fork-server.h"
#include "emulator/json.h"
#include "emulator/secret.h"

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

/* Whatever comes on standard input is read away; its end is the sign. */
static gboolean
input_ready (int fd, GIOCondition condition, gpointer loop)
{
  char buffer[512];
  ssize_t length = read (fd, buffer, sizeof buffer);

  if (length > 0 || (length < 0 && (errno == EINTR || errno == EAGAIN)))
    return G_SOURCE_CONTINUE;
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gboolean
load_people (Emulator *emulator, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (emulator->options->state_dir == NULL) {
    books_load_samples (emulator);
    return TRUE;
  }
  emulator->state = state_open (emulator->options->state_dir, error);
  if (emulator->state == NULL)
    return FALSE;
  sync_set_epoch (emulator->sync, state_load_epoch (emulator->state));
  state_load_tokens (emulator->state, emulator->oauth);
  if (!state_load_people (emulator->state, emulator->model, &failure) && failure == NULL) {
    books_load_samples (emulator);
    state_save_all (emulator->state, emulator->model);
  }
  if (failure != NULL) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  model_on_change (emulator->model, state_person_changed, emulator->state);
  oauth_on_change (emulator->oauth, state_token_changed, emulator->state);
  return TRUE;
}

static gboolean
start (Emulator *emulator, GError **error)
{
  const Options *options = emulator->options;

  emulator->control_key = secret_new ("");
  photo_origin_set_face_size (options->face_size);
  emulator->account = options->account;
  emulator->photos = photo_store_new (options->old_photo_grace);
  emulator->model = model_new (emulator->photos, emulator->account);
  emulator->groups = groups_new ();
  model_set_lag (emulator->model, options->delta_lag);
  emulator->sync = sync_new (emulator->account, options->sync_token_lifetime);
  emulator->oauth = oauth_new (emulator->account, options->access_token_lifetime, options->access_tokens);
  emulator->faults = faults_new ();
  dispatch_init (emulator);
  emulator->quota = options->quota ? quota_new () : NULL;
  emulator->expired_status = "FAILED_PRECONDITION";
  emulator->log = request_log_new (options->log, options->verbose, error);
  return emulator->log != NULL && load_people (emulator, error);
}

static void
stop (Emulator *emulator)
{
  g_clear_pointer (&emulator->state, state_close);
  g_clear_pointer (&emulator->others, g_hash_table_unref);
  dispatch_clear (emulator);
  g_clear_pointer (&emulator->faults, faults_free); /* holds requests, whose end the log notes */
  g_clear_pointer (&emulator->log, request_log_free);
  g_clear_pointer (&emulator->quota, quota_free);
  g_clear_pointer (&emulator->oauth, oauth_free);
  g_clear_pointer (&emulator->sync, sync_free);
  g_clear_pointer (&emulator->model, model_free);
  g_clear_pointer (&emulator->groups, g_ptr_array_unref);
  g_clear_pointer (&emulator->photos, photo_store_free);
  g_free (emulator->control_key);
  g_free (emulator->api_url);
  g_free (emulator->photo_url);
}

/* One line of JSON on standard output, and on --ready-fd. */
static void
announce (const Emulator *emulator, const char *listening_url)
{
  const char *base = emulator->api_url;
  g_autoptr (cJSON) object = cJSON_CreateObject ();
  g_autofree char *control = g_strconcat (listening_url, "/_control", NULL);
  g_autofree char *token = g_strconcat (base, "/token", NULL);
  g_autofree char *authorize = g_strconcat (base, "/o/oauth2/v2/auth", NULL);
  g_autofree char *revoke = g_strconcat (base, "/revoke", NULL);
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *line = NULL;
  int fd = emulator->options->ready_fd;

  cJSON_AddStringToObject (object, "api_url", base);
  cJSON_AddStringToObject (object, "photo_url", emulator->photo_url);
  cJSON_AddStringToObject (object, "control_url", control);
  if (emulator->options->control_key == NULL)
    cJSON_AddStringToObject (object, "control_key", emulator->control_key);
  cJSON_AddStringToObject (object, "token_uri", token);
  cJSON_AddStringToObject (object, "auth_uri", authorize);
  cJSON_AddStringToObject (object, "revoke_uri", revoke);
  bytes = json_to_bytes (object);
  line = g_strdup_printf ("%s\n", (const char *)g_bytes_get_data (bytes, NULL));
  g_print ("%s", line);
  if (fd >= 0 && fd != STDOUT_FILENO) {
    if (write (fd, line, strlen (line)) < 0)
      g_warning ("--ready-fd %d: %s", fd, g_strerror (errno));
    close (fd);
  }
}

/* What a user's own credentials file looks like, with our token endpoint in it. */
static gboolean
write_credentials (const Emulator *emulator, GError **error)
{
  const char *path = emulator->options->demo_credentials;
  g_autoptr (cJSON) object = cJSON_CreateObject ();
  g_autofree char *token_uri = g_strconcat (emulator->api_url, "/token", NULL);
  g_autofree char *refresh_token = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (path == NULL)
    return TRUE;
  refresh_token = oauth_issue_refresh_token (emulator->oauth);
  cJSON_AddStringToObject (object, "type", "authorized_user");
  cJSON_AddStringToObject (object, "client_id", "demo.apps.googleusercontent.com");
  cJSON_AddStringToObject (object, "client_secret", "demo");
  cJSON_AddStringToObject (object, "refresh_token", refresh_token);
  cJSON_AddStringToObject (object, "token_uri", token_uri);
  bytes = json_to_bytes (object);
  return secret_write_bytes (bytes, path, error);
}

static gboolean
write_service_account (const Emulator *emulator, GError **error)
{
  const char *path = emulator->options->service_account;
  g_autofree char *token_uri = g_strconcat (emulator->api_url, "/token", NULL);
  g_autoptr (ServiceAccount) account = NULL;

  if (path == NULL)
    return TRUE;
  account = service_account_new (token_uri, error);
  if (account == NULL || !service_account_write (account, path, error))
    return FALSE;
  oauth_set_service_account (emulator->oauth, g_steal_pointer (&account));
  return TRUE;
}

/* Otherwise GnuTLS reads all of the system's authorities anew for each connection, and that takes longer than all the
 * rest. No client shows a certificate, so any will do. */
static gboolean
trust_only (const char *file, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, error);

  if (database == NULL)
    return FALSE;
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
  return TRUE;
}

static gboolean
serve (Emulator *emulator, GError **error)
{
  const Options *options = emulator->options;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (Server) api = NULL;
  g_autoptr (Server) photos = NULL;
  g_autofree char *listening_url = NULL;

  if (options->tls_cert != NULL) {
    certificate = g_tls_certificate_new_from_files (options->tls_cert, options->tls_key, error);
    if (certificate == NULL || !trust_only (options->tls_cert, error))
      return FALSE;
  }
  api = server_new (ORIGIN_API, options->host, (guint16)options->port, certificate, dispatch_api, emulator, error);
  if (api == NULL)
    return FALSE;
  photos = server_new (ORIGIN_PHOTO, options->host, (guint16)options->photo_port, certificate, dispatch_photo, emulator,
                       error);
  if (photos == NULL)
    return FALSE;
  listening_url = server_url (api, options->host);
  emulator->api_url = g_strdup (options->public_url != NULL ? options->public_url : listening_url);
  emulator->photo_url = options->photo_url != NULL ? g_strdup (options->photo_url) : server_url (photos, options->host);
  oauth_set_issuer (emulator->oauth, emulator->api_url);
  if (!write_credentials (emulator, error) || !write_service_account (emulator, error))
    return FALSE;
  if (options->control_key != NULL && !secret_write (emulator->control_key, options->control_key, error))
    return FALSE;
  g_unix_signal_add (SIGTERM, quit, loop);
  g_unix_signal_add (SIGINT, quit, loop);
  if (options->until_eof)
    g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, input_ready, loop);
  announce (emulator, listening_url);
  g_main_loop_run (loop);
  photo_origin_end (); /* while there are servers to answer by */
  return TRUE;
}

int
main (int argc, char **argv)
{
  Options options = { 0 };
  Emulator emulator = { .options = &options };
  g_autoptr (GError) error = NULL;
  gboolean done = FALSE;
  int status = 0;

  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  if (argc == 2 && g_str_equal (argv[1], "--fork-server") && !fork_server_run (&argc, &argv))
    return 0;
  if (!options_parse (&options, &argc, &argv, &done, &error)) {
    g_printerr ("people-emulator: %s\nTry people-emulator --help.\n", error->message);
    status = 2;
  } else if (!done) {
    if (!start (&emulator, &error) || !serve (&emulator, &error)) {
      g_printerr ("people-emulator: %s\n", error->message);
      status = 1;
    }
    stop (&emulator);
  }
  options_clear (&options);
  return status;
}
