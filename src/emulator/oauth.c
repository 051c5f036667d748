/* The authorization, token and revocation endpoints. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/account.h"
#include "emulator/base64.h"
#include "emulator/clock.h"
#include "emulator/json.h"
#include "emulator/oauth-consent.h"
#include "emulator/oauth-grants.h"
#include "emulator/secret.h"

/* What Google's documents name, and what the client files of its console do. */
static const char *const paths_authorize[] = { "/o/oauth2/v2/auth", "/o/oauth2/auth", NULL };
static const char *const paths_token[] = { "/token", "/o/oauth2/token", "/oauth2/v4/token", NULL };
static const char *const paths_revoke[] = { "/revoke", "/o/oauth2/revoke", NULL };

#define JWT_BEARER    "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define CODE_LIFETIME (10 * 60 * G_USEC_PER_SEC)

gboolean
oauth_has_path (const char *path)
{
  return g_strv_contains (paths_authorize, path) || g_strv_contains (paths_token, path)
         || g_strv_contains (paths_revoke, path);
}

static gboolean
is_loopback_redirect (const char *uri)
{
  g_autoptr (GUri) parsed = uri != NULL ? g_uri_parse (uri, G_URI_FLAGS_NONE, NULL) : NULL;
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;

  return host != NULL && g_strcmp0 (g_uri_get_scheme (parsed), "http") == 0
         && (g_str_equal (host, "127.0.0.1") || g_str_equal (host, "::1") || g_str_equal (host, "localhost"));
}

static void
refuse_authorization (Request *request, const char *what)
{
  g_autofree char *page = g_markup_printf_escaped ("<!DOCTYPE html><title>Error 400</title><p>Error 400: %s\n", what);

  request_answer_text (request, 400, "text/html; charset=UTF-8", page);
}

static void
redirect (Request *request, const char *uri, const char *name, const char *value, const char *more)
{
  const char *state = request_param (request, "state");
  g_autofree char *escaped = g_uri_escape_string (value, NULL, FALSE);
  g_autofree char *state_escaped = state != NULL ? g_uri_escape_string (state, NULL, FALSE) : NULL;
  g_autofree char *location
      = g_strconcat (uri, strchr (uri, '?') != NULL ? "&" : "?", name, "=", escaped, state != NULL ? "&state=" : "",
                     state != NULL ? state_escaped : "", more, NULL);

  request_set_header (request, "Location", location);
  request_answer (request, 302, NULL, NULL);
}

/* What is granted: what is asked, unless a test or the user on the page wants it otherwise. Transfer full. */
static char *
granted_scope (const OAuth *self, const Request *request)
{
  if (self->scope_next != NULL)
    return g_strdup (self->scope_next);
  return self->show_page ? oauth_consent_scope (request) : g_strdup (request_param (request, "scope"));
}

/* PKCE (RFC 7636), which Google does not demand. Without a method, the challenge is the verifier itself. */
static gboolean
challenge_is_sound (const Request *request)
{
  const char *challenge = request_param (request, "code_challenge");
  const char *method = request_param (request, "code_challenge_method");

  if (challenge == NULL)
    return method == NULL;
  return strlen (challenge) >= 43 && strlen (challenge) <= 128
         && (method == NULL || g_str_equal (method, "plain") || g_str_equal (method, "S256"));
}

static void
authorize (OAuth *self, Request *request)
{
  const char *uri = request_param (request, "redirect_uri");
  const char *client = request_param (request, "client_id");
  const char *scope = request_param (request, "scope");
  g_autofree char *code = NULL;
  g_autofree char *more = NULL;
  g_autofree char *scope_escaped = NULL;
  g_autofree char *granted = NULL;
  Grant *grant;

  if (client == NULL || *client == '\0') {
    refuse_authorization (request, "invalid_request: Missing required parameter: client_id");
  } else if (!is_loopback_redirect (uri)) {
    refuse_authorization (request, "redirect_uri_mismatch");
  } else if (g_strcmp0 (request_param (request, "response_type"), "code") != 0) {
    redirect (request, uri, "error", "unsupported_response_type", NULL);
  } else if (scope == NULL || *scope == '\0') {
    refuse_authorization (request, "invalid_request: Missing required parameter: scope");
  } else if (!challenge_is_sound (request)) {
    redirect (request, uri, "error", "invalid_request", NULL);
  } else if (self->show_page && !oauth_consent_is_decided (request)) {
    oauth_consent_ask (request);
  } else if (self->deny_next || (self->show_page && oauth_consent_is_denied (request))) {
    self->deny_next = FALSE;
    redirect (request, uri, "error", "access_denied", NULL);
  } else {
    granted = granted_scope (self, request);
    grant = grant_new (granted, self->account_next != NULL ? self->account_next : self->owner, 0);
    grant->expires = clock_now () + CODE_LIFETIME;
    grant->client_id = g_strdup (client);
    grant->redirect_uri = g_strdup (uri);
    grant->challenge = g_strdup (request_param (request, "code_challenge"));
    grant->hashed = g_strcmp0 (request_param (request, "code_challenge_method"), "S256") == 0;
    g_clear_pointer (&self->scope_next, g_free);
    g_clear_pointer (&self->account_next, g_free);
    code = secret_new ("4/0");
    scope_escaped = g_uri_escape_string (grant->scope, NULL, FALSE);
    more = g_strconcat ("&scope=", scope_escaped, NULL);
    g_hash_table_insert (self->codes, g_strdup (code), grant);
    redirect (request, uri, "code", code, more);
  }
}

static void
refuse_token (Request *request, guint status, const char *error, const char *description)
{
  GString *json = g_string_new ("{\"error\":");

  json_append_quoted (json, error);
  g_string_append (json, ",\"error_description\":");
  json_append_quoted (json, description);
  g_string_append_c (json, '}');
  request_answer_json (request, status, json);
}

/* What an answer of the token endpoint gives. */
typedef struct Given {
  const char *scope;
  const char *account;
  const char *refresh_token; /* or NULL */
  gboolean tell_refresh;
  const char *client_id, *client_secret; /* or NULL: there is no ID token without a client */
} Given;

static void
append_id_token (GString *json, const OAuth *self, const Grant *grant, const Given *given)
{
  g_autofree char *id_token = NULL;

  if (given->client_id == NULL || !grant_has_scope (grant, "openid"))
    return;
  id_token = account_id_token (grant->account, grant_has_scope (grant, OAUTH_SCOPE_EMAIL), self->issuer,
                               given->client_id, given->client_secret != NULL ? given->client_secret : "");
  g_string_append (json, ",\"id_token\":");
  json_append_quoted (json, id_token);
}

static void
answer_token (OAuth *self, Request *request, const Given *given)
{
  g_autofree char *token = secret_new ("ya29.");
  Grant *grant = grant_new (given->scope, given->account, self->lifetime);
  GString *json = g_string_new ("{\"access_token\":");

  grant->refresh_token = g_strdup (given->refresh_token);
  g_hash_table_replace (self->access, g_strdup (token), grant);
  json_append_quoted (json, token);
  g_string_append_printf (json, ",\"expires_in\":%" G_GINT64_FORMAT ",\"scope\":", self->lifetime);
  json_append_quoted (json, grant->scope);
  if (given->tell_refresh) {
    g_string_append (json, ",\"refresh_token\":");
    json_append_quoted (json, given->refresh_token);
  }
  append_id_token (json, self, grant, given);
  g_string_append (json, ",\"token_type\":\"Bearer\"}");
  request_set_header (request, "Cache-Control", "no-store");
  request_answer_json (request, 200, json);
}

static const char *
form_value (GPtrArray *form, const char *name)
{
  for (guint i = 0; i < form->len; i++) {
    const RequestParam *param = form->pdata[i];

    if (g_str_equal (param->name, name))
      return param->value;
  }
  return NULL;
}

/* NULL: it fits; else what is wrong, in Google's words. */
static const char *
verifier_problem (const char *verifier, const Grant *grant)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text = NULL;
  guint8 digest[32];
  gsize size = sizeof digest;

  if (grant->challenge == NULL)
    return verifier == NULL ? NULL : "code_verifier or verifier is not needed.";
  if (verifier == NULL)
    return "Missing code verifier.";
  if (strlen (verifier) < 43 || strlen (verifier) > 128)
    return "Invalid code verifier.";
  g_checksum_update (checksum, (const guchar *)verifier, -1);
  g_checksum_get_digest (checksum, digest, &size);
  text = base64_encode_url (digest, size);
  return g_str_equal (grant->hashed ? text : verifier, grant->challenge) ? NULL : "Invalid code verifier.";
}

static void
exchange_code (OAuth *self, Request *request, GPtrArray *form)
{
  const char *code = form_value (form, "code");
  Grant *grant = grant_find (self->codes, code);
  const char *problem = grant != NULL ? verifier_problem (form_value (form, "code_verifier"), grant) : NULL;
  g_autofree char *refresh_token = NULL;

  if (grant == NULL) {
    refuse_token (request, 400, "invalid_grant", "Malformed auth code.");
  } else if (g_strcmp0 (form_value (form, "redirect_uri"), grant->redirect_uri) != 0) {
    refuse_token (request, 400, "redirect_uri_mismatch", "Bad Request");
  } else if (g_strcmp0 (form_value (form, "client_id"), grant->client_id) != 0) {
    refuse_token (request, 401, "invalid_client", "The OAuth client was not found.");
  } else if (problem != NULL) {
    refuse_token (request, 400, "invalid_grant", problem);
  } else {
    refresh_token = secret_new ("1//0");
    grant_keep_refresh_token (self, refresh_token, grant->scope, grant->account);
    answer_token (self, request,
                  &(Given){ .scope = grant->scope,
                            .account = grant->account,
                            .refresh_token = refresh_token,
                            .tell_refresh = TRUE,
                            .client_id = grant->client_id,
                            .client_secret = form_value (form, "client_secret") });
    g_hash_table_remove (self->codes, code); /* good once */
  }
}

/* The token that takes the place of token, transfer full. */
static char *
rotate (OAuth *self, const char *token, const char *scope, const char *account)
{
  char *next = secret_new ("1//0");

  grant_keep_refresh_token (self, next, scope, account);
  grant_forget_refresh_token (self, token);
  g_hash_table_remove (self->refresh, token);
  return next;
}

static void
refresh (OAuth *self, Request *request, GPtrArray *form)
{
  const char *token = form_value (form, "refresh_token");
  Grant *grant = grant_find (self->refresh, token);

  if (form_value (form, "client_id") == NULL) {
    refuse_token (request, 400, "invalid_request", "Could not determine client ID from request.");
  } else if (grant == NULL) {
    refuse_token (request, 400, "invalid_grant", "Token has been expired or revoked.");
  } else {
    g_autofree char *scope = g_strdup (grant->scope);
    g_autofree char *account = g_strdup (grant->account);
    g_autofree char *given = self->rotate ? rotate (self, token, scope, account) : g_strdup (token);

    answer_token (self, request,
                  &(Given){ .scope = scope,
                            .account = account,
                            .refresh_token = given,
                            .tell_refresh = self->rotate,
                            .client_id = form_value (form, "client_id"),
                            .client_secret = form_value (form, "client_secret") });
  }
}

static void
exchange_assertion (OAuth *self, Request *request, GPtrArray *form)
{
  ServiceAccountVerdict verdict = service_account_check (self->robot, form_value (form, "assertion"));

  if (verdict.status == 200)
    answer_token (self, request, &(Given){ .scope = verdict.scope, .account = self->owner });
  else
    refuse_token (request, verdict.status, verdict.error, verdict.description);
  g_free (verdict.scope);
}

static void
add_value (GPtrArray *form, const char *name, const char *value)
{
  RequestParam *param = g_new0 (RequestParam, 1);

  param->name = g_strdup (name);
  param->value = g_strdup (value);
  g_ptr_array_add (form, param);
}

/* Clients may authenticate in the form or by HTTP Basic (RFC 6749, 2.3.1), but not as two. FALSE: answered. */
static gboolean
read_client (Request *request, GPtrArray *form)
{
  const char *authorization = request_header (request, "authorization");
  const char *in_form = form_value (form, "client_id");
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *decoded = NULL;
  char *colon;

  if (authorization == NULL || g_ascii_strncasecmp (authorization, "Basic ", 6) != 0)
    return TRUE;
  bytes = base64_decode (authorization + 6);
  decoded = bytes != NULL ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : g_strdup ("");
  colon = strchr (decoded, ':');
  if (colon != NULL)
    *colon = '\0';
  if (colon == NULL || *decoded == '\0' || (in_form != NULL && !g_str_equal (in_form, decoded))) {
    request_set_header (request, "WWW-Authenticate", "Basic realm=\"https://accounts.google.com/\"");
    refuse_token (request, 401, "invalid_client", "The OAuth client was not found.");
    return FALSE;
  }
  if (in_form == NULL)
    add_value (form, "client_id", decoded);
  if (form_value (form, "client_secret") == NULL)
    add_value (form, "client_secret", colon + 1);
  return TRUE;
}

static void
answer_token_request (OAuth *self, Request *request, GPtrArray *form)
{
  const char *type = form_value (form, "grant_type");

  if (!read_client (request, form))
    return;
  if (g_strcmp0 (type, "authorization_code") == 0)
    exchange_code (self, request, form);
  else if (g_strcmp0 (type, "refresh_token") == 0)
    refresh (self, request, form);
  else if (g_strcmp0 (type, JWT_BEARER) == 0)
    exchange_assertion (self, request, form);
  else
    refuse_token (request, 400, "unsupported_grant_type", "Invalid grant_type.");
}

static gboolean
came_from (gpointer token, gpointer grant, gpointer refresh_token)
{
  return g_strcmp0 (((Grant *)grant)->refresh_token, refresh_token) == 0;
}

static void
revoke_token (OAuth *self, Request *request, GPtrArray *form)
{
  const char *token = form_value (form, "token") ?: request_param (request, "token");
  Grant *access = grant_find (self->access, token);
  g_autofree char *refresh_token = g_strdup (access != NULL ? access->refresh_token : token);

  if (access != NULL)
    g_hash_table_remove (self->access, token);
  /* Revoking an access token takes the refresh token it came from along, and the other way round. */
  if (refresh_token != NULL && g_hash_table_remove (self->refresh, refresh_token)) {
    g_hash_table_foreach_remove (self->access, came_from, refresh_token);
    grant_forget_refresh_token (self, refresh_token);
  } else if (access == NULL) {
    refuse_token (request, 400, "invalid_token", "Token expired or revoked");
    return;
  }
  request_answer_text (request, 200, "application/json; charset=UTF-8", "{}");
}

void
oauth_handle (OAuth *self, Request *request)
{
  gsize size = 0;
  const char *body = request->body != NULL ? g_bytes_get_data (request->body, &size) : NULL;
  gboolean post = g_str_equal (request->method, "POST");
  g_autoptr (GPtrArray) form = request_parse_form (body, size);

  if (g_strv_contains (paths_authorize, request->path) && g_str_equal (request->method, "GET")) {
    authorize (self, request);
  } else if (g_strv_contains (paths_token, request->path) && post) {
    answer_token_request (self, request, form);
  } else if (g_strv_contains (paths_revoke, request->path) && post) {
    revoke_token (self, request, form);
  } else {
    request_set_header (request, "Allow", g_strv_contains (paths_authorize, request->path) ? "GET" : "POST");
    request_answer_text (request, 405, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Error 405</title>");
  }
}
