/* Which method a request is for, and whether it may: token, scope, quota. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/routes.h"

#include "emulator/errors.h"

/* In {name}, one path segment of the resource name; the rest must fit to the letter. */
typedef struct Method {
  const char *http;
  const char *prefix; /* up to and with the collection: "/v1/people/" */
  const char *suffix; /* after the segment; NULL: prefix is the whole path */
  const char *rpc;    /* of google.people.v1, as errors name it */
  Route route;
  QuotaKind quota;
  AccessWanted wanted;
} Method;

#define PEOPLE "/v1/people/"
#define GROUPS "/v1/contactGroups/"
#define OTHERS "/v1/otherContacts/"

static const Method methods[] = {
  { "GET", PEOPLE, "/connections", "PeopleService.ListConnections", route_connections_list, QUOTA_CONTACT_READ },
  { "GET", "/v1/people:batchGet", NULL, "PeopleService.GetPeople", route_people_batch_get, QUOTA_CONTACT_READ,
    WANTS_ANY_PERSON },
  { "PATCH", PEOPLE, ":updateContactPhoto", "PeopleService.UpdateContactPhoto", route_update_contact_photo,
    QUOTA_PHOTO_WRITE, WANTS_CONTACTS },
  { "DELETE", PEOPLE, ":deleteContactPhoto", "PeopleService.DeleteContactPhoto", route_delete_contact_photo,
    QUOTA_PHOTO_WRITE, WANTS_CONTACTS },
  { "POST", "/v1/people:createContact", NULL, "PeopleService.CreateContact", route_create_contact, QUOTA_CONTACT_WRITE,
    WANTS_CONTACTS },
  { "PATCH", PEOPLE, ":updateContact", "PeopleService.UpdateContact", route_update_contact, QUOTA_CONTACT_WRITE,
    WANTS_CONTACTS },
  { "DELETE", PEOPLE, ":deleteContact", "PeopleService.DeleteContact", route_delete_contact, QUOTA_DELETE,
    WANTS_CONTACTS },
  { "GET", PEOPLE, "", "PeopleService.GetPerson", route_people_get, QUOTA_CONTACT_READ, WANTS_ANY_PERSON },
  { "GET", "/v1/contactGroups", NULL, "ContactGroupsService.ListContactGroups", route_contact_groups_list,
    QUOTA_GROUP_READ },
  { "GET", GROUPS, "", "ContactGroupsService.GetContactGroup", route_contact_groups_get, QUOTA_GROUP_READ },

  { "GET", "/v1/contactGroups:batchGet", NULL, "ContactGroupsService.BatchGetContactGroups", route_unimplemented },
  { "POST", "/v1/contactGroups", NULL, "ContactGroupsService.CreateContactGroup", route_unimplemented },
  { "DELETE", GROUPS, "", "ContactGroupsService.DeleteContactGroup", route_unimplemented },
  { "PUT", GROUPS, "", "ContactGroupsService.UpdateContactGroup", route_unimplemented },
  { "POST", GROUPS, "/members:modify", "ContactGroupsService.ModifyContactGroupMembers", route_unimplemented },
  { "GET", "/v1/otherContacts", NULL, "OtherContactsService.ListOtherContacts", route_unimplemented },
  { "GET", "/v1/otherContacts:search", NULL, "OtherContactsService.SearchOtherContacts", route_unimplemented },
  { "POST", OTHERS, ":copyOtherContactToMyContactsGroup", "OtherContactsService.CopyOtherContactToMyContactsGroup",
    route_unimplemented },
  { "POST", "/v1/people:batchCreateContacts", NULL, "PeopleService.BatchCreateContacts", route_unimplemented },
  { "POST", "/v1/people:batchDeleteContacts", NULL, "PeopleService.BatchDeleteContacts", route_unimplemented },
  { "POST", "/v1/people:batchUpdateContacts", NULL, "PeopleService.BatchUpdateContacts", route_unimplemented },
  { "GET", "/v1/people:listDirectoryPeople", NULL, "PeopleService.ListDirectoryPeople", route_unimplemented },
  { "GET", "/v1/people:searchContacts", NULL, "PeopleService.SearchContacts", route_unimplemented },
  { "GET", "/v1/people:searchDirectoryPeople", NULL, "PeopleService.SearchDirectoryPeople", route_unimplemented },
};

/* The resource name in the path, or NULL if the path is not the method's; transfer full. */
static char *
fit_path (const Method *method, const char *path)
{
  gsize collection = strlen ("/v1/");
  const char *segment;
  gsize length;

  if (method->suffix == NULL)
    return g_str_equal (path, method->prefix) ? g_strdup ("") : NULL;
  if (!g_str_has_prefix (path, method->prefix) || !g_str_has_suffix (path, method->suffix))
    return NULL;
  segment = path + strlen (method->prefix);
  if (strlen (segment) <= strlen (method->suffix))
    return NULL;
  length = strlen (segment) - strlen (method->suffix);
  if (memchr (segment, '/', length) != NULL || (*method->suffix == '\0' && memchr (segment, ':', length) != NULL))
    return NULL;
  return g_strndup (path + collection, segment + length - path - collection);
}

static const Method *
find_method (const Request *request, char **name)
{
  const char *http = g_str_equal (request->method, "HEAD") ? "GET" : request->method;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++) {
    if (!g_str_equal (methods[i].http, http))
      continue;
    *name = fit_path (&methods[i], request->path);
    if (*name != NULL)
      return &methods[i];
  }
  return NULL;
}

#define LOGIN_COOKIE  "Expected OAuth 2 access token, login cookie or other valid authentication credential. "
#define IDENTITY_PAGE "See https://developers.google.com/identity/sign-in/web/devconsole-project."

static gboolean
may (Emulator *emulator, Request *request, const Method *method)
{
  AccessVerdict verdict = oauth_check (emulator->oauth, request_header (request, "authorization"), method->wanted);
  g_autofree char *rpc = g_strconcat ("google.people.v1.", method->rpc, NULL);
  g_autofree char *details = NULL;

  switch (verdict) {
  case ACCESS_GRANTED:
    return TRUE;
  case ACCESS_MISSING:
    details
        = error_info ("CREDENTIALS_MISSING", "googleapis.com", "method", rpc, "service", "people.googleapis.com", NULL);
    error_answer (request, STATUS_UNAUTHENTICATED, details,
                  "Request is missing required authentication credential. " LOGIN_COOKIE IDENTITY_PAGE);
    return FALSE;
  case ACCESS_SCOPE:
    details = error_info ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", "method", rpc, "service",
                          "people.googleapis.com", NULL);
    request_set_header (request, "WWW-Authenticate",
                        "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"");
    error_answer (request, STATUS_PERMISSION_DENIED, details, "Request had insufficient authentication scopes.");
    return FALSE;
  case ACCESS_INVALID:
  default:
    details = error_info ("ACCESS_TOKEN_EXPIRED", "googleapis.com", "method", rpc, "service", "people.googleapis.com",
                          NULL);
    error_answer (request, STATUS_UNAUTHENTICATED, details,
                  "Request had invalid authentication credentials. " LOGIN_COOKIE IDENTITY_PAGE);
    return FALSE;
  }
}

gboolean
routes_spend (Emulator *emulator, Request *request, QuotaKind kind)
{
  const char *metric = quota_metric (kind);
  g_autofree char *details = NULL;
  g_autofree char *limit = NULL;

  if (emulator->quota == NULL || quota_spend (emulator->quota, kind))
    return TRUE;
  limit = g_strdup_printf ("%s per minute per user", metric);
  details = error_info ("RATE_LIMIT_EXCEEDED", "googleapis.com", "service", "people.googleapis.com", "consumer",
                        "projects/000000000000", "quota_metric", metric, "quota_limit", limit, NULL);
  error_answer (request, STATUS_RESOURCE_EXHAUSTED, details,
                "Quota exceeded for quota metric '%s' and limit '%s' of service 'people.googleapis.com' for consumer "
                "'project_number:000000000000'.",
                metric, limit);
  return FALSE;
}

/* What a browser asks before it lets a page of another origin ask. */
static void
answer_options (Request *request)
{
  const char *wanted = request_header (request, "access-control-request-headers");
  g_autoptr (GString) allowed = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++) {
    g_autofree char *name = fit_path (&methods[i], request->path);

    if (name != NULL)
      g_string_append_printf (allowed, "%s%s%s", allowed->len > 0 ? ", " : "", methods[i].http,
                              g_str_equal (methods[i].http, "GET") ? ", HEAD" : "");
  }
  if (allowed->len == 0) {
    error_answer_html (request, 404);
    return;
  }
  request_set_header (request, "Allow", allowed->str);
  if (request_header (request, "access-control-request-method") != NULL) {
    request_set_header (request, "Access-Control-Allow-Methods", allowed->str);
    request_set_header (request, "Access-Control-Max-Age", "3600");
    if (wanted != NULL)
      request_set_header (request, "Access-Control-Allow-Headers", wanted);
  }
  request_answer (request, 200, NULL, NULL);
}

void
routes_dispatch (Emulator *emulator, Request *request)
{
  g_autofree char *name = NULL;
  const Method *method = find_method (request, &name);

  if (g_str_equal (request->method, "OPTIONS"))
    answer_options (request);
  else if (method == NULL)
    error_answer_html (request, 404);
  else if (may (emulator, request, method)
           && (method->route == route_unimplemented || routes_spend (emulator, request, method->quota)))
    method->route (books_of (emulator, oauth_account (emulator->oauth, request_header (request, "authorization"))),
                   request, name);
}

void
route_unimplemented (Emulator *emulator, Request *request, const char *name)
{
  error_answer (request, STATUS_UNIMPLEMENTED, NULL, "people-emulator does not have this method of the People API.");
}
