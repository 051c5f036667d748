/*
 * JSON, read and quoted: the one room that includes <cjson/cJSON.h> (the emulator apart). A JsonValue borrowed from a
 * parent lives as long as the root; getters take NULL and wrong types calmly and answer NULL, 0 or FALSE, so a chain
 * needs one check at its end.
 */
#pragma once

#include <glib.h>

typedef struct cJSON JsonValue;

/* The root, transfer full; PEOPLE_ERROR_BAD_ANSWER. */
JsonValue *json_parse (const char *text, gsize length, GError **error);
JsonValue *json_parse_bytes (GBytes *text, GError **error);
void json_free (JsonValue *root);
void json_free_secret (JsonValue *root); /* zeroes every text in it first */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (JsonValue, json_free)

/* NULL for null as well: to protocol buffers' JSON it is a member that is not there. */
const JsonValue *json_member (const JsonValue *object, const char *name);
gboolean json_is_object (const JsonValue *value);
gboolean json_is_array (const JsonValue *value);
guint json_length (const JsonValue *array);
const JsonValue *json_first (const JsonValue *array);
const JsonValue *json_next (const JsonValue *element);
const char *json_string (const JsonValue *object,
                         const char *name); /* member's text, borrowed; NULL: not there or not text */
gint64 json_int (const JsonValue *object, const char *name);
gboolean json_bool (const JsonValue *object, const char *name);
const char *json_text (const JsonValue *value); /* the value itself as text, or NULL */

/* Each text in it, and each name, becomes what text_clean makes of it. For what another user's program wrote. */
void json_clean (JsonValue *root);
char *json_print (const JsonValue *root); /* on one line. Transfer full */

char *json_quote (const char *text); /* "…" with quotes and escapes; "null" for NULL. Transfer full. */

/* One member more for the object in json, which the caller begins with "{" and ends with "}". The name is written as it is.
 * text: NULL for null. */
void json_add_text (GString *json, const char *name, const char *text);
void json_add_number (GString *json, const char *name, gint64 number);
void json_add_flag (GString *json, const char *name, gboolean flag);

/* {"name":"value",…} of names and values in turn, ended by NULL; a NULL value leaves its name out. Wiped when freed. */
GBytes *json_write_secret (const char *name, ...) G_GNUC_NULL_TERMINATED;
