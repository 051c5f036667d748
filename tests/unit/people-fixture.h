/* A PeopleClient on a scripted service, for unit tests. */
#pragma once

#include "people/people.h"
#include "script-server.h"

typedef struct {
  ScriptServer *server;
  HttpClient *http;
  TokenCache *token_cache;
  PeopleClient *people;
} PeopleFixture;

/* token_command, a string, prints the token. */
void people_fixture_set_up (PeopleFixture *self, gconstpointer token_command);
void people_fixture_tear_down (PeopleFixture *self, gconstpointer data); /* every answer of the script has been sent */

#define PEOPLE_TOKEN "echo ya29.1"
#define PEOPLE_TEST(path, func)                                                                                        \
  g_test_add (path, PeopleFixture, PEOPLE_TOKEN, people_fixture_set_up, func, people_fixture_tear_down)

/* An answer that names people/c1. */
#define PERSON "{\"resourceName\":\"people/c1\",\"names\":[{\"displayName\":\"Alice\"}]}"

PeoplePerson *people_fixture_get (PeopleFixture *self, double seconds, GError **error); /* people/c1 */
