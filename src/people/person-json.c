/* Reading Person resources. */
#define G_LOG_DOMAIN "contactfs"

#include "people/person-json.h"

#include <string.h>

#include "net/error.h"

void
people_person_free (PeoplePerson *self)
{
  if (self == NULL)
    return;
  g_free (self->resource_name);
  g_strfreev (self->previous_resource_names);
  g_free (self->display_name);
  g_free (self->email);
  g_free (self->phone);
  g_free (self->organization);
  g_free (self->emails);
  g_free (self->phones);
  g_free (self->labels);
  g_free (self->photo_url);
  g_free (self->profile_url);
  g_free (self);
}

void
people_page_free (PeoplePage *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->people, g_ptr_array_unref); /* the caller may have taken them */
  g_free (self->next_page_token);
  g_free (self->next_sync_token);
  g_free (self);
}

gint64
person_parse_time (const char *text)
{
  const char *point = text != NULL ? strchr (text, '.') : NULL;
  gint64 fraction = 0, unit = G_USEC_PER_SEC / 10;
  g_autofree char *whole = NULL;
  g_autoptr (GDateTime) time = NULL;

  if (text == NULL)
    return 0;
  /* GDateTime reads fractions through a double and may come out a microsecond short: two readings of one time must
   * agree. */
  if (point != NULL) {
    const char *end = point + 1;

    for (; g_ascii_isdigit (*end); end++, unit /= 10)
      fraction += (*end - '0') * unit;
    whole = g_strdup_printf ("%.*s%s", (int)(point - text), text, end);
  }
  time = g_date_time_new_from_iso8601 (whole != NULL ? whole : text, NULL);
  return time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC + fraction : 0;
}

/* Longer than any of Google's by far, and short enough that each fits into a directory's name as it is. */
#define MAX_ID 200

gboolean
person_resource_name_valid (const char *name)
{
  const char *id = name != NULL && g_str_has_prefix (name, "people/") ? name + strlen ("people/") : "";
  gsize length = strnlen (id, MAX_ID + 1);

  if (length == 0 || length > MAX_ID || g_str_equal (id, ".") || g_str_equal (id, ".."))
    return FALSE;
  for (const char *p = id; *p != '\0'; p++)
    if (!g_ascii_isprint (*p) || *p == '/')
      return FALSE;
  return TRUE;
}

/* ---- fields with several entries: the primary one first ---- */

static gboolean
is_primary (const JsonValue *entry)
{
  return json_bool (json_member (entry, "metadata"), "primary");
}

static const char *
source_type (const JsonValue *entry)
{
  const char *type = json_string (json_member (json_member (entry, "metadata"), "source"), "type");

  return type != NULL ? type : "";
}

static char *
take_words (const char *text)
{
  g_autofree char *words = g_strstrip (g_strdup (text != NULL ? text : ""));

  return words[0] != '\0' ? g_steal_pointer (&words) : NULL;
}

/* What read says of the primary entry, else of the first entry of which it says anything. */
static char *
first_value (const JsonValue *entries, char *(*read) (const JsonValue *entry))
{
  for (int primary = 1; primary >= 0; primary--)
    for (const JsonValue *entry = json_first (entries); entry != NULL; entry = json_next (entry)) {
      char *value = is_primary (entry) == primary ? read (entry) : NULL;

      if (value != NULL)
        return value;
    }
  return NULL;
}

/* More of one field than anybody has is not kept. */
#define MAX_LINES 100

/* What read says of all entries, a line each, the primary one first. NULL: nothing. */
static char *
all_values (const JsonValue *entries, char *(*read) (const JsonValue *entry))
{
  g_autoptr (GString) lines = g_string_new (NULL);
  guint count = 0;

  for (int primary = 1; primary >= 0; primary--)
    for (const JsonValue *entry = json_first (entries); entry != NULL && count < MAX_LINES; entry = json_next (entry)) {
      g_autofree char *value = is_primary (entry) == primary ? read (entry) : NULL;

      if (value == NULL)
        continue;
      g_string_append_printf (lines, "%s%s", count++ > 0 ? "\n" : "", g_strdelimit (value, "\r\n", ' '));
    }
  return lines->len > 0 ? g_string_free (g_steal_pointer (&lines), FALSE) : NULL;
}

static char *
read_name (const JsonValue *name)
{
  char *words = take_words (json_string (name, "displayName"));

  if (words == NULL)
    words = take_words (json_string (name, "unstructuredName"));
  if (words == NULL) {
    const char *given = json_string (name, "givenName"), *family = json_string (name, "familyName");
    g_autofree char *both = g_strdup_printf ("%s %s", given != NULL ? given : "", family != NULL ? family : "");

    words = take_words (both);
  }
  return words;
}

static char *
read_value (const JsonValue *entry)
{
  return take_words (json_string (entry, "value"));
}

static char *
read_number (const JsonValue *phone)
{
  char *number = take_words (json_string (phone, "canonicalForm"));

  return number != NULL ? number : read_value (phone);
}

static char *
read_label (const JsonValue *membership)
{
  return take_words (json_string (json_member (membership, "contactGroupMembership"), "contactGroupResourceName"));
}

static char *
read_organization (const JsonValue *entry)
{
  return take_words (json_string (entry, "name"));
}

/* An address is printable ASCII; whatever else comes in its place is spelled so. */
static char *
read_photo (const JsonValue *photo)
{
  g_autofree char *url = NULL;

  if (json_bool (photo, "default")) /* a monogram that Google drew */
    return NULL;
  url = take_words (json_string (photo, "url"));
  return url != NULL ? g_uri_escape_string (
             url, G_URI_RESERVED_CHARS_GENERIC_DELIMITERS G_URI_RESERVED_CHARS_SUBCOMPONENT_DELIMITERS "%", FALSE)
                     : NULL;
}

static gboolean
is_profile (const JsonValue *photo)
{
  return g_str_equal (source_type (photo), "PROFILE") || g_str_equal (source_type (photo), "DOMAIN_PROFILE");
}

static char *
read_profile_photo (const JsonValue *photo)
{
  return is_profile (photo) ? read_photo (photo) : NULL;
}

static char *
read_own_photo (const JsonValue *photo)
{
  const char *type = source_type (photo);

  /* No source said: the contact's own, as when only contacts are asked for. */
  if (type[0] == '\0' || g_str_equal (type, "CONTACT") || g_str_equal (type, "DOMAIN_CONTACT"))
    return read_photo (photo);
  return NULL;
}

/* ---- the person ---- */

static gint64
source_time (const JsonValue *metadata, const char *type)
{
  for (const JsonValue *s = json_first (json_member (metadata, "sources")); s != NULL; s = json_next (s)) {
    gint64 time
        = g_strcmp0 (json_string (s, "type"), type) == 0 ? person_parse_time (json_string (s, "updateTime")) : 0;

    if (time != 0)
      return time;
  }
  return 0;
}

static char **
previous_names (const JsonValue *metadata)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  const JsonValue *array = json_member (metadata, "previousResourceNames");
  char **all;

  for (const JsonValue *name = json_first (array); name != NULL; name = json_next (name))
    if (person_resource_name_valid (json_text (name)))
      g_strv_builder_add (names, json_text (name));
  all = g_strv_builder_end (names);
  if (all[0] == NULL)
    g_clear_pointer (&all, g_strfreev);
  return all;
}

PeoplePerson *
person_from_json (const JsonValue *person)
{
  const char *resource_name = json_string (person, "resourceName");
  const JsonValue *metadata = json_member (person, "metadata");
  PeoplePerson *self;

  if (!person_resource_name_valid (resource_name))
    return NULL;
  self = g_new0 (PeoplePerson, 1);
  self->resource_name = g_strdup (resource_name);
  self->previous_resource_names = previous_names (metadata);
  self->deleted = json_bool (metadata, "deleted");
  if (self->deleted)
    return self;
  self->display_name = first_value (json_member (person, "names"), read_name);
  self->email = first_value (json_member (person, "emailAddresses"), read_value);
  self->phone = first_value (json_member (person, "phoneNumbers"), read_value);
  self->organization = first_value (json_member (person, "organizations"), read_organization);
  self->emails = all_values (json_member (person, "emailAddresses"), read_value);
  self->phones = all_values (json_member (person, "phoneNumbers"), read_number);
  self->labels = all_values (json_member (person, "memberships"), read_label);
  self->update_time = source_time (metadata, "CONTACT");
  if (self->update_time == 0)
    self->update_time = source_time (metadata, "DOMAIN_CONTACT");
  self->profile_update_time = source_time (metadata, "PROFILE");
  self->photo_url = first_value (json_member (person, "photos"), read_own_photo);
  self->profile_url = first_value (json_member (person, "photos"), read_profile_photo);
  return self;
}

/* ---- whole answers ---- */

static JsonValue *
parse_object (GBytes *body, GError **error)
{
  g_autoptr (JsonValue) root = json_parse_bytes (body, error);

  if (root == NULL) {
    g_prefix_error (error, "the answer ");
    return NULL;
  }
  if (!json_is_object (root)) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "the answer is JSON, but not an object");
    return NULL;
  }
  return g_steal_pointer (&root);
}

PeoplePerson *
person_parse (GBytes *body, GError **error)
{
  g_autoptr (JsonValue) root = parse_object (body, error);
  PeoplePerson *self = person_from_json (root);

  if (self == NULL && root != NULL)
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER,
                 "the answer is not a person: it has no resourceName that could be one");
  return self;
}

PeoplePerson *
person_parse_mutation (GBytes *body, GError **error)
{
  g_autoptr (JsonValue) root = parse_object (body, error);

  return person_from_json (json_member (root, "person"));
}

/* TRUE: not there, or a text. */
static gboolean
is_text (const JsonValue *root, const char *name)
{
  return json_member (root, name) == NULL || json_string (root, name) != NULL;
}

PeoplePage *
person_parse_page (GBytes *body, GError **error)
{
  g_autoptr (JsonValue) root = parse_object (body, error);
  const JsonValue *connections = json_member (root, "connections");
  PeoplePage *self;

  if (root == NULL)
    return NULL;
  /* None at all is an empty delta. Something else in their place must not pass for an address book without people, nor a
   * page whose successor we cannot name for the last one. */
  if ((connections != NULL && !json_is_array (connections)) || !is_text (root, "nextPageToken")
      || !is_text (root, "nextSyncToken")) {
    g_set_error (error, PEOPLE_ERROR, PEOPLE_ERROR_BAD_ANSWER, "the answer is not a page of contacts");
    return NULL;
  }
  self = g_new0 (PeoplePage, 1);
  self->size = g_bytes_get_size (body);
  self->people = g_ptr_array_new_with_free_func ((GDestroyNotify)people_person_free);
  for (const JsonValue *entry = json_first (connections); entry != NULL; entry = json_next (entry)) {
    PeoplePerson *person = person_from_json (entry);

    if (person != NULL)
      g_ptr_array_add (self->people, person);
    else
      self->ignored++;
  }
  self->total = MAX (json_int (root, "totalItems"), 0);
  self->next_page_token = take_words (json_string (root, "nextPageToken"));
  self->next_sync_token = take_words (json_string (root, "nextSyncToken"));
  return self;
}
