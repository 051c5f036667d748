/* CSV (table.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/table.h"

#include <gio/gio.h>
#include <string.h>

typedef struct {
  const char *next;
  char separator;
} Reader;

static char
find_separator (const char *text)
{
  gsize end = strcspn (text, "\r\n");
  return memchr (text, ',', end) == NULL && memchr (text, ';', end) != NULL ? ';' : ',';
}

/* What follows an opening quote; FALSE: there is no closing one, or something behind it. */
static gboolean
read_quoted (Reader *reader, GString *field)
{
  for (; *reader->next != '\0'; reader->next++) {
    if (*reader->next != '"') {
      g_string_append_c (field, *reader->next);
    } else if (reader->next[1] == '"') {
      g_string_append_c (field, '"');
      reader->next++;
    } else {
      reader->next++;
      return *reader->next == '\0' || *reader->next == reader->separator || *reader->next == '\r'
             || *reader->next == '\n';
    }
  }
  return FALSE;
}

/* NULL: a quote is not closed, or is inside a field without quotes (RFC 4180). */
static char *
read_field (Reader *reader)
{
  g_autoptr (GString) field = g_string_new (NULL);
  if (*reader->next == '"') {
    reader->next++;
    if (!read_quoted (reader, field))
      return NULL;
  } else {
    while (*reader->next != '\0' && *reader->next != reader->separator && *reader->next != '\r'
           && *reader->next != '\n')
      g_string_append_c (field, *reader->next++);
    if (strchr (field->str, '"') != NULL)
      return NULL;
  }
  return g_strdup (field->str);
}

static GStrv
read_row (Reader *reader)
{
  g_autoptr (GStrvBuilder) row = g_strv_builder_new ();
  for (;;) {
    g_autofree char *field = read_field (reader);
    if (field == NULL)
      return NULL;
    g_strv_builder_add (row, field);
    if (*reader->next != reader->separator)
      break;
    reader->next++;
  }
  if (*reader->next == '\r')
    reader->next++;
  if (*reader->next == '\n')
    reader->next++;
  return g_strv_builder_end (row);
}

GPtrArray *
table_parse (const char *text, GError **error)
{
  if (!g_utf8_validate (text, -1, NULL)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the table is not UTF-8; save it as “CSV UTF-8”");
    return NULL;
  }
  if (g_str_has_prefix (text, "\ufeff"))
    text += strlen ("\ufeff");
  Reader reader = { .next = text, .separator = find_separator (text) };
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);
  for (guint number = 1; *reader.next != '\0'; number++) {
    GStrv row = read_row (&reader);
    if (row == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "row %u of the table has a quote that does not belong there, or is without its end", number);
      return NULL;
    }
    if (g_strv_length (row) == 1 && row[0][0] == '\0')
      g_strfreev (row);
    else
      g_ptr_array_add (rows, row);
  }
  return g_steal_pointer (&rows);
}
