/* Faults that a test orders. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/faults.h"

struct Faults {
  GPtrArray *list; /* Fault */
  GPtrArray *held; /* Request */
  guint last_id;
};

static const char *const action_names[] = {
  [FAULT_STATUS] = "status",   [FAULT_DELAY] = "delay",
  [FAULT_GATHER] = "gather",   [FAULT_HANG] = "hang",
  [FAULT_RESET] = "reset",     [FAULT_CUT] = "cut",
  [FAULT_TYPE] = "type",       [FAULT_LOST_ANSWER] = "lost-answer",
  [FAULT_GARBAGE] = "garbage", [FAULT_QUOTA] = "quota",
  [FAULT_ENDLESS] = "endless", [FAULT_STALE] = "stale",
};

int
fault_action_by_name (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (action_names); i++) {
    if (g_strcmp0 (action_names[i], name) == 0)
      return (int)i;
  }
  return -1;
}

const char *
fault_action_name (FaultAction action)
{
  return action_names[action];
}

Fault *
fault_new (void)
{
  Fault *self = g_new0 (Fault, 1);

  self->headers = g_ptr_array_new_with_free_func (g_free);
  self->times = 1;
  return self;
}

void
fault_free (Fault *self)
{
  if (self == NULL)
    return;
  pattern_free (self->pattern);
  g_free (self->with);
  g_free (self->without);
  g_free (self->reason);
  g_free (self->content_type);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_ptr_array_unref (self->headers);
  g_free (self);
}

Faults *
faults_new (void)
{
  Faults *self = g_new0 (Faults, 1);

  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify)fault_free);
  self->held = g_ptr_array_new_with_free_func ((GDestroyNotify)request_unref);
  return self;
}

void
faults_free (Faults *self)
{
  g_ptr_array_unref (self->list);
  g_ptr_array_unref (self->held);
  g_free (self);
}

guint
faults_add (Faults *self, Fault *fault)
{
  fault->id = ++self->last_id;
  g_ptr_array_add (self->list, fault);
  return fault->id;
}

void
faults_clear (Faults *self)
{
  g_ptr_array_set_size (self->list, 0);
}

void
faults_hold (Faults *self, Request *request)
{
  for (guint i = self->held->len; i > 0; i--) {
    if (((Request *)self->held->pdata[i - 1])->answered)
      g_ptr_array_remove_index_fast (self->held, i - 1);
  }
  g_ptr_array_add (self->held, request_ref (request));
}

GPtrArray *
faults_list (const Faults *self)
{
  return self->list;
}

static void
hit (Fault *fault)
{
  fault->hits++;
  if (fault->times > 0)
    fault->times--;
}

static gboolean
fits (const Fault *fault, const Request *request)
{
  const char *query = request->query != NULL ? request->query : "";

  return pattern_matches (fault->pattern, request->origin, request->method, request->path)
         && (fault->with == NULL || strstr (query, fault->with) != NULL)
         && (fault->without == NULL || strstr (query, fault->without) == NULL);
}

void
faults_take (Faults *self, const Request *request, const Fault **found, guint *delay_ms)
{
  gboolean delayed = FALSE;

  *found = NULL;
  *delay_ms = 0;
  for (guint i = 0; i < self->list->len && (*found == NULL || !delayed); i++) {
    Fault *fault = self->list->pdata[i];
    gboolean is_delay = fault->action == FAULT_DELAY;

    if (fault->times == 0 || (is_delay ? delayed : *found != NULL) || !fits (fault, request))
      continue;
    hit (fault);
    *delay_ms += fault->delay_ms;
    if (is_delay)
      delayed = TRUE;
    else
      *found = fault;
  }
}
