/* JSON by cJSON: borrowed values, calm getters. */
#define G_LOG_DOMAIN "contactfs"

#include "google/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "google/error.h"

JsonValue *
json_parse (const char *text, gsize length, GError **error)
{
  g_autofree char *repaired = NULL;
  JsonValue *root;

  /* cJSON copies bytes as they come; names must not carry anything but UTF-8 further. */
  if (!g_utf8_validate_len (text, length, NULL) && memchr (text, '\0', length) == NULL) {
    repaired = g_utf8_make_valid (text, length);
    text = repaired;
    length = strlen (repaired);
  }
  root = length > 0 ? cJSON_ParseWithLength (text, length) : NULL;
  if (root == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "is not JSON (%" G_GSIZE_FORMAT " bytes)", length);
  return root;
}

void
json_free (JsonValue *root)
{
  cJSON_Delete (root);
}

static void
wipe (JsonValue *value)
{
  for (; value != NULL; value = value->next) {
    if (cJSON_IsString (value) && value->valuestring != NULL)
      explicit_bzero (value->valuestring, strlen (value->valuestring));
    wipe (value->child);
  }
}

void
json_free_secret (JsonValue *root)
{
  wipe (root);
  cJSON_Delete (root);
}

const JsonValue *
json_member (const JsonValue *object, const char *name)
{
  return cJSON_IsObject (object) ? cJSON_GetObjectItemCaseSensitive (object, name) : NULL;
}

gboolean
json_is_object (const JsonValue *value)
{
  return cJSON_IsObject (value);
}

gboolean
json_is_array (const JsonValue *value)
{
  return cJSON_IsArray (value);
}

guint
json_length (const JsonValue *array)
{
  return cJSON_IsArray (array) ? (guint)cJSON_GetArraySize (array) : 0;
}

const JsonValue *
json_element (const JsonValue *array, guint index)
{
  return cJSON_IsArray (array) && index <= G_MAXINT ? cJSON_GetArrayItem (array, (int)index) : NULL;
}

const JsonValue *
json_first (const JsonValue *array)
{
  return cJSON_IsArray (array) ? array->child : NULL;
}

const JsonValue *
json_next (const JsonValue *element)
{
  return element != NULL ? element->next : NULL;
}

const char *
json_text (const JsonValue *value)
{
  return cJSON_IsString (value) ? value->valuestring : NULL;
}

const char *
json_string (const JsonValue *object, const char *name)
{
  return json_text (json_member (object, name));
}

gint64
json_int (const JsonValue *object, const char *name)
{
  const JsonValue *value = json_member (object, name);

  if (!cJSON_IsNumber (value) || isnan (value->valuedouble))
    return 0;
  /* The conversion is undefined outside; 2^63 itself does not fit any more. */
  if (value->valuedouble >= 9223372036854775808.0)
    return G_MAXINT64;
  if (value->valuedouble <= -9223372036854775808.0)
    return G_MININT64;
  return (gint64)value->valuedouble;
}

gboolean
json_bool (const JsonValue *object, const char *name)
{
  return cJSON_IsTrue (json_member (object, name));
}

char *
json_quote (const char *text)
{
  g_autofree char *valid = NULL;
  JsonValue *value;
  char *printed, *quoted;

  if (text == NULL)
    return g_strdup ("null");
  valid = g_utf8_make_valid (text, -1);
  value = cJSON_CreateStringReference (valid);
  printed = cJSON_PrintUnformatted (value);
  cJSON_Delete (value);
  quoted = g_strdup (printed);
  cJSON_free (printed);
  return quoted;
}
