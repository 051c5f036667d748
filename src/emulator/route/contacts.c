/* people.createContact, people.updateContact and people.deleteContact. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/contact-json.h"
#include "emulator/errors.h"
#include "emulator/mask.h"
#include "emulator/params.h"
#include "emulator/routes.h"

static const ParamSpec create_params[] = {
  { "personFields" },
  { "sources", PARAM_STRING, TRUE },
  { NULL },
};

static const ParamSpec update_params[] = {
  { "personFields" },
  { "sources", PARAM_STRING, TRUE },
  { "updatePersonFields" },
  { NULL },
};

static const ParamSpec no_params[] = { { NULL } };

/* Members of a Person that a client may send, and that are ignored: the server's own. */
static gboolean
is_other_member (const char *name)
{
  return g_str_equal (name, "resourceName") || g_str_equal (name, "etag") || field_is_unkept (name);
}

static gboolean
is_list_of_objects (const cJSON *value)
{
  const cJSON *item;

  cJSON_ArrayForEach (item, value)
  {
    if (!cJSON_IsObject (item))
      return FALSE;
  }
  return cJSON_IsArray (value);
}

/* The person in the body, or NULL and answered. */
static cJSON *
read_person (Request *request)
{
  g_autoptr (cJSON) body = json_parse_message (request->body);
  const cJSON *member;

  if (!cJSON_IsObject (body)) {
    error_answer_bad_request (request, NULL, "Invalid JSON payload received. Unexpected end of string.");
    return NULL;
  }
  cJSON_ArrayForEach (member, body)
  {
    int field = field_by_name (member->string);

    if (field < 0 && !is_other_member (member->string)) {
      error_answer_bad_request (request, NULL, "Invalid JSON payload received. Unknown name \"%s\": Cannot find field.",
                                member->string);
      return NULL;
    }
    if (field >= 0 && field != FIELD_METADATA && !is_list_of_objects (member)) {
      error_answer_bad_request (request, member->string, "Invalid value at 'person.%s': it must be a list of objects.",
                                member->string);
      return NULL;
    }
    if (field >= 0 && field_is_singleton ((Field)field) && cJSON_GetArraySize (member) > 1) {
      error_answer_bad_request (request, member->string, "person.%s must have at most one value for a contact source.",
                                member->string);
      return NULL;
    }
  }
  return g_steal_pointer (&body);
}

/* personFields of the answer: everything, if it is not set. */
static gboolean
read_answer_mask (Request *request, const char *method, FieldMask *mask, SourceMask *sources)
{
  if (!mask_from_request (request, request_param (request, "personFields"), FALSE, method, mask)
      || !sources_from_request (request, sources))
    return FALSE;
  if (*mask == 0)
    *mask = FIELD_MASK_ALL;
  return TRUE;
}

static void
set_fields (PersonState *state, const cJSON *person, FieldMask mask)
{
  for (int field = 0; field < N_FIELDS; field++) {
    if ((mask & FIELD_BIT (field)) != 0 && field_is_writable ((Field)field))
      person_state_set_field (
          state, (Field)field,
          contact_json_entries ((Field)field, cJSON_GetObjectItemCaseSensitive (person, field_name ((Field)field))));
  }
}

static void
answer_person (Emulator *emulator, Request *request, const PersonState *state, FieldMask mask, SourceMask sources)
{
  GString *out = g_string_new (NULL);

  person_write (state, mask, sources, emulator->photo_url, out);
  request_answer_json (request, 200, out);
}

void
route_create_contact (Emulator *emulator, Request *request, const char *unused)
{
  g_autoptr (cJSON) person = NULL;
  g_autofree char *name = NULL;
  PersonState *state;
  SourceMask sources;
  FieldMask mask;

  if (!params_check (request, create_params) || !read_answer_mask (request, "people/createContact", &mask, &sources))
    return;
  person = read_person (request);
  if (person == NULL)
    return;
  name = model_free_name (emulator->model);
  state = person_state_new (name);
  set_fields (state, person, FIELD_MASK_ALL);
  /* Everybody is in myContacts, said or not. */
  if (person_state_get_field (state, FIELD_MEMBERSHIPS) == NULL) {
    g_autoptr (cJSON) memberships = cJSON_Parse ("[{\"contactGroupMembership\":{\"contactGroupId\":\"myContacts\","
                                                 "\"contactGroupResourceName\":\"contactGroups/myContacts\"}}]");

    person_state_set_field (state, FIELD_MEMBERSHIPS, contact_json_entries (FIELD_MEMBERSHIPS, memberships));
  }
  answer_person (emulator, request, model_put (emulator->model, state), mask, sources);
}

static gboolean
read_update_mask (Request *request, FieldMask *mask)
{
  const char *text = request_param (request, "updatePersonFields");
  g_autofree char *bad = NULL;

  *mask = 0;
  if (text == NULL || *text == '\0') {
    error_answer_bad_request (
        request, "updatePersonFields",
        "updatePersonFields mask is required. Please specify one or more valid paths. Valid paths "
        "are documented at https://developers.google.com/people/api/rest/v1/people/updateContact.");
    return FALSE;
  }
  if (mask_parse (text, NULL, mask, &bad)) {
    for (int field = 0; bad == NULL && field < N_FIELDS; field++) {
      if ((*mask & FIELD_BIT (field)) != 0 && !field_is_writable ((Field)field))
        bad = g_strdup (field_name ((Field)field));
    }
  }
  if (bad != NULL)
    error_answer_bad_request (request, "updatePersonFields",
                              "Invalid updatePersonFields mask path: \"%s\". Valid paths are documented at "
                              "https://developers.google.com/people/api/rest/v1/people/updateContact.",
                              bad);
  return bad == NULL;
}

/* The etag of the contact source, or of the person, that the client has read; NULL: none. */
static const char *
sent_etag (const cJSON *person, gboolean *of_source)
{
  const cJSON *metadata = cJSON_GetObjectItemCaseSensitive (person, "metadata");
  const cJSON *source;

  cJSON_ArrayForEach (source, cJSON_GetObjectItemCaseSensitive (metadata, "sources"))
  {
    if (g_strcmp0 (json_get_string (source, "type"), "CONTACT") == 0 && json_get_string (source, "etag") != NULL) {
      *of_source = TRUE;
      return json_get_string (source, "etag");
    }
  }
  *of_source = FALSE;
  return json_get_string (person, "etag");
}

static gboolean
etag_is_current (Request *request, const PersonState *state, const cJSON *person)
{
  gboolean of_source;
  const char *etag = sent_etag (person, &of_source);
  g_autofree char *current = of_source ? person_source_etag (state) : person_etag (state);

  if (etag == NULL) {
    error_answer_invalid (request,
                          "Request must set person.etag or person.metadata.sources.etag for the source that is being "
                          "updated.");
    return FALSE;
  }
  if (!g_str_equal (etag, current)) {
    error_answer (request, STATUS_FAILED_PRECONDITION, NULL,
                  "Request person.etag is different than the current person.etag. Clear local cache and get the latest "
                  "person.");
    return FALSE;
  }
  return TRUE;
}

void
route_update_contact (Emulator *emulator, Request *request, const char *name)
{
  g_autoptr (cJSON) person = NULL;
  PersonState *state;
  SourceMask sources;
  FieldMask update_mask;
  FieldMask mask;

  if (!params_check (request, update_params) || !read_update_mask (request, &update_mask)
      || !read_answer_mask (request, "people/updateContact", &mask, &sources))
    return;
  person = read_person (request);
  if (person == NULL)
    return;
  state = route_contact (emulator, request, name);
  if (state == NULL || !etag_is_current (request, state, person))
    return;
  if ((update_mask & FIELD_BIT (FIELD_MEMBERSHIPS)) != 0
      && cJSON_GetArraySize (cJSON_GetObjectItemCaseSensitive (person, "memberships")) == 0) {
    error_answer_invalid (request, "person.memberships must hold at least one contact group membership.");
    return;
  }
  state = person_state_copy (state);
  set_fields (state, person, update_mask);
  answer_person (emulator, request, model_put (emulator->model, state), mask, sources);
}

void
route_delete_contact (Emulator *emulator, Request *request, const char *name)
{
  PersonState *state;

  if (!params_check (request, no_params))
    return;
  state = route_contact (emulator, request, name);
  if (state == NULL)
    return;
  model_delete (emulator->model, state);
  request_answer_text (request, 200, "application/json; charset=UTF-8", "{}");
}
