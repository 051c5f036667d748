/*
 * /_control: how tests order faults, look at the log and turn the clock.
 *
 * From loopback only, and only by whoever knows the key that was made at the start ("Authorization: Bearer KEY"): every
 * user of the computer reaches the port. Host must be an address or "localhost": a web page whose name was made to mean
 * 127.0.0.1 (DNS rebinding) sends that name.
 *
 *   faults              GET the list · POST one · DELETE all
 *   requests            GET the log; with wait_count, once that many match · DELETE: start anew
 *   people, people/…    control-people.c
 *   groups              POST {"id", "name"}: makes the label, or renames it; {"id"} alone: deletes it; ?account= as above
 *   expire-sync-tokens  POST; {"status": "INVALID_ARGUMENT"} chooses the status they are refused with
 *   revoke-tokens       POST; {"refresh": true} takes the refresh tokens along
 *   tokens              POST {"token", "scope", "lifetime"}: one more access token
 *   delegation          POST {"granted": false}: whether the service account may act for people
 *   consent             POST {"deny": true} or {"scope": "…"}: what the user does at the next authorization;
 *                       {"page": true}: ask on a page from now on
 *   refresh-tokens      POST {"rotate": true}: a new one with each access token, from now on
 *   time                POST {"advance": seconds}
 *   lag                 POST {"seconds": n}: of deltas
 *   quota               POST {"photo-writes": n, …}: keep these quotas from now on
 */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/clock.h"
#include "emulator/emulator.h"
#include "emulator/json.h"
#include "emulator/secret.h"

#define DEFAULT_TIMEOUT_MS 10000

static void
answer_object (Request *request, guint status, cJSON *object)
{
  request_answer (request, status, "application/json", json_to_bytes (object));
  cJSON_Delete (object);
}

static void
answer_ok (Request *request)
{
  request_answer_text (request, 200, "application/json", "{}");
}

static void
answer_bad (Request *request, const char *message)
{
  cJSON *object = cJSON_CreateObject ();

  cJSON_AddStringToObject (object, "error", message);
  answer_object (request, 400, object);
}

static gboolean
read_body (Fault *fault, const cJSON *order)
{
  const cJSON *body = cJSON_GetObjectItemCaseSensitive (order, "body");
  const char *base64 = json_get_string (order, "body_base64");
  const char *text = cJSON_GetStringValue (body);

  if (base64 != NULL) {
    gsize size;
    guchar *bytes = g_base64_decode (base64, &size);

    fault->body = g_bytes_new_take (bytes, size);
  } else if (text != NULL) {
    fault->body = g_bytes_new (text, strlen (text));
  } else if (body != NULL) {
    fault->body = json_to_bytes (body);
  }
  return TRUE;
}

static Fault *
read_fault (const cJSON *order, GError **error)
{
  g_autoptr (Fault) fault = fault_new ();
  const char *action = json_get_string (order, "action");
  int parsed = fault_action_by_name (action);
  const cJSON *header;

  if (parsed < 0) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "no such action: %s",
                 action != NULL ? action : "none");
    return NULL;
  }
  fault->action = (FaultAction)parsed;
  fault->pattern = pattern_new (json_get_string (order, "method"), json_get_string (order, "origin"),
                                json_get_string (order, "path"), error);
  if (fault->pattern == NULL)
    return NULL;
  fault->with = g_strdup (json_get_string (order, "with"));
  fault->without = g_strdup (json_get_string (order, "without"));
  fault->status = (guint)json_get_int (order, "status", 503);
  fault->applied = json_get_bool (order, "applied");
  fault->delay_ms = (guint)json_get_int (order, "delay_ms", 0);
  fault->count = (guint)json_get_int (order, "count", 1);
  fault->times = (int)json_get_int (order, "times", 1);
  fault->reason = g_strdup (json_get_string (order, "reason"));
  fault->content_type = g_strdup (json_get_string (order, "content_type"));
  read_body (fault, order);
  cJSON_ArrayForEach (header, cJSON_GetObjectItemCaseSensitive (order, "headers"))
  {
    if (!cJSON_IsString (header))
      continue;
    g_ptr_array_add (fault->headers, g_strdup (header->string));
    g_ptr_array_add (fault->headers, g_strdup (header->valuestring));
  }
  return g_steal_pointer (&fault);
}

static void
list_faults (Emulator *emulator, Request *request)
{
  GPtrArray *list = faults_list (emulator->faults);
  cJSON *answer = cJSON_CreateObject ();
  cJSON *array = cJSON_AddArrayToObject (answer, "faults");

  for (guint i = 0; i < list->len; i++) {
    const Fault *fault = list->pdata[i];
    cJSON *object = cJSON_CreateObject ();

    cJSON_AddNumberToObject (object, "id", fault->id);
    cJSON_AddStringToObject (object, "action", fault_action_name (fault->action));
    cJSON_AddNumberToObject (object, "times", fault->times);
    cJSON_AddNumberToObject (object, "hits", fault->hits);
    cJSON_AddItemToArray (array, object);
  }
  answer_object (request, 200, answer);
}

static void
handle_faults (Emulator *emulator, Request *request, const cJSON *body)
{
  g_autoptr (GError) error = NULL;
  Fault *fault;
  cJSON *answer;

  if (g_str_equal (request->method, "GET")) {
    list_faults (emulator, request);
  } else if (g_str_equal (request->method, "DELETE")) {
    faults_clear (emulator->faults);
    dispatch_release (emulator);
    answer_ok (request);
  } else {
    fault = read_fault (body, &error);
    if (fault == NULL) {
      answer_bad (request, error->message);
      return;
    }
    answer = cJSON_CreateObject ();
    cJSON_AddNumberToObject (answer, "id", faults_add (emulator->faults, fault));
    answer_object (request, 200, answer);
  }
}

static guint
number_param (const Request *request, const char *name, guint otherwise)
{
  const char *text = request_param (request, name);

  return text != NULL ? (guint)g_ascii_strtoull (text, NULL, 10) : otherwise;
}

static void
handle_requests (Emulator *emulator, Request *request, const cJSON *body)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Pattern) pattern = NULL;

  if (g_str_equal (request->method, "DELETE")) {
    request_log_reset (emulator->log);
    answer_ok (request);
    return;
  }
  pattern = pattern_new (request_param (request, "method"), request_param (request, "origin"),
                         request_param (request, "path"), &error);
  if (pattern == NULL)
    answer_bad (request, error->message);
  else if (request_param (request, "wait_count") != NULL)
    request_log_wait (emulator->log, request, g_steal_pointer (&pattern), number_param (request, "wait_count", 1),
                      g_strcmp0 (request_param (request, "wait_for"), "answered") == 0,
                      number_param (request, "timeout_ms", DEFAULT_TIMEOUT_MS));
  else
    request_answer_json (request, 200, request_log_json (emulator->log, pattern));
}

static void
handle_expire (Emulator *emulator, Request *request, const cJSON *body)
{
  const char *status = json_get_string (body, "status");

  sync_expire_all (emulator->sync);
  if (status != NULL)
    emulator->expired_status = g_str_equal (status, "INVALID_ARGUMENT") ? "INVALID_ARGUMENT" : "FAILED_PRECONDITION";
  if (emulator->state != NULL)
    state_save_epoch (emulator->state, sync_get_epoch (emulator->sync));
  answer_ok (request);
}

static void
handle_revoke (Emulator *emulator, Request *request, const cJSON *body)
{
  oauth_revoke_all (emulator->oauth, json_get_bool (body, "refresh"));
  answer_ok (request);
}

static void
handle_tokens (Emulator *emulator, Request *request, const cJSON *body)
{
  const char *token = json_get_string (body, "token");
  const char *scope = json_get_string (body, "scope");

  if (token == NULL) {
    answer_bad (request, "no token");
    return;
  }
  oauth_add_access_token (emulator->oauth, token, scope != NULL ? scope : OAUTH_SCOPE_CONTACTS,
                          json_get_string (body, "account"), json_get_int (body, "lifetime", 0));
  answer_ok (request);
}

static void
handle_consent (Emulator *emulator, Request *request, const cJSON *body)
{
  oauth_next_consent (emulator->oauth, json_get_bool (body, "deny"), json_get_string (body, "scope"),
                      json_get_string (body, "account"));
  oauth_show_page (emulator->oauth, json_get_bool (body, "page"));
  answer_ok (request);
}

static void
handle_refresh_tokens (Emulator *emulator, Request *request, const cJSON *body)
{
  oauth_rotate_refresh_tokens (emulator->oauth, json_get_bool (body, "rotate"));
  answer_ok (request);
}

static void
handle_delegation (Emulator *emulator, Request *request, const cJSON *body)
{
  oauth_set_delegated (emulator->oauth, json_get_bool (body, "granted"));
  answer_ok (request);
}

static void
handle_time (Emulator *emulator, Request *request, const cJSON *body)
{
  clock_advance (json_get_int (body, "advance", 0));
  answer_ok (request);
}

static void
handle_lag (Emulator *emulator, Request *request, const cJSON *body)
{
  model_set_lag (emulator->model, json_get_int (body, "seconds", 0));
  answer_ok (request);
}

static void
handle_quota (Emulator *emulator, Request *request, const cJSON *body)
{
  const cJSON *item;

  if (emulator->quota == NULL)
    emulator->quota = quota_new ();
  cJSON_ArrayForEach (item, body)
  {
    int kind = quota_by_name (item->string);

    if (kind < 0 || !cJSON_IsNumber (item)) {
      answer_bad (request, "no such quota");
      return;
    }
    quota_set_limit (emulator->quota, (QuotaKind)kind, (guint)item->valuedouble);
  }
  answer_ok (request);
}

/* Whoever carried a label that goes has it no more: to clients that is a change of the person. */
static void
take_label_off (Model *model, const char *id)
{
  g_autoptr (GPtrArray) everybody = model_everybody (model);
  g_autofree char *needle = g_strdup_printf ("\"contactGroups/%s\"", id);

  for (guint i = 0; i < everybody->len; i++) {
    const FieldText *text = person_state_get_field (everybody->pdata[i], FIELD_MEMBERSHIPS);
    g_autoptr (GStrvBuilder) left = g_strv_builder_new ();
    gboolean carried = FALSE;

    for (guint j = 0; text != NULL && text->entries[j] != NULL; j++) {
      if (strstr (text->entries[j], needle) != NULL)
        carried = TRUE;
      else
        g_strv_builder_add (left, text->entries[j]);
    }
    if (carried) {
      PersonState *copy = person_state_copy (everybody->pdata[i]);

      person_state_set_field (copy, FIELD_MEMBERSHIPS, g_strv_builder_end (left));
      model_put (model, copy);
    }
  }
}

static void
handle_groups (Emulator *emulator, Request *request, const cJSON *body)
{
  Emulator *book = books_of (emulator, request_param (request, "account") ?: emulator->account);
  const char *id = json_get_string (body, "id"), *name = json_get_string (body, "name");

  if (id == NULL || (name == NULL && !groups_delete (book->groups, id))) {
    answer_bad (request, "no such label");
    return;
  }
  if (name != NULL)
    groups_put (book->groups, id, name);
  else
    take_label_off (book->model, id);
  answer_ok (request);
}

static const struct {
  const char *name;
  const char *methods;
  void (*handle) (Emulator *emulator, Request *request, const cJSON *body);
} controls[] = {
  { "faults", "GET POST DELETE", handle_faults },
  { "requests", "GET DELETE", handle_requests },
  { "groups", "POST", handle_groups },
  { "expire-sync-tokens", "POST", handle_expire },
  { "revoke-tokens", "POST", handle_revoke },
  { "tokens", "POST", handle_tokens },
  { "consent", "POST", handle_consent },
  { "delegation", "POST", handle_delegation },
  { "refresh-tokens", "POST", handle_refresh_tokens },
  { "time", "POST", handle_time },
  { "lag", "POST", handle_lag },
  { "quota", "POST", handle_quota },
};

static gboolean
host_is_address (const char *host)
{
  g_autofree char *url = g_strconcat ("http://", host, NULL);
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *name = uri != NULL ? g_uri_get_host (uri) : NULL;

  return name != NULL && (g_hostname_is_ip_address (name) || g_ascii_strcasecmp (name, "localhost") == 0);
}

/* FALSE: answered. */
static gboolean
may_control (Emulator *emulator, Request *request)
{
  g_autofree char *expected = g_strconcat ("Bearer ", emulator->control_key, NULL);
  const char *host = request_header (request, "host");
  const char *given = request_header (request, "authorization");

  if (!request->from_loopback)
    request_answer_text (request, 403, "application/json", "{\"error\":\"from loopback only\"}");
  else if (host == NULL || !host_is_address (host))
    request_answer_text (request, 403, "application/json", "{\"error\":\"Host must be an address, or localhost\"}");
  else if (given == NULL || !secret_equal (given, expected))
    request_answer_text (request, 401, "application/json", "{\"error\":\"the key of /_control is missing or wrong\"}");
  return !request->answered;
}

void
control_handle (Emulator *emulator, Request *request)
{
  const char *path = request->path + strlen ("/_control");
  g_autoptr (cJSON) body = NULL;

  if (!may_control (emulator, request))
    return;
  if (g_str_has_prefix (path, "/people")) {
    control_people_handle (books_of (emulator, request_param (request, "account") ?: emulator->account), request,
                           path + strlen ("/people"));
    return;
  }
  for (guint i = 0; *path == '/' && i < G_N_ELEMENTS (controls); i++) {
    if (!g_str_equal (controls[i].name, path + 1))
      continue;
    if (strstr (controls[i].methods, request->method) == NULL)
      break;
    body = json_parse_bytes (request->body);
    if (g_bytes_get_size (request->body) > 0 && !cJSON_IsObject (body))
      answer_bad (request, "the body is no JSON object");
    else
      controls[i].handle (emulator, request, body);
    return;
  }
  request_answer_text (request, 404, "application/json", "{\"error\":\"no such control\"}");
}
