/*
 * From a request to its answer: the log, the faults that tests ordered, then the origin's own handler.
 *
 *   received ─ log ─ overlap? ─ delay ─┬─ fault that replaces the answer (status, hang, reset, garbage, quota, endless); if
 *                                      │  it is ordered so, the request is carried out all the same
 *                                      └─ gather ─ route, its answer perhaps spoilt (cut, type, lost-answer)
 */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/emulator.h"
#include "emulator/errors.h"
#include "emulator/request-body.h"
#include "emulator/routes.h"

typedef void (*Handler) (Emulator *emulator, Request *request);

/* What is left to do after a delay. The fault's words are copied onto the request before it: faults may change
 * meanwhile. */
typedef struct Delayed {
  Emulator *emulator;
  Request *request;
  Handler handler; /* NULL: the answer is the fault's */
  FaultAction action;
  guint status;
  gboolean applied;
} Delayed;

/* Any page in a browser may ask, as at Google: it needs a token all the same. */
static void
allow_origin (Request *request)
{
  const char *origin = request_header (request, "origin");

  if (origin == NULL)
    return;
  request_set_header (request, "Access-Control-Allow-Origin", origin);
  request_set_header (request, "Vary", "Origin");
}

static void
handle_api (Emulator *emulator, Request *request)
{
  allow_origin (request);
  if (!request_decode_body (request))
    return;
  if (request->origin == ORIGIN_TOKEN)
    oauth_handle (emulator->oauth, request);
  else
    routes_dispatch (emulator, request);
}

static void
answer_status (Request *request, guint status)
{
  const char *reason = request->reason;
  g_autofree char *details = reason != NULL ? error_info (reason, "googleapis.com", NULL) : NULL;
  g_autofree char *message = g_strdup_printf ("Fault ordered by a test: %u.", status);

  if (request->origin == ORIGIN_PHOTO) {
    error_answer_html (request, status);
  } else if (request->origin == ORIGIN_TOKEN) {
    request_answer_text (request, status, "application/json",
                         "{\"error\":\"server_error\",\"error_description\":\"Fault ordered by a test.\"}");
  } else {
    request_answer_json (request, status, error_envelope (status, error_status_name (status), message, details));
  }
}

static void
answer_garbage (Request *request)
{
  static const char json_garbage[] = "{\"connections\":[{\"resourceName\":\"people/";
  static const char picture_garbage[] = "\xff\xd8\xff\xe0 not a picture after all";
  gboolean photo = request->origin == ORIGIN_PHOTO;

  request_answer_text (request, 200, photo ? "image/jpeg" : "application/json; charset=UTF-8",
                       photo ? picture_garbage : json_garbage);
}

static void
answer_endless (Request *request)
{
  static guint page;
  GString *json = g_string_new (NULL);

  g_string_printf (json, "{\"nextPageToken\":\"endless-%u\"}", ++page);
  request_answer_json (request, 200, json);
}

/* The fault's own answer, or none. */
static void
answer_fault (Emulator *emulator, Request *request, FaultAction action, guint status)
{
  switch (action) {
  case FAULT_STATUS:
    answer_status (request, status);
    break;
  case FAULT_RESET:
    request_drop (request, TRUE);
    break;
  case FAULT_GARBAGE:
    answer_garbage (request);
    break;
  case FAULT_QUOTA:
    error_answer_used_up (request);
    break;
  case FAULT_ENDLESS:
    answer_endless (request);
    break;
  case FAULT_HANG: /* its end is noted when the client leaves */
    faults_hold (emulator->faults, request);
    break;
  case FAULT_DELAY:
  case FAULT_GATHER:
  case FAULT_CUT:
  case FAULT_TYPE:
  case FAULT_LOST_ANSWER:
  case FAULT_STALE:
  default:
    break;
  }
}

/* The request is carried out, and this is said of it. */
static void
answer_instead (Request *request, gpointer data)
{
  g_autofree Delayed *order = data;

  answer_fault (order->emulator, request, order->action, order->status);
}

static void
carry_on (Delayed *delayed)
{
  Request *request = delayed->request;

  if (request->answered)
    return; /* the client left during the delay: a mutation that was not sent whole is not carried out either */
  if (delayed->applied) {
    request->instead = answer_instead;
    request->instead_data = g_memdup2 (delayed, sizeof *delayed);
  }
  if (delayed->handler != NULL)
    delayed->handler (delayed->emulator, request);
  else
    answer_fault (delayed->emulator, request, delayed->action, delayed->status);
}

static void
delayed_free (gpointer data)
{
  Delayed *delayed = data;

  request_unref (delayed->request);
  g_free (delayed);
}

static guint
count_waiting (const Emulator *emulator)
{
  guint waiting = 0;

  for (guint i = 0; i < emulator->gathered->len; i++)
    if (!((const Delayed *)emulator->gathered->pdata[i])->request->answered)
      waiting++;
  return waiting;
}

void
dispatch_release (Emulator *emulator)
{
  g_autoptr (GPtrArray) released = g_steal_pointer (&emulator->gathered);

  dispatch_init (emulator);
  for (guint i = 0; i < released->len; i++)
    carry_on (released->pdata[i]);
}

void
dispatch_init (Emulator *emulator)
{
  emulator->gathered = g_ptr_array_new_with_free_func (delayed_free);
}

void
dispatch_clear (Emulator *emulator)
{
  g_clear_pointer (&emulator->gathered, g_ptr_array_unref);
}

static gboolean
delay_over (gpointer data)
{
  carry_on (data);
  return G_SOURCE_REMOVE;
}

/* Puts on the request what the fault wants of its answer. FALSE: the fault replaces the answer. */
static gboolean
apply_fault (Request *request, const Fault *fault)
{
  for (guint i = 0; i + 1 < fault->headers->len; i += 2)
    request_set_header (request, fault->headers->pdata[i], fault->headers->pdata[i + 1]);
  request->reason = g_strdup (fault->reason);
  request->forced_type = g_strdup (fault->content_type);
  if (fault->body != NULL)
    request->forced_body = g_bytes_ref (fault->body);
  switch (fault->action) {
  case FAULT_CUT:
    request->ending = ENDING_CUT;
    return TRUE;
  case FAULT_LOST_ANSWER:
    request->ending = ENDING_LOSE;
    return TRUE;
  case FAULT_TYPE:
    if (request->forced_type == NULL)
      request->forced_type = g_strdup ("text/html; charset=UTF-8");
    return TRUE;
  case FAULT_STALE:
    request->stale = TRUE;
    return TRUE;
  case FAULT_DELAY:
  case FAULT_GATHER:
    return TRUE;
  case FAULT_STATUS:
  case FAULT_HANG:
  case FAULT_RESET:
  case FAULT_GARBAGE:
  case FAULT_QUOTA:
  case FAULT_ENDLESS:
  default:
    return FALSE;
  }
}

static void
run (Emulator *emulator, Request *request, Handler handler)
{
  Delayed *delayed = g_new0 (Delayed, 1);
  const Fault *fault;
  guint delay_ms;

  delayed->emulator = emulator;
  delayed->request = request_ref (request);
  delayed->handler = handler;
  faults_take (emulator->faults, request, &fault, &delay_ms);
  if (fault != NULL || delay_ms > 0)
    request->fault = fault_action_name (fault != NULL ? fault->action : FAULT_DELAY);
  if (fault != NULL) {
    delayed->action = fault->action;
    delayed->status = fault->status;
    if (!apply_fault (request, fault)) {
      delayed->applied = fault->applied;
      delayed->handler = fault->applied ? handler : NULL;
    }
  }
  if (fault != NULL && fault->action == FAULT_GATHER) {
    g_ptr_array_add (emulator->gathered, delayed);
    if (count_waiting (emulator) >= fault->count)
      dispatch_release (emulator);
    return;
  }
  if (delay_ms > 0) {
    g_timeout_add_full (G_PRIORITY_DEFAULT, delay_ms, delay_over, delayed, delayed_free);
    return;
  }
  carry_on (delayed);
  delayed_free (delayed);
}

void
dispatch_api (Request *request, gpointer data)
{
  Emulator *emulator = data;
  gboolean overlap;

  if (g_str_has_prefix (request->path, "/_control")) {
    control_handle (emulator, request);
    return;
  }
  request->wrapped = TRUE;
  if (oauth_has_path (request->path))
    request->origin = ORIGIN_TOKEN;
  request_override_method (request);
  overlap = request_log_begin (emulator->log, request);
  if (overlap && emulator->options->abort_overlap) {
    error_answer (request, STATUS_ABORTED, NULL, "The operation was aborted: another mutation is under way.");
    return;
  }
  run (emulator, request, handle_api);
}

static void
handle_photo (Emulator *emulator, Request *request)
{
  /* No client has business sending a token here; a test also sees it in photo_authorizations. */
  if (request_header (request, "authorization") != NULL)
    error_answer_html (request, 403);
  else
    photo_origin_handle (emulator, request);
}

void
dispatch_photo (Request *request, gpointer data)
{
  Emulator *emulator = data;

  request_log_begin (emulator->log, request);
  run (emulator, request, handle_photo);
}
