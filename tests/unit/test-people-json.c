/* What the service says, read: persons and pages. */
#include <string.h>

#include "helpers.h"
#include "net/error.h"
#include "people/person-json.h"

static guint warnings;

static GLogWriterOutput
count_warnings (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  if (level & G_LOG_LEVEL_WARNING)
    warnings++;
  return level & G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED : g_log_writer_default (level, fields, n, data);
}

static PeoplePerson *
person (const char *json)
{
  g_autoptr (GBytes) body = test_bytes (json);
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
    g_autoptr (GBytes) body = test_bytes (bodies[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (person_parse (body, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  }
}

/* ---- pages ---- */

static void
test_page (void)
{
  g_autoptr (GBytes) body = test_bytes (
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
    g_autoptr (GBytes) body = test_bytes (json);
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
  body = test_bytes (json->str);
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
  g_autoptr (GBytes) body = test_bytes ("{\"nextSyncToken\":\"s\"}");
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
    g_autoptr (GBytes) body = test_bytes (bodies[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (person_parse_page (body, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  }
}

static void
test_mutation (void)
{
  g_autoptr (GBytes) with = test_bytes ("{\"person\":{\"resourceName\":\"people/c1\"}}");
  g_autoptr (GBytes) without = test_bytes ("{}");
  g_autoptr (GBytes) broken = test_bytes ("{\"person\":");
  g_autoptr (GError) error = NULL;
  g_autoptr (PeoplePerson) p = person_parse_mutation (with, NULL);

  g_assert_cmpstr (p->resource_name, ==, "people/c1");
  g_assert_null (person_parse_mutation (without, &error));
  g_assert_no_error (error);
  g_assert_null (person_parse_mutation (broken, &error));
  g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_log_set_writer_func (count_warnings, NULL, NULL);
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
  g_test_add_func ("/people-json/resource-names", test_resource_names);
  g_test_add_func ("/people-json/nobody-many-times", test_nobody_many_times);
  g_test_add_func ("/people-json/odd-photo-addresses", test_odd_photo_addresses);
  return g_test_run ();
}
