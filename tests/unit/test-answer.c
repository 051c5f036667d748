/* What an answer that is not 2xx means: statuses, and what the service's words add to them. */
#include <string.h>

#include "helpers.h"
#include "people/answer.h"

#define ERROR_JSON(code, status, message, details)                                                                     \
  "{\"error\":{\"code\":" #code ",\"message\":\"" message "\",\"status\":\"" status "\"" details "}}"
#define REASON(reason)                                                                                                 \
  ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason                         \
  "\",\"domain\":\"googleapis.com\"}]"

#define DISABLED(link)                                                                                                 \
  ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"SERVICE_DISABLED\","             \
  "\"metadata\":{\"activationUrl\":\"" link "\"}}]"

#define VIOLATIONS(type, list, member, value)                                                                          \
  ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc." type "\",\"" list "\":[{\"" member "\":\"" value "\"}]" \
  "}]"

/* A reason in the older form of errors. */
#define OLD_REASON(reason) ",\"errors\":[{\"reason\":\"" reason "\"}]"

/* A row's status and body. */
#define INVALID(message, details)   400, ERROR_JSON (400, "INVALID_ARGUMENT", message, details)
#define DENIED(message, details)    403, ERROR_JSON (403, "PERMISSION_DENIED", message, details)
#define EXHAUSTED(message, details) 429, ERROR_JSON (429, "RESOURCE_EXHAUSTED", message, details)

enum { PLAIN, LIST, DELTA, CHANGE };

typedef struct {
  guint status;
  const char *body;
  int request;
  PeopleError code;
  AnswerAdvice advice;
  const char *says; /* part of the message */
} Row;

static const Row rows[] = {
  { INVALID ("Invalid photo format.", ""), PLAIN, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "Invalid photo format" },
  { INVALID ("Something.", ""), PLAIN, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "Something." },
  { INVALID ("Resource name \\\"people/me\\\" is not a valid contact person resource.", ""), PLAIN,
    PEOPLE_ERROR_NOT_CONTACT, ANSWER_FINAL, "people/me" },
  { 400, ERROR_JSON (400, "FAILED_PRECONDITION", "Request person.etag is different.", ""), PLAIN,
    PEOPLE_ERROR_STALE_ETAG, ANSWER_FINAL, "etag" },
  { INVALID ("Request payload size exceeds the limit: 10485760 bytes.", ""), PLAIN, PEOPLE_ERROR_TOO_LARGE,
    ANSWER_FINAL, "10485760" },
  /* the sync token's */
  { INVALID ("Sync token is expired.", REASON ("EXPIRED_SYNC_TOKEN")), DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL,
    "expired" },
  { 400, ERROR_JSON (400, "FAILED_PRECONDITION", "Clear local cache.", REASON ("EXPIRED_SYNC_TOKEN")), DELTA,
    PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "Clear" },
  { INVALID ("Request contains an invalid argument.", ""), DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "invalid" },
  { INVALID ("Sync token is invalid.", REASON ("BAD")), DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "invalid" },
  { 400, "{\"error\":{\"code\":400,\"message\":\"No.\"}}", DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "No." },
  /* and not the sync token's: a full listing would not help */
  { INVALID ("Request contains an invalid argument.", ""), LIST, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "invalid" },
  { INVALID ("API key not valid.", REASON ("API_KEY_INVALID")), DELTA, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "API key" },
  { INVALID ("Bad mask.", VIOLATIONS ("BadRequest", "fieldViolations", "field", "person_fields")), DELTA,
    PEOPLE_ERROR_INVALID, ANSWER_FINAL, "Bad mask" },
  { 400, "<html>Bad Request</html>", DELTA, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "HTML" },
  { 401, ERROR_JSON (401, "UNAUTHENTICATED", "Invalid Credentials", ""), PLAIN, PEOPLE_ERROR_AUTH, ANSWER_NEW_TOKEN,
    "Invalid Credentials" },
  { DENIED ("The caller does not have permission", ""), PLAIN, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL,
    "does not have permission" },
  { DENIED ("Request had insufficient authentication scopes.", REASON ("ACCESS_TOKEN_SCOPE_INSUFFICIENT")), PLAIN,
    PEOPLE_ERROR_SCOPE, ANSWER_FINAL, "scope" },
  { DENIED ("People API has not been used in project 1 before. Enable it by visiting https://console/x then retry.",
            REASON ("SERVICE_DISABLED")),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "https://console/x" },
  { DENIED ("Disabled.", DISABLED ("https://console.cloud.google.com/y")), PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL,
    "enable it at https://console.cloud.google.com/y ," },
  { DENIED ("Disabled.", DISABLED ("https://google.com.evil.example/y")), PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL,
    "enable it in the Google Cloud console" },
  { DENIED ("Disabled.", DISABLED ("http://console.cloud.google.com/y")), PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL,
    "enable it in the Google Cloud console" },
  { DENIED ("Enable it by visiting https://console.developers.google.com/z then retry.", REASON ("SERVICE_DISABLED")),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "enable it at https://console.developers.google.com/z ," },
  { DENIED ("The people.googleapis.com API requires a quota project, which is not set by default.",
            REASON ("SERVICE_DISABLED")),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "set-quota-project" },
  { DENIED ("Caller does not have required permission to use project p.", REASON ("USER_PROJECT_DENIED")), PLAIN,
    PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "Service Usage Consumer" },
  { DENIED ("Slow down.", OLD_REASON ("rateLimitExceeded")), PLAIN, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Slow down" },
  { 403, "<!DOCTYPE html><p>secret page", PLAIN, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "403: a page of HTML" },
  { 404, ERROR_JSON (404, "NOT_FOUND", "Requested entity was not found.", ""), PLAIN, PEOPLE_ERROR_NOT_FOUND,
    ANSWER_FINAL, "not found" },
  { 410, ERROR_JSON (410, "GONE", "It was deleted.", ""), PLAIN, PEOPLE_ERROR_NOT_FOUND, ANSWER_FINAL, "deleted" },
  /* not the service's own words: nobody is gone */
  { 404, "<html>", CHANGE, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "--api-url" },
  { 404, "{}", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "--api-url" },
  { 410, "", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "410" },
  { 413, "<html>", PLAIN, PEOPLE_ERROR_TOO_LARGE, ANSWER_FINAL, "smaller" },
  { EXHAUSTED ("Quota exceeded.", REASON ("RATE_LIMIT_EXCEEDED")), PLAIN, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Quota" },
  { EXHAUSTED ("Quota exceeded.", REASON ("RATE_LIMIT_EXCEEDED")), LIST, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Quota" },
  { 429, "<html>", LIST, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "429: a page of HTML" },
  { EXHAUSTED ("Resource has been exhausted.",
               VIOLATIONS ("QuotaFailure", "violations", "description", "FBS quota limit exceeded.")),
    LIST, PEOPLE_ERROR_QUOTA, ANSWER_FINAL, "listing" },
  { EXHAUSTED ("FBS quota limit exceeded.", ""), LIST, PEOPLE_ERROR_QUOTA, ANSWER_FINAL, "listing" },
  { EXHAUSTED ("FBS quota limit exceeded.", ""), CHANGE, PEOPLE_ERROR_QUOTA, ANSWER_FINAL,
    "Google's daily allowance for changes is used up (429: FBS quota" },
  { EXHAUSTED ("FBS quota limit exceeded.", ""), PLAIN, PEOPLE_ERROR_QUOTA, ANSWER_FINAL,
    "daily allowance is used up" },
  { DENIED ("Daily Limit Exceeded", OLD_REASON ("dailyLimitExceeded")), CHANGE, PEOPLE_ERROR_QUOTA, ANSWER_FINAL,
    "daily allowance for changes" },
  { 500, ERROR_JSON (500, "INTERNAL", "Internal error encountered.", ""), PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN,
    "Internal" },
  { 502, "<html><h1>502</h1></html>", PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "502: a page of HTML" },
  { 503, ERROR_JSON (503, "UNAVAILABLE", "The service is currently unavailable.", ""), PLAIN, PEOPLE_ERROR_SERVER,
    ANSWER_AGAIN, "unavailable" },
  { 504, "", PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "504" },
  { 409, ERROR_JSON (409, "ABORTED", "The operation was aborted.", ""), CHANGE, PEOPLE_ERROR_CONFLICT, ANSWER_AGAIN,
    "another program" },
  { 501, "", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "501" },
  { 302, "", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "302" },
  /* further ways to say the same */
  { INVALID ("The payload is too large.", ""), CHANGE, PEOPLE_ERROR_TOO_LARGE, ANSWER_FINAL, "use a smaller one" },
  { INVALID ("The payload is odd.", ""), CHANGE, PEOPLE_ERROR_INVALID, ANSWER_FINAL,
    "(400 INVALID_ARGUMENT: The payload is odd.)" },
  { 400, "{\"error\":{\"message\":\"No.\"}}", PLAIN, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "(400 No.)" },
  { INVALID ("Bad.", REASON ("BAD") ",\"errors\":[{\"field\":\"sync\"}]"), DELTA, PEOPLE_ERROR_INVALID, ANSWER_FINAL,
    "Bad." },
  { INVALID ("Bad sync_token.", REASON ("BAD")), DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "Bad" },
  { INVALID ("Bad syncToken.", REASON ("BAD")), DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "Bad" },
  { INVALID ("Bad.", VIOLATIONS ("BadRequest", "fieldViolations", "field", "sync_token")), DELTA,
    PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "Bad" },
  { 400, "{}", DELTA, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "no JSON" },
  { DENIED ("Slow.", ",\"errors\":[7,{},{\"reason\":\"userRateLimitExceeded\"}]"), PLAIN, PEOPLE_ERROR_RATE,
    ANSWER_AGAIN, "Slow" },
  { DENIED ("Slow.", REASON ("RATE_LIMIT_EXCEEDED")), PLAIN, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Slow" },
  { 403, ERROR_JSON (403, "RESOURCE_EXHAUSTED", "Slow.", ""), PLAIN, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Slow" },
  { DENIED ("Used.", OLD_REASON ("quotaExceeded")), CHANGE, PEOPLE_ERROR_QUOTA, ANSWER_FINAL,
    "is used up (403: Used.)" },
  { EXHAUSTED ("Used.", VIOLATIONS ("QuotaFailure", "violations", "subject", "FBS quota")), PLAIN, PEOPLE_ERROR_QUOTA,
    ANSWER_FINAL, "is used up" },
  { EXHAUSTED ("Used.", VIOLATIONS ("QuotaFailure", "violations", "subject", "you")), PLAIN, PEOPLE_ERROR_QUOTA,
    ANSWER_FINAL, "is used up" },
  { EXHAUSTED ("Slow.", ",\"details\":[{\"@type\":\"x/google.rpc.QuotaFailure\",\"violations\":[]},{\"@type\":\"x/"
                        "google.rpc.ErrorInfo\","
                        "\"reason\":\"RATE_LIMIT_EXCEEDED\"}]"),
    PLAIN, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Slow" },
  { DENIED ("Off.", OLD_REASON ("accessNotConfigured")), PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL,
    "enable it in the Google Cloud console" },
  { DENIED ("Off.",
            ",\"details\":[{\"@type\":\"x/google.rpc.ErrorInfo\",\"reason\":\"SERVICE_DISABLED\"},{\"@type\":\"x/"
            "google.rpc.Help\","
            "\"links\":[{\"url\":\"https://google.com/enable\"}]}]"),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "enable it at https://google.com/enable ," },
  { DENIED ("No.", OLD_REASON ("insufficientPermissions")), PLAIN, PEOPLE_ERROR_SCOPE, ANSWER_FINAL,
    "permission for contacts" },
  { DENIED ("Request had insufficient authentication scopes.", ""), PLAIN, PEOPLE_ERROR_SCOPE, ANSWER_FINAL,
    "permission for contacts" },
  { 502, " \r\n<html>", PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "502: a page of HTML" },
  { 502, " \r\n", PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "502: no JSON" },
};

static void
test_table (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    AnswerRequest request = { .listing = row->request == LIST || row->request == DELTA,
                              .change = row->request == CHANGE,
                              .sync_token = row->request == DELTA };
    g_autoptr (GBytes) body = test_bytes (row->body);
    g_autoptr (GError) error = NULL;
    AnswerAdvice advice = answer_judge (row->status, body, &request, &error);

    g_test_message ("%u %s → %s", row->status, row->body, error != NULL ? error->message : "nothing");
    g_assert_error (error, PEOPLE_ERROR, (int)row->code);
    g_assert_cmpint (advice, ==, row->advice);
    g_assert_nonnull (strstr (error->message, row->says));
    g_assert_null (strchr (error->message, '<'));
  }
}

/* Every status there is, and some that there are not: docs/google.md says the same. */
static const struct {
  guint first, last;
  PeopleError code;
  AnswerAdvice advice;
} statuses[] = {
  { 0, 199, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },    { 200, 205, PEOPLE_ERROR_BAD_ANSWER, ANSWER_DONE },
  { 206, 206, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },  { 207, 299, PEOPLE_ERROR_BAD_ANSWER, ANSWER_DONE },
  { 300, 399, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },  { 400, 400, PEOPLE_ERROR_INVALID, ANSWER_FINAL },
  { 401, 401, PEOPLE_ERROR_AUTH, ANSWER_NEW_TOKEN },    { 402, 403, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL },
  { 404, 404, PEOPLE_ERROR_NOT_FOUND, ANSWER_FINAL },   { 405, 406, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 407, 407, PEOPLE_ERROR_UNREACHABLE, ANSWER_FINAL }, { 408, 408, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },
  { 409, 409, PEOPLE_ERROR_CONFLICT, ANSWER_AGAIN },    { 410, 410, PEOPLE_ERROR_NOT_FOUND, ANSWER_FINAL },
  { 411, 411, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },  { 412, 412, PEOPLE_ERROR_STALE_ETAG, ANSWER_FINAL },
  { 413, 413, PEOPLE_ERROR_TOO_LARGE, ANSWER_FINAL },   { 414, 420, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 421, 421, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },      { 422, 422, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 423, 423, PEOPLE_ERROR_CONFLICT, ANSWER_AGAIN },    { 424, 424, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 425, 425, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },      { 426, 428, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 429, 429, PEOPLE_ERROR_RATE, ANSWER_AGAIN },        { 430, 450, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 451, 451, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL },  { 452, 498, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 499, 500, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },      { 501, 501, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 502, 504, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },      { 505, 506, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 507, 507, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },      { 508, 508, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 509, 509, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },      { 510, 510, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
  { 511, 511, PEOPLE_ERROR_UNREACHABLE, ANSWER_FINAL }, { 512, 599, PEOPLE_ERROR_SERVER, ANSWER_AGAIN },
  { 600, 1000, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL },
};

static void
test_every_status (void)
{
  guint next = 0;

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    g_assert_cmpuint (statuses[i].first, ==, next);
    next = statuses[i].last + 1;
    for (guint status = statuses[i].first; status <= statuses[i].last; status++) {
      const StatusMeaning *meaning = status_meaning (status);
      g_autofree char *number = g_strdup_printf ("(%u: words)", status);
      g_autoptr (GError) error = status_error (status, "words");

      g_assert_cmpint (meaning->advice, ==, statuses[i].advice);
      if (meaning->advice == ANSWER_DONE)
        continue;
      g_assert_error (error, PEOPLE_ERROR, (int)statuses[i].code);
      g_assert_nonnull (strstr (error->message, number));
      g_assert_true (status == 413 || strstr (error->message, "picture is too large") == NULL);
    }
  }
}

/* What a terminal obeys, and what turns a line around, wherever it stands in an answer. */
static void
test_clean_errors (void)
{
  static const char *const bodies[] = {
    "{\"error\":{\"code\":400,\"message\":\"a\x1b[2Jb\",\"status\":\"X\"}}",
    "{\"error\":{\"code\":400,\"message\":\"m\",\"status\":\"X\\u001b[2J\\nY\\u009b1m\"}}",
    "{\"error\":{\"code\":400,\"message\":\"m\\u202e\\u2028\",\"status\":\"FAILED\\u202e\"}}",
  };
  static const guint codes[] = { 400, 401, 403, 404, 429, 500 };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    for (gsize k = 0; k < G_N_ELEMENTS (codes); k++) {
      g_autoptr (GBytes) body = test_bytes (bodies[i]);
      g_autoptr (GError) error = NULL;
      AnswerRequest request = { .listing = TRUE };

      answer_judge (codes[k], body, &request, &error);
      for (const char *p = error->message; *p != '\0'; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);

        g_assert_false (g_unichar_iscntrl (c) || c == 0x202e || c == 0x2028);
      }
    }
}

/* Who explains himself at such length is not read. */
static void
test_long_explanation (void)
{
  g_autofree char *filler = g_strnfill (64 * 1024, ' ');
  g_autofree char *text = g_strconcat (ERROR_JSON (404, "NOT_FOUND", "Gone.", ""), filler, NULL);
  g_autoptr (GBytes) body = test_bytes (text);
  g_autoptr (GError) error = NULL;
  AnswerRequest request = { .change = TRUE };

  g_assert_cmpint (answer_judge (404, body, &request, &error), ==, ANSWER_FINAL);
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  g_assert_nonnull (strstr (error->message, "404: no JSON"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/answer/table", test_table);
  g_test_add_func ("/answer/every-status", test_every_status);
  g_test_add_func ("/answer/clean", test_clean_errors);
  g_test_add_func ("/answer/long-explanation", test_long_explanation);
  return g_test_run ();
}
