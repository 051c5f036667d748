/* Any bytes as a client file, a credentials file, and a stored login. They are read from the disk, as always. */
#define G_LOG_DOMAIN "contactfs"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "account/client-file.h"
#include "account/credentials-file.h"
#include "account/stored-login.h"
#include "net/http.h"

#include "fuzz.h"

static char *folder, *path;

static void
clean_up (void)
{
  g_unlink (path);
  g_rmdir (folder);
}

static void
set_up (void)
{
  folder = g_dir_make_tmp ("fuzz-files-XXXXXX", NULL);
  g_assert_nonnull (folder);
  path = g_build_filename (folder, "login.json", NULL);
  atexit (clean_up);
}

static void
check_client (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ClientFile) client = client_file_load (path, &error);

  g_assert_true ((client != NULL) == (error == NULL));
  if (client != NULL)
    g_assert_true (http_url_allowed (client->auth_uri) && http_url_allowed (client->token_uri)
                   && http_url_allowed (client->revoke_uri));
}

static void
check_credentials (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (CredentialsFile) file = credentials_file_load (path, NULL, &error);

  g_assert_true ((file != NULL) == (error == NULL));
  if (file != NULL)
    g_assert_true (http_url_allowed (file->token_uri));
}

static void
check_stored (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (StoredLogin) login = stored_login_peek ("default", folder, &error);

  g_assert_true (login == NULL || (error == NULL && login->refresh_token == NULL && login->client_secret == NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (folder == NULL)
    set_up ();
  if (!g_file_set_contents_full (path, (const char *)data, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
    g_error ("%s cannot be written", path);
  check_client ();
  check_credentials ();
  check_stored ();
  return 0;
}
