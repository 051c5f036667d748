/*
 * Programs that look again at what they wrote. rclone copies a picture, finds another size (it was converted, or the service
 * compressed it anew), takes that for a damaged copy and removes it; curl --remove-on-error removes what could not be
 * written. Both mean what they have just written, and would take the photo that was there before.
 *
 * So an unlink by the process whose own write of that file was just refused, or became other bytes than it wrote, takes
 * back that write and no more:
 *
 *   the write was        the unlink
 *   refused              takes nothing: photo.jpg is away for FOLDER_SUCCESSOR_WAIT, as when it is renamed, and back
 *   equal to the photo   the same
 *   a new photo          is answered, and when no successor comes, the photo that was there before is sent again from
 *                        .previous; a first photo is removed as by anybody
 *
 * Who looked at nothing, or found the bytes that it wrote, removes the photo as always. A process is known by its id, and
 * only for a while, within which the kernel hardly gives an id twice.
 */
#define G_LOG_DOMAIN "contactfs"

#include "folder/take-back.h"

#define JUST_NOW (30 * G_TIME_SPAN_SECOND)

/* Of one person, by one program. */
typedef struct {
  gint64 process;
  gint64 until; /* monotonic */
  char *name;   /* of the file that was written */
  char *before; /* the photo's version then; NULL: none */
  char *sha256; /* of its bytes, "": not known */
  char *after;  /* and now, when it is the photo; NULL: it was refused */
  gboolean converted;
} Write;

static void
write_free (gpointer data)
{
  Write *self = data;

  g_free (self->name);
  g_free (self->before);
  g_free (self->sha256);
  g_free (self->after);
  g_free (self);
}

static gboolean
is_past (gpointer key, gpointer value, gpointer now)
{
  return ((const Write *)value)->until < *(const gint64 *)now;
}

GHashTable *
take_back_writes_new (void)
{
  return g_hash_table_new_full (NULL, NULL, (GDestroyNotify)book_person_unref, write_free);
}

static Write *
write_new (Contacts *contacts, BookPerson *person, gint64 process, const char *name)
{
  Write *self = g_new0 (Write, 1);
  gint64 now = g_get_monotonic_time ();

  g_hash_table_foreach_remove (contacts->last_writes, is_past, &now);
  self->process = process;
  self->until = now + JUST_NOW;
  self->name = g_strdup (name);
  g_hash_table_replace (contacts->last_writes, book_person_ref (person), self);
  return self;
}

void
take_back_note_refused (Contacts *contacts, BookPerson *person, gint64 process, const char *name)
{
  if (process != 0 && name != NULL)
    write_new (contacts, person, process, name);
}

void
take_back_note_taken (Contacts *contacts, BookPerson *person, gint64 process, const char *name, const char *before)
{
  BookStorePhoto row;
  Write *write;

  if (process == 0 || name == NULL || person->unconfirmed != NULL)
    return;
  write = write_new (contacts, person, process, name);
  write->before = g_strdup (before);
  write->sha256 = g_strdup (before != NULL && photos_lookup (contacts->photos, before, &row) ? row.sha256 : "");
  write->after = book_person_photo_version (person);
  write->converted = person->note != NULL;
}

/* TRUE if whoever looks finds other bytes than were written. */
static gboolean
is_other_than_written (Contacts *contacts, const BookPerson *person, const Write *write)
{
  BookStorePhoto row;

  return write->converted
         || (photos_lookup (contacts->photos, write->after, &row) && row.sha256[0] != '\0'
             && !book_store_was_sent (contacts->store, person->resource_name, write->after, row.sha256));
}

TakeBack
take_back_claim (Contacts *contacts, BookPerson *person, gint64 process, const char *name, char **before)
{
  Write *write = g_hash_table_lookup (contacts->last_writes, person);
  g_autofree char *now = book_person_photo_version (person);
  TakeBack what = TAKE_BACK_NOTHING;

  *before = NULL;
  if (write == NULL || process == 0 || write->process != process || !g_str_equal (write->name, name))
    return TAKE_BACK_NOT;
  if (write->until < g_get_monotonic_time () || now == NULL)
    what = TAKE_BACK_NOT;
  else if (write->after == NULL)
    what = TAKE_BACK_NOTHING;
  else if (!g_str_equal (write->after, now) || !is_other_than_written (contacts, person, write))
    what = TAKE_BACK_NOT;
  else if (write->before == NULL)
    what = TAKE_BACK_NOT; /* a first photo: to remove it is to take it back */
  else if (!g_str_equal (write->before, write->after))
    what = TAKE_BACK_PHOTO;
  if (what == TAKE_BACK_PHOTO)
    *before = g_steal_pointer (&write->sha256);
  g_hash_table_remove (contacts->last_writes, person);
  return what;
}
