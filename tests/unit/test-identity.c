/* Whose credentials are: ID tokens, sound and damaged; who is who; and whose an account is. */
#include <glib/gstdio.h>
#include <string.h>

#include "account/principal.h"
#include "net/error.h"
#include "net/http.h"

#define TOKEN_URI "https://oauth2.googleapis.com/token"

static char *
encode (const char *text)
{
  char *encoded = g_base64_encode ((const guchar *)text, strlen (text));

  g_strdelimit (g_strdelimit (encoded, "+", '-'), "/", '_');
  encoded[strcspn (encoded, "=")] = '\0';
  return encoded;
}

/* claims as JSON with ' for ". */
static char *
token_of (const char *header, const char *claims)
{
  g_autofree char *first = g_strdelimit (g_strdup (header), "'", '"');
  g_autofree char *second = g_strdelimit (g_strdup (claims), "'", '"');
  g_autofree char *one = encode (first);
  g_autofree char *two = encode (second);

  return g_strdup_printf ("%s.%s.c2lnbmF0dXJl", one, two);
}

typedef struct {
  const char *claims;
  const char *token_uri;
  const char *id, *email; /* expected; id NULL: nothing is said */
} Claims;

#define SUB "'aud':'me','sub':'10769150350006150715113082367'"

static const Claims claims[] = {
  { "{'iss':'https://accounts.google.com'," SUB ",'email':'you@example.com','exp':1}", TOKEN_URI,
    "10769150350006150715113082367", "you@example.com" },
  { "{'iss':'accounts.google.com'," SUB "}", TOKEN_URI, "10769150350006150715113082367", NULL },
  { "{'iss':'https://accounts.google.com','aud':['you','me'],'sub':'1'}", TOKEN_URI, "1", NULL },
  { "{'iss':'http://127.0.0.1:8080'," SUB "}", "http://127.0.0.1:8080/token", "10769150350006150715113082367", NULL },
  { "{'iss':'https://id.example/realms/x'," SUB "}", "https://id.example:443/realms/x/token",
    "10769150350006150715113082367", NULL },
  { "{'iss':'https://accounts.google.com'," SUB ",'email':'a\\u0007b@c'}", TOKEN_URI, "10769150350006150715113082367",
    "a b@c" },

  { "{'iss':'https://accounts.google.com.evil.example'," SUB "}", TOKEN_URI, NULL, NULL },
  { "{'iss':'https://oauth2.googleapis.com'," SUB "}", TOKEN_URI, NULL, NULL },
  { "{'iss':'http://127.0.0.1:8081'," SUB "}", "http://127.0.0.1:8080/token", NULL, NULL },
  { "{'iss':'https://accounts.google.com'," SUB "}", "http://127.0.0.1:8080/token", NULL, NULL },
  { "{" SUB "}", TOKEN_URI, NULL, NULL },
  { "{'iss':5," SUB "}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':'another','sub':'1'}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':['another'],'sub':'1'}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':{},'sub':'1'}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':'me'}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':'me','sub':''}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':'me','sub':7}", TOKEN_URI, NULL, NULL },
  { "{'iss':'accounts.google.com','aud':'me','sub':'a\\u001bb'}", TOKEN_URI, NULL, NULL },
  { "[]", TOKEN_URI, NULL, NULL },
  { "7", TOKEN_URI, NULL, NULL },
  { "{", TOKEN_URI, NULL, NULL },
  { "", TOKEN_URI, NULL, NULL },
};

static void
test_claims (gconstpointer data)
{
  static const char *const headers[] = { "{'alg':'RS256','kid':'k','typ':'JWT'}", "{'alg':'HS256'}", "{'alg':'none'}" };
  const Claims *expected = data;

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autofree char *token = token_of (headers[i], expected->claims);
    g_autoptr (Identity) identity = NULL;

    if (g_str_equal (headers[i], "{'alg':'none'}")) /* which has no signature */
      strrchr (token, '.')[1] = '\0';
    identity = identity_from_id_token (token, "me", expected->token_uri);
    g_assert_cmpstr (identity != NULL ? identity->id : NULL, ==, expected->id);
    g_assert_cmpstr (identity != NULL ? identity->email : NULL, ==, expected->email);
  }
}

/* Whatever comes in its place, nothing is said, and nothing breaks. */
static void
test_damaged (void)
{
  static const char *const texts[] = { "",
                                       ".",
                                       "..",
                                       "...",
                                       "a",
                                       "a.b",
                                       "a.b.c",
                                       "eyJ",
                                       "eyJ.eyJ.eyJ",
                                       "{}.{}.{}",
                                       "\xff\xfe.\xff.\xff",
                                       "e30.e30.e30",
                                       "bnVsbA.bnVsbA.bnVsbA",
                                       "====.====.====" };
  g_autofree char *sound = token_of ("{'alg':'RS256'}", "{'iss':'accounts.google.com','aud':'me','sub':'1'}");
  g_autofree char *deep = g_strnfill (30000, '[');
  g_autofree char *long_token = token_of ("{'alg':'RS256'}", deep);
  g_autoptr (Identity) whole = identity_from_id_token (sound, "me", TOKEN_URI);

  g_assert_nonnull (whole);
  g_assert_null (identity_from_id_token (NULL, "me", TOKEN_URI));
  g_assert_null (identity_from_id_token (sound, NULL, TOKEN_URI));
  g_assert_null (identity_from_id_token (long_token, "me", TOKEN_URI));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_assert_null (identity_from_id_token (texts[i], "me", TOKEN_URI));
  for (gsize length = 0; length < strlen (sound); length++) {
    g_autofree char *cut = g_strndup (sound, length);
    g_autofree char *bent = g_strdup (sound);

    identity_free (identity_from_id_token (cut, "me", TOKEN_URI));
    bent[length] = bent[length] == '!' ? '?' : '!';
    identity_free (identity_from_id_token (bent, "me", TOKEN_URI));
  }
}

static void
test_who_is_who (void)
{
  g_autoptr (Identity) ann = identity_new ("1", "ann@example.com");
  g_autoptr (Identity) ann_elsewhere = identity_new ("1", "ann@example.net"); /* an address may change */
  g_autoptr (Identity) bob = identity_new ("2", "bob@example.com");
  g_autoptr (Identity) quiet = identity_new ("3", NULL);
  g_autoptr (Identity) robot_for_ann = identity_new ("Ann@example.com", NULL);
  g_autoptr (Identity) robot_for_bob = identity_new ("bob@example.com", NULL);
  const struct {
    const Identity *one, *two;
    gboolean same, other;
  } pairs[] = {
    { ann, ann_elsewhere, TRUE, FALSE },
    { ann, bob, FALSE, TRUE },
    { ann, NULL, FALSE, FALSE },
    { NULL, NULL, FALSE, FALSE },
    { ann, robot_for_ann, TRUE, FALSE },
    { ann, robot_for_bob, FALSE, TRUE },
    { quiet, robot_for_ann, FALSE, FALSE },
    { robot_for_ann, robot_for_bob, FALSE, TRUE },
    { quiet, ann, FALSE, TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++) {
    g_assert_cmpint (identity_is_same (pairs[i].one, pairs[i].two), ==, pairs[i].same);
    g_assert_cmpint (identity_is_same (pairs[i].two, pairs[i].one), ==, pairs[i].same);
    g_assert_cmpint (identity_is_other (pairs[i].one, pairs[i].two), ==, pairs[i].other);
    g_assert_cmpint (identity_is_other (pairs[i].two, pairs[i].one), ==, pairs[i].other);
  }
  g_assert_cmpstr (identity_name (ann), ==, "ann@example.com");
  g_assert_cmpstr (identity_name (quiet), ==, "3");
  g_assert_null (identity_name (NULL));
}

/* ---- the principal ---- */

#define SERVICE "https://people.example"

typedef struct {
  char *folder;
  Identity *ann, *bob;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("contactfs-principal-XXXXXX", NULL);
  self->ann = identity_new ("1", "ann@example.com");
  self->bob = identity_new ("2", "bob@example.com");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_autofree char *file = g_build_filename (self->folder, "principal.json", NULL);

  g_remove (file);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  identity_free (self->ann);
  identity_free (self->bob);
}

/* A mount begins: TRUE: with what is there. words: those of its refusal, or NULL. */
static gboolean
begin (Fixture *self, const char *service, const Identity *who, const char *words)
{
  g_autoptr (Principal) principal = principal_open (self->folder, "work", service);
  g_autoptr (GError) error = NULL;
  gboolean anew = principal_start_over (principal, who);

  if (words != NULL) {
    g_assert_false (principal_check (principal, who, NULL));
    g_assert_false (principal_admit (principal, who, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_AUTH);
    g_assert_nonnull (strstr (error->message, words));
    return FALSE;
  }
  g_assert_true (principal_admit (principal, who, &error));
  g_assert_no_error (error);
  g_assert_true (principal_save (principal, &error));
  g_assert_no_error (error);
  return !anew;
}

static void
end_account (Fixture *self, gboolean expected)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (principal_end (self->folder, &error), ==, expected);
  g_assert_no_error (error);
}

static void
test_principal_stays (Fixture *self, gconstpointer data)
{
  g_assert_true (begin (self, SERVICE, NULL, NULL));
  g_assert_true (begin (self, SERVICE "/", self->ann, NULL)); /* the first of whom something is known */
  g_assert_true (begin (self, SERVICE, NULL, NULL));
  begin (self, SERVICE, self->bob,
         "the account “work” is that of ann@example.com, and these credentials are those of bob");
  g_assert_true (begin (self, SERVICE, self->ann, NULL));
}

static void
test_principal_leaves (Fixture *self, gconstpointer data)
{
  end_account (self, FALSE);
  g_assert_true (begin (self, SERVICE, self->ann, NULL));
  end_account (self, TRUE);
  end_account (self, FALSE);
  g_assert_true (begin (self, SERVICE, self->ann, NULL)); /* who comes back finds all as it was, and has not left */
  begin (self, SERVICE, self->bob, "run contactfs logout --account work first");
  end_account (self, TRUE);
  g_assert_false (begin (self, SERVICE, self->bob, NULL));
  begin (self, SERVICE, self->ann, "is that of bob@example.com");
  end_account (self, TRUE);
  g_assert_false (begin (self, SERVICE, NULL, NULL)); /* who does not tell may be anybody */
  g_assert_true (begin (self, SERVICE, self->ann, NULL));
}

/* Or a full disk would keep everybody from mounting. */
static void
test_principal_is_written_when_it_changed (Fixture *self, gconstpointer data)
{
  g_autofree char *file = g_build_filename (self->folder, "principal.json", NULL);
  const Identity *who[] = { self->ann, self->ann, NULL };
  GStatBuf first, now;

  for (gsize i = 0; i < G_N_ELEMENTS (who); i++) {
    g_assert_true (begin (self, SERVICE, who[i], NULL));
    g_assert_cmpint (g_stat (file, i == 0 ? &first : &now), ==, 0);
    g_assert_true (i == 0 || now.st_ino == first.st_ino); /* another one takes its place whole */
  }
  end_account (self, TRUE);
  g_assert_cmpint (g_stat (file, &now), ==, 0);
  g_assert_true (now.st_ino != first.st_ino);
}

static void
test_principal_of_another_service (Fixture *self, gconstpointer data)
{
  g_assert_true (begin (self, SERVICE, self->ann, NULL));
  g_assert_false (begin (self, "http://127.0.0.1:1", self->bob, NULL));
  g_assert_true (begin (self, "http://127.0.0.1:1", self->bob, NULL));
}

/* Somebody who is learned while it is mounted is known to the next mount. A refusal says what helps: another mount only when
 * the principal has left meanwhile. */
static void
test_principal_is_set_by_the_first_token (Fixture *self, gconstpointer data)
{
  g_autoptr (Principal) principal = principal_open (self->folder, "work", SERVICE);
  g_autofree char *file = g_build_filename (self->folder, "principal.json", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_assert_true (principal_save (principal, NULL));
  g_assert_true (principal_admit (principal, NULL, NULL));
  g_assert_true (principal_check (principal, self->bob, NULL)); /* of whom no token was had */
  g_assert_true (principal_admit (principal, self->ann, NULL));
  g_assert_false (principal_admit (principal, self->bob, &error));
  g_assert_nonnull (strstr (error->message, "run contactfs logout --account work first"));
  do { /* a worker writes it */
    g_clear_pointer (&text, g_free);
    g_thread_yield ();
    g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  } while (strstr (text, "ann@example.com") == NULL);
  begin (self, SERVICE, self->bob, "is that of ann@example.com");
  end_account (self, TRUE);
  g_clear_error (&error);
  g_assert_false (principal_admit (principal, self->bob, &error));
  g_assert_nonnull (strstr (error->message, "unmount it, and mount it again"));
}

static void
test_principal_that_cannot_be_read (Fixture *self, gconstpointer data)
{
  static const char *const texts[] = { "", "{", "[]", "{\"id\":5}", "null" };
  g_autofree char *file = g_build_filename (self->folder, "principal.json", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_assert_true (g_file_set_contents (file, texts[i], -1, NULL));
    begin (self, SERVICE, self->ann, NULL);
    g_assert_true (begin (self, SERVICE, self->ann, NULL));
  }
}

#define ADD(name, func) g_test_add ("/principal/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (claims); i++) {
    g_autofree char *name = g_strdup_printf ("/identity/claims/%" G_GSIZE_FORMAT, i);

    g_test_add_data_func (name, &claims[i], test_claims);
  }
  g_test_add_func ("/identity/damaged", test_damaged);
  g_test_add_func ("/identity/who-is-who", test_who_is_who);
  ADD ("stays", test_principal_stays);
  ADD ("leaves", test_principal_leaves);
  ADD ("is-written-when-it-changed", test_principal_is_written_when_it_changed);
  ADD ("of-another-service", test_principal_of_another_service);
  ADD ("is-set-by-the-first-token", test_principal_is_set_by_the_first_token);
  ADD ("that-cannot-be-read", test_principal_that_cannot_be_read);
  return g_test_run ();
}
