/* Field masks and source masks of people. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/mask.h"

#include "emulator/errors.h"

#define DOCUMENTATION "https://developers.google.com/people/api/rest/v1/"

static const struct {
  const char *name;
  gboolean writable;
  gboolean singleton; /* at most one in a contact source */
} fields[N_FIELDS] = {
  [FIELD_ADDRESSES] = { "addresses", TRUE },
  [FIELD_AGE_RANGES] = { "ageRanges", FALSE },
  [FIELD_BIOGRAPHIES] = { "biographies", TRUE, TRUE },
  [FIELD_BIRTHDAYS] = { "birthdays", TRUE, TRUE },
  [FIELD_CALENDAR_URLS] = { "calendarUrls", TRUE },
  [FIELD_CLIENT_DATA] = { "clientData", TRUE },
  [FIELD_COVER_PHOTOS] = { "coverPhotos", FALSE },
  [FIELD_EMAIL_ADDRESSES] = { "emailAddresses", TRUE },
  [FIELD_EVENTS] = { "events", TRUE },
  [FIELD_EXTERNAL_IDS] = { "externalIds", TRUE },
  [FIELD_GENDERS] = { "genders", TRUE, TRUE },
  [FIELD_IM_CLIENTS] = { "imClients", TRUE },
  [FIELD_INTERESTS] = { "interests", TRUE },
  [FIELD_LOCALES] = { "locales", TRUE },
  [FIELD_LOCATIONS] = { "locations", TRUE },
  [FIELD_MEMBERSHIPS] = { "memberships", TRUE },
  [FIELD_METADATA] = { "metadata", FALSE },
  [FIELD_MISC_KEYWORDS] = { "miscKeywords", TRUE },
  [FIELD_NAMES] = { "names", TRUE, TRUE },
  [FIELD_NICKNAMES] = { "nicknames", TRUE },
  [FIELD_OCCUPATIONS] = { "occupations", TRUE },
  [FIELD_ORGANIZATIONS] = { "organizations", TRUE },
  [FIELD_PHONE_NUMBERS] = { "phoneNumbers", TRUE },
  [FIELD_PHOTOS] = { "photos", FALSE },
  [FIELD_RELATIONS] = { "relations", TRUE },
  [FIELD_SIP_ADDRESSES] = { "sipAddresses", TRUE },
  [FIELD_SKILLS] = { "skills", FALSE },
  [FIELD_URLS] = { "urls", TRUE },
  [FIELD_USER_DEFINED] = { "userDefined", TRUE },
};

const char *
field_name (Field field)
{
  return fields[field].name;
}

int
field_by_name (const char *name)
{
  for (int i = 0; i < N_FIELDS; i++) {
    if (g_str_equal (fields[i].name, name))
      return i;
  }
  return -1;
}

gboolean
field_is_unkept (const char *name)
{
  static const char *const names[]
      = { "ageRange",   "braggingRights", "fileAses", "relationshipInterests", "relationshipStatuses",
          "residences", "taglines",       NULL };

  return g_strv_contains (names, name);
}

gboolean
field_is_writable (Field field)
{
  return fields[field].writable;
}

gboolean
field_is_singleton (Field field)
{
  return fields[field].singleton;
}

gboolean
mask_parse (const char *text, const char *prefix, FieldMask *mask, char **bad)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);

  for (guint i = 0; words[i] != NULL; i++) {
    const char *word = g_strstrip (words[i]);
    /* A path may go on below the field ("names.displayName"): the API answers whole fields all the same. */
    g_autofree char *path = NULL;
    int field;

    if (*word == '\0')
      continue;
    if (prefix != NULL) {
      if (!g_str_has_prefix (word, prefix)) {
        *bad = g_strdup (word);
        return FALSE;
      }
      word += strlen (prefix);
    }
    path = g_strndup (word, strcspn (word, "."));
    field = field_by_name (path);
    if (field < 0) {
      *bad = g_strdup (word);
      return FALSE;
    }
    *mask |= FIELD_BIT (field);
  }
  return TRUE;
}

static void
refuse_path (Request *request, const char *parameter, const char *bad, const char *method)
{
  error_answer_bad_request (request, parameter,
                            "Invalid %s mask path: \"%s\". Valid paths are documented at " DOCUMENTATION "%s.",
                            parameter, bad, method);
}

gboolean
mask_from_request (Request *request, const char *person_fields, gboolean required, const char *method, FieldMask *mask)
{
  const char *include = request_param (request, "requestMask.includeField");
  g_autofree char *bad = NULL;

  *mask = 0;
  if (person_fields != NULL && !mask_parse (person_fields, NULL, mask, &bad)) {
    refuse_path (request, "personFields", bad, method);
    return FALSE;
  }
  if (include != NULL && !mask_parse (include, "person.", mask, &bad)) {
    refuse_path (request, "requestMask.includeField", bad, method);
    return FALSE;
  }
  if (required && *mask == 0) {
    error_answer_bad_request (request, "personFields",
                              "personFields mask is required. Please specify one or more valid paths. "
                              "Valid paths are documented at " DOCUMENTATION "%s.",
                              method);
    return FALSE;
  }
  return TRUE;
}

/* By number, as protobuf counts them. */
static const struct {
  const char *name;
  SourceMask mask;
} source_types[] = {
  { "READ_SOURCE_TYPE_UNSPECIFIED", 0 },
  { "READ_SOURCE_TYPE_PROFILE", SOURCE_PROFILE },
  { "READ_SOURCE_TYPE_CONTACT", SOURCE_CONTACT },
  { "READ_SOURCE_TYPE_DOMAIN_CONTACT", SOURCE_DOMAIN_CONTACT },
  { "READ_SOURCE_TYPE_OTHER_CONTACT", SOURCE_OTHER_CONTACT },
};

const char *
source_name (int number)
{
  return number >= 0 && number < (int)G_N_ELEMENTS (source_types) ? source_types[number].name : NULL;
}

gboolean
source_parse (const char *word, SourceMask *sources)
{
  for (guint i = 0; i < G_N_ELEMENTS (source_types); i++) {
    if (g_str_equal (source_types[i].name, word)) {
      *sources |= source_types[i].mask;
      return TRUE;
    }
  }
  return FALSE;
}

gboolean
sources_from_request (Request *request, SourceMask *sources)
{
  *sources = 0;
  for (guint i = 0; i < request->params->len; i++) {
    const RequestParam *param = request->params->pdata[i];

    if (g_str_equal (param->name, "sources") && !source_parse (param->value, sources)) {
      error_answer_bad_request (request, "sources",
                                "Invalid value at 'sources' (type.googleapis.com/google.people.v1.ReadSourceType), "
                                "\"%s\"",
                                param->value);
      return FALSE;
    }
  }
  if (*sources == 0)
    *sources = SOURCE_DEFAULT;
  return TRUE;
}
