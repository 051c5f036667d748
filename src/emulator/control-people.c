/*
 * /_control/people: the address book, behind the clients' backs.
 *
 *   GET  people            everybody, in short; all three with ?account=EMAIL: of another account's address book
 *   GET  people/ID/photo   the photo as it was uploaded; with ?served=1 as it is served (?profile=1: the profile's)
 *   POST people            {"action": …, "resource_name": "people/c1", …}, answered with {"resourceName", "etag"}
 *
 *   create          "name" {"givenName", "familyName"}, "fields" {"emailAddresses": […], …}, a picture; resource_name
 * optional change          the same, of what is given rename          "name" delete photo           a picture: "base64"
 * or "face" (any word: another face for each) remove-photo profile         a picture; links a profile remove-profile
 *   move            "to": another resource name
 *   domain-contact  becomes a domain shared contact ("on": false: one's own again)
 */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/contact-json.h"
#include "emulator/emulator.h"
#include "emulator/faces.h"
#include "emulator/json.h"
#include "emulator/picture.h"
#include "emulator/sample-people.h"

static void
answer_bad (Request *request, const char *message)
{
  g_autofree char *quoted = json_quoted (message);
  g_autofree char *text = g_strdup_printf ("{\"error\":%s}", quoted);

  request_answer_text (request, 400, "application/json", text);
}

static void
answer_person (Request *request, const PersonState *state)
{
  g_autofree char *etag = person_etag (state);
  g_autofree char *text = g_strdup_printf ("{\"resourceName\":\"%s\",\"etag\":\"%s\"}", state->resource_name, etag);

  request_answer_text (request, 200, "application/json", text);
}

static Photo *
read_picture (Emulator *emulator, const PersonState *state, PhotoKind kind, const cJSON *order)
{
  const char *base64 = json_get_string (order, "base64");
  const cJSON *face = cJSON_GetObjectItemCaseSensitive (order, "face");
  g_autofree char *version
      = g_strdup_printf ("%" G_GUINT64_FORMAT " %d", model_revision (emulator->model) + 1, (int)kind);
  g_autofree char *key = photo_key (state->resource_name, version);
  g_autofree char *word
      = cJSON_IsNumber (face) ? g_strdup_printf ("%.0f", face->valuedouble) : g_strdup (cJSON_GetStringValue (face));

  if (base64 != NULL) {
    gsize size;
    guchar *data = g_base64_decode (base64, &size);
    g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);

    return photo_new_bytes (kind, key, bytes);
  }
  return word != NULL ? photo_new_face (kind, key, face_seed (word)) : NULL;
}

/* Each changes a copy of the state; FALSE: *problem is why not. */
typedef gboolean (*Change) (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem);

static gboolean
change_photo (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem)
{
  g_autoptr (Photo) photo = read_picture (emulator, state, PHOTO_CONTACT, order);

  if (photo == NULL)
    *problem = "neither base64 nor face";
  else
    person_state_set_photo (state, photo);
  return photo != NULL;
}

static gboolean
remove_photo (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem)
{
  person_state_set_photo (state, NULL);
  return TRUE;
}

static gboolean
change_profile (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem)
{
  g_autoptr (Photo) photo = read_picture (emulator, state, PHOTO_PROFILE, order);

  if (photo == NULL) {
    *problem = "neither base64 nor face";
    return FALSE;
  }
  if (state->profile_id == NULL)
    state->profile_id = g_strdup_printf ("1%020u", g_str_hash (state->resource_name));
  person_state_set_profile_photo (state, photo);
  return TRUE;
}

static gboolean
remove_profile (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem)
{
  g_clear_pointer (&state->profile_id, g_free);
  person_state_set_profile_photo (state, NULL);
  return TRUE;
}

static gboolean
change_fields (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem)
{
  const cJSON *name = cJSON_GetObjectItemCaseSensitive (order, "name");
  const cJSON *field;

  if (name != NULL)
    person_state_set_field (
        state, FIELD_NAMES,
        sample_entry (person_name_entry (json_get_string (name, "givenName"), json_get_string (name, "middleName"),
                                         json_get_string (name, "familyName"))));
  cJSON_ArrayForEach (field, cJSON_GetObjectItemCaseSensitive (order, "fields"))
  {
    int index = field_by_name (field->string);

    if (index < 0 || !cJSON_IsArray (field)) {
      *problem = "fields holds something that is no field of a person";
      return FALSE;
    }
    person_state_set_field (state, (Field)index, contact_json_entries ((Field)index, field));
  }
  if (cJSON_HasObjectItem (order, "base64") || cJSON_HasObjectItem (order, "face"))
    return change_photo (emulator, state, order, problem);
  return TRUE;
}

static gboolean
change_domain (Emulator *emulator, PersonState *state, const cJSON *order, const char **problem)
{
  state->domain_contact = !cJSON_IsFalse (cJSON_GetObjectItemCaseSensitive (order, "on"));
  return TRUE;
}

static const struct {
  const char *action;
  Change change;
} changes[] = {
  { "create", change_fields },          { "change", change_fields },
  { "rename", change_fields },          { "photo", change_photo },
  { "remove-photo", remove_photo },     { "profile", change_profile },
  { "remove-profile", remove_profile }, { "domain-contact", change_domain },
};

static Change
find_change (const char *action)
{
  for (guint i = 0; i < G_N_ELEMENTS (changes); i++) {
    if (g_strcmp0 (changes[i].action, action) == 0)
      return changes[i].change;
  }
  return NULL;
}

static void
carry_out (Emulator *emulator, Request *request, PersonState *state, const cJSON *order)
{
  g_autoptr (PersonState) copy = person_state_copy (state);
  Change change = find_change (json_get_string (order, "action"));
  const char *problem = "no such action";

  if (change == NULL || !change (emulator, copy, order, &problem))
    answer_bad (request, problem);
  else
    answer_person (request, model_put (emulator->model, g_steal_pointer (&copy)));
}

static void
create (Emulator *emulator, Request *request, const cJSON *order)
{
  const char *given = json_get_string (order, "resource_name");
  g_autofree char *name = given != NULL ? g_strdup (given) : model_free_name (emulator->model);
  g_autoptr (PersonState) state = NULL;

  if (model_lookup_any (emulator->model, name) != NULL) {
    answer_bad (request, "that resource name is taken");
    return;
  }
  state = person_state_new (name);
  carry_out (emulator, request, state, order);
}

static void
post (Emulator *emulator, Request *request)
{
  g_autoptr (cJSON) order = json_parse_bytes (request->body);
  const char *action = json_get_string (order, "action");
  const char *name = json_get_string (order, "resource_name");
  PersonState *state = name != NULL ? model_lookup (emulator->model, name) : NULL;

  if (g_strcmp0 (action, "create") == 0) {
    create (emulator, request, order);
  } else if (state == NULL) {
    answer_bad (request, "no such person");
  } else if (g_strcmp0 (action, "delete") == 0) {
    model_delete (emulator->model, state);
    request_answer_text (request, 200, "application/json", "{}");
  } else if (g_strcmp0 (action, "move") == 0) {
    const char *to = json_get_string (order, "to");

    if (to == NULL || !g_str_has_prefix (to, "people/") || !model_rename (emulator->model, state, to))
      answer_bad (request, "that resource name is taken, or none");
    else
      answer_person (request, model_lookup (emulator->model, to));
  } else {
    carry_out (emulator, request, state, order);
  }
}

static void
list (Emulator *emulator, Request *request)
{
  g_autoptr (GPtrArray) everybody = model_everybody (emulator->model);
  GString *out = g_string_new ("{\"people\":[");

  for (guint i = 0; i < everybody->len; i++) {
    const PersonState *state = everybody->pdata[i];
    g_autofree char *name = person_display_name (state);

    g_string_append_printf (out, "%s{\"resourceName\":\"%s\",\"displayName\":", i > 0 ? "," : "", state->resource_name);
    json_append_quoted (out, name);
    g_string_append_printf (out, ",\"photo\":%s,\"profile\":%s,\"domainContact\":%s}",
                            state->photo != NULL ? "true" : "false", state->profile_photo != NULL ? "true" : "false",
                            state->domain_contact ? "true" : "false");
  }
  g_string_append (out, "]}");
  request_answer_json (request, 200, out);
}

static void
bytes_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Request) request = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = photo_bytes_finish (result, &error);

  if (bytes == NULL)
    answer_bad (request, error->message);
  else
    request_answer (request, 200, picture_type (bytes), g_bytes_ref (bytes));
}

static void
get_photo (Emulator *emulator, Request *request, const char *path)
{
  g_autofree char *id = g_strndup (path + 1, strlen (path) - strlen ("/") - strlen ("/photo"));
  g_autofree char *name = g_strconcat ("people/", id, NULL);
  PersonState *state = model_lookup (emulator->model, name);
  Photo *photo = NULL;

  if (state != NULL)
    photo = request_param (request, "profile") != NULL ? state->profile_photo : state->photo;
  if (photo == NULL)
    request_answer_text (request, 404, "application/json", "{\"error\":\"no photo\"}");
  else if (photo->uploaded != NULL && request_param (request, "served") == NULL)
    request_answer (request, 200, picture_type (photo->uploaded), g_bytes_ref (photo->uploaded));
  else
    photo_bytes_async (photo, bytes_ready, request_ref (request));
}

void
control_people_handle (Emulator *emulator, Request *request, const char *path)
{
  gboolean get = g_str_equal (request->method, "GET");

  if (get && *path == '/' && g_str_has_suffix (path, "/photo") && strlen (path) > strlen ("//photo"))
    get_photo (emulator, request, path);
  else if (get && *path == '\0')
    list (emulator, request);
  else if (g_str_equal (request->method, "POST") && *path == '\0')
    post (emulator, request);
  else
    request_answer_text (request, 404, "application/json", "{\"error\":\"no such control\"}");
}
