/* What each method sends. */
#define G_LOG_DOMAIN "contactfs"

#include "people/people-request.h"

#include <string.h>

#include "people/group-json.h"
#include "people/people.h"
#include "people/person-json.h"

static gpointer
parse_page (GBytes *body, GError **error)
{
  return person_parse_page (body, error);
}

gpointer
people_request_parse_person (GBytes *body, GError **error)
{
  return person_parse (body, error);
}

static gpointer
parse_mutation (GBytes *body, GError **error)
{
  return person_parse_mutation (body, error);
}

static gpointer
parse_groups (GBytes *body, GError **error)
{
  return group_parse_page (body, error);
}

static void
free_groups (gpointer page)
{
  people_group_page_free (page);
}

static void
free_page (gpointer page)
{
  people_page_free (page);
}

static void
free_person (gpointer person)
{
  people_person_free (person);
}

void
people_request_free (PeopleRequest *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_free (self->resource_name);
  g_free (self->person_url);
  g_clear_pointer (&self->photo, g_bytes_unref);
  g_free (self);
}

static void
append_query (GString *url, char separator, const char *name, const char *value)
{
  g_string_append_printf (url, "%c%s=", separator, name);
  g_string_append_uri_escaped (url, value, NULL, FALSE);
}

/* Google indents its JSON for readers unless it is told not to: nearly half of a listing is spaces. */
#define COMPACT "prettyPrint=false"

/* Without a sync token, which has a quota of its own. */
PeopleRequest *
people_request_check (const char *api_url)
{
  PeopleRequest *self = g_new0 (PeopleRequest, 1);

  self->method = "GET";
  self->url = g_strconcat (api_url, "/v1/people/me/connections?personFields=metadata&pageSize=1&" COMPACT, NULL);
  self->parse = parse_page;
  self->free_result = free_page;
  return self;
}

PeopleRequest *
people_request_list (const char *api_url, const char *sync_token, const char *page_token)
{
  PeopleRequest *self = g_new0 (PeopleRequest, 1);
  GString *url = g_string_new (api_url);

  /* Every page and every delta repeats what the first call asked: the tokens are only good for the same question. */
  g_string_append (url, "/v1/people/me/connections");
  append_query (url, '?', "personFields", PEOPLE_PERSON_FIELDS);
  append_query (url, '&', "pageSize", "1000");
  append_query (url, '&', "requestSyncToken", "true");
  g_string_append (url, "&" COMPACT);
  if (sync_token != NULL)
    append_query (url, '&', "syncToken", sync_token);
  if (page_token != NULL)
    append_query (url, '&', "pageToken", page_token);

  self->method = "GET";
  self->url = g_string_free (url, FALSE);
  self->about = (AnswerRequest){ .listing = TRUE, .sync_token = sync_token != NULL };
  self->parse = parse_page;
  self->free_result = free_page;
  return self;
}

PeopleRequest *
people_request_next_page (const PeopleRequest *page, const char *page_token)
{
  PeopleRequest *self = g_new0 (PeopleRequest, 1);
  const char *own_token = strstr (page->url, "&pageToken="); /* the last of its parameters */
  GString *url = g_string_new_len (page->url, own_token != NULL ? own_token - page->url : -1);

  append_query (url, '&', "pageToken", page_token);
  self->method = page->method;
  self->url = g_string_free (url, FALSE);
  self->about = page->about;
  self->parse = page->parse;
  self->free_result = page->free_result;
  return self;
}

PeopleRequest *
people_request_groups (const char *api_url, const char *page_token)
{
  PeopleRequest *self = g_new0 (PeopleRequest, 1);
  GString *url = g_string_new (api_url);

  g_string_append (url, "/v1/contactGroups?groupFields=name,groupType,metadata&pageSize=1000&" COMPACT);
  if (page_token != NULL)
    append_query (url, '&', "pageToken", page_token);
  self->method = "GET";
  self->url = g_string_free (url, FALSE);
  self->parse = parse_groups;
  self->free_result = free_groups;
  return self;
}

/* <api_url>/v1/people/<id><suffix>?[personFields=…&]prettyPrint=false */
static char *
person_url (const char *api_url, const char *resource_name, const char *suffix, gboolean fields)
{
  GString *url = g_string_new (api_url);

  g_string_append (url, "/v1/people/");
  g_string_append_uri_escaped (url, resource_name + strlen ("people/"), NULL, FALSE);
  g_string_append (url, suffix);
  if (fields)
    append_query (url, '?', "personFields", PEOPLE_PERSON_FIELDS);
  g_string_append (url, fields ? "&" COMPACT : "?" COMPACT);
  return g_string_free (url, FALSE);
}

static PeopleRequest *
person_request (const char *method, const char *resource_name, GError **error)
{
  PeopleRequest *self;

  if (!person_resource_name_valid (resource_name)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_NOT_CONTACT, "“%s” is not the resource name of a contact",
                 resource_name);
    return NULL;
  }
  self = g_new0 (PeopleRequest, 1);
  self->method = method;
  self->resource_name = g_strdup (resource_name);
  self->free_result = free_person;
  return self;
}

PeopleRequest *
people_request_get (const char *api_url, const char *resource_name, GError **error)
{
  PeopleRequest *self = person_request ("GET", resource_name, error);

  if (self != NULL) {
    self->url = person_url (api_url, resource_name, "", TRUE);
    self->parse = people_request_parse_person;
  }
  return self;
}

PeopleRequest *
people_request_update_photo (const char *api_url, const char *resource_name, GBytes *photo, GError **error)
{
  PeopleRequest *self = person_request ("PATCH", resource_name, error);

  if (self != NULL) {
    self->url = person_url (api_url, resource_name, ":updateContactPhoto", FALSE);
    self->person_url = person_url (api_url, resource_name, "", TRUE);
    self->photo = g_bytes_ref (photo);
    self->about.change = TRUE;
    self->once = TRUE;
    self->parse = parse_mutation;
  }
  return self;
}

PeopleRequest *
people_request_delete_photo (const char *api_url, const char *resource_name, GError **error)
{
  PeopleRequest *self = person_request ("DELETE", resource_name, error);

  if (self != NULL) {
    self->url = person_url (api_url, resource_name, ":deleteContactPhoto", TRUE);
    self->person_url = person_url (api_url, resource_name, "", TRUE);
    self->about.change = TRUE;
    self->once = TRUE;
    self->parse = parse_mutation;
  }
  return self;
}
