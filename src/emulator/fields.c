/* Partial answers. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/fields.h"

#include "emulator/mask.h"

#define MAX_DEPTH 32

struct Fields {
  gboolean whole;      /* everything, whatever else is said */
  GHashTable *members; /* name or "*" to Fields */
};

static Fields *
fields_new (void)
{
  Fields *self = g_new0 (Fields, 1);

  self->members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)fields_free);
  return self;
}

void
fields_free (Fields *self)
{
  g_hash_table_unref (self->members);
  g_free (self);
}

/* What answers hold at the top, beside the fields of a person. */
static gboolean
is_known (const char *name)
{
  static const char *const names[] = { "*",
                                       "connections",
                                       "contactGroups",
                                       "responses",
                                       "person",
                                       "nextPageToken",
                                       "nextSyncToken",
                                       "totalItems",
                                       "totalPeople",
                                       "resourceName",
                                       "etag",
                                       "formattedName",
                                       "groupType",
                                       "memberCount",
                                       "memberResourceNames",
                                       "name",
                                       NULL };

  return g_strv_contains (names, name) || field_by_name (name) >= 0 || field_is_unkept (name);
}

typedef struct Parser {
  const char *at;
  const Fields *top;
  int depth; /* of parentheses */
} Parser;

static gboolean parse_list (Parser *parser, Fields *into);

/* The member of that name, made now if need be. NULL: the parser does not stand at a name. */
static Fields *
parse_name (Parser *parser, Fields *into)
{
  gsize length = strspn (parser->at, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_*");
  g_autofree char *name = g_strndup (parser->at, length);
  Fields *member;

  json_camel_case (name);
  if (length == 0 || (into == parser->top && !is_known (name)))
    return NULL;
  parser->at += length;
  member = g_hash_table_lookup (into->members, name);
  if (member == NULL) {
    member = fields_new ();
    g_hash_table_insert (into->members, g_steal_pointer (&name), member);
  }
  return member;
}

static gboolean
parse_item (Parser *parser, Fields *into)
{
  Fields *member = parse_name (parser, into);

  for (int depth = 0; member != NULL && (*parser->at == '/' || *parser->at == '.'); depth++) {
    parser->at++;
    member = depth < MAX_DEPTH ? parse_name (parser, member) : NULL;
  }
  if (member == NULL)
    return FALSE;
  if (*parser->at != '(') {
    member->whole = TRUE;
    return TRUE;
  }
  parser->at++;
  if (!parse_list (parser, member) || *parser->at != ')')
    return FALSE;
  parser->at++;
  return TRUE;
}

static gboolean
parse_list (Parser *parser, Fields *into)
{
  gboolean fine = ++parser->depth <= MAX_DEPTH && parse_item (parser, into);

  while (fine && *parser->at == ',') {
    parser->at++;
    fine = parse_item (parser, into);
  }
  parser->depth--;
  return fine;
}

Fields *
fields_parse (const char *text, char **bad)
{
  g_autoptr (Fields) self = fields_new ();
  Parser parser = { .at = text, .top = self };

  if (parse_list (&parser, self) && *parser.at == '\0')
    return g_steal_pointer (&self);
  *bad = g_strdup (*parser.at != '\0' ? parser.at : text);
  return NULL;
}

static const Fields *
find_member (const Fields *self, const char *name)
{
  const Fields *named = g_hash_table_lookup (self->members, name);

  return named != NULL ? named : g_hash_table_lookup (self->members, "*");
}

void
fields_apply (const Fields *self, cJSON *value)
{
  cJSON *next;

  if (self->whole)
    return;
  for (cJSON *member = value->child; member != NULL; member = next) {
    const Fields *wanted = cJSON_IsArray (value) ? self : find_member (self, member->string);

    next = member->next;
    if (wanted != NULL && !wanted->whole && !cJSON_IsObject (member) && !cJSON_IsArray (member))
      wanted = NULL; /* nothing is below it */
    if (wanted != NULL)
      fields_apply (wanted, member);
    else
      cJSON_Delete (cJSON_DetachItemViaPointer (value, member));
  }
}
