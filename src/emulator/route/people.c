/* people.get and people.getBatchGet. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "emulator/account.h"
#include "emulator/errors.h"
#include "emulator/json.h"
#include "emulator/params.h"
#include "emulator/routes.h"

#define MAX_BATCH 200
#define ME        "people/me"

static const ParamSpec get_params[] = {
  { "personFields" },
  { "requestMask.includeField" },
  { "sources", PARAM_STRING, TRUE },
  { NULL },
};

static const ParamSpec batch_params[] = {
  { "personFields" },
  { "requestMask.includeField" },
  { "resourceNames", PARAM_STRING, TRUE },
  { "sources", PARAM_STRING, TRUE },
  { NULL },
};

static gboolean
is_me (const Emulator *emulator, const char *name)
{
  g_autofree char *number = account_number (emulator->account);

  return g_str_equal (name, ME) || g_str_equal (name + strlen ("people/"), number);
}

/* What everybody forgets: the account's own profile is not among what the contacts' scope is for, nor the other way
 * round. FALSE: answered. */
static gboolean
may_see (Emulator *emulator, Request *request, const char *name)
{
  gboolean me = is_me (emulator, name);
  gboolean may = me ? oauth_may_see_profile (emulator->oauth, request_header (request, "authorization"))
                    : oauth_check (emulator->oauth, request_header (request, "authorization"), WANTS_CONTACTS_READ)
                          == ACCESS_GRANTED;

  if (!may)
    error_answer (request, STATUS_PERMISSION_DENIED, NULL,
                  "The caller does not have permission to request \"%s\". Request requires one of the following "
                  "scopes: [%s].",
                  name, me ? "profile" : "contacts, contacts.readonly");
  return may;
}

/* The account's own profile: an account, not a contact. */
static void
write_me (const char *account, FieldMask mask, GString *out)
{
  g_autofree char *number = account_number (account);
  g_autofree char *source = g_strdup_printf (
      "\"metadata\":{\"primary\":true,\"sourcePrimary\":true,\"source\":{\"type\":\"PROFILE\",\"id\":\"%s\"}}", number);

  g_string_append_printf (out, "{\"resourceName\":\"people/%s\",\"etag\":\"%%EgMxMDE=\"", number);
  if ((mask & FIELD_BIT (FIELD_EMAIL_ADDRESSES)) != 0) {
    g_string_append_printf (out, ",\"emailAddresses\":[{%s,\"value\":", source);
    json_append_quoted (out, account);
    g_string_append (out, "}]");
  }
  if ((mask & FIELD_BIT (FIELD_METADATA)) != 0)
    g_string_append_printf (out,
                            ",\"metadata\":{\"sources\":[{\"type\":\"PROFILE\",\"id\":\"%s\",\"etag\":\"#1\","
                            "\"profileMetadata\":{\"objectType\":\"PERSON\",\"userTypes\":[\"GOOGLE_USER\"]}}],"
                            "\"objectType\":\"PERSON\"}",
                            number);
  if ((mask & FIELD_BIT (FIELD_NAMES)) != 0)
    g_string_append_printf (out,
                            ",\"names\":[{%s,\"displayName\":\"Sample User\",\"familyName\":\"User\","
                            "\"givenName\":\"Sample\",\"displayNameLastFirst\":\"User, Sample\","
                            "\"unstructuredName\":\"Sample User\"}]",
                            source);
  g_string_append_c (out, '}');
}

/* FALSE: there is no such person. */
static gboolean
write_by_name (Emulator *emulator, const char *name, FieldMask mask, SourceMask sources, GString *out)
{
  const PersonState *state = model_lookup (emulator->model, name);

  if (is_me (emulator, name)) {
    write_me (emulator->account, mask, out);
    return TRUE;
  }
  if (state == NULL || !person_in_sources (state, sources))
    return FALSE;
  person_write (state, mask, sources, emulator->photo_url, out);
  return TRUE;
}

void
route_people_get (Emulator *emulator, Request *request, const char *name)
{
  g_autoptr (GString) out = g_string_new (NULL);
  SourceMask sources;
  FieldMask mask;

  if (!params_check (request, get_params)
      || !mask_from_request (request, request_param (request, "personFields"), TRUE, "people/get", &mask)
      || !sources_from_request (request, &sources) || !may_see (emulator, request, name))
    return;
  if (write_by_name (emulator, name, mask, sources, out))
    request_answer_json (request, 200, g_steal_pointer (&out));
  else
    error_answer_not_found (request);
}

/* An unknown name fails alone: its response holds a status. */
static void
write_response (Emulator *emulator, const char *name, FieldMask mask, SourceMask sources, GString *out)
{
  g_autoptr (GString) person = g_string_new (NULL);

  if (write_by_name (emulator, name, mask, sources, person))
    g_string_append_printf (out,
                            "{\"httpStatusCode\":200,\"person\":%s,\"requestedResourceName\":\"%s\",\"status\":{}}",
                            person->str, name);
  else
    g_string_append_printf (out,
                            "{\"httpStatusCode\":404,\"requestedResourceName\":\"%s\",\"status\":{\"code\":5,"
                            "\"message\":\"Requested entity was not found.\"}}",
                            name);
}

static gboolean
is_resource_name (const char *name)
{
  return g_str_has_prefix (name, "people/") && name[7] != '\0'
         && name[7 + strspn (name + 7, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_-")] == '\0';
}

void
route_people_batch_get (Emulator *emulator, Request *request, const char *unused)
{
  g_autoptr (GString) out = g_string_new ("{");
  SourceMask sources;
  FieldMask mask;
  guint count = 0;

  if (!params_check (request, batch_params)
      || !mask_from_request (request, request_param (request, "personFields"), TRUE, "people/getBatchGet", &mask)
      || !sources_from_request (request, &sources))
    return;
  for (guint i = 0; i < request->params->len; i++) {
    const RequestParam *param = request->params->pdata[i];

    if (!g_str_equal (param->name, "resourceNames"))
      continue;
    if (!is_resource_name (param->value)) {
      error_answer_bad_request (request, "resource_names", "Resource name \"%s\" is not a valid person resource.",
                                param->value);
      return;
    }
    if (!may_see (emulator, request, param->value))
      return;
    g_string_append (out, count++ == 0 ? "\"responses\":[" : ",");
    write_response (emulator, param->value, mask, sources, out);
  }
  g_string_append (out, count > 0 ? "]}" : "}");
  if (count == 0 || count > MAX_BATCH)
    error_answer_bad_request (request, "resource_names", "The number of resource names must be between 1 and %d.",
                              MAX_BATCH);
  else
    request_answer_json (request, 200, g_steal_pointer (&out));
}
