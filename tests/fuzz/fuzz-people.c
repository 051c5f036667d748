/* Any bytes as an answer of the People API: persons, pages, mutations; and what is read is fit to be used. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "book/names.h"
#include "people/person-json.h"
#include "people/photo.h"

#include "fuzz.h"

static void
check_url (const char *url)
{
  g_autofree char *version = NULL;

  if (url == NULL)
    return;
  for (const char *p = url; *p != '\0'; p++)
    g_assert_true (g_ascii_isgraph (*p));
  version = photo_url_version (url);
  g_assert_cmpuint (strlen (version), <=, strlen (url));
}

static void
check_person (const PeoplePerson *person)
{
  g_autofree char *name = NULL;

  g_assert_true (person_resource_name_valid (person->resource_name));
  for (char **previous = person->previous_resource_names; previous != NULL && *previous != NULL; previous++)
    g_assert_true (person_resource_name_valid (*previous));
  check_url (person->photo_url);
  check_url (person->profile_url);
  name = book_name_base (person);
  g_assert_true (g_utf8_validate (name, -1, NULL) && name[0] != '\0' && name[0] != '.');
  g_assert_true (strchr (name, '/') == NULL && strlen (name) <= BOOK_NAME_MAX);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) body = g_bytes_new (data, size);
  g_autoptr (GError) page_error = NULL, person_error = NULL, mutation_error = NULL;
  g_autoptr (PeoplePage) page = person_parse_page (body, &page_error);
  g_autoptr (PeoplePerson) person = person_parse (body, &person_error);
  g_autoptr (PeoplePerson) mutated = person_parse_mutation (body, &mutation_error);

  g_assert_true ((page != NULL) == (page_error == NULL) && (person != NULL) == (person_error == NULL));
  for (guint i = 0; page != NULL && i < page->people->len; i++)
    check_person (page->people->pdata[i]);
  if (person != NULL)
    check_person (person);
  if (mutated != NULL)
    check_person (mutated);
  return 0;
}
