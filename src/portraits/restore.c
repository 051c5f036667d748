/* From .previous or .rejected to photo.jpg, contact by contact (restore.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/json.h"
#include "portraits/placed.h"
#include "portraits/stop.h"
#include "terminal/progress.h"

#define MAX_SPAN 100000 /* of a unit */

/* A picture that is kept, and whose photo it is to be. */
typedef struct {
  Contact *contact; /* borrowed */
  char *file;       /* .previous/…; NULL: the photo is to be removed */
  gint64 time;      /* µs since 1970 */
  gboolean is_done;
  char *failure; /* why not; NULL: nothing failed */
} Step;

static void
step_free (gpointer data)
{
  Step *self = data;
  g_free (self->file);
  g_free (self->failure);
  g_free (self);
}

/* ---- times ---- */

static gint64
to_us (GDateTime *time)
{
  return time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time) : 0;
}

static gint64
parse_span (const char *text, gint64 now)
{
  static const struct {
    char unit;
    gint64 us;
  } units[] = {
    { 's', G_TIME_SPAN_SECOND }, { 'm', G_TIME_SPAN_MINUTE }, { 'h', G_TIME_SPAN_HOUR }, { 'd', G_TIME_SPAN_DAY }
  };
  char *end;
  guint64 count = g_ascii_strtoull (text, &end, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (units) && end > text && count <= MAX_SPAN; i++)
    if (*end == units[i].unit && end[1] == '\0' && g_ascii_isdigit (text[0]))
      return now - (gint64)count * units[i].us;
  return 0;
}

gint64
restore_parse_time (const char *text, gint64 now)
{
  gint64 span = parse_span (text, now);
  if (span != 0)
    return span;
  g_autoptr (GTimeZone) here = g_time_zone_new_local ();
  g_autoptr (GDateTime) today = g_date_time_new_from_unix_local (now / G_USEC_PER_SEC);
  g_autofree char *whole = NULL;
  gboolean is_time = strlen (text) >= 5 && text[2] == ':'; /* the last time that it was */
  if (is_time) {
    g_autofree char *day = g_date_time_format (today, "%Y-%m-%d");
    whole = g_strdup_printf ("%sT%s", day, text);
  } else {
    whole = g_strdup (text);
    if (strlen (whole) > 10 && whole[10] == ' ')
      whole[10] = 'T';
  }
  const char *clock = strchr (whole, 'T');
  g_autofree char *iso = NULL;
  if (clock == NULL)
    iso = g_strconcat (whole, "T00:00:00", NULL);
  else if (strlen (clock) == strlen ("T18:00"))
    iso = g_strconcat (whole, ":00", NULL);
  else
    iso = g_strdup (whole);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (iso, here);
  g_autoptr (GDateTime) before = is_time && to_us (time) > now ? g_date_time_add_days (time, -1) : NULL;
  return to_us (before != NULL ? before : time);
}

/* Of a kept picture, by its name: 2026-11-30T15-20-11.482113Z.jpg. 0: it is named otherwise. */
static gint64
time_of_file (const char *name)
{
  if (strlen (name) < strlen ("2026-11-30T15-20-11") || name[10] != 'T')
    return 0;
  g_autofree char *text = g_strdup (name);
  char *end = strchr (text, 'Z');
  if (end == NULL)
    return 0;
  end[1] = '\0';
  text[13] = ':';
  text[16] = ':';
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, NULL);
  return to_us (time);
}

static char *
format_time (gint64 us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (us / G_USEC_PER_SEC);
  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%S");
}

/* ---- which picture ---- */

static gint
compare_steps (gconstpointer a, gconstpointer b)
{
  const Step *left = *(const Step *const *)a, *right = *(const Step *const *)b;
  return left->time < right->time ? -1 : left->time > right->time;
}

/* time_name: what the picture is called by, or was */
static void
add_step (GPtrArray *steps, Contact *contact, const char *kind, const char *name, const char *time_name)
{
  gint64 time = time_of_file (time_name);
  if (time == 0)
    return;
  Step *step = g_new0 (Step, 1);
  step->contact = contact;
  step->file = g_build_filename (kind, name, NULL);
  step->time = time;
  g_ptr_array_add (steps, step);
}

/* The contact's pictures of a kind, as Step, the oldest first. One that was replaced several times is there for each time. */
static GPtrArray *
list_kept (const char *mountpoint, Contact *contact, const char *kind)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func (step_free);
  g_autofree char *path = g_build_filename (mountpoint, contact->name, kind, NULL);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  for (const char *name = folder != NULL ? g_dir_read_name (folder) : NULL; name != NULL;
       name = g_dir_read_name (folder))
    add_step (steps, contact, kind, name, name);
  for (char **line = strcmp (kind, ".previous") == 0 ? contact->replaced : NULL; line != NULL && *line != NULL;
       line++) {
    g_auto (GStrv) names = g_strsplit (*line, " ", 2); /* earlier and now */
    if (g_strv_length (names) == 2)
      add_step (steps, contact, kind, names[1], names[0]);
  }
  g_ptr_array_sort (steps, compare_steps);
  return steps;
}

static gint64
newest_time (const GPtrArray *steps)
{
  return steps->len > 0 ? ((const Step *)g_ptr_array_index (steps, steps->len - 1))->time : 0;
}

/* A change that failed has left a copy of the photo in .previous. The service may have compressed anew what was restored. */
static gboolean
is_photo_now (const char *mountpoint, const Step *step)
{
  int folder = step->contact->has_photo ? contact_open (mountpoint, step->contact, NULL) : -1;
  if (folder < 0)
    return FALSE;
  g_autoptr (GBytes) photo = contact_read_file (folder, "photo.jpg", NULL);
  g_autoptr (GBytes) kept = contact_read_file (folder, step->file, NULL);
  close (folder);
  if (photo == NULL || kept == NULL)
    return FALSE;
  g_autofree char *sent = contact_sent (mountpoint, step->contact);
  return g_bytes_equal (photo, kept) || placed_is_sent (sent, kept);
}

/* The photo that was there at the time is the first that was replaced after it. */
static gssize
choose_since (const RestoreWishes *wishes, const GPtrArray *steps)
{
  for (guint i = 0; i < steps->len; i++) {
    const Step *step = g_ptr_array_index (steps, i);
    if (step->time >= wishes->since)
      return is_photo_now (wishes->common.mountpoint, step) ? -1 : (gssize)i;
  }
  return -1;
}

static gssize
choose_last_other (const RestoreWishes *wishes, const GPtrArray *steps)
{
  gssize i = (gssize)steps->len - 1;
  while (i >= 0 && is_photo_now (wishes->common.mountpoint, g_ptr_array_index (steps, i)))
    i--;
  return i;
}

static gssize
choose_previous (const RestoreWishes *wishes, const GPtrArray *steps)
{
  return wishes->since != 0 ? choose_since (wishes, steps) : choose_last_other (wishes, steps);
}

/* The last that was refused, unless a later change succeeded: then that one is wanted. */
static gssize
choose_rejected (const RestoreWishes *wishes, const GPtrArray *steps, Contact *contact)
{
  gint64 newest = newest_time (steps);
  g_autoptr (GPtrArray) previous = list_kept (wishes->common.mountpoint, contact, ".previous");
  /* the service tells no fraction of a second: what was changed in the same one may have come later */
  gboolean is_outdated
      = newest_time (previous) > newest || (contact->has_photo && contact->changed >= newest / G_USEC_PER_SEC);
  if (newest == 0 || newest < wishes->since || (is_outdated && wishes->names->len == 0))
    return -1;
  return (gssize)steps->len - 1;
}

/* Whether nothing was there then, or before the last change: an import or a restore has put the first photo there. */
static gboolean
was_without_photo (const RestoreWishes *wishes, const GPtrArray *steps, const Placed *placed, const Contact *contact)
{
  if (wishes->since == 0)
    return placed_last_first (placed, contact->resource_name) > newest_time (steps);
  gint64 first = placed_first_since (placed, contact->resource_name, wishes->since);
  for (guint i = 0; i < steps->len; i++) {
    gint64 time = ((const Step *)g_ptr_array_index (steps, i))->time;
    if (time >= wishes->since)
      return first > 0 && first < time;
  }
  return first > 0;
}

/* What is there is what an import or a restore put there, and nothing else. */
static gboolean
is_ours (const RestoreWishes *wishes, const Placed *placed, const Contact *contact)
{
  g_autofree char *sent = contact->has_photo ? contact_sent (wishes->common.mountpoint, contact) : NULL;
  return placed_is_ours (placed, contact->resource_name, sent);
}

static Step *
choose_step (const RestoreWishes *wishes, const Placed *placed, Contact *contact)
{
  g_autoptr (GPtrArray) steps
      = list_kept (wishes->common.mountpoint, contact, wishes->rejected ? ".rejected" : ".previous");
  if (!wishes->rejected && was_without_photo (wishes, steps, placed, contact)) {
    if (is_ours (wishes, placed, contact)) {
      Step *removal = g_new0 (Step, 1);
      removal->contact = contact;
      return removal;
    }
    if (wishes->since != 0) /* what is there came since, by somebody's own hand */
      return NULL;
  }
  gssize index = wishes->rejected ? choose_rejected (wishes, steps, contact) : choose_previous (wishes, steps);
  return index >= 0 ? g_ptr_array_steal_index (steps, (guint)index) : NULL;
}

static GPtrArray *
plan (const RestoreWishes *wishes, const Placed *placed, const GPtrArray *contacts)
{
  GPtrArray *chosen = g_ptr_array_new_with_free_func (step_free);
  for (guint i = 0; i < contacts->len; i++) {
    Contact *contact = g_ptr_array_index (contacts, i);
    if (!wishes->rejected && contact->is_removing)
      continue;
    Step *step = choose_step (wishes, placed, contact);
    if (step != NULL)
      g_ptr_array_add (chosen, step);
  }
  return chosen;
}

/* ---- doing it ---- */

static void
print_plan (const GPtrArray *steps, gboolean rejected)
{
  for (guint i = 0; i < steps->len; i++) {
    const Step *step = g_ptr_array_index (steps, i);
    if (step->file == NULL) {
      printf ("%s: no photo then, so that what was placed since is removed\n", step->contact->name);
      continue;
    }
    g_autofree char *time = format_time (step->time);
    printf ("%s: %s %s, %s\n", step->contact->name, rejected ? "what was refused at" : "what was there until", time,
            step->contact->has_photo ? "in place of the photo" : "no photo now");
  }
}

static gboolean
remove_ours (const RestoreWishes *wishes, const Placed *placed, const Contact *contact, GError **error)
{
  if (is_ours (wishes, placed, contact))
    return contact_remove (wishes->common.mountpoint, contact, error);
  g_set_error (error, PORTRAITS_ERROR, EAGAIN, "%s has got another photo meanwhile", contact->name);
  return FALSE;
}

static gboolean
bring_back (const RestoreWishes *wishes, Placed *placed, const Step *step, GError **error)
{
  if (step->file == NULL)
    return remove_ours (wishes, placed, step->contact, error);
  int folder = contact_open (wishes->common.mountpoint, step->contact, error);
  if (folder < 0)
    return FALSE;
  g_autoptr (GBytes) picture = contact_read_file (folder, step->file, error);
  close (folder);
  gboolean is_done = picture != NULL && placed_place (placed, wishes->common.mountpoint, step->contact, picture, error);
  if (is_done || (picture != NULL && (*error)->code != ENOTCONN))
    return is_done;
  g_autoptr (GError) ended = NULL; /* says more than an errno, if that is why */
  if (!contacts_check_mounted (wishes->common.mountpoint, &ended)) {
    g_clear_error (error);
    g_propagate_error (error, g_steal_pointer (&ended));
  }
  return FALSE;
}

/* The mount's own sentences begin with the contact. */
static char *
describe_failure (const Contact *contact, const GError *error)
{
  if (g_str_has_prefix (error->message, contact->name))
    return g_strdup (error->message);
  return g_strdup_printf ("%s: %s", contact->name, error->message);
}

/* FALSE: the next ones would have failed, too. */
static gboolean
bring_all_back (const RestoreWishes *wishes, Placed *placed, const GPtrArray *steps)
{
  gboolean goes_on = TRUE;
  g_autoptr (Progress) progress = progress_new ("restored", steps->len, PROGRESS_CHANGES, wishes->common.quiet);
  for (guint i = 0; i < steps->len && goes_on && !stop_is_wanted (); i++) {
    g_autoptr (GError) error = NULL;
    Step *step = g_ptr_array_index (steps, i);
    step->is_done = bring_back (wishes, placed, step, &error);
    if (!step->is_done) {
      step->failure = describe_failure (step->contact, error);
      goes_on = !contacts_all_would_fail (wishes->common.mountpoint, error);
    }
    progress_step (progress);
  }
  return goes_on;
}

static void
print_failures (const GPtrArray *steps, gboolean ended)
{
  for (guint i = 0; i < steps->len; i++) {
    const Step *step = g_ptr_array_index (steps, i);
    if (step->failure != NULL)
      fprintf (stderr, "contactfs: %s\n", step->failure);
  }
  if (ended)
    fprintf (stderr, "contactfs: ended, as the next contact would fail, too; run it again when that is mended\n");
}

static guint
count_done (const GPtrArray *steps)
{
  guint count = 0;
  for (guint i = 0; i < steps->len; i++)
    count += ((const Step *)g_ptr_array_index (steps, i))->is_done ? 1 : 0;
  return count;
}

/* begun: as of command_time_now; NULL: nothing was done. */
static void
print_json (const RestoreWishes *wishes, const GPtrArray *steps, guint waiting, const char *begun)
{
  g_autofree char *mountpoint = json_quote (wishes->common.mountpoint), *since = json_quote (begun);
  printf ("{\"mountpoint\":%s,\"interrupted\":%s,\"undo_since\":%s,\"waiting_removals\":%u,\n \"photos\":[", mountpoint,
          stop_is_wanted () ? "true" : "false", since, waiting);
  for (guint i = 0; i < steps->len; i++) {
    const Step *step = g_ptr_array_index (steps, i);
    g_autofree char *name = json_quote (step->contact->name), *kept = json_quote (step->file);
    g_autofree char *resource_name = json_quote (step->contact->resource_name), *error = json_quote (step->failure);
    printf ("%s{\"name\":%s,\"resource_name\":%s,\"kept\":%s,\"state\":\"%s\",\"error\":%s}", i > 0 ? ",\n  " : "",
            name, resource_name, kept,
            step->is_done           ? "done"
            : step->failure != NULL ? "failed"
                                    : "planned",
            error);
  }
  printf ("]}\n");
}

/* How many photos are not in .previous yet, since they are still to be removed. */
static guint
tell_removals (const RestoreWishes *wishes, const GPtrArray *contacts)
{
  guint count = 0;
  for (guint i = 0; !wishes->rejected && i < contacts->len; i++)
    count += ((const Contact *)g_ptr_array_index (contacts, i))->is_removing ? 1 : 0;
  if (count > 0)
    fprintf (stderr, "contactfs: removals that still wait: %u; run it again when they are done\n", count);
  return count;
}

/* Those that are named, each once; all of contacts, if none is. Borrowed elements, transfer full; NULL: a name is nobody's. */
static GPtrArray *
choose_contacts (const RestoreWishes *wishes, const GPtrArray *contacts, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  for (guint i = 0; i < wishes->names->len; i++) {
    Contact *contact = contacts_find (contacts, g_ptr_array_index (wishes->names, i));
    if (contact == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no contact “%s” in %s",
                   (const char *)g_ptr_array_index (wishes->names, i), wishes->common.mountpoint);
      return NULL;
    }
    if (!g_ptr_array_find (chosen, contact, NULL))
      g_ptr_array_add (chosen, contact);
  }
  for (guint i = 0; wishes->names->len == 0 && i < contacts->len; i++)
    g_ptr_array_add (chosen, g_ptr_array_index (contacts, i));
  return g_steal_pointer (&chosen);
}

int
restore_run (const RestoreWishes *wishes, GError **error)
{
  const CommandWishes *common = &wishes->common;
  g_autoptr (GPtrArray) contacts = contacts_read (common->mountpoint, error);
  if (contacts == NULL
      || (wishes->label != NULL && !contacts_keep_label (contacts, common->mountpoint, wishes->label, error)))
    return -1;
  g_autoptr (GPtrArray) chosen = choose_contacts (wishes, contacts, error);
  if (chosen == NULL)
    return -1;
  g_autoptr (Placed) placed = placed_open (common->account);
  g_autoptr (GPtrArray) steps = plan (wishes, placed, chosen);
  gboolean is_plan = common->dry_run || steps->len == 0;
  g_autofree char *begun = is_plan ? NULL : command_time_now ();
  if (!common->json && (!common->quiet || common->dry_run))
    print_plan (steps, wishes->rejected);
  if (is_plan && !common->json)
    printf ("%u to restore\n", steps->len);
  if (!is_plan) {
    stop_watch ();
    print_failures (steps, !bring_all_back (wishes, placed, steps));
  }
  guint waiting = tell_removals (wishes, chosen), done = count_done (steps);
  if (common->json) {
    print_json (wishes, steps, waiting, begun);
  } else if (!is_plan && !common->quiet) {
    printf ("%u of %u restored. ", done, steps->len);
    command_print_undo (common, begun, wishes->names);
  }
  return waiting == 0 && (is_plan || done == steps->len) ? COMMAND_ALL : COMMAND_SOME;
}
