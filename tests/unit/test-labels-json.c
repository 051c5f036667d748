/* What the service says of labels, and of what a person has several of, read. */
#include <string.h>

#include "helpers.h"
#include "net/error.h"
#include "people/group-json.h"
#include "people/person-json.h"

static PeoplePerson *
read_person (const char *json)
{
  g_autoptr (GBytes) body = test_bytes (json);

  return person_parse (body, NULL);
}

static void
test_lines (void)
{
  g_autoptr (PeoplePerson) p = read_person (
      "{\"resourceName\":\"people/c1\",\"emailAddresses\":[{\"value\":\"b@x\"},{\"value\":7},{\"value\":\" \"},"
      "{\"metadata\":{\"primary\":true},\"value\":\"a\\nc@x\"}],"
      "\"phoneNumbers\":[{\"value\":\"030 1\",\"canonicalForm\":\"+49301\"},{\"value\":\"030 2\"}],"
      "\"memberships\":[{\"contactGroupMembership\":{\"contactGroupResourceName\":\"contactGroups/myContacts\"}},"
      "{\"domainMembership\":{\"inViewerDomain\":true}},"
      "{\"contactGroupMembership\":{\"contactGroupResourceName\":\"contactGroups/4f\"}}]}");
  g_autoptr (PeoplePerson) none
      = read_person ("{\"resourceName\":\"people/c2\",\"emailAddresses\":{},\"memberships\":[]}");

  g_assert_cmpstr (p->emails, ==, "a c@x\nb@x"); /* the primary one first, each on one line */
  g_assert_cmpstr (p->phones, ==, "+49301\n030 2");
  g_assert_cmpstr (p->labels, ==, "contactGroups/myContacts\ncontactGroups/4f");
  g_assert_null (none->emails);
  g_assert_null (none->phones);
  g_assert_null (none->labels);
}

static void
test_many_lines (void)
{
  g_autoptr (GString) json = g_string_new ("{\"resourceName\":\"people/c1\",\"emailAddresses\":[{\"value\":\"0\"}");
  g_autoptr (PeoplePerson) p = NULL;
  g_auto (GStrv) lines = NULL;

  for (int i = 1; i < 5000; i++)
    g_string_append_printf (json, ",{\"value\":\"%d\"}", i);
  g_string_append (json, "]}");
  p = read_person (json->str);
  lines = g_strsplit (p->emails, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 100);
}

static void
test_groups (void)
{
  g_autoptr (GBytes) body = test_bytes (
      "{\"contactGroups\":[{\"resourceName\":\"contactGroups/starred\",\"groupType\":\"SYSTEM_CONTACT_GROUP\","
      "\"name\":\"starred\"},{\"resourceName\":\"contactGroups/4f\",\"groupType\":\"USER_CONTACT_GROUP\","
      "\"name\":\"Choir\"},{\"resourceName\":\"contactGroups/gone\",\"name\":\"x\",\"metadata\":{\"deleted\":true}},"
      "{\"resourceName\":\"contactGroups/nameless\"},{\"resourceName\":\"people/c1\",\"name\":\"x\"},"
      "{\"resourceName\":\"contactGroups/a\\nb\",\"name\":\"x\"},7],\"nextPageToken\":\"2\"}");
  g_autoptr (GBytes) empty = test_bytes ("{}");
  g_autoptr (PeopleGroupPage) page = group_parse_page (body, NULL);
  g_autoptr (PeopleGroupPage) none = group_parse_page (empty, NULL);
  const PeopleGroup *first = page->groups->pdata[0], *second = page->groups->pdata[1];

  g_assert_cmpuint (page->groups->len, ==, 2);
  g_assert_cmpstr (first->resource_name, ==, PEOPLE_GROUP_STARRED);
  g_assert_true (first->is_system);
  g_assert_cmpstr (second->resource_name, ==, "contactGroups/4f");
  g_assert_cmpstr (second->name, ==, "Choir");
  g_assert_false (second->is_system);
  g_assert_cmpstr (page->next_page_token, ==, "2");
  g_assert_cmpuint (none->groups->len, ==, 0);
  g_assert_null (none->next_page_token);
}

static void
test_not_groups (void)
{
  const char *bodies[] = { "", "<html>", "[]", "7", "{\"contactGroups\":7}", "{\"contactGroups\":[" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (GBytes) body = test_bytes (bodies[i]);
    g_autoptr (GError) error = NULL;

    g_assert_null (group_parse_page (body, &error));
    g_assert_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/labels-json/lines", test_lines);
  g_test_add_func ("/labels-json/many-lines", test_many_lines);
  g_test_add_func ("/labels-json/groups", test_groups);
  g_test_add_func ("/labels-json/not-groups", test_not_groups);
  return g_test_run ();
}
