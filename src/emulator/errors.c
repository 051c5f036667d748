/* Google's error envelope. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/errors.h"

#include <stdarg.h>

#include "emulator/json.h"

static const struct {
  guint http_status;
  const char *name;
} statuses[] = {
  [STATUS_INVALID_ARGUMENT] = { 400, "INVALID_ARGUMENT" },
  [STATUS_FAILED_PRECONDITION] = { 400, "FAILED_PRECONDITION" },
  [STATUS_UNAUTHENTICATED] = { 401, "UNAUTHENTICATED" },
  [STATUS_PERMISSION_DENIED] = { 403, "PERMISSION_DENIED" },
  [STATUS_NOT_FOUND] = { 404, "NOT_FOUND" },
  [STATUS_ABORTED] = { 409, "ABORTED" },
  [STATUS_RESOURCE_EXHAUSTED] = { 429, "RESOURCE_EXHAUSTED" },
  [STATUS_UNIMPLEMENTED] = { 501, "UNIMPLEMENTED" },
  [STATUS_INTERNAL] = { 500, "INTERNAL" },
  [STATUS_UNAVAILABLE] = { 503, "UNAVAILABLE" },
  [STATUS_DEADLINE_EXCEEDED] = { 504, "DEADLINE_EXCEEDED" },
};

const char *
error_status_name (guint http_status)
{
  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    if (statuses[i].http_status == http_status)
      return statuses[i].name;
  }
  return "UNKNOWN";
}

GString *
error_envelope (guint http_status, const char *status, const char *message, const char *details)
{
  GString *json = g_string_new (NULL);

  g_string_append_printf (json, "{\"error\":{\"code\":%u,\"message\":", http_status);
  json_append_quoted (json, message);
  g_string_append (json, ",\"status\":");
  json_append_quoted (json, status);
  if (details != NULL)
    g_string_append_printf (json, ",\"details\":[%s]", details);
  g_string_append (json, "}}");
  return json;
}

static void
answer_message (Request *request, CanonicalStatus status, const char *details, const char *message)
{
  if (status == STATUS_UNAUTHENTICATED)
    request_set_header (request, "WWW-Authenticate", "Bearer realm=\"https://accounts.google.com/\"");
  request_answer_json (request, statuses[status].http_status,
                       error_envelope (statuses[status].http_status, statuses[status].name, message, details));
}

void
error_answer (Request *request, CanonicalStatus status, const char *details, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  answer_message (request, status, details, message);
}

char *
error_info (const char *reason, const char *domain, ...)
{
  GString *json = g_string_new ("{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":");
  const char *separator = ",\"metadata\":{";
  const char *name;
  va_list arguments;

  json_append_quoted (json, reason);
  g_string_append (json, ",\"domain\":");
  json_append_quoted (json, domain);
  va_start (arguments, domain);
  while ((name = va_arg (arguments, const char *)) != NULL) {
    g_string_append (json, separator);
    json_append_quoted (json, name);
    g_string_append_c (json, ':');
    json_append_quoted (json, va_arg (arguments, const char *));
    separator = ",";
  }
  va_end (arguments);
  g_string_append (json, *separator == ',' && separator[1] == '\0' ? "}}" : "}");
  return g_string_free (json, FALSE);
}

char *
error_bad_request (const char *field, const char *description)
{
  GString *json = g_string_new ("{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{");

  if (field != NULL) {
    g_string_append (json, "\"field\":");
    json_append_quoted (json, field);
    g_string_append_c (json, ',');
  }
  g_string_append (json, "\"description\":");
  json_append_quoted (json, description);
  g_string_append (json, "}]}");
  return g_string_free (json, FALSE);
}

void
error_answer_bad_request (Request *request, const char *field, const char *format, ...)
{
  g_autofree char *message = NULL;
  g_autofree char *details = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  details = error_bad_request (field, message);
  answer_message (request, STATUS_INVALID_ARGUMENT, details, message);
}

void
error_answer_used_up (Request *request)
{
  error_answer (request, STATUS_RESOURCE_EXHAUSTED,
                "{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\",\"violations\":[{\"subject\":\"user\","
                "\"description\":\"FBS quota limit exceeded\"}]}",
                "Resource has been exhausted (e.g. check quota).");
}

void
error_answer_not_found (Request *request)
{
  error_answer (request, STATUS_NOT_FOUND, NULL, "Requested entity was not found.");
}

void
error_answer_html (Request *request, guint http_status)
{
  g_autofree char *page = g_strdup_printf ("<!DOCTYPE html>\n<html lang=en>\n<title>Error %u</title>\n"
                                           "<p><b>%u.</b> That’s an error.\n",
                                           http_status, http_status);

  request_answer_text (request, http_status, "text/html; charset=UTF-8", page);
}
