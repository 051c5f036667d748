/*
 * What was asked and how it was answered: for tests, and as lines of JSON for people. Never a token: headers and bodies
 * are not kept, and query parameters that hold one are blotted out.
 */
#pragma once

#include "emulator/pattern.h"

typedef struct LogEntry {
  guint number; /* from 1 */
  gint64 time;
  Origin origin;
  char *method;
  char *path;
  char *query;
  char *user_agent;
  char *quota_project;
  const char *http_version;
  guint64 connection;
  guint status;      /* 0: none went out */
  const char *fault; /* the fault that it met, as it ends; static, or NULL */
  gsize request_bytes;
  gsize bytes;
  double milliseconds;
  gboolean ended;
  gboolean mutation;
  gboolean authorization; /* the request carried one */
} LogEntry;

typedef struct RequestLog RequestLog;

/* file: NULL, or where lines of JSON go. */
RequestLog *request_log_new (const char *file, gboolean verbose, GError **error);
void request_log_free (RequestLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RequestLog, request_log_free)

/* Notes the request, and its end when it comes (it takes request->ended). TRUE: a mutation that overlaps another. */
gboolean request_log_begin (RequestLog *self, Request *request);
void request_log_reset (RequestLog *self);

/* The log as JSON; only those that match pattern (may be NULL) are listed, the counts are of all. */
GString *request_log_json (RequestLog *self, const Pattern *pattern);

/* Answers request with the log once count requests match and were received (ended: answered), or after timeout_ms.
 * Takes pattern. */
void request_log_wait (RequestLog *self, Request *request, Pattern *pattern, guint count, gboolean ended,
                       guint timeout_ms);
