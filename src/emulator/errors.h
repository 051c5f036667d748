/*
 * Google's error envelope: {"error": {"code", "message", "status", "details"}}.
 */
#pragma once

#include "emulator/request.h"

/* The canonical codes that the API answers, with their HTTP status. */
typedef enum {
  STATUS_INVALID_ARGUMENT,
  STATUS_FAILED_PRECONDITION,
  STATUS_UNAUTHENTICATED,
  STATUS_PERMISSION_DENIED,
  STATUS_NOT_FOUND,
  STATUS_ABORTED,
  STATUS_RESOURCE_EXHAUSTED,
  STATUS_UNIMPLEMENTED,
  STATUS_INTERNAL,
  STATUS_UNAVAILABLE,
  STATUS_DEADLINE_EXCEEDED,
} CanonicalStatus;

/* details: JSON objects with commas between, or NULL for an error without details. */
void error_answer (Request *request, CanonicalStatus status, const char *details, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/* The envelope that goes with an HTTP status; transfer full. */
GString *error_envelope (guint http_status, const char *status, const char *message, const char *details);
const char *error_status_name (guint http_status); /* "UNAVAILABLE" for 503 */

/* One google.rpc.ErrorInfo; metadata: name, value, …, NULL. Transfer full. */
char *error_info (const char *reason, const char *domain, ...) G_GNUC_NULL_TERMINATED;
/* google.rpc.BadRequest with one violation; field may be NULL. Transfer full. */
char *error_bad_request (const char *field, const char *description);

/* 400 INVALID_ARGUMENT with a BadRequest, as the front end refuses what it cannot bind. */
void error_answer_bad_request (Request *request, const char *field, const char *format, ...) G_GNUC_PRINTF (3, 4);
/* The same, but with a message only. */
#define error_answer_invalid(request, ...) error_answer (request, STATUS_INVALID_ARGUMENT, NULL, __VA_ARGS__)
/* 429 with QuotaFailure: an allowance that is not of the minute. */
void error_answer_used_up (Request *request);
void error_answer_not_found (Request *request);
/* The front end's HTML page for a path that no method has. */
void error_answer_html (Request *request, guint http_status);
