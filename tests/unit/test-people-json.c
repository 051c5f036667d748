/* What the service says, read: persons, pages, and the table of errors. */
#include <string.h>

#include "people/answer.h"
#include "people/person-json.h"

static guint warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  if (level & G_LOG_LEVEL_WARNING)
    warnings++;
  return level & G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED : g_log_writer_default (level, fields, n, data);
}

static GBytes *
bytes (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static PeoplePerson *
person (const char *json)
{
  g_autoptr (GBytes) body = bytes (json);
  g_autoptr (GError) error = NULL;
  PeoplePerson *self = person_parse (body, &error);

  g_assert_no_error (error);
  return self;
}

/* ---- persons ---- */

static void
test_whole_person (void)
{
  g_autoptr (PeoplePerson) p = person (
      "{\"resourceName\":\"people/c1\",\"etag\":\"%EgU=\",\"metadata\":{\"sources\":["
      "{\"type\":\"PROFILE\",\"id\":\"9\",\"updateTime\":\"2025-01-02T03:04:05.000001Z\"},"
      "{\"type\":\"CONTACT\",\"id\":\"1\",\"updateTime\":\"2026-11-24T08:15:03.123456789Z\"}],\"objectType\":"
      "\"PERSON\"},"
      "\"names\":[{\"metadata\":{\"source\":{\"type\":\"PROFILE\"}},\"displayName\":\"Not this\"},"
      "{\"metadata\":{\"primary\":true},\"displayName\":\" Alice Smith \"}],"
      "\"emailAddresses\":[{\"value\":\"second@x\"},{\"metadata\":{\"primary\":true},\"value\":\"first@x\"}],"
      "\"phoneNumbers\":[{\"value\":\"+1\"}],\"organizations\":[{\"title\":\"none\"},{\"name\":\"ACME\"}],"
      "\"photos\":[{\"metadata\":{\"primary\":true,\"source\":{\"type\":\"CONTACT\"}},\"url\":\"https://h/own=s100\"},"
      "{\"metadata\":{\"source\":{\"type\":\"PROFILE\"}},\"url\":\"https://h/"
      "profile=s100\"}],\"unheard\":{\"of\":[1]}}");

  g_assert_cmpstr (p->resource_name, ==, "people/c1");
  g_assert_null (p->previous_resource_names);
  g_assert_false (p->deleted);
  g_assert_cmpstr (p->display_name, ==, "Alice Smith");
  g_assert_cmpstr (p->email, ==, "first@x");
  g_assert_cmpstr (p->phone, ==, "+1");
  g_assert_cmpstr (p->organization, ==, "ACME");
  g_assert_cmpint (p->update_time, ==, G_GINT64_CONSTANT (1795508103123456));
  g_assert_cmpint (p->profile_update_time, ==, G_GINT64_CONSTANT (1735787045000001));
  g_assert_cmpstr (p->photo_url, ==, "https://h/own=s100");
  g_assert_cmpstr (p->profile_url, ==, "https://h/profile=s100");
}

static void
test_names (void)
{
  const char *cases[][2] = {
    { "[{\"displayName\":\"\",\"unstructuredName\":\"Un Structured\"}]", "Un Structured" },
    { "[{\"givenName\":\"Given\",\"familyName\":\"Family\"}]", "Given Family" },
    { "[{\"familyName\":\"Family\"}]", "Family" },
    { "[{\"metadata\":{\"primary\":true},\"displayName\":\"  \"},{\"displayName\":\"Other\"}]", "Other" },
    { "[{\"displayName\":7}]", NULL },
    { "\"Alice\"", NULL },
    { "[]", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *json = g_strdup_printf ("{\"resourceName\":\"people/c1\",\"names\":%s}", cases[i][0]);
    g_autoptr (PeoplePerson) p = person (json);

    g_assert_cmpstr (p->display_name, ==, cases[i][1]);
  }
}

static void
test_photos (void)
{
  const char *cases[][3] = {
    { "[{\"url\":\"https://h/m\",\"default\":true,\"metadata\":{\"source\":{\"type\":\"CONTACT\"}}}]", NULL, NULL },
    { "[{\"url\":\"https://h/o\",\"default\":false,\"metadata\":{\"source\":{\"type\":\"CONTACT\"}}}]", "https://h/o",
      NULL },
    { "[{\"url\":\"https://h/o\"}]", "https://h/o", NULL },
    { "[{\"url\":\"https://h/d\",\"metadata\":{\"source\":{\"type\":\"DOMAIN_CONTACT\"}}}]", "https://h/d", NULL },
    { "[{\"url\":\"https://h/p\",\"metadata\":{\"primary\":true,\"source\":{\"type\":\"PROFILE\"}}}]", NULL,
      "https://h/p" },
    { "[{\"url\":\"https://h/1\"},{\"url\":\"https://h/2\",\"metadata\":{\"primary\":true}}]", "https://h/2", NULL },
    { "[{\"default\":true,\"url\":\"https://h/m\",\"metadata\":{\"primary\":true}},{\"url\":\"https://h/2\"}]",
      "https://h/2", NULL },
    { "[{\"url\":null},{\"url\":[]},7,null,[]]", NULL, NULL },
    { "{\"url\":\"https://h/o\"}", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *json = g_strdup_printf ("{\"resourceName\":\"people/c1\",\"photos\":%s}", cases[i][0]);
    g_autoptr (PeoplePerson) p = person (json);

    g_assert_cmpstr (p->photo_url, ==, cases[i][1]);
    g_assert_cmpstr (p->profile_url, ==, cases[i][2]);
  }
}

static void
test_times (void)
{
  g_assert_cmpint (person_parse_time ("1970-01-01T00:00:01Z"), ==, 1000000);
  g_assert_cmpint (person_parse_time ("1970-01-01T00:00:01.5Z"), ==, 1500000);
  g_assert_cmpint (person_parse_time ("1970-01-01T00:00:01.123456Z"), ==, 1123456);
  g_assert_cmpint (person_parse_time ("1970-01-01T00:00:01.999999999Z"), ==, 1999999);
  g_assert_cmpint (person_parse_time ("1970-01-01T01:00:01.25+01:00"), ==, 1250000);
  g_assert_cmpint (person_parse_time ("1970-01-01T00:00:01."), ==, 0);
  g_assert_cmpint (person_parse_time ("yesterday"), ==, 0);
  g_assert_cmpint (person_parse_time (""), ==, 0);
  g_assert_cmpint (person_parse_time (NULL), ==, 0);
}

static void
test_update_time_sources (void)
{
  g_autoptr (PeoplePerson) domain
      = person ("{\"resourceName\":\"people/c1\",\"metadata\":{\"sources\":[7,{\"type\":\"DOMAIN_CONTACT\","
                "\"updateTime\":\"1970-01-01T00:00:02Z\"}]}}");
  g_autoptr (PeoplePerson) odd = person (
      "{\"resourceName\":\"people/c1\",\"metadata\":{\"sources\":{\"type\":\"CONTACT\"},\"deleted\":\"true\"}}");

  g_assert_cmpint (domain->update_time, ==, 2000000);
  g_assert_cmpint (odd->update_time, ==, 0);
  g_assert_false (odd->deleted);
}

static void
test_not_a_person (void)
{
  const char *bodies[] = { "",
                           "<html>",
                           "[]",
                           "{}",
                           "null",
                           "{\"resourceName\":7}",
                           "{\"resourceName\":\"\"}",
                           "{\"resourceName\":\"people/c1\"" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (GBytes) body = bytes (bodies[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (person_parse (body, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  }
}

/* ---- pages ---- */

static void
test_page (void)
{
  g_autoptr (GBytes) body = bytes (
      "{\"connections\":[{\"resourceName\":\"people/c1\"},{\"names\":[]},"
      "{\"resourceName\":\"people/c2\",\"metadata\":{\"deleted\":true,\"previousResourceNames\":[\"people/c0\",7]},"
      "\"names\":[{\"displayName\":\"x\"}]}],\"nextPageToken\":\"p\",\"nextSyncToken\":\"s\",\"totalItems\":3}");
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePage) page = NULL;
  const PeoplePerson *second;

  page = person_parse_page (body, &error);
  g_assert_cmpuint (page->ignored, ==, 1);
  g_assert_no_error (error);
  g_assert_cmpuint (page->people->len, ==, 2);
  g_assert_cmpstr (page->next_page_token, ==, "p");
  g_assert_cmpstr (page->next_sync_token, ==, "s");
  second = page->people->pdata[1];
  g_assert_true (second->deleted);
  g_assert_null (second->display_name);
  g_assert_cmpstr (second->previous_resource_names[0], ==, "people/c0");
  g_assert_null (second->previous_resource_names[1]);
}

/* What is no "people/<id>" would go into requests' paths, file names and the terminal. */
static void
test_resource_names (void)
{
  static const char *const good[] = { "people/c1", "people/108-x_Y.z~", "people/c 1?x" };
  static const char *const bad[] = { "",
                                     "people/",
                                     "people/a/b",
                                     "c1",
                                     "people/..",
                                     "people/.",
                                     "/people/c1",
                                     "people/c\\n1",
                                     "people/c\\u001b[2J",
                                     "people/c\\u009b",
                                     "otherContacts/c1" };
  g_autofree char *endless = g_strnfill (300, 'c');
  g_autofree char *too_long = g_strconcat ("people/", endless, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (good) + G_N_ELEMENTS (bad) + 1; i++) {
    gboolean is_good = i < G_N_ELEMENTS (good);
    const char *name = is_good ? good[i] : i == G_N_ELEMENTS (good) ? too_long : bad[i - G_N_ELEMENTS (good) - 1];
    g_autofree char *json = g_strdup_printf (
        "{\"connections\":[{\"resourceName\":\"%s\",\"metadata\":{\"previousResourceNames\":[\"%s\"]}}]}", name, name);
    g_autoptr (GBytes) body = bytes (json);
    g_autoptr (PeoplePage) page = person_parse_page (body, NULL);

    g_test_message ("%s", name);
    g_assert_cmpuint (page->people->len, ==, is_good);
    g_assert_cmpuint (page->ignored, ==, !is_good);
  }
}

/* However many there are, they are counted and not told of one by one. */
static void
test_nobody_many_times (void)
{
  g_autoptr (GString) json = g_string_new ("{\"connections\":[{}");
  g_autoptr (GBytes) body = NULL;
  g_autoptr (PeoplePage) page = NULL;

  for (guint i = 1; i < 50000; i++)
    g_string_append (json, ",{}");
  g_string_append (json, "]}");
  body = bytes (json->str);
  warnings = 0;
  page = person_parse_page (body, NULL);
  g_assert_cmpuint (page->ignored, ==, 50000);
  g_assert_cmpuint (warnings, ==, 0);
}

static void
test_odd_photo_addresses (void)
{
  g_autoptr (PeoplePerson) p = person ("{\"resourceName\":\"people/c1\",\"photos\":[{\"url\":"
                                       "\"https://h/a\\u001b[2J b\\u009bé\\\\c=s100?q=%41\"}]}");

  g_assert_cmpstr (p->photo_url, ==, "https://h/a%1B[2J%20b%C2%9B%C3%A9%5Cc=s100?q=%41");
}

static void
test_empty_delta (void)
{
  g_autoptr (GBytes) body = bytes ("{\"nextSyncToken\":\"s\"}");
  g_autoptr (PeoplePage) page = person_parse_page (body, NULL);

  g_assert_cmpuint (page->people->len, ==, 0);
  g_assert_null (page->next_page_token);
  g_assert_cmpstr (page->next_sync_token, ==, "s");
}

static void
test_not_a_page (void)
{
  const char *bodies[] = { "",
                           "[]",
                           "{\"connections\":{}}",
                           "{\"connections\":\"none\"}",
                           "{\"nextPageToken\":5}",
                           "{\"nextSyncToken\":{}}",
                           "<html></html>" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (GBytes) body = bytes (bodies[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (person_parse_page (body, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  }
}

static void
test_mutation (void)
{
  g_autoptr (GBytes) with = bytes ("{\"person\":{\"resourceName\":\"people/c1\"}}");
  g_autoptr (GBytes) without = bytes ("{}");
  g_autoptr (GBytes) broken = bytes ("{\"person\":");
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) p = person_parse_mutation (with, NULL);

  g_assert_cmpstr (p->resource_name, ==, "people/c1");
  g_assert_null (person_parse_mutation (without, &error));
  g_assert_no_error (error);
  g_assert_null (person_parse_mutation (broken, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
}

/* ---- errors ---- */

#define ERROR_JSON(code, status, message, details)                                                                     \
  "{\"error\":{\"code\":" #code ",\"message\":\"" message "\",\"status\":\"" status "\"" details "}}"
#define REASON(reason)                                                                                                 \
  ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"" reason                         \
  "\",\"domain\":\"googleapis.com\"}]"

#define DISABLED(link)                                                                                                 \
  ",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"SERVICE_DISABLED\","             \
  "\"metadata\":{\"activationUrl\":\"" link "\"}}]"

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
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Invalid photo format.", ""), PLAIN, PEOPLE_ERROR_INVALID, ANSWER_FINAL,
    "Invalid photo format" },
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Something.", ""), PLAIN, PEOPLE_ERROR_INVALID, ANSWER_FINAL,
    "Something." },
  { 400,
    ERROR_JSON (400, "INVALID_ARGUMENT", "Resource name \\\"people/me\\\" is not a valid contact person resource.", ""),
    PLAIN, PEOPLE_ERROR_NOT_CONTACT, ANSWER_FINAL, "people/me" },
  { 400, ERROR_JSON (400, "FAILED_PRECONDITION", "Request person.etag is different.", ""), PLAIN,
    PEOPLE_ERROR_STALE_ETAG, ANSWER_FINAL, "etag" },
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 10485760 bytes.", ""), PLAIN,
    PEOPLE_ERROR_TOO_LARGE, ANSWER_FINAL, "10485760" },
  /* the sync token's */
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Sync token is expired.", REASON ("EXPIRED_SYNC_TOKEN")), DELTA,
    PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "expired" },
  { 400, ERROR_JSON (400, "FAILED_PRECONDITION", "Clear local cache.", REASON ("EXPIRED_SYNC_TOKEN")), DELTA,
    PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "Clear" },
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Request contains an invalid argument.", ""), DELTA,
    PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "invalid" },
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Sync token is invalid.", REASON ("BAD")), DELTA, PEOPLE_ERROR_SYNC_TOKEN,
    ANSWER_FINAL, "invalid" },
  { 400, "{\"error\":{\"code\":400,\"message\":\"No.\"}}", DELTA, PEOPLE_ERROR_SYNC_TOKEN, ANSWER_FINAL, "No." },
  /* and not the sync token's: a full listing would not help */
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "Request contains an invalid argument.", ""), LIST, PEOPLE_ERROR_INVALID,
    ANSWER_FINAL, "invalid" },
  { 400, ERROR_JSON (400, "INVALID_ARGUMENT", "API key not valid.", REASON ("API_KEY_INVALID")), DELTA,
    PEOPLE_ERROR_INVALID, ANSWER_FINAL, "API key" },
  { 400,
    ERROR_JSON (400, "INVALID_ARGUMENT", "Bad mask.",
                ",\"details\":[{\"@type\":\"type.googleapis.com/"
                "google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"person_fields\"}]}]"),
    DELTA, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "Bad mask" },
  { 400, "<html>Bad Request</html>", DELTA, PEOPLE_ERROR_INVALID, ANSWER_FINAL, "HTML" },
  { 401, ERROR_JSON (401, "UNAUTHENTICATED", "Invalid Credentials", ""), PLAIN, PEOPLE_ERROR_AUTH, ANSWER_NEW_TOKEN,
    "Invalid Credentials" },
  { 403, ERROR_JSON (403, "PERMISSION_DENIED", "The caller does not have permission", ""), PLAIN,
    PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "does not have permission" },
  { 403,
    ERROR_JSON (403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
                REASON ("ACCESS_TOKEN_SCOPE_INSUFFICIENT")),
    PLAIN, PEOPLE_ERROR_SCOPE, ANSWER_FINAL, "scope" },
  { 403,
    ERROR_JSON (403, "PERMISSION_DENIED",
                "People API has not been used in project 1 before. Enable it by visiting https://console/x then retry.",
                REASON ("SERVICE_DISABLED")),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "https://console/x" },
  { 403, ERROR_JSON (403, "PERMISSION_DENIED", "Disabled.", DISABLED ("https://console.cloud.google.com/y")), PLAIN,
    PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "enable it at https://console.cloud.google.com/y ," },
  { 403, ERROR_JSON (403, "PERMISSION_DENIED", "Disabled.", DISABLED ("https://google.com.evil.example/y")), PLAIN,
    PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "enable it in the Google Cloud console" },
  { 403, ERROR_JSON (403, "PERMISSION_DENIED", "Disabled.", DISABLED ("http://console.cloud.google.com/y")), PLAIN,
    PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "enable it in the Google Cloud console" },
  { 403,
    ERROR_JSON (403, "PERMISSION_DENIED", "Enable it by visiting https://console.developers.google.com/z then retry.",
                REASON ("SERVICE_DISABLED")),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "enable it at https://console.developers.google.com/z ," },
  { 403,
    ERROR_JSON (403, "PERMISSION_DENIED",
                "The people.googleapis.com API requires a quota project, which is not set by default.",
                REASON ("SERVICE_DISABLED")),
    PLAIN, PEOPLE_ERROR_DISABLED, ANSWER_FINAL, "set-quota-project" },
  { 403,
    ERROR_JSON (403, "PERMISSION_DENIED", "Caller does not have required permission to use project p.",
                REASON ("USER_PROJECT_DENIED")),
    PLAIN, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "Service Usage Consumer" },
  { 403, ERROR_JSON (403, "PERMISSION_DENIED", "Slow down.", ",\"errors\":[{\"reason\":\"rateLimitExceeded\"}]"), PLAIN,
    PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Slow down" },
  { 403, "<!DOCTYPE html><p>secret page", PLAIN, PEOPLE_ERROR_PERMISSION, ANSWER_FINAL, "403: a page of HTML" },
  { 404, ERROR_JSON (404, "NOT_FOUND", "Requested entity was not found.", ""), PLAIN, PEOPLE_ERROR_NOT_FOUND,
    ANSWER_FINAL, "not found" },
  { 410, ERROR_JSON (410, "GONE", "It was deleted.", ""), PLAIN, PEOPLE_ERROR_NOT_FOUND, ANSWER_FINAL, "deleted" },
  /* not the service's own words: nobody is gone */
  { 404, "<html>", CHANGE, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "--api-url" },
  { 404, "{}", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "--api-url" },
  { 410, "", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "410" },
  { 413, "<html>", PLAIN, PEOPLE_ERROR_TOO_LARGE, ANSWER_FINAL, "smaller" },
  { 429, ERROR_JSON (429, "RESOURCE_EXHAUSTED", "Quota exceeded.", REASON ("RATE_LIMIT_EXCEEDED")), PLAIN,
    PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Quota" },
  { 429, ERROR_JSON (429, "RESOURCE_EXHAUSTED", "Quota exceeded.", REASON ("RATE_LIMIT_EXCEEDED")), LIST,
    PEOPLE_ERROR_RATE, ANSWER_AGAIN, "Quota" },
  { 429, "<html>", LIST, PEOPLE_ERROR_RATE, ANSWER_AGAIN, "429: a page of HTML" },
  { 429,
    ERROR_JSON (429, "RESOURCE_EXHAUSTED", "Resource has been exhausted.",
                ",\"details\":[{\"@type\":\"type.googleapis.com/"
                "google.rpc.QuotaFailure\",\"violations\":[{\"description\":\"FBS quota limit "
                "exceeded.\"}]}]"),
    LIST, PEOPLE_ERROR_QUOTA, ANSWER_FINAL, "listing" },
  { 429, ERROR_JSON (429, "RESOURCE_EXHAUSTED", "FBS quota limit exceeded.", ""), LIST, PEOPLE_ERROR_QUOTA,
    ANSWER_FINAL, "listing" },
  { 429, ERROR_JSON (429, "RESOURCE_EXHAUSTED", "FBS quota limit exceeded.", ""), CHANGE, PEOPLE_ERROR_QUOTA,
    ANSWER_FINAL, "Google's daily allowance for changes is used up (429: FBS quota" },
  { 429, ERROR_JSON (429, "RESOURCE_EXHAUSTED", "FBS quota limit exceeded.", ""), PLAIN, PEOPLE_ERROR_QUOTA,
    ANSWER_FINAL, "daily allowance is used up" },
  { 403,
    ERROR_JSON (403, "PERMISSION_DENIED", "Daily Limit Exceeded", ",\"errors\":[{\"reason\":\"dailyLimitExceeded\"}]"),
    CHANGE, PEOPLE_ERROR_QUOTA, ANSWER_FINAL, "daily allowance for changes" },
  { 500, ERROR_JSON (500, "INTERNAL", "Internal error encountered.", ""), PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN,
    "Internal" },
  { 502, "<html><h1>502</h1></html>", PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "502: a page of HTML" },
  { 503, ERROR_JSON (503, "UNAVAILABLE", "The service is currently unavailable.", ""), PLAIN, PEOPLE_ERROR_SERVER,
    ANSWER_AGAIN, "unavailable" },
  { 504, "", PLAIN, PEOPLE_ERROR_SERVER, ANSWER_AGAIN, "504" },
  { 409, ERROR_JSON (409, "ABORTED", "The operation was aborted.", ""), CHANGE, PEOPLE_ERROR_CONFLICT, ANSWER_AGAIN,
    "Another program" },
  { 501, "", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "501" },
  { 302, "", PLAIN, PEOPLE_ERROR_BAD_ANSWER, ANSWER_FINAL, "302" },
};

static void
test_table (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const Row *row = &rows[i];
    AnswerRequest request = { .listing = row->request == LIST || row->request == DELTA,
                              .change = row->request == CHANGE,
                              .sync_token = row->request == DELTA };
    g_autoptr (GBytes) body = bytes (row->body);
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
      g_autoptr (GBytes) body = bytes (bodies[i]);
      g_autoptr (GError) error = NULL;
      AnswerRequest request = { .listing = TRUE };

      answer_judge (codes[k], body, &request, &error);
      for (const char *p = error->message; *p != '\0'; p = g_utf8_next_char (p)) {
        gunichar c = g_utf8_get_char (p);

        g_assert_false (g_unichar_iscntrl (c) || c == 0x202e || c == 0x2028);
      }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
  g_test_add_func ("/people-json/every-status", test_every_status);
  g_test_add_func ("/people-json/whole-person", test_whole_person);
  g_test_add_func ("/people-json/names", test_names);
  g_test_add_func ("/people-json/photos", test_photos);
  g_test_add_func ("/people-json/times", test_times);
  g_test_add_func ("/people-json/update-time-sources", test_update_time_sources);
  g_test_add_func ("/people-json/not-a-person", test_not_a_person);
  g_test_add_func ("/people-json/page", test_page);
  g_test_add_func ("/people-json/empty-delta", test_empty_delta);
  g_test_add_func ("/people-json/not-a-page", test_not_a_page);
  g_test_add_func ("/people-json/mutation", test_mutation);
  g_test_add_func ("/people-json/table", test_table);
  g_test_add_func ("/people-json/resource-names", test_resource_names);
  g_test_add_func ("/people-json/nobody-many-times", test_nobody_many_times);
  g_test_add_func ("/people-json/odd-photo-addresses", test_odd_photo_addresses);
  g_test_add_func ("/people-json/clean-errors", test_clean_errors);
  return g_test_run ();
}
