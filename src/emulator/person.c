/* A person of the address book at one revision, and how it is written. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/person.h"

#include "emulator/clock.h"
#include "emulator/json.h"
#include "emulator/monogram.h"

static void
field_text_unref (gpointer data)
{
  FieldText *self = data;

  if (!g_ref_count_dec (&self->references))
    return;
  g_strfreev (self->entries);
  g_free (self);
}

PersonState *
person_state_new (const char *resource_name)
{
  PersonState *self = g_new0 (PersonState, 1);
  const char *digits = resource_name + strcspn (resource_name, "0123456789");

  g_ref_count_init (&self->references);
  self->resource_name = g_strdup (resource_name);
  self->source_id = g_strdup_printf ("%" G_GINT64_MODIFIER "x", g_ascii_strtoull (digits, NULL, 10));
  self->fields = g_ptr_array_new_with_free_func (field_text_unref);
  return self;
}

static gpointer
copy_field_text (gconstpointer data, gpointer unused)
{
  FieldText *text = (FieldText *)data;

  g_ref_count_inc (&text->references);
  return text;
}

PersonState *
person_state_copy (const PersonState *other)
{
  PersonState *self = g_new (PersonState, 1);

  *self = *other;
  g_ref_count_init (&self->references);
  self->resource_name = g_strdup (other->resource_name);
  self->source_id = g_strdup (other->source_id);
  self->profile_id = g_strdup (other->profile_id);
  self->previous_names = g_strdupv (other->previous_names);
  self->fields = g_ptr_array_copy (other->fields, (GCopyFunc)copy_field_text, NULL);
  g_ptr_array_set_free_func (self->fields, field_text_unref);
  if (self->photo != NULL)
    photo_ref (self->photo);
  if (self->profile_photo != NULL)
    photo_ref (self->profile_photo);
  return self;
}

PersonState *
person_state_ref (PersonState *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
person_state_unref (PersonState *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  g_free (self->resource_name);
  g_free (self->source_id);
  g_free (self->profile_id);
  g_strfreev (self->previous_names);
  g_ptr_array_unref (self->fields);
  g_clear_pointer (&self->photo, photo_unref);
  g_clear_pointer (&self->profile_photo, photo_unref);
  g_free (self);
}

void
person_state_set_field (PersonState *self, Field field, char **entries)
{
  FieldText *text;
  guint at = 0;

  while (at < self->fields->len && ((FieldText *)self->fields->pdata[at])->field < field)
    at++;
  if (at < self->fields->len && ((FieldText *)self->fields->pdata[at])->field == field)
    g_ptr_array_remove_index (self->fields, at);
  if (entries == NULL || entries[0] == NULL) {
    g_strfreev (entries);
    return;
  }
  text = g_new0 (FieldText, 1);
  g_ref_count_init (&text->references);
  text->field = field;
  text->entries = entries;
  g_ptr_array_insert (self->fields, at, text);
}

const FieldText *
person_state_get_field (const PersonState *self, Field field)
{
  for (guint i = 0; i < self->fields->len; i++) {
    const FieldText *text = self->fields->pdata[i];

    if (text->field == field)
      return text;
  }
  return NULL;
}

void
person_state_set_photo (PersonState *self, Photo *photo)
{
  g_clear_pointer (&self->photo, photo_unref);
  self->photo = photo != NULL ? photo_ref (photo) : NULL;
}

void
person_state_set_profile_photo (PersonState *self, Photo *photo)
{
  g_clear_pointer (&self->profile_photo, photo_unref);
  self->profile_photo = photo != NULL ? photo_ref (photo) : NULL;
}

static void
append_member (GString *out, const char *name, const char *value)
{
  if (value == NULL || *value == '\0')
    return;
  if (out->len > 0)
    g_string_append_c (out, ',');
  g_string_append_printf (out, "\"%s\":", name);
  json_append_quoted (out, value);
}

static char *
join_words (const char *first, const char *second, const char *third, const char *separator)
{
  GString *out = g_string_new (NULL);
  const char *words[] = { first, second, third };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (words[i] == NULL || *words[i] == '\0')
      continue;
    if (out->len > 0) {
      g_string_append (out, separator);
      separator = " ";
    }
    g_string_append (out, words[i]);
  }
  return g_string_free (out, FALSE);
}

char *
person_name_entry (const char *given, const char *middle, const char *family)
{
  g_autofree char *display = join_words (given, middle, family, " ");
  g_autofree char *last_first = join_words (family, given, middle, ", ");
  GString *out = g_string_new (NULL);

  append_member (out, "displayName", display);
  append_member (out, "familyName", family);
  append_member (out, "givenName", given);
  append_member (out, "middleName", middle);
  append_member (out, "displayNameLastFirst", last_first);
  append_member (out, "unstructuredName", display);
  return g_string_free (out, out->len == 0);
}

char *
person_display_name (const PersonState *self)
{
  const FieldText *names = person_state_get_field (self, FIELD_NAMES);
  g_autofree char *object = NULL;
  g_autoptr (cJSON) entry = NULL;

  if (names == NULL)
    return g_strdup ("");
  object = g_strdup_printf ("{%s}", names->entries[0]);
  entry = cJSON_Parse (object);
  return g_strdup (json_get_string (entry, "displayName") ?: "");
}

static char *
encode_etag (const char *prefix, const char *text)
{
  g_autofree char *base64 = g_base64_encode ((const guchar *)text, strlen (text));

  return g_strconcat (prefix, base64, NULL);
}

char *
person_etag (const PersonState *self)
{
  g_autofree char *text = g_strdup_printf ("%s %" G_GUINT64_FORMAT, self->source_id, self->revision);

  return encode_etag ("%Eg", text);
}

char *
person_source_etag (const PersonState *self)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, self->revision);

  return encode_etag ("#", text);
}

static SourceMask
contact_source (const PersonState *self)
{
  return self->domain_contact ? SOURCE_DOMAIN_CONTACT : SOURCE_CONTACT;
}

static const char *
contact_source_name (const PersonState *self)
{
  return self->domain_contact ? "DOMAIN_CONTACT" : "CONTACT";
}

/* Without a mask, everything that the book lists is answered, domain shared contacts too. */
static gboolean
wants_contact (const PersonState *self, SourceMask sources)
{
  return (sources & SOURCE_DEFAULT) != 0 || (sources & contact_source (self)) != 0;
}

static gboolean
wants_profile (const PersonState *self, SourceMask sources)
{
  return self->profile_id != NULL && (sources & (SOURCE_DEFAULT | SOURCE_PROFILE)) != 0;
}

gboolean
person_in_sources (const PersonState *self, SourceMask sources)
{
  return wants_contact (self, sources) || wants_profile (self, sources);
}

/* primary: of all the person's; first: of its source. */
static void
write_source (GString *out, gboolean primary, gboolean first, const char *type, const char *id)
{
  g_string_append_printf (out, "\"metadata\":{%s%s\"source\":{\"type\":\"%s\",\"id\":\"%s\"}}",
                          primary ? "\"primary\":true," : "", first ? "\"sourcePrimary\":true," : "", type, id);
}

static void
write_field (const PersonState *self, const FieldText *text, GString *out)
{
  g_string_append_printf (out, ",\"%s\":[", field_name (text->field));
  for (guint i = 0; text->entries[i] != NULL; i++) {
    g_string_append (out, i > 0 ? ",{" : "{");
    write_source (out, i == 0, i == 0, contact_source_name (self), self->source_id);
    g_string_append_printf (out, "%s%s}", *text->entries[i] != '\0' ? "," : "", text->entries[i]);
  }
  g_string_append_c (out, ']');
}

static void
write_photo (GString *out, gboolean primary, const char *type, const char *id, const char *base, const char *folder,
             const char *key, gboolean is_default)
{
  g_string_append_c (out, '{');
  write_source (out, primary, TRUE, type, id);
  g_string_append_printf (out, ",\"url\":\"%s/%s/%s=s100\"%s}", base, folder, key,
                          is_default ? ",\"default\":true" : "");
}

static void
write_photos (const PersonState *self, SourceMask sources, const char *base, GString *out)
{
  gboolean contact = wants_contact (self, sources) && self->photo != NULL;
  gboolean profile = wants_profile (self, sources) && self->profile_photo != NULL;

  g_string_append (out, ",\"photos\":[");
  if (contact)
    write_photo (out, TRUE, contact_source_name (self), self->source_id, base, "contacts", self->photo->key, FALSE);
  if (profile) {
    if (contact)
      g_string_append_c (out, ',');
    write_photo (out, !contact, "PROFILE", self->profile_id, base, "a-", self->profile_photo->key, FALSE);
  }
  if (!contact && !profile) {
    g_autofree char *name = person_display_name (self);
    g_autofree char *key = monogram_key (name, self->source_id);

    write_photo (out, TRUE, contact_source_name (self), self->source_id, base, "cm", key, TRUE);
  }
  g_string_append_c (out, ']');
}

static void
write_metadata (const PersonState *self, SourceMask sources, GString *out)
{
  g_autofree char *time = clock_format (self->update_time);
  g_autofree char *etag = person_source_etag (self);
  gboolean contact = wants_contact (self, sources);

  g_string_append (out, ",\"metadata\":{\"sources\":[");
  if (contact)
    g_string_append_printf (out, "{\"type\":\"%s\",\"id\":\"%s\",\"etag\":\"%s\",\"updateTime\":\"%s\"}",
                            contact_source_name (self), self->source_id, etag, time);
  if (wants_profile (self, sources))
    g_string_append_printf (out,
                            "%s{\"type\":\"PROFILE\",\"id\":\"%s\",\"etag\":\"#profile\",\"profileMetadata\":"
                            "{\"objectType\":\"PERSON\",\"userTypes\":[\"GOOGLE_USER\"]}}",
                            contact ? "," : "", self->profile_id);
  g_string_append_c (out, ']');
  for (guint i = 0; self->previous_names != NULL && self->previous_names[i] != NULL; i++)
    g_string_append_printf (out, "%s\"%s\"", i == 0 ? ",\"previousResourceNames\":[" : ",", self->previous_names[i]);
  if (self->previous_names != NULL && self->previous_names[0] != NULL)
    g_string_append_c (out, ']');
  g_string_append (out, ",\"objectType\":\"PERSON\"}");
}

void
person_write (const PersonState *self, FieldMask mask, SourceMask sources, const char *photo_url, GString *out)
{
  g_autofree char *etag = person_etag (self);
  guint next = 0;

  g_string_append_printf (out, "{\"resourceName\":\"%s\",\"etag\":\"%s\"", self->resource_name, etag);
  for (int field = 0; field < N_FIELDS; field++) {
    const FieldText *text = NULL;

    if (next < self->fields->len && (int)((FieldText *)self->fields->pdata[next])->field == field)
      text = self->fields->pdata[next++];
    if ((mask & FIELD_BIT (field)) == 0)
      continue;
    if (field == FIELD_METADATA)
      write_metadata (self, sources, out);
    else if (field == FIELD_PHOTOS)
      write_photos (self, sources, photo_url, out);
    else if (text != NULL && wants_contact (self, sources))
      write_field (self, text, out);
  }
  g_string_append_c (out, '}');
}

void
person_write_deleted (const PersonState *self, GString *out)
{
  g_autofree char *etag = person_etag (self);

  g_string_append_printf (out,
                          "{\"resourceName\":\"%s\",\"etag\":\"%s\",\"metadata\":{\"sources\":[{\"type\":\"%s\","
                          "\"id\":\"%s\"}],\"deleted\":true,\"objectType\":\"PERSON\"}}",
                          self->resource_name, etag, contact_source_name (self), self->source_id);
}
