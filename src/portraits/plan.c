/* Whom each picture is of, by the table or by its name, and what is to be done with it (plan.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/plan.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "image/foreign.h"
#include "image/header.h"
#include "match/match.h"
#include "portraits/table.h"
#include "terminal/progress.h"

#define SUGGESTIONS 3

static void
placement_free (gpointer data)
{
  Placement *self = data;
  g_free (self->path);
  g_ptr_array_unref (self->others);
  g_free (self->reason);
  g_free (self);
}

static Placement *
add_placement (Plan *plan, const char *path, PlacementState state)
{
  Placement *self = g_new0 (Placement, 1);
  self->path = g_strdup (path);
  self->state = state;
  self->others = g_ptr_array_new ();
  g_ptr_array_add (plan->placements, self);
  return self;
}

static void
leave (Placement *self, PlacementState state, char *reason)
{
  self->state = state;
  g_free (self->reason);
  self->reason = reason;
}

/* ---- whom it is of ---- */

static Matcher *
make_matcher (const GPtrArray *contacts)
{
  Matcher *matcher = matcher_new ();
  for (guint i = 0; i < contacts->len; i++) {
    const Contact *contact = g_ptr_array_index (contacts, i);
    matcher_add (matcher, &(MatchPerson){ .folder = contact->name,
                                          .resource_name = contact->resource_name,
                                          .emails = (const char *const *)contact->emails,
                                          .phones = (const char *const *)contact->phones });
  }
  return matcher;
}

static void
add_others (Placement *self, const GPtrArray *contacts, const GArray *indexes)
{
  for (guint i = 0; i < indexes->len; i++)
    g_ptr_array_add (self->others, g_ptr_array_index (contacts, g_array_index (indexes, guint, i)));
}

/* found: as of the matcher, for name */
static void
set_contact (Placement *self, const Plan *plan, const Matcher *matcher, const char *name, const GArray *found)
{
  if (found->len == 1) {
    self->contact = g_ptr_array_index (plan->contacts, g_array_index (found, guint, 0));
    return;
  }
  leave (self, found->len > 1 ? PLACEMENT_AMBIGUOUS : PLACEMENT_NOBODY, NULL);
  if (found->len > 1) {
    add_others (self, plan->contacts, found);
    return;
  }
  g_autoptr (GArray) nearest = matcher_nearest (matcher, name, SUGGESTIONS);
  add_others (self, plan->contacts, nearest);
}

/* ---- the table ---- */

static char *
compose (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  return g_utf8_normalize (valid, -1, G_NORMALIZE_NFC);
}

/* Whether a row of the table names the picture: by its path's end, so that "a.jpg" and "portraits/a.jpg" are both right. */
static gboolean
is_named (const char *picture, const char *row)
{
  g_autofree char *path = compose (picture), *said = compose (row);
  const char *file = said;
  while (g_str_has_prefix (file, "./"))
    file += 2;
  if (file[0] == '/')
    return strcmp (path, file) == 0;
  return file[0] != '\0' && g_str_has_suffix (path, file) && path[strlen (path) - strlen (file) - 1] == '/';
}

static gboolean
is_header (const GStrv row)
{
  return g_ascii_strcasecmp (row[0], "file") == 0 && g_ascii_strcasecmp (row[1], "contact") == 0;
}

static GPtrArray *
read_table (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize size;
  if (!g_file_get_contents (path, &text, &size, error))
    return NULL;
  if (strlen (text) != size) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s is no text: it has a zero byte", path);
    return NULL;
  }
  g_autoptr (GPtrArray) rows = table_parse (text, error);
  if (rows == NULL)
    return NULL;
  for (guint i = 0; i < rows->len; i++)
    if (g_strv_length (g_ptr_array_index (rows, i)) != 2) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "row %u of %s has %u fields, and is file,contact: a name "
                   "with a comma stands in quotes",
                   i + 1, path, g_strv_length (g_ptr_array_index (rows, i)));
      return NULL;
    }
  if (rows->len > 0 && is_header (g_ptr_array_index (rows, 0)))
    g_ptr_array_remove_index (rows, 0);
  return g_steal_pointer (&rows);
}

static void
find_by_row (Placement *self, const Plan *plan, const Matcher *matcher, const char *contact)
{
  if (self->contact != NULL || self->state != PLACEMENT_PLANNED) {
    self->contact = NULL;
    leave (self, PLACEMENT_AMBIGUOUS, g_strdup ("several rows of the table name it"));
    return;
  }
  g_autoptr (GArray) found = matcher_find_name (matcher, contact);
  set_contact (self, plan, matcher, contact, found);
  if (self->state == PLACEMENT_NOBODY)
    self->reason = g_strdup_printf ("the table says “%s”, who is nobody here", contact);
}

/* TRUE for each placement that the table names. */
static gboolean *
apply_table (Plan *plan, const Matcher *matcher, const GPtrArray *rows)
{
  guint count = plan->placements->len;
  gboolean *named = g_new0 (gboolean, count + 1);
  for (guint i = 0; i < rows->len; i++) {
    const GStrv row = g_ptr_array_index (rows, i);
    guint hits = 0;
    for (guint j = 0; j < count; j++) {
      Placement *placement = g_ptr_array_index (plan->placements, j);
      if (!is_named (placement->path, row[0]))
        continue;
      hits++;
      named[j] = TRUE;
      find_by_row (placement, plan, matcher, row[1]);
    }
    if (hits == 0)
      leave (add_placement (plan, row[0], PLACEMENT_NO_PICTURE), PLACEMENT_NO_PICTURE,
             g_strdup ("is in the table and not among the pictures"));
  }
  return named;
}

/* ---- what is there ---- */

/* NULL with a reason: it cannot be read, or is no picture. */
static GBytes *
read_picture (Placement *self)
{
  g_autoptr (GError) error = NULL;
  GBytes *bytes = contact_read_file (AT_FDCWD, self->path, &error);
  if (bytes == NULL) {
    self->code = error->code;
    leave (self, PLACEMENT_NO_PICTURE, g_strdup (g_strerror (error->code)));
  }
  return bytes;
}

static void
check_picture (Placement *self)
{
  guint8 head[4096];
  int fd = open (self->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  gssize count = fd >= 0 ? read (fd, head, sizeof head) : -1;
  if (fd >= 0)
    close (fd);
  if (count < 0)
    g_bytes_unref (read_picture (self)); /* for its reason */
  else if (image_kind (head, (gsize)count) == IMAGE_KIND_NONE)
    leave (self, PLACEMENT_NO_PICTURE, image_foreign_words (head, (gsize)count));
}

static guint64
count_pixels (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);
  ImageHeader header;
  return image_read_header (data, size, &header, NULL) ? (guint64)header.width * header.height : 0;
}

static GBytes *
read_photo (const char *mountpoint, const Contact *contact, GError **error)
{
  int fd = contact_open (mountpoint, contact, error);
  if (fd < 0)
    return NULL;
  GBytes *photo = contact_read_file (fd, "photo.jpg", error);
  close (fd);
  return photo;
}

static void
compare_sizes (Placement *self, const char *mountpoint, GBytes *picture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) photo = read_photo (mountpoint, self->contact, &error);
  guint64 there = photo != NULL ? count_pixels (photo) : 0, new = count_pixels (picture);
  if (photo == NULL)
    leave (self, PLACEMENT_KEPT, g_strdup_printf ("the photo that is there cannot be read: %s", error->message));
  else if (there == 0 || new == 0)
    leave (self, PLACEMENT_KEPT, g_strdup ("which of the two is smaller cannot be told"));
  else if (there >= new)
    leave (self, PLACEMENT_KEPT, g_strdup ("the photo that is there is not smaller"));
}

/* An import that was killed on the way had begun with it, and it is the photo. */
static gboolean
was_placed_after_all (const Placement *self, const PlanWishes *wishes, GBytes *picture)
{
  if (!placed_was_begun (wishes->placed, self->contact->resource_name, picture))
    return FALSE;
  contact_settle (wishes->mountpoint, self->contact);
  g_autofree char *sent = contact_sent (wishes->mountpoint, self->contact);
  return placed_is_sent (sent, picture);
}

static void
decide (Placement *self, const PlanWishes *wishes)
{
  if (!self->contact->has_photo || wishes->replace == REPLACE_ALL)
    return;
  g_autoptr (GBytes) picture = read_picture (self);
  if (picture == NULL)
    return;
  if (placed_has (wishes->placed, self->contact->resource_name, picture)
      || was_placed_after_all (self, wishes, picture))
    leave (self, PLACEMENT_ALREADY, NULL);
  else if (!self->contact->has_photo) /* it has settled */
    return;
  else if (wishes->replace == REPLACE_MISSING)
    leave (self, PLACEMENT_KEPT,
           g_strdup (placed_was_begun (wishes->placed, self->contact->resource_name, picture)
                         ? "has a photo, which an import that was killed may have placed; --replace all makes sure"
                         : "has a photo"));
  else
    compare_sizes (self, wishes->mountpoint, picture);
}

static void
decide_all (Plan *plan, const PlanWishes *wishes)
{
  g_autoptr (Progress) progress
      = progress_new ("compared", plan_count (plan, PLACEMENT_PLANNED), PROGRESS_READS,
                      wishes->quiet || wishes->replace != REPLACE_SMALLER); /* the others fetch nothing */
  for (guint i = 0; i < plan->placements->len; i++) {
    Placement *placement = g_ptr_array_index (plan->placements, i);
    if (placement->state != PLACEMENT_PLANNED)
      continue;
    decide (placement, wishes);
    progress_step (progress);
  }
}

/* Everybody counts for whom a picture is of; those without the label are left as they are. */
static gboolean
leave_unlabelled (Plan *plan, const PlanWishes *wishes, GError **error)
{
  g_autoptr (GPtrArray) labelled = g_ptr_array_new ();
  if (wishes->label == NULL)
    return TRUE;
  g_ptr_array_extend (labelled, plan->contacts, NULL, NULL);
  if (!contacts_keep_label (labelled, wishes->mountpoint, wishes->label, error))
    return FALSE;
  for (guint i = 0; i < plan->placements->len; i++) {
    Placement *placement = g_ptr_array_index (plan->placements, i);
    if (placement->state == PLACEMENT_PLANNED && !g_ptr_array_find (labelled, placement->contact, NULL))
      leave (placement, PLACEMENT_KEPT, g_strdup_printf ("does not carry the label “%s”", wishes->label));
  }
  return TRUE;
}

/* Two pictures of one contact: nothing says which. */
static void
leave_doubles (Plan *plan)
{
  g_autoptr (GHashTable) first = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < plan->placements->len; i++) {
    Placement *placement = g_ptr_array_index (plan->placements, i);
    if (placement->state != PLACEMENT_PLANNED)
      continue;
    Placement *other = g_hash_table_lookup (first, placement->contact);
    if (other == NULL) {
      g_hash_table_insert (first, placement->contact, placement);
      continue;
    }
    g_autofree char *name = g_path_get_basename (placement->path), *other_name = g_path_get_basename (other->path);
    leave (placement, PLACEMENT_DOUBLE, g_strdup_printf ("so is %s", other_name));
    leave (other, PLACEMENT_PLANNED, g_strdup_printf ("so is %s", name));
  }
  for (guint i = 0; i < plan->placements->len; i++) {
    Placement *placement = g_ptr_array_index (plan->placements, i);
    if (placement->state == PLACEMENT_PLANNED && placement->reason != NULL)
      placement->state = PLACEMENT_DOUBLE;
  }
}

/* ---- the whole ---- */

Plan *
plan_make (const PlanWishes *wishes, GError **error)
{
  g_autoptr (Plan) plan = g_new0 (Plan, 1);
  g_autoptr (GPtrArray) rows = wishes->table != NULL ? read_table (wishes->table, error) : g_ptr_array_new ();
  plan->placements = g_ptr_array_new_with_free_func (placement_free);
  plan->contacts = rows != NULL ? contacts_read (wishes->mountpoint, error) : NULL;
  if (plan->contacts == NULL)
    return NULL;
  g_autoptr (Matcher) matcher = make_matcher (plan->contacts);
  for (guint i = 0; i < wishes->pictures->len; i++)
    add_placement (plan, g_ptr_array_index (wishes->pictures, i), PLACEMENT_PLANNED);
  g_autofree gboolean *named = apply_table (plan, matcher, rows);
  for (guint i = 0; i < wishes->pictures->len; i++) {
    Placement *placement = g_ptr_array_index (plan->placements, i);
    if (!named[i] && wishes->table != NULL) {
      leave (placement, PLACEMENT_NOBODY, g_strdup ("is not in the table"));
    } else if (!named[i]) {
      g_autoptr (GArray) found = matcher_find (matcher, placement->path);
      set_contact (placement, plan, matcher, placement->path, found);
    }
    if (placement->state == PLACEMENT_PLANNED)
      check_picture (placement);
  }
  if (!leave_unlabelled (plan, wishes, error))
    return NULL;
  leave_doubles (plan);
  decide_all (plan, wishes);
  return g_steal_pointer (&plan);
}

void
plan_free (Plan *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->placements);
  if (self->contacts != NULL)
    g_ptr_array_unref (self->contacts);
  g_free (self);
}

guint
plan_count (const Plan *self, PlacementState state)
{
  guint count = 0;
  for (guint i = 0; i < self->placements->len; i++)
    if (((const Placement *)g_ptr_array_index (self->placements, i))->state == state)
      count++;
  return count;
}
