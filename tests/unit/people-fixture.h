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

/* token_command prints the token. */
void people_fixture_init (PeopleFixture *self, const char *token_command);
void people_fixture_clear (PeopleFixture *self); /* every answer of the script has been sent */

/* An answer that names people/c1. */
#define PERSON "{\"resourceName\":\"people/c1\",\"names\":[{\"displayName\":\"Alice\"}]}"

PeoplePerson *people_fixture_get (PeopleFixture *self, double seconds, GError **error); /* people/c1 */
