/* Shared by unit tests. */
#include "people-fixture.h"

void
people_fixture_set_up (PeopleFixture *self, gconstpointer token_command)
{
  g_autofree char *url = NULL;
  g_autoptr (GError) error = NULL;

  self->server = script_server_new (NULL);
  self->http = http_client_new ();
  self->token_cache = token_cache_new_command (token_command);
  url = script_server_url (self->server, "/");
  self->people = people_client_new (self->http, self->token_cache, url, &error);
  g_assert_no_error (error);
}

void
people_fixture_tear_down (PeopleFixture *self, gconstpointer data)
{
  g_assert_cmpuint (script_server_left (self->server), ==, 0);
  people_client_free (self->people);
  token_cache_free (self->token_cache);
  http_client_free (self->http);
  script_server_free (self->server);
}

PeoplePerson *
people_fixture_get (PeopleFixture *self, double seconds, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  people_get_async (self->people, "people/c1", deadline_in (seconds), NULL, keep_result, &result);
  g_assert_null (result);
  return people_get_finish (self->people, await_result (&result), error);
}
