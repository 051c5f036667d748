/* Files that hold secrets, and what a service account signs. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/web-token.h"
#include "helpers.h"
#include "net/error.h"
#include "net/private-file.h"

#define SOMEBODY 54321

typedef struct {
  char *folder, *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = test_folder_new ();
  f->path = g_build_filename (f->folder, "secret", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_free (f->path);
  test_folder_remove (f->folder);
}

static mode_t
mode_of (const char *path)
{
  struct stat status;

  g_assert_cmpint (stat (path, &status), ==, 0);
  return status.st_mode & 07777;
}

static void
put (Fixture *f, mode_t mode)
{
  g_assert_true (g_file_set_contents (f->path, "old", -1, NULL));
  g_assert_cmpint (g_chmod (f->path, mode), ==, 0);
}

static void
assert_fails (gboolean done, GError **error, const char *path, const char *words)
{
  g_assert_false (done);
  g_assert_true ((*error)->domain == G_FILE_ERROR);
  g_assert_nonnull (strstr ((*error)->message, path));
  g_assert_nonnull (strstr ((*error)->message, words));
  g_clear_error (error);
}

/* Whoever could read what was there cannot read what comes. */
static void
test_write (Fixture *f, gconstpointer data)
{
  static const mode_t modes[] = { 0600, 0644, 0666, 0640, 0400 };

  for (gsize i = 0; i <= G_N_ELEMENTS (modes); i++) {
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;

    if (i < G_N_ELEMENTS (modes))
      put (f, modes[i]);
    else
      g_remove (f->path);
    g_assert_true (private_file_write (f->path, "new", 3, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (mode_of (f->path) & (S_IRWXG | S_IRWXO), ==, 0);
    g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
    g_assert_cmpstr (text, ==, "new");
  }
}

static void
test_write_fails (Fixture *f, gconstpointer data)
{
  g_autofree char *nowhere = g_build_filename (f->folder, "nowhere", "secret", NULL);
  const char *fixed = "/proc/sys/kernel/ostype"; /* for all to read, and its mode cannot be changed */
  g_autoptr (GError) error = NULL;

  assert_fails (private_file_write (nowhere, "new", 3, &error), &error, nowhere, "");
  assert_fails (private_file_write (fixed, "new", 3, &error), &error, fixed, "cannot be made private");
}

static void
test_exposed (Fixture *f, gconstpointer data)
{
  static const struct {
    mode_t mode;
    gboolean ours, theirs; /* whether it is exposed: a file of ours, one of somebody else's */
  } cases[] = { { 0600, FALSE, FALSE }, { 0400, FALSE, FALSE }, { 0640, TRUE, FALSE }, { 0660, TRUE, FALSE },
                { 0604, TRUE, TRUE },   { 0602, TRUE, TRUE },   { 0666, TRUE, TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    put (f, cases[i].mode);
    g_assert_cmpint (private_file_is_exposed (f->path), ==, cases[i].ours);
    g_assert_cmpint (private_file_mend (f->path), ==, cases[i].ours);
    g_assert_false (private_file_is_exposed (f->path));
    g_assert_false (private_file_mend (f->path));
    put (f, cases[i].mode);
    if (geteuid () == 0 && chown (f->path, SOMEBODY, SOMEBODY) == 0)
      g_assert_cmpint (private_file_is_exposed (f->path), ==, cases[i].theirs);
    g_remove (f->path);
  }
  g_assert_false (private_file_is_exposed (f->path));
  g_assert_false (private_file_mend (f->path));
  g_assert_cmpint (g_chmod (f->folder, 0755), ==, 0);
  g_assert_false (private_file_is_exposed (f->folder));
}

static void
test_remove (Fixture *f, gconstpointer data)
{
  g_autofree char *nowhere = g_build_filename (f->folder, "nowhere", "secret", NULL);
  g_autoptr (GError) error = NULL;

  put (f, 0600);
  g_assert_true (private_file_remove (f->path, &error));
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  g_assert_true (private_file_remove (f->path, &error));
  g_assert_true (private_file_remove (nowhere, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_mkdir (f->path, 0700), ==, 0);
  assert_fails (private_file_remove (f->path, &error), &error, f->path, "cannot be removed");
}

/* ---- what is signed ---- */

static void
test_claims_that_are_no_text (void)
{
  static const WebTokenClaims claims[] = {
    { "robot\xff", NULL, "scope", "aud", NULL, 1 },   { "robot", "ann\xff", "scope", "aud", NULL, 1 },
    { "robot", "ann", "scope\xff", "aud", NULL, 1 },  { "robot", "ann", "scope", "aud\xff", NULL, 1 },
    { "robot", "ann", "scope", "aud", "key\xff", 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (claims); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (web_token_sign (&claims[i], "-----BEGIN PRIVATE KEY-----\n", &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
    g_assert_nonnull (strstr (error->message, "not UTF-8"));
  }
}

/* None of them makes OpenSSL ask the terminal for a password. */
static void
test_keys_that_cannot_sign (void)
{
  static const char *const keys[] = {
    "",
    "password",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n"
     "-----END RSA PRIVATE KEY-----\n"),
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
  };
  const WebTokenClaims claims = { "robot", NULL, "scope", "aud", NULL, 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (web_token_sign (&claims, keys[i], &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
    g_assert_nonnull (strstr (error->message, "its private_key is damaged"));
    g_assert_true (keys[i][0] == '\0' || strstr (error->message, keys[i]) == NULL);
  }
}

#define ADD(name, func) g_test_add ("/secrets/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("write", test_write);
  ADD ("write-fails", test_write_fails);
  ADD ("exposed", test_exposed);
  ADD ("remove", test_remove);
  g_test_add_func ("/secrets/claims-that-are-no-text", test_claims_that_are_no_text);
  g_test_add_func ("/secrets/keys-that-cannot-sign", test_keys_that_cannot_sign);
  return g_test_run ();
}
