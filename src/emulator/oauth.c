/* The authorization, token and revocation endpoints. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/oauth.h"

#include "emulator/clock.h"
#include "emulator/json.h"
#include "emulator/oauth-consent.h"

#define PATH_AUTHORIZE "/o/oauth2/v2/auth"
#define PATH_TOKEN     "/token"
#define PATH_REVOKE    "/revoke"
#define JWT_BEARER     "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define CODE_LIFETIME  (10 * 60 * G_USEC_PER_SEC)

typedef struct Grant {
  char *scope;
  char *refresh_token; /* that an access token came from, or NULL */
  gint64 expires;      /* 0: never */
  /* of an authorization code */
  char *client_id;
  char *redirect_uri;
  char *challenge;
} Grant;

struct OAuth {
  GHashTable *access;    /* token to Grant */
  GHashTable *refresh;   /* token to Grant */
  GHashTable *codes;     /* code to Grant */
  gint64 lifetime;       /* seconds */
  ServiceAccount *robot; /* or NULL */
  gboolean show_page;
  gboolean rotate;
  gboolean deny_next;
  char *scope_next;
  OAuthChanged changed;
  gpointer changed_data;
};

static void
grant_free (gpointer data)
{
  Grant *grant = data;

  g_free (grant->scope);
  g_free (grant->refresh_token);
  g_free (grant->client_id);
  g_free (grant->redirect_uri);
  g_free (grant->challenge);
  g_free (grant);
}

static GHashTable *
grants_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, grant_free);
}

OAuth *
oauth_new (gint64 lifetime_seconds, char **access_tokens)
{
  OAuth *self = g_new0 (OAuth, 1);

  self->access = grants_new ();
  self->refresh = grants_new ();
  self->codes = grants_new ();
  self->lifetime = lifetime_seconds;
  for (guint i = 0; access_tokens != NULL && access_tokens[i] != NULL; i++)
    oauth_add_access_token (self, access_tokens[i], OAUTH_SCOPE_CONTACTS, 0);
  return self;
}

void
oauth_free (OAuth *self)
{
  g_hash_table_unref (self->access);
  g_hash_table_unref (self->refresh);
  g_hash_table_unref (self->codes);
  g_clear_pointer (&self->robot, service_account_free);
  g_free (self->scope_next);
  g_free (self);
}

void
oauth_on_change (OAuth *self, OAuthChanged changed, gpointer data)
{
  self->changed = changed;
  self->changed_data = data;
}

static Grant *
grant_new (const char *scope, gint64 lifetime_seconds)
{
  Grant *grant = g_new0 (Grant, 1);

  grant->scope = g_strdup (scope);
  grant->expires = lifetime_seconds > 0 ? clock_now () + lifetime_seconds * G_USEC_PER_SEC : 0;
  return grant;
}

void
oauth_load (OAuth *self, const char *refresh_token, const char *scope)
{
  g_hash_table_replace (self->refresh, g_strdup (refresh_token), grant_new (scope, 0));
}

void
oauth_add_access_token (OAuth *self, const char *token, const char *scope, gint64 lifetime_seconds)
{
  g_hash_table_replace (self->access, g_strdup (token), grant_new (scope, lifetime_seconds));
}

void
oauth_next_consent (OAuth *self, gboolean deny, const char *scope)
{
  self->deny_next = deny;
  g_free (self->scope_next);
  self->scope_next = g_strdup (scope);
}

void
oauth_show_page (OAuth *self, gboolean show)
{
  self->show_page = show;
}

void
oauth_rotate_refresh_tokens (OAuth *self, gboolean rotate)
{
  self->rotate = rotate;
}

static void
forget_refresh_token (OAuth *self, const char *token)
{
  if (self->changed != NULL)
    self->changed (token, NULL, self->changed_data);
}

void
oauth_revoke_all (OAuth *self, gboolean refresh_too)
{
  GHashTableIter iter;
  gpointer token;

  g_hash_table_remove_all (self->access);
  if (!refresh_too)
    return;
  g_hash_table_iter_init (&iter, self->refresh);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    forget_refresh_token (self, token);
  g_hash_table_remove_all (self->refresh);
}

gboolean
oauth_has_path (const char *path)
{
  return g_str_equal (path, PATH_AUTHORIZE) || g_str_equal (path, PATH_TOKEN) || g_str_equal (path, PATH_REVOKE);
}

static Grant *
find_grant (GHashTable *grants, const char *token)
{
  Grant *grant = token != NULL ? g_hash_table_lookup (grants, token) : NULL;

  return grant != NULL && (grant->expires == 0 || grant->expires > clock_now ()) ? grant : NULL;
}

static gboolean
has_scope (const Grant *grant, const char *scope)
{
  g_auto (GStrv) words = g_strsplit (grant->scope, " ", -1);

  return g_strv_contains ((const char *const *)words, scope);
}

AccessVerdict
oauth_check (OAuth *self, const char *authorization, gboolean write)
{
  const Grant *grant;

  if (authorization == NULL)
    return ACCESS_MISSING;
  if (g_ascii_strncasecmp (authorization, "Bearer ", 7) != 0)
    return ACCESS_INVALID;
  grant = find_grant (self->access, authorization + 7);
  if (grant == NULL)
    return ACCESS_INVALID;
  if (has_scope (grant, OAUTH_SCOPE_CONTACTS) || (!write && has_scope (grant, OAUTH_SCOPE_CONTACTS_READ)))
    return ACCESS_GRANTED;
  return ACCESS_SCOPE;
}

static char *
random_token (const char *prefix)
{
  guint32 words[9];
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    words[i] = g_random_int ();
  text = g_base64_encode ((const guchar *)words, sizeof words);
  return g_strconcat (prefix, g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_'), NULL);
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

/* What is granted: what is asked, unless a test or the user on the page wants it otherwise. */
static const char *
granted_scope (const OAuth *self, const Request *request)
{
  if (self->scope_next != NULL)
    return self->scope_next;
  return self->show_page ? oauth_consent_scope (request) : request_param (request, "scope");
}

static void
authorize (OAuth *self, Request *request)
{
  const char *uri = request_param (request, "redirect_uri");
  const char *challenge = request_param (request, "code_challenge");
  const char *client = request_param (request, "client_id");
  const char *scope = request_param (request, "scope");
  g_autofree char *code = NULL;
  g_autofree char *more = NULL;
  g_autofree char *scope_escaped = NULL;
  Grant *grant;

  if (client == NULL || *client == '\0') {
    refuse_authorization (request, "invalid_request: Missing required parameter: client_id");
  } else if (!is_loopback_redirect (uri)) {
    refuse_authorization (request, "redirect_uri_mismatch");
  } else if (g_strcmp0 (request_param (request, "response_type"), "code") != 0) {
    redirect (request, uri, "error", "unsupported_response_type", NULL);
  } else if (scope == NULL || *scope == '\0') {
    refuse_authorization (request, "invalid_request: Missing required parameter: scope");
  } else if (challenge == NULL || g_strcmp0 (request_param (request, "code_challenge_method"), "S256") != 0) {
    redirect (request, uri, "error", "invalid_request", NULL);
  } else if (self->show_page && !oauth_consent_is_decided (request)) {
    oauth_consent_ask (request);
  } else if (self->deny_next || (self->show_page && oauth_consent_is_denied (request))) {
    self->deny_next = FALSE;
    redirect (request, uri, "error", "access_denied", NULL);
  } else {
    grant = grant_new (granted_scope (self, request), 0);
    grant->expires = clock_now () + CODE_LIFETIME;
    grant->client_id = g_strdup (client);
    grant->redirect_uri = g_strdup (uri);
    grant->challenge = g_strdup (challenge);
    g_clear_pointer (&self->scope_next, g_free);
    code = random_token ("4/0");
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

static void
answer_token (OAuth *self, Request *request, const char *scope, const char *refresh_token, gboolean tell_refresh)
{
  g_autofree char *token = random_token ("ya29.");
  Grant *grant = grant_new (scope, self->lifetime);
  GString *json = g_string_new ("{\"access_token\":");

  grant->refresh_token = g_strdup (refresh_token);
  g_hash_table_replace (self->access, g_strdup (token), grant);
  json_append_quoted (json, token);
  g_string_append_printf (json, ",\"expires_in\":%" G_GINT64_FORMAT ",\"scope\":", self->lifetime);
  json_append_quoted (json, scope);
  if (tell_refresh) {
    g_string_append (json, ",\"refresh_token\":");
    json_append_quoted (json, refresh_token);
  }
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

static gboolean
verifier_fits (const char *verifier, const char *challenge)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text = NULL;
  guint8 digest[32];
  gsize size = sizeof digest;

  if (verifier == NULL || strlen (verifier) < 43 || strlen (verifier) > 128)
    return FALSE;
  g_checksum_update (checksum, (const guchar *)verifier, -1);
  g_checksum_get_digest (checksum, digest, &size);
  text = g_base64_encode (digest, size);
  g_strdelimit (g_strdelimit (text, "+", '-'), "/", '_');
  text[strcspn (text, "=")] = '\0';
  return g_str_equal (text, challenge);
}

static void
exchange_code (OAuth *self, Request *request, GPtrArray *form)
{
  const char *code = form_value (form, "code");
  Grant *grant = find_grant (self->codes, code);
  g_autofree char *refresh_token = NULL;

  if (grant == NULL) {
    refuse_token (request, 400, "invalid_grant", "Malformed auth code.");
  } else if (g_strcmp0 (form_value (form, "redirect_uri"), grant->redirect_uri) != 0) {
    refuse_token (request, 400, "redirect_uri_mismatch", "Bad Request");
  } else if (g_strcmp0 (form_value (form, "client_id"), grant->client_id) != 0) {
    refuse_token (request, 401, "invalid_client", "The OAuth client was not found.");
  } else if (!verifier_fits (form_value (form, "code_verifier"), grant->challenge)) {
    refuse_token (request, 400, "invalid_grant", "Invalid code verifier.");
  } else {
    refresh_token = random_token ("1//0");
    oauth_load (self, refresh_token, grant->scope);
    if (self->changed != NULL)
      self->changed (refresh_token, grant->scope, self->changed_data);
    answer_token (self, request, grant->scope, refresh_token, TRUE);
    g_hash_table_remove (self->codes, code); /* good once */
  }
}

/* The token that takes the place of token, transfer full. */
static char *
rotate (OAuth *self, const char *token, const char *scope)
{
  char *next = random_token ("1//0");

  oauth_load (self, next, scope);
  if (self->changed != NULL)
    self->changed (next, scope, self->changed_data);
  forget_refresh_token (self, token);
  g_hash_table_remove (self->refresh, token);
  return next;
}

static void
refresh (OAuth *self, Request *request, GPtrArray *form)
{
  const char *token = form_value (form, "refresh_token");
  Grant *grant = find_grant (self->refresh, token);

  if (form_value (form, "client_id") == NULL) {
    refuse_token (request, 400, "invalid_request", "Could not determine client ID from request.");
  } else if (grant == NULL) {
    refuse_token (request, 400, "invalid_grant", "Token has been expired or revoked.");
  } else {
    g_autofree char *scope = g_strdup (grant->scope);
    g_autofree char *given = self->rotate ? rotate (self, token, scope) : g_strdup (token);

    answer_token (self, request, scope, given, self->rotate);
  }
}

static void
exchange_assertion (OAuth *self, Request *request, GPtrArray *form)
{
  ServiceAccountVerdict verdict = service_account_check (self->robot, form_value (form, "assertion"));

  if (verdict.status == 200)
    answer_token (self, request, verdict.scope, NULL, FALSE);
  else
    refuse_token (request, verdict.status, verdict.error, verdict.description);
  g_free (verdict.scope);
}

static void
answer_token_request (OAuth *self, Request *request, GPtrArray *form)
{
  const char *type = form_value (form, "grant_type");

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
  Grant *access = find_grant (self->access, token);
  g_autofree char *refresh_token = g_strdup (access != NULL ? access->refresh_token : token);

  if (access != NULL)
    g_hash_table_remove (self->access, token);
  /* Revoking an access token takes the refresh token it came from along, and the other way round. */
  if (refresh_token != NULL && g_hash_table_remove (self->refresh, refresh_token)) {
    g_hash_table_foreach_remove (self->access, came_from, refresh_token);
    forget_refresh_token (self, refresh_token);
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

  if (g_str_equal (request->path, PATH_AUTHORIZE) && g_str_equal (request->method, "GET"))
    authorize (self, request);
  else if (g_str_equal (request->path, PATH_TOKEN) && post)
    answer_token_request (self, request, form);
  else if (g_str_equal (request->path, PATH_REVOKE) && post)
    revoke_token (self, request, form);
  else
    request_answer_text (request, 405, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Error 405</title>");
}

char *
oauth_issue_refresh_token (OAuth *self)
{
  char *token = random_token ("1//0");

  oauth_load (self, token, OAUTH_SCOPE_CONTACTS);
  return token;
}

void
oauth_set_service_account (OAuth *self, ServiceAccount *account)
{
  g_clear_pointer (&self->robot, service_account_free);
  self->robot = account;
}

void
oauth_set_delegated (OAuth *self, gboolean delegated)
{
  if (self->robot != NULL)
    service_account_set_delegated (self->robot, delegated);
}
