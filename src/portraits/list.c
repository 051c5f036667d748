/* Rows of a table, gathered first so that its columns can be as wide as they must (list.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/list.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "image/header.h"
#include "net/json.h"
#include "portraits/contacts.h"
#include "terminal/progress.h"

enum { COLUMN_NAME, COLUMN_PIXELS, COLUMN_BYTES, COLUMN_KIND, COLUMN_CHANGED, COLUMN_NOTE, COLUMNS };

typedef struct {
  const Contact *contact;
  guint width, height; /* as it is shown; 0: not known */
  gsize bytes;
  ImageKind kind;
  char *error; /* why the last change failed, or why the photo cannot be read; NULL: nothing did */
} Row;

static void
row_free (gpointer data)
{
  Row *self = data;
  g_free (self->error);
  g_free (self);
}

static void
look_at_photo (Row *self, int folder, guint *failures)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) photo = contact_read_one_of_many (folder, "photo.jpg", failures, &error);
  if (photo == NULL) {
    if (self->error == NULL)
      self->error = g_strdup (error->message);
    return;
  }
  ImageHeader header;
  gconstpointer data = g_bytes_get_data (photo, &self->bytes);
  self->kind = image_kind (data, self->bytes);
  if (!image_read_header (data, self->bytes, &header, NULL))
    return;
  gboolean lies = header.orientation > 4;
  self->width = lies ? header.height : header.width;
  self->height = lies ? header.width : header.height;
}

/* NULL: the contact is gone meanwhile; with an error the mount is. */
static Row *
row_new (const char *mountpoint, const Contact *contact, guint *failures, GError **error)
{
  g_autoptr (GError) why = NULL;
  int folder = contact_open (mountpoint, contact, &why);
  if (folder < 0) {
    if (why->code == ENOTCONN)
      g_propagate_error (error, g_steal_pointer (&why));
    return NULL;
  }
  Row *self = g_new0 (Row, 1);
  self->contact = contact;
  self->error = contact_attribute (folder, "user.contactfs.error");
  if (contact->has_photo)
    look_at_photo (self, folder, failures);
  close (folder);
  return self;
}

static gboolean
is_wanted (const ListWishes *wishes, const Row *row)
{
  if (!wishes->without_photo && wishes->small == 0)
    return TRUE;
  if (!row->contact->has_photo)
    return wishes->without_photo;
  return row->width > 0 && MIN (row->width, row->height) < wishes->small;
}

/* Whether its photo is small cannot be told. */
static gboolean
is_unknown (const ListWishes *wishes, const Row *row)
{
  return wishes->small > 0 && row->contact->has_photo && row->width == 0;
}

/* unknown: how many were left out, as their photos could not be read. NULL with an error: some were not looked at. */
static GPtrArray *
gather (const ListWishes *wishes, const GPtrArray *contacts, guint *unknown, GError **error)
{
  guint failures = 0;
  g_autoptr (GError) gone = NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  gboolean needs_photos = !wishes->without_photo || wishes->small > 0;
  g_autoptr (Progress) progress = progress_new ("looked at", contacts->len, PROGRESS_READS, wishes->common.quiet);
  for (guint i = 0; i < contacts->len; i++) {
    const Contact *contact = g_ptr_array_index (contacts, i);
    Row *row
        = needs_photos || !contact->has_photo ? row_new (wishes->common.mountpoint, contact, &failures, &gone) : NULL;
    if (gone != NULL) {
      g_propagate_error (error, g_steal_pointer (&gone));
      return NULL;
    }
    *unknown += row != NULL && is_unknown (wishes, row) ? 1 : 0;
    if (row != NULL && is_wanted (wishes, row))
      g_ptr_array_add (rows, row);
    else if (row != NULL)
      row_free (row);
    progress_step (progress);
  }
  return contacts_check_mounted (wishes->common.mountpoint, error) ? g_steal_pointer (&rows) : NULL;
}

/* ---- for people ---- */

static char *
describe_time (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (seconds);
  return time != NULL && seconds > 0 ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("-");
}

static char *
describe_note (const Row *self)
{
  const char *profile = !self->contact->has_photo && self->contact->has_profile ? "profile picture only" : NULL;
  if (profile != NULL && self->error != NULL)
    return g_strdup_printf ("%s; %s", profile, self->error);
  return g_strdup (profile != NULL ? profile : self->error != NULL ? self->error : "");
}

/* Ended by NULL. */
static char **
describe (const Row *self)
{
  char **cells = g_new0 (char *, COLUMNS + 1);
  gboolean has_bytes = self->bytes > 0;
  cells[COLUMN_NAME] = g_strdup (self->contact->name);
  if (self->width > 0)
    cells[COLUMN_PIXELS] = g_strdup_printf ("%u × %u", self->width, self->height);
  else
    cells[COLUMN_PIXELS] = g_strdup (self->contact->has_photo ? "?" : "no photo");
  cells[COLUMN_BYTES] = has_bytes ? g_format_size (self->bytes) : g_strdup ("-");
  cells[COLUMN_KIND] = g_strdup (has_bytes ? image_kind_label (self->kind) : "-");
  cells[COLUMN_CHANGED] = describe_time (self->contact->changed);
  cells[COLUMN_NOTE] = describe_note (self);
  return cells;
}

static guint
width_of (const char *text)
{
  guint width = 0;
  for (; *text != '\0'; text = g_utf8_next_char (text)) {
    gunichar c = g_utf8_get_char (text);
    width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
  }
  return width;
}

static void
print_cells (char **cells, const guint *widths)
{
  for (guint i = 0; i < COLUMNS; i++) {
    gboolean is_last = i + 1 == COLUMNS || cells[i + 1][0] == '\0';
    printf ("%s", cells[i]);
    if (is_last)
      break;
    printf ("%*s", (int)(widths[i] - width_of (cells[i]) + 2), "");
  }
  printf ("\n");
}

static void
print_table (const GPtrArray *rows)
{
  char *titles[COLUMNS + 1]
      = { (char *)"Name", (char *)"Pixels", (char *)"Bytes", (char *)"Kind", (char *)"Changed", (char *)"", NULL };
  guint widths[COLUMNS] = { 0 };
  g_autoptr (GPtrArray) table = g_ptr_array_new_with_free_func ((GDestroyNotify)g_strfreev);
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (table, describe (g_ptr_array_index (rows, i)));
  for (guint column = 0; column < COLUMNS; column++) {
    widths[column] = width_of (titles[column]);
    for (guint i = 0; i < table->len; i++)
      widths[column] = MAX (widths[column], width_of (((char **)g_ptr_array_index (table, i))[column]));
  }
  print_cells (titles, widths);
  for (guint i = 0; i < table->len; i++)
    print_cells (g_ptr_array_index (table, i), widths);
}

/* ---- for programs ---- */

static void
print_json (const GPtrArray *rows)
{
  printf ("[");
  for (guint i = 0; i < rows->len; i++) {
    const Row *row = g_ptr_array_index (rows, i);
    const Contact *contact = row->contact;
    g_autofree char *name = json_quote (contact->name), *resource_name = json_quote (contact->resource_name);
    g_autofree char *kind = json_quote (row->bytes > 0 ? image_kind_mime_type (row->kind) : NULL);
    g_autofree char *error = json_quote (row->error);
    printf ("%s{\"name\":%s,\"resource_name\":%s,\"photo\":%s,\"width\":%u,\"height\":%u,\"bytes\":%" G_GSIZE_FORMAT
            ",\"kind\":%s,\"changed\":%" G_GINT64_FORMAT ",\"profile\":%s,\"error\":%s}",
            i > 0 ? ",\n " : "", name, resource_name, contact->has_photo ? "true" : "false", row->width, row->height,
            row->bytes, kind, contact->changed, contact->has_profile ? "true" : "false", error);
  }
  printf ("]\n");
}

int
list_run (const ListWishes *wishes, GError **error)
{
  g_autoptr (GPtrArray) contacts = contacts_read (wishes->common.mountpoint, error);
  if (contacts == NULL
      || (wishes->label != NULL && !contacts_keep_label (contacts, wishes->common.mountpoint, wishes->label, error)))
    return -1;
  guint unknown = 0;
  g_autoptr (GPtrArray) rows = gather (wishes, contacts, &unknown, error);
  if (rows == NULL)
    return -1;
  if (wishes->common.json)
    print_json (rows);
  else if (rows->len > 0)
    print_table (rows);
  else
    printf ("nobody\n");
  if (unknown == 0)
    return COMMAND_ALL;
  fprintf (stderr, "contactfs: photos that may be small, and could not be read: %u; contactfs list says why\n",
           unknown);
  return COMMAND_SOME;
}
