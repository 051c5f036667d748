/* Invented address books of any size, always the same. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/sample-people.h"

#include "emulator/account.h"

static const char *const given_names[] = {
  "Ada",   "Bruno", "Clara", "David", "Elena", "Felix", "Gina", "Hugo",  "Ines", "Jonas", "Karin",
  "Leo",   "Mona",  "Nils",  "Olga",  "Paul",  "Quinn", "Rosa", "Simon", "Tara", "Ugo",   "Vera",
  "Willa", "Xenia", "Yann",  "Zita",  "Amir",  "Bella", "Cem",  "Dana",  "Emil", "Fatou",
};
static const char *const family_names[] = {
  "Abel",  "Brandt", "Costa",  "Diaz",   "Evans",   "Fischer", "Gomez", "Hansen", "Ivanov",  "Jensen",  "Kumar",
  "Lopez", "Meyer",  "Nakano", "Ortiz",  "Petrov",  "Quist",   "Rossi", "Silva",  "Tanner",  "Ueda",    "Vogel",
  "Weber", "Xu",     "Yilmaz", "Zimmer", "Adeyemi", "Bianchi", "Chen",  "Dubois", "Eriksen", "Fonseca",
};

#define N_GIVEN      ((int)G_N_ELEMENTS (given_names))
#define N_FAMILY     ((int)G_N_ELEMENTS (family_names))
#define FIRST_NUMBER 100001
#define FIRST_CHANGE (G_GINT64_CONSTANT (1577880000) * G_USEC_PER_SEC) /* 2020-01-01 12:00 */
#define MINUTE       (60 * G_USEC_PER_SEC)

/* Every pair once without a middle name, then with A, B, …, AA, AB, …: no two are named alike. */
static char *
middle_name (int round)
{
  GString *out = g_string_new (NULL);

  for (; round > 0; round = (round - 1) / 26)
    g_string_prepend_c (out, (char)('A' + (round - 1) % 26));
  return g_string_free (out, FALSE);
}

static gboolean
has_photo (PhotosOption photos, int index)
{
  return photos == PHOTOS_ALL || (photos == PHOTOS_HALF && index % 2 == 0);
}

void
synthetic_people_load (Model *model, const char *account, int count, PhotosOption photos)
{
  for (int i = 0; i < count; i++) {
    const char *given = given_names[i % N_GIVEN];
    const char *family = family_names[i / N_GIVEN % N_FAMILY];
    g_autofree char *middle = middle_name (i / (N_GIVEN * N_FAMILY));
    g_autofree char *name = account_contact_name (account, (guint64)FIRST_NUMBER + (guint64)i);
    g_autofree char *email = g_strdup_printf ("person%d@example.com", i + 1);
    g_autofree char *phone = g_strdup_printf ("+1 555 %07d", i + 1);
    PersonState *state = person_state_new (name);

    state->update_time = state->changed_at = FIRST_CHANGE + (gint64)i * MINUTE;
    person_state_set_field (state, FIELD_NAMES, sample_entry (person_name_entry (given, middle, family)));
    person_state_set_field (state, FIELD_EMAIL_ADDRESSES, sample_value (email, "home"));
    if (i % 3 == 0)
      person_state_set_field (state, FIELD_PHONE_NUMBERS, sample_value (phone, "mobile"));
    person_state_set_field (state, FIELD_MEMBERSHIPS, sample_memberships (i % 5 == 0 ? "starred" : NULL));
    if (has_photo (photos, i))
      sample_photo (state, PHOTO_CONTACT, name);
    model_load (model, state);
  }
}
