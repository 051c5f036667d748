/* The people of the demo: pleasant company, and every kind of name that has caused trouble somewhere. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/faces.h"
#include "emulator/json.h"
#include "emulator/sample-people.h"

typedef struct DemoPerson {
  const char *given;
  const char *family;
  const char *email;
  const char *phone;
  const char *organization;
  gboolean photo;
  gboolean profile;
} DemoPerson;

static const DemoPerson demo_people[] = {
  { "Alice", "Smith", "alice.smith@example.com", "+1 555 0101", "Example Bakery", TRUE, FALSE },
  { "Ben", "Carter", "ben@example.org", NULL, NULL, TRUE, FALSE },
  { "Maria", "Garcia", "maria.garcia@example.com", "+34 555 010 203", NULL, TRUE, FALSE },
  { "Maria", "Garcia", "mgarcia@example.net", NULL, "Garcia & Sons", TRUE, FALSE },
  { "Chidi", "Okafor", "chidi.okafor@example.com", "+234 555 0105", "Lagos Robotics", TRUE, TRUE },
  { "Yuki", "Tanaka", "yuki@example.jp", NULL, NULL, TRUE, FALSE },
  { "Zoe\xcc\x88", "Mu\xcc\x88ller", "zoe.mueller@example.de", "+49 555 0107", NULL, TRUE, FALSE }, /* NFD */
  { "Priya", "Raman", "priya.raman@example.in", NULL, "Example Clinic", FALSE, TRUE },
  { "Tom", "Becker", "tom.becker@example.com", "+49 555 0109", NULL, FALSE, FALSE },
  { NULL, NULL, "orders@example.shop", NULL, NULL, TRUE, FALSE },
  { NULL, NULL, NULL, "+1 555 0199", NULL, FALSE, FALSE },
  { "AC/DC", "Fan Club", "fans@example.com", NULL, NULL, TRUE, FALSE },
  { ".hidden", "Agent", "agent@example.com", NULL, NULL, TRUE, FALSE },
  { "Lena 🌻", "Novak", "lena@example.cz", "+420 555 0113", NULL, TRUE, FALSE },
  { "נועה", "לוי", "noa.levi@example.co.il", NULL, NULL, TRUE, FALSE },
  { "ليلى", "حداد", "layla@example.com", NULL, "Haddad Design", TRUE, FALSE },
  { "Søren", "Østergård", "soren@example.dk", NULL, NULL, FALSE, FALSE },
  { "Grace", "Nguyen", "grace.nguyen@example.com", "+84 555 0117", "Example Airlines", TRUE, FALSE },
  { "Dad", NULL, NULL, "+1 555 0100", NULL, TRUE, FALSE },
  { NULL, NULL, NULL, NULL, "Corner Garage", FALSE, FALSE },
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

void
sample_photo (PersonState *state, PhotoKind kind, const char *word)
{
  g_autofree char *owner = g_strconcat (state->resource_name, word, NULL);
  g_autofree char *key = photo_key (owner, "first");
  g_autoptr (Photo) photo = photo_new_face (kind, key, face_seed (owner));

  if (kind == PHOTO_PROFILE) {
    g_free (state->profile_id);
    state->profile_id
        = g_strdup_printf ("1%020" G_GUINT64_FORMAT, face_seed (owner) % G_GUINT64_CONSTANT (10000000000000000000));
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
demo_people_load (Model *model)
{
  for (guint i = 0; i < G_N_ELEMENTS (demo_people); i++) {
    const DemoPerson *person = &demo_people[i];
    g_autofree char *name = g_strdup_printf ("people/c%u", FIRST_NUMBER + i);
    PersonState *state = person_state_new (name);

    state->update_time = state->changed_at = FIRST_CHANGE + i * BETWEEN;
    person_state_set_field (state, FIELD_NAMES, sample_entry (person_name_entry (person->given, NULL, person->family)));
    person_state_set_field (state, FIELD_EMAIL_ADDRESSES, sample_value (person->email, "home"));
    person_state_set_field (state, FIELD_PHONE_NUMBERS, sample_value (person->phone, "mobile"));
    person_state_set_field (state, FIELD_ORGANIZATIONS, organization (person->organization));
    person_state_set_field (state, FIELD_MEMBERSHIPS,
                            sample_entry (g_strdup ("\"contactGroupMembership\":{\"contactGroupId\":\"myContacts\","
                                                    "\"contactGroupResourceName\":\"contactGroups/myContacts\"}")));
    if (person->photo)
      sample_photo (state, PHOTO_CONTACT, "");
    if (person->profile)
      sample_photo (state, PHOTO_PROFILE, " profile");
    model_load (model, state);
  }
}
