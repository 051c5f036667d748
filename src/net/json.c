/* JSON by cJSON: borrowed values, calm getters. */
#define G_LOG_DOMAIN "contactfs"

#include "net/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "net/error.h"
#include "net/secret.h"
#include "net/text.h"

/* The four hex digits at digits, or -1. */
static int
code_unit (const char *digits, const char *end)
{
  int unit = 0;

  if (end - digits < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    int value = g_ascii_xdigit_value (digits[i]);

    if (value < 0)
      return -1;
    unit = unit * 16 + value;
  }
  return unit;
}

/* cJSON refuses a whole answer for half of a surrogate pair. It cuts text at \u0000, and at digits that are none. One odd name
 * must not keep the address book away: such escapes become U+FFFD, which is as long. Returns NULL when there are none. */
static char *
mend_escapes (const char *text, gsize length)
{
  g_autofree char *mended = NULL;
  const char *end = text + length;

  for (const char *at = memchr (text, '\\', length); at != NULL && end - at >= 2;) {
    gsize step = 2;

    if (at[1] == 'u') {
      int unit = code_unit (at + 2, end);
      gboolean high = unit >= 0xd800 && unit <= 0xdbff, low = unit >= 0xdc00 && unit <= 0xdfff;
      int next = high && end - at >= 12 && at[6] == '\\' && at[7] == 'u' ? code_unit (at + 8, end) : -1;

      step = 6;
      if (next >= 0xdc00 && next <= 0xdfff) {
        step = 12;
      } else if (end - at >= 6 && (high || low || unit <= 0)) {
        if (mended == NULL)
          mended = g_strndup (text, length);
        memcpy (mended + (at - text) + 2, "fffd", 4);
      }
    }
    at = (gsize)(end - at) > step ? memchr (at + step, '\\', (gsize)(end - at) - step) : NULL;
  }
  return g_steal_pointer (&mended);
}

/* What an answer may cost: each value takes eighty bytes here, and may be two bytes there. A page of a thousand people has
 * some hundred thousand. */
#define MAX_VALUES 1000000
#define MAX_DEPTH  64

/* Counted before anything is made of it. FALSE: too deep, or too many. Whether it is JSON, cJSON says. */
static gboolean
is_bounded (const char *text, gsize length)
{
  gsize values = 1, depth = 0;
  gboolean quoted = FALSE;

  for (const char *p = text; p < text + length; p++) {
    if (quoted) {
      if (*p == '\\')
        p++;
      else if (*p == '"')
        quoted = FALSE;
      continue;
    }
    if (*p == '"')
      quoted = TRUE;
    else if (*p == '[' || *p == '{')
      depth++;
    else if ((*p == ']' || *p == '}') && depth > 0)
      depth--;
    if (*p == ',' || *p == '[' || *p == '{')
      values++;
    if (depth > MAX_DEPTH || values > MAX_VALUES)
      return FALSE;
  }
  return TRUE;
}

/* NULL: it is not JSON, or something comes behind it. */
static JsonValue *
parse_whole (const char *text, gsize length)
{
  const char *end = NULL;
  JsonValue *root = cJSON_ParseWithLengthOpts (text, length, &end, FALSE);

  while (root != NULL && end < text + length && g_ascii_isspace (*end))
    end++;
  if (root != NULL && end < text + length)
    g_clear_pointer (&root, json_free_secret);
  return root;
}

JsonValue *
json_parse (const char *text, gsize length, GError **error)
{
  g_autofree char *repaired = NULL;
  g_autofree char *mended = NULL;
  JsonValue *root = NULL;

  if (length > 0 && !is_bounded (text, length)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                 "has more in it than JSON of this kind can have (%" G_GSIZE_FORMAT " bytes)", length);
    return NULL;
  }
  /* A zero byte is in no JSON, and what comes behind one would escape the checks of what is a text in C. */
  if (length > 0 && memchr (text, '\0', length) == NULL) { /* of nothing, text may be NULL */
    /* cJSON copies bytes as they come; names must not carry anything but UTF-8 further. */
    if (!g_utf8_validate_len (text, length, NULL)) {
      repaired = g_utf8_make_valid (text, (gssize)length);
      text = repaired;
      length = strlen (repaired);
    }
    mended = mend_escapes (text, length);
    root = parse_whole (mended != NULL ? mended : text, length);
  }
  if (root == NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "is not JSON (%" G_GSIZE_FORMAT " bytes)", length);
  return root;
}

JsonValue *
json_parse_bytes (GBytes *text, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (text, &size);

  return json_parse (data, size, error);
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
  const JsonValue *member = cJSON_IsObject (object) ? cJSON_GetObjectItemCaseSensitive (object, name) : NULL;

  return cJSON_IsNull (member) ? NULL : member;
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

#define MAX_CLEAN 8192

/* In place: what is clean is never longer than what was UTF-8. */
static void
clean_in_place (char *text)
{
  g_autofree char *clean = text_clean_to (text, MAX_CLEAN);

  if (text != NULL)
    g_strlcpy (text, clean != NULL ? clean : "", strlen (text) + 1);
}

void
json_clean (JsonValue *root)
{
  for (JsonValue *value = root; value != NULL; value = value->next) {
    clean_in_place (value->string);
    clean_in_place (cJSON_IsString (value) ? value->valuestring : NULL);
    json_clean (value->child);
  }
}

char *
json_print (const JsonValue *root)
{
  char *printed = cJSON_PrintUnformatted (root), *copy = g_strdup (printed);

  cJSON_free (printed);
  return copy;
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

static void
begin_member (GString *json, const char *name)
{
  g_string_append_printf (json, "%s\"%s\":", json->str[json->len - 1] == '{' ? "" : ",", name);
}

void
json_add_text (GString *json, const char *name, const char *text)
{
  g_autofree char *quoted = json_quote (text);

  begin_member (json, name);
  g_string_append (json, quoted);
}

void
json_add_number (GString *json, const char *name, gint64 number)
{
  begin_member (json, name);
  g_string_append_printf (json, "%" G_GINT64_FORMAT, number);
}

void
json_add_flag (GString *json, const char *name, gboolean flag)
{
  begin_member (json, name);
  g_string_append (json, flag ? "true" : "false");
}

static void
add_member (JsonValue *object, const char *name, const char *value)
{
  if (value != NULL)
    cJSON_AddItemToObjectCS (object, name, cJSON_CreateStringReference (value));
}

GBytes *
json_write_secret (const char *name, ...)
{
  JsonValue *object = cJSON_CreateObject ();
  gsize room = 64; /* more than cJSON will need: it prints in place, and a buffer that grows leaves copies behind */
  va_list words;
  char *text;

  va_start (words, name);
  for (const char *word = name; word != NULL; word = va_arg (words, const char *)) {
    const char *value = va_arg (words, const char *);

    add_member (object, word, value);
    room += 6 * (strlen (word) + (value != NULL ? strlen (value) : 0)) + 16;
  }
  va_end (words);
  text = g_malloc0 (room);
  if (!cJSON_PrintPreallocated (object, text, (int)room, FALSE))
    g_error ("JSON of %" G_GSIZE_FORMAT " bytes does not fit", room);
  cJSON_Delete (object);
  return secret_bytes_take (text, strlen (text));
}
