/* From status and body to PEOPLE_ERROR. */
#define G_LOG_DOMAIN "contactfs"

#include "people/answer.h"

#include <string.h>

#include "net/http-url.h"
#include "net/json.h"
#include "net/text.h"

/* The service explains itself in hundreds of bytes. */
#define MAX_EXPLANATION (64 * 1024)

/* The error object, taken apart. Borrowed from root, but for what is cleaned. */
typedef struct {
  guint http;
  JsonValue *root;          /* NULL: not JSON */
  const JsonValue *details; /* array, or NULL */
  char *status;             /* "INVALID_ARGUMENT" …, cleaned; "" when not said */
  const char *reason;       /* of ErrorInfo, or the older errors[].reason; "" when not said */
  char *words;              /* what the service says, cleaned; never NULL */
} Answer;

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

static const char *
find_reason (const JsonValue *error)
{
  const char *found = NULL;

  for (const JsonValue *d = json_first (json_member (error, "details")); d != NULL && found == NULL; d = json_next (d))
    found = json_string (d, "reason");
  for (const JsonValue *e = json_first (json_member (error, "errors")); e != NULL && found == NULL; e = json_next (e))
    found = json_string (e, "reason");
  return or_empty (found);
}

static void
answer_parse (Answer *self, guint http, GBytes *body)
{
  JsonValue *root = g_bytes_get_size (body) <= MAX_EXPLANATION ? json_parse_bytes (body, NULL) : NULL;
  const JsonValue *error = json_member (root, "error");

  *self = (Answer){ .http = http, .root = root, .details = json_member (error, "details") };
  self->status = text_clean (json_string (error, "status"));
  if (self->status == NULL)
    self->status = g_strdup ("");
  self->reason = find_reason (error);
  self->words = text_clean (json_string (error, "message"));
  if (self->words == NULL)
    self->words = g_strdup (status_body_kind (body));
}

static void
answer_clear (Answer *self)
{
  json_free (self->root);
  g_free (self->status);
  g_free (self->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Answer, answer_clear)

static const JsonValue *
find_detail (const Answer *self, const char *type)
{
  for (const JsonValue *detail = json_first (self->details); detail != NULL; detail = json_next (detail))
    if (g_str_has_suffix (or_empty (json_string (detail, "@type")), type))
      return detail;
  return NULL;
}

static gboolean
is_too_large (const Answer *self)
{
  return text_says (self->words, "payload")
         && (text_says (self->words, "limit") || text_says (self->words, "too large"));
}

/* A 400 to a listing that sent a sync token. Expired ones say so in the reason, whatever the status. A malformed one
 * says nothing: no reason, no details. A listing has no other argument that could be wrong today and was right
 * yesterday, so a 400 in the service's own JSON without another explanation is the token's; one that names another
 * field, or a reason of its own, is not, and neither is a page that some proxy made up: a full listing is dear. */
static gboolean
blames_sync_token (const Answer *self)
{
  const JsonValue *fields = json_member (find_detail (self, "BadRequest"), "fieldViolations");

  if (self->root == NULL || json_member (self->root, "error") == NULL)
    return FALSE;
  if (text_says (self->words, "sync token") || text_says (self->words, "sync_token")
      || text_says (self->words, "syncToken"))
    return TRUE;
  for (const JsonValue *field = json_first (fields); field != NULL; field = json_next (field))
    if (text_says (json_string (field, "field"), "sync"))
      return TRUE;
  return json_length (fields) == 0 && find_detail (self, "ErrorInfo") == NULL;
}

static AnswerAdvice
judge_400 (const Answer *self, const AnswerRequest *request, GError **error)
{
  if (g_str_equal (self->reason, "EXPIRED_SYNC_TOKEN")
      || (request->listing && request->sync_token && blames_sync_token (self)))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SYNC_TOKEN,
                 "Google no longer takes the sync token (%s): everything is listed again", self->words);
  else if (text_says (self->words, "not a valid contact person resource"))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_CONTACT,
                 "Google does not let anybody change this contact's photo (%s): it is not one of your own contacts",
                 self->words);
  else if (is_too_large (self))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_TOO_LARGE,
                 "the picture is too large for Google (%s): use a smaller one", self->words);
  else if (g_str_equal (self->status, "FAILED_PRECONDITION"))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_STALE_ETAG,
                 "the contact has changed at Google meanwhile (%s): try again", self->words);
  else if (text_says (self->words, "photo format"))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_INVALID,
                 "Google did not take the picture (%s): use another JPEG or PNG", self->words);
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_INVALID, "Google refused the request (400 %s%s%s)", self->status,
                 self->status[0] != '\0' ? ": " : "", self->words);
  return ANSWER_FINAL;
}

static gboolean
is_rate_limit (const Answer *self)
{
  return g_ascii_strcasecmp (self->reason, "rateLimitExceeded") == 0
         || g_ascii_strcasecmp (self->reason, "userRateLimitExceeded") == 0
         || g_str_equal (self->reason, "RATE_LIMIT_EXCEEDED") || g_str_equal (self->status, "RESOURCE_EXHAUSTED");
}

/* An allowance that lasts for longer than a minute: waiting seconds does not help, and asking makes it worse. */
static gboolean
is_used_up (const Answer *self)
{
  const JsonValue *quota = find_detail (self, "QuotaFailure");

  if (text_says (self->words, "FBS quota") || g_ascii_strcasecmp (self->reason, "dailyLimitExceeded") == 0
      || g_ascii_strcasecmp (self->reason, "quotaExceeded") == 0)
    return TRUE;
  for (const JsonValue *v = json_first (json_member (quota, "violations")); v != NULL; v = json_next (v))
    if (text_says (json_string (v, "description"), "FBS quota") || text_says (json_string (v, "subject"), "FBS quota"))
      return TRUE;
  return quota != NULL && !g_str_equal (self->reason, "RATE_LIMIT_EXCEEDED");
}

/* 429, or a 403 that says the same. */
static AnswerAdvice
judge_rate (const Answer *self, const AnswerRequest *request, GError **error)
{
  if (is_used_up (self)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_QUOTA, "Google's daily allowance%s is used up (%u: %s)",
                 request->listing  ? " for listing the contacts"
                 : request->change ? " for changes"
                                   : "",
                 self->http, self->words);
    return ANSWER_FINAL;
  }
  g_propagate_error (error, status_error (429, self->words));
  return ANSWER_AGAIN;
}

/* Only Google's own pages are named as the place to go to: an answer may come from anywhere. */
static gboolean
is_google_link (const char *url)
{
  g_auto (HttpOrigin) origin = { 0 };

  return http_origin_parse (&origin, url) && g_str_equal (origin.scheme, "https")
         && (g_str_equal (origin.host, "google.com") || g_str_has_suffix (origin.host, ".google.com"));
}

/* The page that enables the API: the details say, or else the message. Transfer full, or NULL. */
static char *
find_activation_link (const Answer *self)
{
  const JsonValue *metadata = json_member (find_detail (self, "ErrorInfo"), "metadata");
  const JsonValue *links = json_member (find_detail (self, "google.rpc.Help"), "links");
  const char *url = json_string (metadata, "activationUrl");
  g_auto (GStrv) words = g_strsplit (self->words, " ", -1);

  if (url == NULL)
    url = json_string (json_first (links), "url");
  for (char **word = words; url == NULL && *word != NULL; word++)
    if (g_str_has_prefix (*word, "https://"))
      url = *word;
  return url != NULL && is_google_link (url) ? g_strdup (url) : NULL;
}

static void
set_service_disabled (const Answer *self, GError **error)
{
  g_autofree char *link = find_activation_link (self);

  if (text_says (self->words, "requires a quota project"))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_DISABLED,
                 "gcloud's login names no project of yours, in which the People API is enabled: gcloud auth "
                 "application-default set-quota-project PROJECT; Google says: %s",
                 self->words);
  else if (link != NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_DISABLED,
                 "the People API is not enabled in your Google Cloud project: enable it at %s , wait some minutes, try "
                 "again; Google says: %s",
                 link, self->words);
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_DISABLED,
                 "the People API is not enabled in your Google Cloud project: enable it in the Google Cloud console "
                 "(APIs and services), wait some minutes, try again; Google says: %s",
                 self->words);
}

static AnswerAdvice
judge_403 (const Answer *self, const AnswerRequest *request, GError **error)
{
  if (is_rate_limit (self) || is_used_up (self))
    return judge_rate (self, request, error);
  if (g_str_equal (self->reason, "SERVICE_DISABLED") || g_str_equal (self->reason, "accessNotConfigured"))
    set_service_disabled (self, error);
  else if (g_str_equal (self->reason, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
           || g_str_equal (self->reason, "insufficientPermissions")
           || text_says (self->words, "insufficient authentication scopes"))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_SCOPE,
                 "the access token does not include the permission for contacts (%s)", self->words);
  else if (g_str_equal (self->reason, "USER_PROJECT_DENIED"))
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_PERMISSION,
                 "the login may not use the quota project that its credentials file names (quota_project_id): give it "
                 "the role Service Usage Consumer there, or name another project; Google says: %s",
                 self->words);
  else
    g_propagate_error (error, status_error (403, self->words));
  return ANSWER_FINAL;
}

/* Only the service itself can say that somebody is gone: a front end's page says that the address is wrong. */
static AnswerAdvice
judge_missing (const Answer *self, GError **error)
{
  if (json_member (self->root, "error") != NULL)
    g_propagate_error (error, status_error (self->http, self->words));
  else
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                 "the service has nothing at the address of the People API (%u: %s): check --api-url", self->http,
                 self->words);
  return ANSWER_FINAL;
}

AnswerAdvice
answer_judge (guint status, GBytes *body, const AnswerRequest *request, GError **error)
{
  g_auto (Answer) answer = { 0 };

  answer_parse (&answer, status, body);
  switch (status) {
  case 400:
    return judge_400 (&answer, request, error);
  case 403:
    return judge_403 (&answer, request, error);
  case 404:
  case 410:
    return judge_missing (&answer, error);
  case 429:
    return judge_rate (&answer, request, error);
  default:
    g_propagate_error (error, status_error (status, answer.words));
    return status_meaning (status)->advice;
  }
}
