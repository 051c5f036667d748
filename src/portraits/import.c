/* The plan, the question, the copying, the report (import.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/import.h"

#include <fcntl.h>
#include <stdio.h>

#include "portraits/pictures.h"
#include "portraits/stop.h"
#include "terminal/progress.h"

/* What became of the whole. */
typedef struct {
  gboolean is_interrupted;
  const char *ended; /* why no further picture was tried; borrowed from a placement; NULL: all were */
} Outcome;

/* FALSE: the next one would fail, too. */
static gboolean
place (Placement *self, const ImportWishes *wishes, Placed *placed)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) picture = contact_read_file (AT_FDCWD, self->path, &error);
  gboolean is_read = picture != NULL;
  if (is_read && placed_place (placed, wishes->common.mountpoint, self->contact, picture, &error)) {
    self->state = PLACEMENT_PLACED;
    return TRUE;
  }
  self->state = PLACEMENT_FAILED;
  self->code = error->code;
  self->reason = g_strdup (error->message);
  return !is_read || !contacts_all_would_fail (wishes->common.mountpoint, error);
}

static Outcome
place_all (const Plan *plan, const ImportWishes *wishes, Placed *placed)
{
  g_autoptr (Progress) progress
      = progress_new ("placed", plan_count (plan, PLACEMENT_PLANNED), PROGRESS_CHANGES, wishes->common.quiet);
  for (guint i = 0; i < plan->placements->len; i++) {
    Placement *placement = g_ptr_array_index (plan->placements, i);
    if (placement->state != PLACEMENT_PLANNED)
      continue;
    if (stop_is_wanted ())
      return (Outcome){ .is_interrupted = TRUE };
    if (!place (placement, wishes, placed))
      return (Outcome){ .ended = placement->reason };
    progress_step (progress);
  }
  return (Outcome){ 0 };
}

static int
finish (const Plan *plan, const ImportWishes *wishes, Outcome outcome)
{
  guint done = plan_count (plan, PLACEMENT_PLACED) + plan_count (plan, PLACEMENT_ALREADY);
  if (wishes->common.dry_run)
    done += plan_count (plan, PLACEMENT_PLANNED);
  g_autofree char *sum = plan_sum (plan);
  if (wishes->common.json) {
    g_autofree char *json = plan_json (plan, wishes->common.mountpoint, outcome.is_interrupted, outcome.ended);
    printf ("%s\n", json);
  } else if (!wishes->common.quiet || done < plan->placements->len) {
    printf ("%s\n", sum);
  }
  if (outcome.is_interrupted)
    fprintf (stderr, "contactfs: stopped: %s; the same command goes on\n", sum);
  if (outcome.ended != NULL)
    fprintf (stderr, "contactfs: ended, as the next picture would fail, too: %s (%s; the same command goes on)\n",
             outcome.ended, sum);
  return done == plan->placements->len ? COMMAND_ALL : COMMAND_SOME;
}

int
import_run (const ImportWishes *wishes, GError **error)
{
  const CommandWishes *common = &wishes->common;
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_free);
  if (!command_can_ask (common, error))
    return -1;
  for (guint i = 0; i < wishes->paths->len; i++)
    if (!pictures_add (pictures, g_ptr_array_index (wishes->paths, i), error))
      return -1;
  g_autoptr (Placed) placed = placed_open (common->account);
  const PlanWishes plan_wishes = { .mountpoint = common->mountpoint,
                                   .pictures = pictures,
                                   .table = wishes->table,
                                   .label = wishes->label,
                                   .replace = wishes->replace,
                                   .placed = placed,
                                   .quiet = common->quiet };
  g_autoptr (Plan) plan = plan_make (&plan_wishes, error);
  if (plan == NULL)
    return -1;
  if (!common->json && !common->quiet)
    plan_print (plan);
  guint planned = plan_count (plan, PLACEMENT_PLANNED);
  g_autofree char *question = g_strdup_printf ("Place %u of %u pictures?", planned, plan->placements->len);
  if (common->dry_run || planned == 0 || !command_ask (common, question))
    return finish (plan, wishes, (Outcome){ 0 });
  stop_watch ();
  g_autofree char *begun = command_time_now ();
  Outcome outcome = place_all (plan, wishes, placed);
  if (!common->json)
    plan_print_refused (plan);
  int status = finish (plan, wishes, outcome);
  if (!common->json && !common->quiet && plan_count (plan, PLACEMENT_PLACED) > 0)
    command_print_undo (common, begun, NULL);
  return status;
}
