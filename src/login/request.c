/* PKCE, state, and the redirect's parameters. */
#define G_LOG_DOMAIN "contactfs"

#include "login/request.h"

#include <string.h>
#include <unistd.h>

#include "account/token-cache.h"
#include "net/error.h"
#include "net/secret.h"
#include "net/text.h"

/* Who logs in, and the contacts. */
#define SCOPES "openid email " CONTACTS_SCOPE

/* base64url without padding (RFC 4648 section 5). */
static char *
base64url (const guchar *bytes, gsize size)
{
  char *text = g_base64_encode (bytes, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

static char *
random_text (void)
{
  guchar bytes[32];
  char *text;

  if (getentropy (bytes, sizeof bytes) != 0)
    g_error ("The kernel gives no random numbers");
  text = base64url (bytes, sizeof bytes);
  explicit_bzero (bytes, sizeof bytes);
  return text;
}

static char *
challenge_of (const char *verifier)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guchar digest[32];
  gsize size = sizeof digest;

  g_checksum_update (checksum, (const guchar *)verifier, -1);
  g_checksum_get_digest (checksum, digest, &size);
  return base64url (digest, size);
}

static void
append (GString *url, const char *name, const char *value)
{
  g_string_append_printf (url, "%s=", name);
  g_string_append_uri_escaped (url, value, NULL, FALSE);
}

LoginRequest *
login_request_new (const ClientFile *client, guint16 port)
{
  LoginRequest *self = g_new0 (LoginRequest, 1);
  g_autofree char *challenge = NULL;
  GString *url = g_string_new (client->auth_uri);

  self->redirect_uri = g_strdup_printf ("http://127.0.0.1:%u", port);
  self->state = random_text ();
  self->verifier = random_text ();
  challenge = challenge_of (self->verifier);
  append (url, strchr (client->auth_uri, '?') != NULL ? "&client_id" : "?client_id", client->id);
  append (url, "&redirect_uri", self->redirect_uri);
  append (url, "&response_type", "code");
  append (url, "&scope", SCOPES);
  append (url, "&code_challenge", challenge);
  append (url, "&code_challenge_method", "S256");
  append (url, "&state", self->state);
  /* both, or there is no refresh token the second time */
  append (url, "&access_type", "offline");
  append (url, "&prompt", "consent");
  self->url = g_string_free (url, FALSE);
  return self;
}

void
login_request_free (LoginRequest *self)
{
  if (self == NULL)
    return;
  g_free (self->redirect_uri);
  g_free (self->url);
  g_free (self->state);
  secret_free (self->verifier);
  g_free (self);
}

/* The value of the one parameter called name; NULL when there is none, or more than one. Transfer full. */
static char *
parameter (const char *query, const char *name)
{
  GUriParamsIter iter;
  char *found, *text;
  char *value = NULL;

  g_uri_params_iter_init (&iter, query, -1, "&", G_URI_PARAMS_WWW_FORM);
  while (g_uri_params_iter_next (&iter, &found, &text, NULL)) {
    gboolean wanted = g_str_equal (found, name);

    g_free (found);
    if (wanted && value == NULL) {
      value = text;
      continue;
    }
    secret_free (text);
    if (wanted) {
      secret_free (value);
      return NULL;
    }
  }
  return value;
}

static GError *
refusal (const char *code, const char *query)
{
  g_autofree char *description = parameter (query, "error_description");
  g_autofree char *words = text_clean (description != NULL && description[0] != '\0' ? description : code);

  if (g_str_equal (code, "access_denied"))
    return g_error_new_literal (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                                "the login was refused on the consent page: nothing was changed; log in "
                                "again and choose “Continue”. Google also says so to people who are not among the test "
                                "users of an app in “Testing”");
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                      "the authorization server refused the login (%s): nothing was changed",
                      words != NULL ? words : "it did not say why");
}

/* Without telling by its time how much of it is right. */
static gboolean
same_text (const char *a, const char *b)
{
  gsize length = strlen (a);
  guchar difference = 0;

  if (strlen (b) != length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    difference |= (guchar)(a[i] ^ b[i]);
  return difference == 0;
}

LoginReply
login_request_read (const LoginRequest *self, const char *query, char **code, GError **error)
{
  g_autofree char *state = parameter (query, "state");
  g_autofree char *refused = parameter (query, "error");
  char *value = parameter (query, "code");
  LoginReply reply = LOGIN_REPLY_NONE;

  if (value != NULL || refused != NULL) {
    if (state == NULL || !same_text (self->state, state))
      reply = LOGIN_REPLY_FOREIGN;
    else
      reply = refused != NULL ? LOGIN_REPLY_REFUSED : LOGIN_REPLY_CODE;
  }
  if (reply == LOGIN_REPLY_REFUSED)
    g_propagate_error (error, refusal (refused, query));
  if (reply == LOGIN_REPLY_CODE)
    *code = g_steal_pointer (&value);
  secret_free (value);
  return reply;
}

const char *
login_request_pasted (const char *text)
{
  const char *query = strchr (text, '?');

  if (query != NULL)
    return query + 1;
  return strchr (text, '=') != NULL ? text : NULL;
}

gboolean
login_scope_granted (const char *scope)
{
  g_auto (GStrv) words = g_strsplit (scope, " ", -1);

  return g_strv_contains ((const char *const *)words, CONTACTS_SCOPE);
}

/* ---- as it comes to the port ---- */

/* The value of the one header called name, without spaces around; NULL when there is none, or more than one. */
static char *
header (const char *headers, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (headers, "\r\n", -1);
  gsize length = strlen (name);
  char *value = NULL;

  for (char **line = lines; *line != NULL; line++) {
    if (g_ascii_strncasecmp (*line, name, length) != 0 || (*line)[length] != ':')
      continue;
    if (value != NULL) {
      g_free (value);
      return NULL;
    }
    value = g_strstrip (g_strdup (*line + length + 1));
  }
  return value;
}

/* A page elsewhere can make the browser come here under another name (DNS rebinding): its Host gives it away. */
static gboolean
is_our_host (const char *headers, guint16 port)
{
  g_autofree char *host = header (headers, "Host");
  g_autofree char *ours = g_strdup_printf ("127.0.0.1:%u", port);

  return g_strcmp0 (host, ours) == 0;
}

const char *
login_request_query (char *request, gsize length, guint16 port)
{
  static const char start[] = "GET /?";
  char *line_end = strstr (request, "\r\n");
  char *query = request + strlen (start), *end;

  if (line_end == NULL || !g_str_has_prefix (request, start) || strlen (request) != length
      || !is_our_host (line_end + 2, port))
    return NULL;
  *line_end = '\0';
  end = strchr (query, ' ');
  if (end == NULL || !g_str_has_prefix (end, " HTTP/1."))
    return NULL;
  *end = '\0';
  return query;
}
