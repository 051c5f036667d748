/* contactGroups.list and contactGroups.get. */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "emulator/errors.h"
#include "emulator/json.h"
#include "emulator/params.h"
#include "emulator/routes.h"

#define DEFAULT_PAGE_SIZE 30
#define MAX_PAGE_SIZE     1000
#define SYNC_TOKEN        "groups-"
#define UPDATE_TIME       "2024-01-01T09:00:00.000000Z"

typedef enum {
  GROUP_CLIENT_DATA = 1 << 0,
  GROUP_TYPE = 1 << 1,
  GROUP_MEMBER_COUNT = 1 << 2,
  GROUP_METADATA = 1 << 3,
  GROUP_NAME = 1 << 4,
} GroupFields;

static const ParamSpec list_params[]
    = { { "groupFields" }, { "pageSize", PARAM_INT }, { "pageToken" }, { "syncToken" }, { NULL } };
static const ParamSpec get_params[] = { { "groupFields" }, { "maxMembers", PARAM_INT }, { NULL } };

static gboolean
read_fields (Request *request, GroupFields *fields)
{
  static const char *const names[] = { "clientData", "groupType", "memberCount", "metadata", "name" };
  const char *text = request_param (request, "groupFields");
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", ",", -1);

  *fields = 0;
  for (guint i = 0; words[i] != NULL; i++) {
    guint at = 0;

    g_strstrip (words[i]);
    if (*words[i] == '\0')
      continue;
    while (at < G_N_ELEMENTS (names) && !g_str_equal (names[at], words[i]))
      at++;
    if (at == G_N_ELEMENTS (names)) {
      error_answer_bad_request (request, "groupFields",
                                "Invalid groupFields mask path: \"%s\". Valid paths are documented at "
                                "https://developers.google.com/people/api/rest/v1/contactGroups.",
                                words[i]);
      return FALSE;
    }
    *fields |= 1u << at;
  }
  if (*fields == 0)
    *fields = GROUP_METADATA | GROUP_TYPE | GROUP_MEMBER_COUNT | GROUP_NAME;
  return TRUE;
}

/* The members' resource names, by their memberships; transfer full. */
static GPtrArray *
members (Emulator *emulator, const Group *group)
{
  g_autoptr (GPtrArray) everybody = model_everybody (emulator->model);
  g_autofree char *needle = g_strdup_printf ("\"contactGroups/%s\"", group->id);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < everybody->len; i++) {
    const PersonState *state = everybody->pdata[i];
    const FieldText *text = person_state_get_field (state, FIELD_MEMBERSHIPS);

    for (guint j = 0; text != NULL && text->entries[j] != NULL; j++) {
      if (strstr (text->entries[j], needle) != NULL)
        g_ptr_array_add (names, g_strdup (state->resource_name));
    }
  }
  return names;
}

static void
write_group (Emulator *emulator, const Group *group, GroupFields fields, guint max_members, GString *out)
{
  g_autoptr (GPtrArray) names = members (emulator, group);

  g_string_append_printf (out, "{\"resourceName\":\"contactGroups/%s\",\"etag\":\"%s\"", group->id, "uE8wYZ5aWZ0=");
  if ((fields & GROUP_METADATA) != 0 && group->user)
    g_string_append_printf (out, ",\"metadata\":{\"updateTime\":\"" UPDATE_TIME "\"%s}",
                            group->deleted ? ",\"deleted\":true" : "");
  if ((fields & GROUP_TYPE) != 0)
    g_string_append_printf (out, ",\"groupType\":\"%s\"", group->user ? "USER_CONTACT_GROUP" : "SYSTEM_CONTACT_GROUP");
  if ((fields & GROUP_NAME) != 0) {
    g_string_append (out, ",\"name\":");
    json_append_quoted (out, group->name);
    g_string_append (out, ",\"formattedName\":");
    json_append_quoted (out, group->name);
  }
  if ((fields & GROUP_MEMBER_COUNT) != 0 && names->len > 0)
    g_string_append_printf (out, ",\"memberCount\":%u", names->len);
  for (guint i = 0; i < MIN (max_members, names->len); i++)
    g_string_append_printf (out, "%s\"%s\"", i == 0 ? ",\"memberResourceNames\":[" : ",", (char *)names->pdata[i]);
  g_string_append (out, MIN (max_members, names->len) > 0 ? "]}" : "}");
}

/* All that there are; with since: those that changed after that revision, and those that are gone since. Transfer full. */
static GPtrArray *
tellable (GPtrArray *groups, const guint64 *since)
{
  GPtrArray *told = g_ptr_array_new ();

  for (guint i = 0; i < groups->len; i++) {
    Group *group = groups->pdata[i];

    if (since != NULL ? group->revision > *since : !group->deleted)
      g_ptr_array_add (told, group);
  }
  return told;
}

void
route_contact_groups_list (Emulator *emulator, Request *request, const char *name)
{
  const char *page_token = request_param (request, "pageToken");
  const char *sync_token = request_param (request, "syncToken");
  g_autoptr (GString) out = NULL;
  g_autoptr (GPtrArray) told = NULL;
  GroupFields fields;
  gint64 size;
  guint64 from = 0, since = 0;
  guint end;

  if (!params_check (request, list_params) || !read_fields (request, &fields))
    return;
  size = params_int (request, "pageSize", 0);
  size = MIN (size, MAX_PAGE_SIZE);
  if (size < 0) {
    error_answer_bad_request (request, "page_size", "Page size must be between 1 and 1000, inclusive.");
    return;
  }
  if (sync_token != NULL
      && !(g_str_has_prefix (sync_token, SYNC_TOKEN)
           && g_ascii_string_to_unsigned (sync_token + strlen (SYNC_TOKEN), 10, 0, G_MAXUINT64, &since, NULL))) {
    error_answer_invalid (request, "Request contains an invalid argument.");
    return;
  }
  told = tellable (emulator->groups, sync_token != NULL ? &since : NULL);
  if (page_token != NULL && !g_ascii_string_to_unsigned (page_token, 10, 1, MAX (told->len, 1), &from, NULL)) {
    error_answer_invalid (request, "Request contains an invalid argument.");
    return;
  }
  end = (guint)MIN (from + (guint64)(size > 0 ? size : DEFAULT_PAGE_SIZE), told->len);
  out = g_string_new ("{");
  for (guint i = (guint)from; i < end; i++) {
    g_string_append (out, i == from ? "\"contactGroups\":[" : ",");
    write_group (emulator, told->pdata[i], fields, 0, out);
  }
  if (end > from)
    g_string_append_printf (out, "],\"totalItems\":%u,", told->len);
  if (end < told->len)
    g_string_append_printf (out, "\"nextPageToken\":\"%u\"}", end);
  else
    g_string_append_printf (out, "\"nextSyncToken\":\"" SYNC_TOKEN "%" G_GUINT64_FORMAT "\"}",
                            groups_revision (emulator->groups));
  request_answer_json (request, 200, g_steal_pointer (&out));
}

void
route_contact_groups_get (Emulator *emulator, Request *request, const char *name)
{
  const char *id = name + strlen ("contactGroups/");
  const Group *group;
  GroupFields fields;
  gint64 max_members;
  GString *out;

  if (!params_check (request, get_params) || !read_fields (request, &fields))
    return;
  max_members = params_int (request, "maxMembers", 0);
  group = groups_find (emulator->groups, id);
  if (group == NULL || group->deleted) {
    error_answer_not_found (request);
    return;
  }
  out = g_string_new (NULL);
  write_group (emulator, group, fields, (guint)MAX (max_members, 0), out);
  request_answer_json (request, 200, out);
}
