/* cJSON with the manners of GLib. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/json.h"

cJSON *
json_parse_bytes (GBytes *bytes)
{
  gsize size = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  return size > 0 ? cJSON_ParseWithLength (text, size) : NULL;
}

void
json_camel_case (char *name)
{
  char *to = name;

  for (const char *from = name; *from != '\0'; from++) {
    if (*from == '_' && from > name && g_ascii_islower (from[1]))
      *to++ = g_ascii_toupper (*++from);
    else
      *to++ = *from;
  }
  *to = '\0';
}

static void
normalise (cJSON *value)
{
  cJSON *next;

  for (cJSON *member = value->child; member != NULL; member = next) {
    next = member->next;
    if (member->string != NULL)
      json_camel_case (member->string);
    if (cJSON_IsNull (member) && cJSON_IsObject (value))
      cJSON_Delete (cJSON_DetachItemViaPointer (value, member));
    else
      normalise (member);
  }
}

cJSON *
json_parse_message (GBytes *bytes)
{
  gsize size = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;
  cJSON *message = size > 0 && g_utf8_validate (text, (gssize)size, NULL) ? json_parse_bytes (bytes) : NULL;

  if (message != NULL)
    normalise (message);
  return message;
}

const char *
json_get_string (const cJSON *object, const char *name)
{
  return cJSON_GetStringValue (cJSON_GetObjectItemCaseSensitive (object, name));
}

gint64
json_get_int (const cJSON *object, const char *name, gint64 otherwise)
{
  const cJSON *item = cJSON_GetObjectItemCaseSensitive (object, name);

  return cJSON_IsNumber (item) ? (gint64)item->valuedouble : otherwise;
}

gboolean
json_get_bool (const cJSON *object, const char *name)
{
  return cJSON_IsTrue (cJSON_GetObjectItemCaseSensitive (object, name));
}

GBytes *
json_to_bytes (const cJSON *value)
{
  char *text = cJSON_PrintUnformatted (value);

  return g_bytes_new_with_free_func (text, strlen (text), cJSON_free, text);
}

void
json_append_quoted (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *c = text; *c != '\0'; c++) {
    gsize plain = strcspn (c, "\"\\\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
                              "\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f");

    g_string_append_len (out, c, plain);
    c += plain;
    if (*c == '\0')
      break;
    if (*c == '"' || *c == '\\')
      g_string_append_printf (out, "\\%c", *c);
    else
      g_string_append_printf (out, "\\u%04x", *c);
  }
  g_string_append_c (out, '"');
}

char *
json_quoted (const char *text)
{
  GString *out = g_string_new (NULL);

  json_append_quoted (out, text);
  return g_string_free (out, FALSE);
}
