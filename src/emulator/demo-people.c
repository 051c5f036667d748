/* The people of the demo: pleasant company, and every kind of name that has caused trouble somewhere. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/account.h"
#include "emulator/faces.h"
#include "emulator/groups.h"
#include "emulator/json.h"
#include "emulator/sample-people.h"

typedef struct DemoPerson {
  const char *given;
  const char *family;
  const char *email;
  const char *phone;
  const char *organization;
  const char *face; /* the word of a photo that suits, or NULL: none */
  const char *profile_face;
} DemoPerson;

static const DemoPerson demo_people[] = {
  { "Alice", "Smith", "alice.smith@example.com", "+1 555 0101", "Example Bakery", "face 17", NULL },
  { "Ben", "Carter", "ben@example.org", NULL, NULL, "face 27", NULL },
  { "Maria", "Garcia", "maria.garcia@example.com", "+34 555 010 203", NULL, "face 34", NULL },
  { "Maria", "Garcia", "mgarcia@example.net", NULL, "Garcia & Sons", "face 36", NULL },
  { "Chidi", "Okafor", "chidi.okafor@example.com", "+234 555 0105", "Lagos Robotics", "face 39", "face 51" },
  { "Yuki", "Tanaka", "yuki@example.jp", NULL, NULL, "face 55", NULL },
  { "Zoe\xcc\x88", "Mu\xcc\x88ller", "zoe.mueller@example.de", "+49 555 0107", NULL, "face 31", NULL }, /* NFD */
  { "Priya", "Raman", "priya.raman@example.in", NULL, "Example Clinic", NULL, "face 10" },
  { "Tom", "Becker", "tom.becker@example.com", "+49 555 0109", NULL, NULL, NULL },
  { NULL, NULL, "orders@example.shop", NULL, NULL, "face 30", NULL },
  { NULL, NULL, NULL, "+1 555 0199", NULL, NULL, NULL },
  { "AC/DC", "Fan Club", "fans@example.com", NULL, NULL, "face 33", NULL },
  { ".hidden", "Agent", "agent@example.com", NULL, NULL, "face 5", NULL },
  { "Lena 🌻", "Novak", "lena@example.cz", "+420 555 0113", NULL, "face 28", NULL },
  { "נועה", "לוי", "noa.levi@example.co.il", NULL, NULL, "face 44", NULL },
  { "ليلى", "حداد", "layla@example.com", NULL, "Haddad Design", "face 9", NULL },
  { "Søren", "Østergård", "soren@example.dk", NULL, NULL, NULL, NULL },
  { "Grace", "Nguyen", "grace.nguyen@example.com", "+84 555 0117", "Example Airlines", "face 52", NULL },
  { "Dad", NULL, NULL, "+1 555 0100", NULL, "face 50", NULL },
  { NULL, NULL, NULL, NULL, "Corner Garage", NULL, NULL },
};

#define FIRST_NUMBER 1001
#define FIRST_CHANGE (G_GINT64_CONSTANT (1704099600) * G_USEC_PER_SEC) /* 2024-01-01 09:00 */
#define BETWEEN      (G_GINT64_CONSTANT (93600) * G_USEC_PER_SEC)      /* 26 hours */

char **
sample_entry (char *entry)
{
  char **entries;

  if (entry == NULL)
    return NULL;
  entries = g_new0 (char *, 2);
  entries[0] = entry;
  return entries;
}

char **
sample_value (const char *value, const char *type)
{
  GString *out;

  if (value == NULL)
    return NULL;
  out = g_string_new ("\"value\":");
  json_append_quoted (out, value);
  if (type != NULL)
    g_string_append_printf (out, ",\"type\":\"%s\"", type);
  return sample_entry (g_string_free (out, FALSE));
}

static char *
membership (const char *group)
{
  return g_strdup_printf ("\"contactGroupMembership\":{\"contactGroupId\":\"%s\","
                          "\"contactGroupResourceName\":\"contactGroups/%s\"}",
                          group, group);
}

char **
sample_memberships (const char *group)
{
  char **entries = g_new0 (char *, 3);

  entries[0] = membership ("myContacts");
  entries[1] = group != NULL ? membership (group) : NULL;
  return entries;
}

void
sample_photo (PersonState *state, PhotoKind kind, const char *face)
{
  g_autofree char *key = photo_key (state->resource_name, kind == PHOTO_PROFILE ? "first profile" : "first");
  g_autoptr (Photo) photo = photo_new_face (kind, key, face_seed (face));

  if (kind == PHOTO_PROFILE) {
    g_free (state->profile_id);
    state->profile_id = g_strdup_printf ("1%020u", g_str_hash (state->resource_name));
    person_state_set_profile_photo (state, photo);
  } else {
    person_state_set_photo (state, photo);
  }
}

static char **
organization (const char *name)
{
  GString *out;

  if (name == NULL)
    return NULL;
  out = g_string_new ("\"name\":");
  json_append_quoted (out, name);
  return sample_entry (g_string_free (out, FALSE));
}

void
demo_people_load (Model *model, const char *account)
{
  static const char *const labels[] = { GROUP_CHOIR, GROUP_NEIGHBOURS, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (demo_people); i++) {
    const DemoPerson *person = &demo_people[i];
    g_autofree char *name = account_contact_name (account, FIRST_NUMBER + i);
    PersonState *state = person_state_new (name);

    state->update_time = state->changed_at = FIRST_CHANGE + i * BETWEEN;
    person_state_set_field (state, FIELD_NAMES, sample_entry (person_name_entry (person->given, NULL, person->family)));
    person_state_set_field (state, FIELD_EMAIL_ADDRESSES, sample_value (person->email, "home"));
    person_state_set_field (state, FIELD_PHONE_NUMBERS, sample_value (person->phone, "mobile"));
    person_state_set_field (state, FIELD_ORGANIZATIONS, organization (person->organization));
    person_state_set_field (state, FIELD_MEMBERSHIPS, sample_memberships (labels[i % G_N_ELEMENTS (labels)]));
    if (person->face != NULL)
      sample_photo (state, PHOTO_CONTACT, person->face);
    if (person->profile_face != NULL)
      sample_photo (state, PHOTO_PROFILE, person->profile_face);
    model_load (model, state);
  }
}
