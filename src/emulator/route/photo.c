/* people.updateContactPhoto and people.deleteContactPhoto. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/base64.h"
#include "emulator/errors.h"
#include "emulator/json.h"
#include "emulator/params.h"
#include "emulator/picture.h"
#include "emulator/routes.h"

#define MAX_PHOTO_BYTES (20 * 1024 * 1024)

static const ParamSpec no_params[] = { { NULL } };

static const ParamSpec delete_params[] = {
  { "personFields" },
  { "sources", PARAM_STRING, TRUE },
  { NULL },
};

PersonState *
route_contact (Emulator *emulator, Request *request, const char *name)
{
  PersonState *state = model_lookup (emulator->model, name);

  if (g_str_equal (name, "people/me") || (state != NULL && state->domain_contact)) {
    error_answer_invalid (request, "Resource name \"%s\" is not a valid contact person resource.", name);
    return NULL;
  }
  if (state == NULL)
    error_answer_not_found (request);
  return state;
}

void
route_answer_person (Emulator *emulator, Request *request, const PersonState *state, FieldMask mask, SourceMask sources)
{
  GString *out = g_string_new ("{");

  if (mask != 0) {
    g_string_append (out, "\"person\":");
    person_write (state, mask, sources, emulator->photo_url, out);
  }
  g_string_append_c (out, '}');
  request_answer_json (request, 200, out);
}

/* An upload, while a worker decodes the picture. */
typedef struct Upload {
  Emulator *emulator;
  Request *request;
  char *name;
  GBytes *photo;
  gboolean keep_bytes;
  FieldMask mask;
  SourceMask sources;
} Upload;

static void
upload_free (gpointer data)
{
  Upload *upload = data;

  request_unref (upload->request);
  g_free (upload->name);
  g_clear_pointer (&upload->photo, g_bytes_unref);
  g_free (upload);
}

static gboolean
read_sources (Request *request, const cJSON *list, SourceMask *sources)
{
  const cJSON *item;

  *sources = 0;
  cJSON_ArrayForEach (item, list)
  {
    const char *word = cJSON_IsNumber (item) ? source_name (item->valueint) : cJSON_GetStringValue (item);

    if (word == NULL || !source_parse (word, sources)) {
      error_answer_bad_request (request, "sources",
                                "Invalid value at 'sources' (type.googleapis.com/google.people.v1.ReadSourceType), "
                                "\"%s\"",
                                word != NULL ? word : "");
      return FALSE;
    }
  }
  if (*sources == 0)
    *sources = SOURCE_DEFAULT;
  return TRUE;
}

static gboolean
read_member (Upload *upload, const cJSON *item, const char **person_fields)
{
  Request *request = upload->request;

  if (g_str_equal (item->string, "photoBytes") && cJSON_IsString (item)) {
    upload->photo = base64_decode (item->valuestring);
    if (upload->photo == NULL)
      error_answer_bad_request (request, "photo_bytes",
                                "Invalid value at 'photo_bytes' (TYPE_BYTES), Base64 decoding failed for \"%.40s\"",
                                item->valuestring);
    return upload->photo != NULL;
  }
  if (g_str_equal (item->string, "personFields") && cJSON_IsString (item)) {
    *person_fields = item->valuestring;
    return TRUE;
  }
  if (g_str_equal (item->string, "sources") && cJSON_IsArray (item))
    return read_sources (request, item, &upload->sources);
  error_answer_bad_request (request, NULL, "Invalid JSON payload received. Unknown name \"%s\": Cannot find field.",
                            item->string);
  return FALSE;
}

/* FALSE: answered. */
static gboolean
read_upload (Upload *upload, const cJSON *body)
{
  const char *person_fields = NULL;
  const cJSON *item;

  upload->sources = SOURCE_DEFAULT;
  cJSON_ArrayForEach (item, body)
  {
    if (!read_member (upload, item, &person_fields))
      return FALSE;
  }
  if (!mask_from_request (upload->request, person_fields, FALSE, "people/updateContactPhoto", &upload->mask))
    return FALSE;
  if (upload->photo == NULL || g_bytes_get_size (upload->photo) == 0) {
    error_answer_invalid (upload->request, "Invalid photo format");
    return FALSE;
  }
  return TRUE;
}

static void
check_photo (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Upload *upload = data;
  GError *error = NULL;
  GBytes *bytes = NULL;

  if (picture_check (upload->photo, &error))
    bytes = upload->keep_bytes ? g_bytes_ref (upload->photo) : picture_reencode (upload->photo, &error);
  if (bytes != NULL)
    g_task_return_pointer (task, bytes, (GDestroyNotify)g_bytes_unref);
  else
    g_task_return_error (task, error);
}

static void
photo_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  Upload *upload = g_task_get_task_data (G_TASK (result));
  Emulator *emulator = upload->emulator;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_task_propagate_pointer (G_TASK (result), &error);
  g_autoptr (Photo) photo = NULL;
  g_autofree char *version = NULL;
  g_autofree char *key = NULL;
  g_autoptr (PersonState) before = NULL;
  PersonState *state;

  if (bytes == NULL) {
    g_debug ("Refusing a photo for %s: %s", upload->name, error->message);
    error_answer_invalid (upload->request, "Invalid photo format");
    return;
  }
  state = route_contact (emulator, upload->request, upload->name);
  if (state == NULL)
    return; /* deleted meanwhile */
  version = g_strdup_printf ("%" G_GUINT64_FORMAT, model_revision (emulator->model) + 1);
  key = photo_key (state->resource_name, version);
  photo = photo_new_bytes (PHOTO_CONTACT, key, bytes);
  photo->uploaded = g_bytes_ref (upload->photo);
  before = person_state_copy (state);
  state = person_state_copy (state);
  person_state_set_photo (state, photo);
  state = model_put (emulator->model, state);
  route_answer_person (emulator, upload->request, upload->request->stale ? before : state, upload->mask,
                       upload->sources);
}

void
route_update_contact_photo (Emulator *emulator, Request *request, const char *name)
{
  g_autoptr (cJSON) body = NULL;
  g_autoptr (GTask) task = NULL;
  Upload *upload;

  if (!params_check (request, no_params))
    return;
  if (request->body != NULL && g_bytes_get_size (request->body) > MAX_PHOTO_BYTES) {
    error_answer_html (request, 413);
    return;
  }
  body = json_parse_message (request->body);
  if (!cJSON_IsObject (body)) {
    error_answer_bad_request (request, NULL, "Invalid JSON payload received. Unexpected end of string.");
    return;
  }
  upload = g_new0 (Upload, 1);
  upload->emulator = emulator;
  upload->request = request_ref (request);
  upload->name = g_strdup (name);
  upload->keep_bytes = emulator->options->keep_bytes;
  if (route_contact (emulator, request, name) == NULL || !read_upload (upload, body)
      || (upload->mask != 0 && !routes_spend (emulator, request, QUOTA_CONTACT_READ))) {
    upload_free (upload);
    return;
  }
  task = g_task_new (NULL, NULL, photo_checked, NULL);
  g_task_set_task_data (task, upload, upload_free);
  g_task_run_in_thread (task, check_photo);
}

void
route_delete_contact_photo (Emulator *emulator, Request *request, const char *name)
{
  SourceMask sources;
  FieldMask mask;
  g_autoptr (PersonState) before = NULL;
  PersonState *state;

  if (!params_check (request, delete_params)
      || !mask_from_request (request, request_param (request, "personFields"), FALSE, "people/deleteContactPhoto",
                             &mask)
      || !sources_from_request (request, &sources))
    return;
  state = route_contact (emulator, request, name);
  if (state == NULL)
    return;
  if (state->photo == NULL) {
    error_answer_not_found (request);
    return;
  }
  if (mask != 0 && !routes_spend (emulator, request, QUOTA_CONTACT_READ))
    return;
  before = person_state_copy (state);
  state = person_state_copy (state);
  person_state_set_photo (state, NULL);
  state = model_put (emulator->model, state);
  route_answer_person (emulator, request, request->stale ? before : state, mask, sources);
}
