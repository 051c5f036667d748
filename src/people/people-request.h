/*
 * The requests of the People API methods, as people.v1.json has them: URL, body, and how the answer is read. Pure.
 * api_url has no slash at the end.
 */
#pragma once

#include "people/answer.h"
#include "people/person.h"

/* Reads the body of a 2xx. NULL without an error: done, but the answer does not say how the person looks now. */
typedef gpointer (*PeopleParseFunc) (GBytes *body, GError **error);

typedef struct {
  const char *method; /* static */
  char *url;
  char *resource_name; /* whose answer it must be; NULL: anybody's */
  gboolean once;       /* one attempt, and what is known of it is in the call's PeopleAttempt (people.h) */
  GBytes *photo;       /* raw; goes up as photo-body.h makes it. NULL: no body */
  AnswerRequest about;
  PeopleParseFunc parse;
  GDestroyNotify free_result; /* of what parse returns */
  char *person_url;           /* people.get of the same person: asked when parse says NULL without an error; or NULL */
} PeopleRequest;

void people_request_free (PeopleRequest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeopleRequest, people_request_free)

PeopleRequest *people_request_check (const char *api_url);
PeopleRequest *people_request_list (const char *api_url, const char *sync_token, const char *page_token);
/* Another page of the listing that page is of. */
PeopleRequest *people_request_next_page (const PeopleRequest *page, const char *page_token);
PeopleRequest *people_request_groups (const char *api_url, const char *page_token);

/* These fail with PEOPLE_ERROR_NOT_CONTACT for what is no "people/<id>". */
PeopleRequest *people_request_get (const char *api_url, const char *resource_name, GError **error);
PeopleRequest *people_request_update_photo (const char *api_url, const char *resource_name, GBytes *photo,
                                            GError **error);
PeopleRequest *people_request_delete_photo (const char *api_url, const char *resource_name, GError **error);

/* How people.get's answer is read. */
gpointer people_request_parse_person (GBytes *body, GError **error);
