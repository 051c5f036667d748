/*
 *   step_post ─→ on_answer ─┬─ 200 with a token, or refused: done
 *      ↑                    │
 *      └── on_waited ←──────┴─ no answer, or one that may be another later (status.h)
 */
#define G_LOG_DOMAIN "contactfs"

#include "account/token-endpoint.h"

#include <stdarg.h>
#include <string.h>

#include "net/attempts.h"
#include "net/json.h"
#include "net/secret.h"
#include "net/status.h"
#include "net/text.h"

#define MAX_ANSWER (64 * 1024)

typedef struct {
  HttpClient *http; /* owned */
  char *token_uri;
  GBytes *form;
  const gint64 *deadline;
  Attempts attempts;
} Request;

static void step_post (GTask *task);

void
token_response_free (TokenResponse *self)
{
  if (self == NULL)
    return;
  secret_free (self->access_token);
  secret_free (self->refresh_token);
  g_free (self->scope);
  identity_free (self->identity);
  g_free (self->code);
  g_free (self->subtype);
  g_free (self->words);
  g_free (self);
}

GBytes *
token_endpoint_form (const char *name, ...)
{
  va_list sizes, values;
  gsize room = 1, length;
  GString *form;

  /* Room for everything escaped, so that no growing leaves a copy behind. */
  va_start (sizes, name);
  va_copy (values, sizes);
  for (const char *word = name; word != NULL; word = va_arg (sizes, const char *))
    room += 3 * strlen (word) + 1;
  va_end (sizes);
  form = g_string_sized_new (room);
  for (const char *word = name; word != NULL; word = va_arg (values, const char *)) {
    g_string_append_printf (form, "%s%s=", form->len > 0 ? "&" : "", word);
    g_string_append_uri_escaped (form, va_arg (values, const char *), NULL, FALSE);
  }
  va_end (values);
  length = form->len;
  return secret_bytes_take (g_string_free (form, FALSE), length);
}

/* ---- what came ---- */

/* A field of what was sent; wipe it with secret_free. NULL: there is none. */
static char *
form_field (GBytes *form, const char *name)
{
  gsize size;
  const char *data = g_bytes_get_data (form, &size);
  g_autoptr (GHashTable) sent = g_uri_parse_params (data, (gssize)size, "&", G_URI_PARAMS_WWW_FORM, NULL);
  GHashTableIter iter;
  gpointer value;
  char *found = sent != NULL ? g_strdup (g_hash_table_lookup (sent, name)) : NULL;

  if (sent != NULL)
    g_hash_table_iter_init (&iter, sent);
  while (sent != NULL && g_hash_table_iter_next (&iter, NULL, &value))
    explicit_bzero (value, strlen (value));
  return found;
}

static TokenResponse *
parse_success (const JsonValue *root, GBytes *form, const char *token_uri, GError **error)
{
  const char *token = json_string (root, "access_token");
  const char *type = json_string (root, "token_type");
  const char *refresh_token = json_string (root, "refresh_token");
  g_autofree char *client_id = form_field (form, "client_id");
  TokenResponse *self;

  if (token == NULL || !secret_is_token (token)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                 "the token service answered without an access token: check the token_uri of the credentials");
    return NULL;
  }
  if (type != NULL && g_ascii_strcasecmp (type, "Bearer") != 0) {
    g_set_error (
        error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
        "the token service answered with another kind of token than Bearer: check the token_uri of the credentials");
    return NULL;
  }
  self = g_new0 (TokenResponse, 1);
  self->access_token = g_strdup (token);
  self->refresh_token = refresh_token != NULL && secret_is_token (refresh_token) ? g_strdup (refresh_token) : NULL;
  self->scope = g_strdup (json_string (root, "scope"));
  self->identity = identity_from_id_token (json_string (root, "id_token"), client_id, token_uri);
  self->lifetime = CLAMP (json_int (root, "expires_in"), 0, G_MAXINT32) * G_USEC_PER_SEC;
  return self;
}

static char *
clean_or_empty (const char *text)
{
  char *clean = text_clean (text);

  return clean != NULL ? clean : g_strdup ("");
}

/* So much of a secret gives it away. */
#define TELLING 8

/* TRUE if text repeats a part of what was sent that is nobody else's business. */
static gboolean
repeats_secret (const char *text, GBytes *form)
{
  static const char *const secrets[] = { "client_secret", "refresh_token", "code", "code_verifier", "assertion" };
  gboolean found = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (secrets); i++) {
    char *value = form_field (form, secrets[i]);
    g_autofree char *part = value != NULL ? g_strndup (value, TELLING) : NULL;

    found = found || (part != NULL && part[0] != '\0' && strstr (text, part) != NULL);
    secret_free (value);
  }
  return found;
}

static TokenResponse *
parse_refusal (const JsonValue *root, guint status, GBytes *body, GBytes *form)
{
  TokenResponse *self = g_new0 (TokenResponse, 1);
  g_autofree char *description = text_clean (json_string (root, "error_description"));

  self->code = clean_or_empty (json_string (root, "error"));
  self->subtype = clean_or_empty (json_string (root, "error_subtype"));
  if (self->code[0] == '\0')
    self->words = status_describe_body (status, body);
  else
    self->words = description != NULL ? g_strdup_printf ("%s: %s", self->code, description) : g_strdup (self->code);
  if (repeats_secret (self->words, form)) {
    g_free (self->words);
    self->words = g_strdup_printf ("status %u; its words repeat what was sent, and are left out", status);
  }
  return self;
}

GError *
token_response_error (const TokenResponse *self, const char *login, const char *renew)
{
  if (!g_str_equal (self->code, "invalid_grant"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "the token service refused the client of %s (%s): look in the Google Cloud console whether "
                        "that client is still there, then %s",
                        login, self->words, renew);
  if (g_str_equal (self->subtype, "invalid_rapt"))
    return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
                        "%s must be confirmed anew, as your organisation asks from time to time (%s): %s", login,
                        self->words, renew);
  if (strstr (self->words, "expired or revoked") != NULL)
    return g_error_new (
        PEOPLE_ERROR, PEOPLE_ERROR_AUTH,
        "%s is no longer valid (%s): %s; while the app's consent screen is in “Testing”, a login ends after 7 days: "
        "press “Publish app” in the Google Cloud console first",
        login, self->words, renew);
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_AUTH, "%s is no longer valid (%s): %s", login, self->words, renew);
}

/* ---- the request ---- */

static void
request_free (Request *self)
{
  http_client_unref (self->http);
  g_free (self->token_uri);
  g_bytes_unref (self->form);
  attempts_clear (&self->attempts);
  g_free (self);
}

static void
on_waited (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (attempts_again_finish (result, &error))
    step_post (task);
  else
    g_task_return_error (task, error);
}

static void
step_again (GTask *task, GError *error, gint64 retry_after)
{
  Request *self = g_task_get_task_data (task);

  self->attempts.retry.deadline = *self->deadline;
  attempts_again_async (&self->attempts, error, retry_after, g_task_get_cancellable (task), on_waited,
                        g_object_ref (task));
}

static GError *
unusable_error (guint status, const TokenResponse *self)
{
  const StatusMeaning *meaning = status_meaning (status);

  if (meaning->code == PEOPLE_ERROR_UNREACHABLE) /* a proxy or the network wants a login */
    return status_error (status, NULL);
  if (meaning->advice == ANSWER_AGAIN)
    return g_error_new (PEOPLE_ERROR, meaning->code,
                        "the token service has trouble answering (%u, %s): try again later", status, self->words);
  return g_error_new (PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                      "what answers for the token service is not one (%u, %s): check the network, and the token_uri of "
                      "the credentials",
                      status, self->words);
}

TokenResponse *
token_response_parse (guint status, GBytes *body, GBytes *form, const char *token_uri, GError **error)
{
  JsonValue *root = json_parse_bytes (body, NULL);
  gboolean may_refuse = status == 400 || status == 401 || status == 403;
  TokenResponse *self
      = status == 200 ? parse_success (root, form, token_uri, error) : parse_refusal (root, status, body, form);

  json_free_secret (root);
  /* Only the token service's own word is a refusal (RFC 6749 section 5.2), not what a proxy makes up. */
  if (status != 200 && !(may_refuse && self->code[0] != '\0')) {
    g_propagate_error (error, unusable_error (status, self));
    g_clear_pointer (&self, token_response_free);
  }
  return self;
}

static void
judge (GTask *task, const HttpResponse *response)
{
  const Request *self = g_task_get_task_data (task);
  GError *error = NULL;
  TokenResponse *tokens = token_response_parse (response->status, response->body, self->form, self->token_uri, &error);

  if (tokens != NULL)
    g_task_return_pointer (task, tokens, (GDestroyNotify)token_response_free);
  else if (status_meaning (response->status)->advice == ANSWER_AGAIN)
    step_again (task, error, response->retry_after);
  else
    g_task_return_error (task, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (HttpResponse) response = http_send_finish (result, &error);

  if (response == NULL) {
    if (attempts_may_pass (error))
      step_again (task, g_steal_pointer (&error), 0);
    else
      g_task_return_error (task, g_steal_pointer (&error));
    return;
  }
  judge (task, response);
}

static void
step_post (GTask *task)
{
  Request *self = g_task_get_task_data (task);
  HttpRequest *request = http_request_new ("POST", self->token_uri);

  http_request_add_header (request, "Accept", "application/json");
  http_request_set_body (request, "application/x-www-form-urlencoded", self->form);
  request->secret = TRUE;
  request->max_answer = MAX_ANSWER;
  http_send_async (self->http, request, *self->deadline, g_task_get_cancellable (task), on_answer, g_object_ref (task));
}

void
token_endpoint_request_async (HttpClient *http, const char *token_uri, GBytes *form, const gint64 *deadline,
                              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Request *self = g_new0 (Request, 1);

  self->http = http_client_ref (http);
  self->token_uri = g_strdup (token_uri);
  self->form = g_bytes_ref (form);
  self->deadline = deadline;
  attempts_init (&self->attempts, *deadline);
  g_task_set_task_data (task, self, (GDestroyNotify)request_free);
  step_post (task);
}

TokenResponse *
token_endpoint_request_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
