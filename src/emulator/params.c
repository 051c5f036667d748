/* The query parameters that a method knows, and the refusal of all others. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/params.h"

#include "emulator/errors.h"
#include "emulator/fields.h"
#include "emulator/json.h"

static const ParamSpec common[] = {
  { "$.xgafv" },
  { "access_token" },
  { "alt" },
  { "callback" },
  { "fields" },
  { "key" },
  { "oauth_token" },
  { "prettyPrint", PARAM_BOOL },
  { "quotaUser" },
  { "uploadType" },
  { "upload_protocol" },
};

/* "pageSize" is "page_size" in the words of the front end. */
static char *
snake_case (const char *name)
{
  GString *out = g_string_new (NULL);

  for (; *name != '\0'; name++) {
    if (g_ascii_isupper (*name))
      g_string_append_c (out, '_');
    g_string_append_c (out, g_ascii_tolower (*name));
  }
  return g_string_free (out, FALSE);
}

static const ParamSpec *
find_spec (const ParamSpec *specs, const char *name)
{
  for (; specs->name != NULL; specs++) {
    if (g_str_equal (specs->name, name))
      return specs;
  }
  for (guint i = 0; i < G_N_ELEMENTS (common); i++) {
    if (g_str_equal (common[i].name, name))
      return &common[i];
  }
  return NULL;
}

static gboolean
has_type (const RequestParam *param, ParamType type)
{
  switch (type) {
  case PARAM_INT:
    return g_ascii_string_to_signed (param->value, 10, G_MININT32, G_MAXINT32, NULL, NULL);
  case PARAM_BOOL:
    return g_str_equal (param->value, "true") || g_str_equal (param->value, "false") || g_str_equal (param->value, "1")
           || g_str_equal (param->value, "0");
  case PARAM_STRING:
  default:
    return TRUE;
  }
}

/* "page_size" is "pageSize", for the front end as for us. */
static const ParamSpec *
find_spec_in_either_style (const ParamSpec *specs, RequestParam *param)
{
  const ParamSpec *spec = find_spec (specs, param->name);
  g_autofree char *camel = g_strdup (param->name);

  if (spec != NULL)
    return spec;
  json_camel_case (camel);
  spec = find_spec (specs, camel);
  if (spec != NULL) {
    g_free (param->name);
    param->name = g_steal_pointer (&camel);
  }
  return spec;
}

static gboolean
check_param (Request *request, const ParamSpec *specs, RequestParam *param)
{
  const ParamSpec *spec = find_spec_in_either_style (specs, param);

  if (spec == NULL) {
    error_answer_bad_request (request, NULL,
                              "Invalid JSON payload received. Unknown name \"%s\": Cannot bind query parameter. Field "
                              "'%s' could not be found in request message.",
                              param->name, param->name);
    return FALSE;
  }
  if (!has_type (param, spec->type)) {
    g_autofree char *field = snake_case (param->name);

    error_answer_bad_request (request, field, "Invalid value at '%s' (%s), \"%s\"", field,
                              spec->type == PARAM_INT ? "TYPE_INT32" : "TYPE_BOOL", param->value);
    return FALSE;
  }
  return TRUE;
}

/* FALSE: answered. */
static gboolean
check_form (Request *request)
{
  const char *alt = request_param (request, "alt");
  const char *errors = request_param (request, "$.xgafv");

  if (errors != NULL && !g_str_equal (errors, "1") && !g_str_equal (errors, "2"))
    error_answer_bad_request (request, "$.xgafv", "Invalid value \"%s\" for the error format.", errors);
  else if (alt == NULL || g_str_equal (alt, "json"))
    return TRUE;
  else if (g_str_equal (alt, "media") || g_str_equal (alt, "proto"))
    error_answer (request, STATUS_UNIMPLEMENTED, NULL, "people-emulator answers JSON only.");
  else
    error_answer_bad_request (request, "alt", "Invalid alt value \"%s\".", alt);
  return FALSE;
}

/* FALSE: answered. */
static gboolean
read_fields (Request *request)
{
  const char *text = request_param (request, "fields");
  g_autofree char *bad = NULL;
  g_autofree char *description = NULL;
  g_autofree char *valid = NULL;
  g_autofree char *details = NULL;

  if (text == NULL || *text == '\0')
    return TRUE;
  request->fields = fields_parse (text, &bad);
  if (request->fields != NULL)
    return TRUE;
  description
      = g_strdup_printf ("Error expanding 'fields' parameter. Cannot find matching fields for path '%.200s'.", bad);
  valid = g_utf8_make_valid (description, -1);
  details = error_bad_request (NULL, valid);
  error_answer (request, STATUS_INVALID_ARGUMENT, details, "Request contains an invalid argument.");
  return FALSE;
}

gboolean
params_check (Request *request, const ParamSpec *specs)
{
  for (guint i = 0; i < request->params->len; i++) {
    if (!check_param (request, specs, request->params->pdata[i]))
      return FALSE;
  }
  return check_form (request) && read_fields (request);
}

gint64
params_int (const Request *request, const char *name, gint64 otherwise)
{
  const char *value = request_param (request, name);

  return value != NULL ? g_ascii_strtoll (value, NULL, 10) : otherwise;
}

gboolean
params_bool (const Request *request, const char *name)
{
  const char *value = request_param (request, name);

  return value != NULL && (g_str_equal (value, "true") || g_str_equal (value, "1"));
}

static gboolean
is_common (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (common); i++) {
    if (g_str_equal (common[i].name, name))
      return TRUE;
  }
  return FALSE;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *)a, *(char *const *)b);
}

char *
params_canonical (const Request *request, const char *but, const char *also_but)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < request->params->len; i++) {
    const RequestParam *param = request->params->pdata[i];

    if (!is_common (param->name) && g_strcmp0 (param->name, but) != 0 && g_strcmp0 (param->name, also_but) != 0)
      g_ptr_array_add (words, g_strdup_printf ("%s=%s", param->name, param->value));
  }
  g_ptr_array_sort (words, compare_texts);
  g_ptr_array_add (words, NULL);
  return g_strjoinv ("&", (char **)words->pdata);
}
