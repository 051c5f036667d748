/* People as clients write them. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/contact-json.h"

static void
replace_string (cJSON *object, const char *name, const char *value)
{
  cJSON_DeleteItemFromObjectCaseSensitive (object, name);
  if (value != NULL && *value != '\0')
    cJSON_AddStringToObject (object, name, value);
}

static char *
join (const char *separator, const char *first, const char *second, const char *third)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *words[] = { first, second, third };
  g_auto (GStrv) list = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (words[i] != NULL && *words[i] != '\0')
      g_strv_builder_add (builder, words[i]);
  }
  list = g_strv_builder_end (builder);
  return g_strjoinv (separator, list);
}

/* displayName is the server's, whatever the client says; unstructuredName counts only if there are no parts. */
static void
compute_name (cJSON *name)
{
  const char *given = json_get_string (name, "givenName");
  const char *middle = json_get_string (name, "middleName");
  const char *family = json_get_string (name, "familyName");
  g_autofree char *parts = join (" ", given, middle, family);
  g_autofree char *first = join (" ", given, middle, NULL);
  g_autofree char *last_first = join (", ", family, first, NULL);
  g_autofree char *unstructured = g_strdup (json_get_string (name, "unstructuredName"));

  if (*parts == '\0' && unstructured != NULL) {
    replace_string (name, "displayName", unstructured);
    replace_string (name, "displayNameLastFirst", unstructured);
    return;
  }
  replace_string (name, "displayName", parts);
  replace_string (name, "displayNameLastFirst", last_first);
  replace_string (name, "unstructuredName", parts);
}

static void
compute (Field field, cJSON *entry)
{
  const char *type = json_get_string (entry, "type");

  cJSON_DeleteItemFromObjectCaseSensitive (entry, "metadata");
  cJSON_DeleteItemFromObjectCaseSensitive (entry, "canonicalForm");
  if (field == FIELD_NAMES) {
    compute_name (entry);
  } else if (type != NULL && *type != '\0' && field != FIELD_NICKNAMES && field != FIELD_MISC_KEYWORDS
             && field != FIELD_LOCATIONS) {
    g_autofree char *formatted = g_strdup (type);

    formatted[0] = g_ascii_toupper (formatted[0]);
    replace_string (entry, "formattedType", formatted);
  }
}

char **
contact_json_entries (Field field, const cJSON *array)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const cJSON *item;

  cJSON_ArrayForEach (item, array)
  {
    g_autoptr (cJSON) entry = cJSON_Duplicate (item, TRUE);
    char *text;

    if (!cJSON_IsObject (entry))
      continue;
    compute (field, entry);
    text = cJSON_PrintUnformatted (entry);
    if (strlen (text) > 2) {
      text[strlen (text) - 1] = '\0';
      g_strv_builder_add (builder, text + 1);
    }
    cJSON_free (text);
  }
  return g_strv_builder_end (builder);
}
