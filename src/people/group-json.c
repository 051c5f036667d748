/* Reading ContactGroup resources. */
#define G_LOG_DOMAIN "contactfs"

#include "people/group-json.h"

#include <string.h>

#include "net/error.h"
#include "net/json.h"

void
people_group_free (PeopleGroup *self)
{
  if (self == NULL)
    return;
  g_free (self->resource_name);
  g_free (self->name);
  g_free (self);
}

void
people_group_page_free (PeopleGroupPage *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->groups);
  g_free (self->next_page_token);
  g_free (self);
}

/* NULL: none that could be shown. */
static PeopleGroup *
read_group (const JsonValue *group)
{
  const char *resource_name = json_string (group, "resourceName"), *name = json_string (group, "name");
  PeopleGroup *self;

  if (resource_name == NULL || !g_str_has_prefix (resource_name, "contactGroups/")
      || strchr (resource_name, '\n') != NULL || name == NULL || *name == '\0'
      || json_bool (json_member (group, "metadata"), "deleted"))
    return NULL;
  self = g_new0 (PeopleGroup, 1);
  self->resource_name = g_strdup (resource_name);
  self->name = g_strdup (name);
  self->is_system = g_strcmp0 (json_string (group, "groupType"), "SYSTEM_CONTACT_GROUP") == 0;
  return self;
}

PeopleGroupPage *
group_parse_page (GBytes *body, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  g_autoptr (JsonValue) root = json_parse (data, size, error);
  const JsonValue *groups = json_member (root, "contactGroups");
  PeopleGroupPage *self;

  if (root == NULL) {
    g_prefix_error (error, "the answer ");
    return NULL;
  }
  if (!json_is_object (root) || (groups != NULL && !json_is_array (groups))) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "the answer is not a page of labels");
    return NULL;
  }
  self = g_new0 (PeopleGroupPage, 1);
  self->groups = g_ptr_array_new_with_free_func ((GDestroyNotify)people_group_free);
  for (const JsonValue *entry = json_first (groups); entry != NULL; entry = json_next (entry)) {
    PeopleGroup *group = read_group (entry);

    if (group != NULL)
      g_ptr_array_add (self->groups, group);
  }
  self->next_page_token = g_strdup (json_string (root, "nextPageToken"));
  return self;
}
