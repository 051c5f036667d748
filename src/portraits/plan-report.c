/* A plan and its outcome, in words and as JSON (plan.h). */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>

#include "net/json.h"
#include "net/text.h"
#include "portraits/plan.h"

/* As --json names them, and as the sum does. */
static const struct {
  const char *name, *words;
} states[] = {
  [PLACEMENT_PLANNED] = { "planned", "to place" },
  [PLACEMENT_PLACED] = { "placed", "placed" },
  [PLACEMENT_ALREADY] = { "already", "placed before" },
  [PLACEMENT_KEPT] = { "kept", "for contacts who stay as they are" },
  [PLACEMENT_AMBIGUOUS] = { "ambiguous", "that fit several contacts" },
  [PLACEMENT_NOBODY] = { "nobody", "that fit nobody" },
  [PLACEMENT_DOUBLE] = { "double", "of a contact with another picture" },
  [PLACEMENT_NO_PICTURE] = { "no picture", "that are no pictures" },
  [PLACEMENT_FAILED] = { "failed", "that were refused" },
};

static char *
join_names (const GPtrArray *contacts, const char *last)
{
  GString *names = g_string_new (NULL);
  for (guint i = 0; i < contacts->len; i++) {
    const Contact *contact = g_ptr_array_index (contacts, i);
    g_string_append_printf (names, "%s%s", i == 0 ? "" : i + 1 == contacts->len ? last : ", ", contact->name);
  }
  return g_string_free (names, FALSE);
}

/* Transfer full. */
static char *
describe (const Placement *self)
{
  g_autofree char *others = join_names (self->others, self->state == PLACEMENT_AMBIGUOUS ? " and " : ", ");
  switch (self->state) {
  case PLACEMENT_PLANNED:
    return g_strdup (self->contact->has_photo ? "replaces a photo" : "no photo yet");
  case PLACEMENT_PLACED:
    return g_strdup ("placed");
  case PLACEMENT_ALREADY:
    return g_strdup ("placed before");
  case PLACEMENT_KEPT:
    return g_strdup (self->reason);
  case PLACEMENT_AMBIGUOUS:
    return self->reason != NULL ? g_strdup (self->reason) : g_strdup_printf ("fits %s", others);
  case PLACEMENT_NOBODY:
    return g_strdup_printf ("%s; nearest: %s", self->reason != NULL ? self->reason : "fits nobody",
                            others[0] != '\0' ? others : "none");
  case PLACEMENT_DOUBLE:
    return g_strdup_printf ("is of %s; %s", self->contact->name, self->reason);
  case PLACEMENT_NO_PICTURE:
  case PLACEMENT_FAILED:
    return g_strdup (self->reason);
  }
  g_return_val_if_reached (g_strdup (""));
}

static void
print_line (const Placement *self)
{
  g_autofree char *name = g_path_get_basename (self->path), *words = describe (self);
  g_autofree char *shown_name = text_clean (name), *shown_words = text_clean (words);
  gboolean is_of_one = self->contact != NULL && self->state != PLACEMENT_DOUBLE;
  printf ("  %s%s%s: %s\n", shown_name != NULL ? shown_name : "?", is_of_one ? " → " : "",
          is_of_one ? self->contact->name : "", shown_words != NULL ? shown_words : "");
}

static void
print_group (const Plan *plan, const char *title, PlacementState first, PlacementState last)
{
  gboolean is_empty = TRUE;
  for (guint i = 0; i < plan->placements->len; i++) {
    const Placement *placement = g_ptr_array_index (plan->placements, i);
    if (placement->state < first || placement->state > last)
      continue;
    if (is_empty)
      printf ("%s\n", title);
    is_empty = FALSE;
    print_line (placement);
  }
}

void
plan_print (const Plan *self)
{
  print_group (self, "To place:", PLACEMENT_PLANNED, PLACEMENT_PLANNED);
  print_group (self, "Left alone:", PLACEMENT_KEPT, PLACEMENT_NO_PICTURE);
  fflush (stdout);
}

void
plan_print_refused (const Plan *self)
{
  print_group (self, "Refused:", PLACEMENT_FAILED, PLACEMENT_FAILED);
  fflush (stdout);
}

char *
plan_sum (const Plan *self)
{
  GString *sum = g_string_new (NULL);
  for (PlacementState state = PLACEMENT_PLANNED; state <= PLACEMENT_FAILED; state++) {
    guint count = plan_count (self, state);
    if (count > 0)
      g_string_append_printf (sum, "%s%u %s", sum->len > 0 ? ", " : "", count, states[state].words);
  }
  if (sum->len == 0)
    g_string_append (sum, "no pictures");
  return g_string_free (sum, FALSE);
}

static void
append_placement (GString *json, const Placement *self)
{
  g_autofree char *valid = g_utf8_make_valid (self->path, -1);
  g_autofree char *path = json_quote (valid), *reason = json_quote (self->reason);
  g_autofree char *name = json_quote (self->contact != NULL ? self->contact->name : NULL);
  g_autofree char *resource_name = json_quote (self->contact != NULL ? self->contact->resource_name : NULL);
  g_string_append_printf (json,
                          "{\"file\":%s,\"state\":\"%s\",\"contact\":%s,\"resource_name\":%s,\"had_photo\":%s,"
                          "\"reason\":%s,\"errno\":%d,\"others\":[",
                          path, states[self->state].name, name, resource_name,
                          self->contact != NULL && self->contact->has_photo ? "true" : "false", reason, self->code);
  for (guint i = 0; i < self->others->len; i++) {
    g_autofree char *other = json_quote (((const Contact *)g_ptr_array_index (self->others, i))->name);
    g_string_append_printf (json, "%s%s", i > 0 ? "," : "", other);
  }
  g_string_append (json, "]}");
}

char *
plan_json (const Plan *self, const char *mountpoint, gboolean interrupted, const char *ended)
{
  GString *json = g_string_new (NULL);
  g_autofree char *folder = json_quote (mountpoint), *why = json_quote (ended);
  g_string_append_printf (json, "{\"mountpoint\":%s,\"interrupted\":%s,\"ended\":%s", folder,
                          interrupted ? "true" : "false", why);
  for (PlacementState state = PLACEMENT_PLANNED; state <= PLACEMENT_FAILED; state++)
    g_string_append_printf (json, ",\"%s\":%u", states[state].name, plan_count (self, state));
  g_string_append (json, ",\n \"pictures\":[");
  for (guint i = 0; i < self->placements->len; i++) {
    g_string_append (json, i > 0 ? ",\n  " : "");
    append_placement (json, g_ptr_array_index (self->placements, i));
  }
  g_string_append (json, "]}");
  return g_string_free (json, FALSE);
}
