/* The redirect of a login, read strictly; where logins are revoked. */
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "account/login-lock.h"
#include "login/request.h"
#include "net/error.h"
#include "net/private-file.h"
#include "net/secret.h"

static LoginRequest *
make_request (const char *auth_uri)
{
  ClientFile client = { .id = (char *)"id &1", .auth_uri = (char *)auth_uri };

  return login_request_new (&client, 4711);
}

static void
test_address (void)
{
  g_autoptr (LoginRequest) plain = make_request ("https://example.com/auth");
  g_autoptr (LoginRequest) query = make_request ("https://example.com/auth?tenant=x");

  g_assert_true (g_str_has_prefix (plain->url, "https://example.com/auth?client_id=id%20%261&redirect_uri="));
  g_assert_true (g_str_has_prefix (query->url, "https://example.com/auth?tenant=x&client_id="));
  g_assert_cmpstr (plain->redirect_uri, ==, "http://127.0.0.1:4711");
  g_assert_cmpuint (strlen (plain->verifier), ==, 43);
  g_assert_null (strstr (plain->url, plain->verifier));
  g_assert_cmpstr (plain->state, !=, query->state);
  g_assert_cmpstr (plain->verifier, !=, query->verifier);
}

typedef struct {
  const char *query; /* %s: the state */
  LoginReply reply;
  const char *code; /* or a part of the sentence */
} Reply;

static const Reply replies[] = {
  { "code=a&state=%s", LOGIN_REPLY_CODE, "a" },
  { "state=%s&x=&scope=s&code=4%%2F0a", LOGIN_REPLY_CODE, "4/0a" },
  { "code=a&state=", LOGIN_REPLY_FOREIGN, NULL },
  { "code=a&state=%sx", LOGIN_REPLY_FOREIGN, NULL },
  { "code=a", LOGIN_REPLY_FOREIGN, NULL },
  { "code=a&state=%s&state=x", LOGIN_REPLY_FOREIGN, NULL },
  { "code=a&code=b&state=%s", LOGIN_REPLY_NONE, NULL },
  { "error=access_denied&state=x", LOGIN_REPLY_FOREIGN, NULL },
  { "error=access_denied&state=%s", LOGIN_REPLY_REFUSED, "refused on the consent page" },
  { "error=access_denied&code=a&state=%s", LOGIN_REPLY_REFUSED, "refused on the consent page" },
  { "error=odd&error_description=for+you&state=%s", LOGIN_REPLY_REFUSED, "(for you)" },
  { "error=odd&state=%s", LOGIN_REPLY_REFUSED, "(odd)" },
  { "state=%s", LOGIN_REPLY_NONE, NULL },
  { "x&code=a&state=%s", LOGIN_REPLY_NONE, NULL },
  { "", LOGIN_REPLY_NONE, NULL },
  { "code=%%zz&state=%s", LOGIN_REPLY_NONE, NULL },
};

static void
test_reply (gconstpointer data)
{
  const Reply *expected = data;
  g_autoptr (LoginRequest) request = make_request ("https://example.com/auth");
  g_autoptr (GString) query = g_string_new (expected->query);
  g_autoptr (GError) error = NULL;
  char *code = NULL;

  g_string_replace (query, "%s", request->state, 1);
  g_string_replace (query, "%%", "%", 0);
  g_assert_cmpint (login_request_read (request, query->str, &code, &error), ==, expected->reply);
  if (expected->reply == LOGIN_REPLY_CODE)
    g_assert_cmpstr (code, ==, expected->code);
  else
    g_assert_null (code);
  if (expected->reply == LOGIN_REPLY_REFUSED) {
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
    g_assert_nonnull (strstr (error->message, expected->code));
  } else {
    g_assert_no_error (error);
  }
  secret_free (code);
}

static void
test_scope (void)
{
  g_assert_true (login_scope_granted ("openid https://www.googleapis.com/auth/contacts email"));
  g_assert_false (login_scope_granted ("https://www.googleapis.com/auth/contacts.readonly"));
  g_assert_false (login_scope_granted (""));
}

static void
test_revoke_uri (void)
{
  static const char *const pairs[][2] = {
    { "https://oauth2.googleapis.com/token", "https://oauth2.googleapis.com/revoke" },
    { "https://example.com/oauth/token?x=y", "https://example.com/revoke" },
    { "http://127.0.0.1:8080/token", "http://127.0.0.1:8080/revoke" },
    { "http://[::1]:8080/token", "http://[::1]:8080/revoke" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_autofree char *uri = client_file_revoke_uri (pairs[i][0]);

    g_assert_cmpstr (uri, ==, pairs[i][1]);
  }
}

/* ---- the lock ---- */

static void
on_lock (GObject *source, GAsyncResult *result, gpointer data)
{
  LoginLock **lock = data;

  *lock = login_lock_finish (result, NULL);
}

static LoginLock *
take_lock (const char *folder)
{
  LoginLock *lock = NULL;

  login_lock_async (folder, NULL, on_lock, &lock);
  while (lock == NULL)
    g_main_context_iteration (NULL, TRUE);
  return lock;
}

static void
on_no_lock (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (login_lock_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  *(gboolean *)data = TRUE;
}

/* Who gives up waiting is answered at once, and does not keep the lock from the next when it comes all the same. */
static void
test_lock_one_at_a_time (void)
{
  g_autofree char *top = g_dir_make_tmp ("contactfs-lock-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (top, "account", NULL);
  g_autofree char *file = g_build_filename (top, ".account.lock", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  LoginLock *first = take_lock (folder), *second = NULL;
  gboolean gave_up = FALSE;

  login_lock_async (folder, cancellable, on_no_lock, &gave_up);
  g_cancellable_cancel (cancellable);
  while (!gave_up)
    g_main_context_iteration (NULL, TRUE);
  login_lock_async (folder, NULL, on_lock, &second);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_null (second);
  login_lock_free (first);
  while (second == NULL)
    g_main_context_iteration (NULL, TRUE);
  login_lock_free (second);
  g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS)); /* no account that never was */
  g_remove (file);
  g_rmdir (top);
}

/* Also where others could read what it replaces. */
static void
test_private_file (void)
{
  g_autofree char *folder = g_dir_make_tmp ("contactfs-private-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "login.json", NULL);

  for (int times = 0; times < 2; times++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = NULL;
    struct stat status;

    private_file_write (path, "secret", 6, &error);
    g_assert_no_error (error);
    g_assert_cmpint (stat (path, &status), ==, 0);
    g_assert_cmpint (status.st_mode & 07777, ==, 0600);
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    g_assert_cmpstr (text, ==, "secret");
    g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  }
  g_remove (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/login/address", test_address);
  for (gsize i = 0; i < G_N_ELEMENTS (replies); i++) {
    g_autofree char *name = g_strdup_printf ("/login/reply/%" G_GSIZE_FORMAT, i);

    g_test_add_data_func (name, &replies[i], test_reply);
  }
  g_test_add_func ("/login/private-file", test_private_file);
  g_test_add_func ("/login/scope", test_scope);
  g_test_add_func ("/login/revoke-uri", test_revoke_uri);
  g_test_add_func ("/login/lock/one-at-a-time", test_lock_one_at_a_time);
  return g_test_run ();
}
