/*
 * The page of faces (sheet.h). sheet.html is the page around them; a person is written as soon as the face has been read and
 * made small, so that no more than one is in memory.
 */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image/prepare.h"
#include "net/json.h"
#include "portraits/contacts.h"
#include "portraits/sheet-resource.h"
#include "portraits/stop.h"
#include "terminal/progress.h"

#define FACE_PIXELS     288 /* twice a face's width on the screen */
#define FACE_BYTES      (48 * 1024)
#define CONVERT_SECONDS 60

typedef struct {
  const SheetWishes *wishes;
  ImageHelper *helper;
  GOutputStream *out;
  guint failures;     /* of the service, one after the other */
  GPtrArray *unshown; /* of Contact, borrowed: those whose photos could not be shown */
} Sheet;

/* ---- texts ---- */

/* The first letter of word with the marks on it. */
static char *
first_letter (const char *word)
{
  const char *end = g_utf8_next_char (word);
  while (*end != '\0' && g_unichar_ismark (g_utf8_get_char (end)))
    end = g_utf8_next_char (end);
  g_autofree char *letter = g_strndup (word, (gsize)(end - word));
  return g_utf8_strup (letter, -1);
}

/* Of the words that begin with a letter: behind a name in brackets stands what tells it from others. */
char *
sheet_initials (const char *name)
{
  g_autofree char *bare = g_strndup (name, strcspn (name, "(@"));
  g_auto (GStrv) words = g_strsplit_set (bare, " \t-_.,", -1);
  const char *first = NULL, *last = NULL;
  for (char **word = words; *word != NULL; word++)
    if (g_unichar_isalpha (g_utf8_get_char (*word))) {
      first = first != NULL ? first : *word;
      last = *word;
    }
  if (first == NULL)
    return g_strdup ("#");
  g_autofree char *one = first_letter (first), *two = last != first ? first_letter (last) : g_strdup ("");
  return g_strconcat (one, two, NULL);
}

static char *
find_title (const SheetWishes *wishes)
{
  g_autofree char *name = g_strdup (wishes->label);
  if (name == NULL)
    name = g_strcmp0 (wishes->common.account, "default") == 0
               ? g_strdup ("Contacts")
               : g_strdup_printf ("Contacts of %s", wishes->common.account);
  return g_markup_escape_text (name, -1);
}

/* The page in front of the people and behind them. Ended by NULL. */
static char **
page_around (const SheetWishes *wishes)
{
  g_autoptr (GBytes) page
      = g_resource_lookup_data (sheet_get_resource (), "/contactfs/sheet.html", G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  gsize size;
  const char *text = g_bytes_get_data (page, &size);
  g_autoptr (GString) whole = g_string_new_len (text, (gssize)size);
  g_autofree char *title = find_title (wishes);
  g_string_replace (whole, "{title}", title, 0);
  return g_strsplit (whole->str, "{people}\n", 2);
}

static gboolean
write_text (Sheet *self, const char *text, GError **error)
{
  g_autoptr (GError) why = NULL;
  if (g_output_stream_write_all (self->out, text, strlen (text), NULL, NULL, &why))
    return TRUE;
  g_set_error (error, PORTRAITS_ERROR, 0, "%s: %s", self->wishes->path, why->message);
  return FALSE;
}

/* ---- faces ---- */

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

/* A small JPEG or PNG without metadata; NULL: none can be made of it. */
static ImagePrepared *
make_small (Sheet *self, GBytes *photo)
{
  const ImageWishes wishes = { .max_bytes = FACE_BYTES, .max_side = FACE_PIXELS, .strip_metadata = TRUE };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  image_prepare_async (self->helper, photo, &wishes, NULL,
                       g_get_monotonic_time () + CONVERT_SECONDS * G_TIME_SPAN_SECOND, NULL, on_prepared, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  ImagePrepared *small = image_prepare_finish (result, &error);
  if (small == NULL)
    g_debug ("a face cannot be made small: %s", error->message);
  return small;
}

/* NULL: the contact has none, or it cannot be shown. */
static ImagePrepared *
read_face (Sheet *self, const Contact *contact, GError **error)
{
  int folder = contact->has_photo || contact->has_profile
                   ? contact_open (self->wishes->common.mountpoint, contact, error)
                   : -1;
  if (folder < 0)
    return NULL;
  g_autoptr (GBytes) photo
      = contact_read_one_of_many (folder, contact->has_photo ? "photo.jpg" : "profile.jpg", &self->failures, error);
  close (folder);
  ImagePrepared *small = photo != NULL ? make_small (self, photo) : NULL;
  if (photo != NULL && small == NULL)
    g_set_error (error, PORTRAITS_ERROR, 0, "the picture cannot be made small");
  return small;
}

static gboolean
write_person (Sheet *self, Contact *contact, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (ImagePrepared) face = read_face (self, contact, &why);
  g_autofree char *name = g_markup_escape_text (contact->name, -1), *figure = NULL;
  if (why != NULL && why->code == ENOTCONN) { /* the mount is gone, and with it all further faces */
    g_propagate_error (error, g_steal_pointer (&why));
    return FALSE;
  }
  if (why != NULL) {
    g_ptr_array_add (self->unshown, contact);
    fprintf (stderr, "contactfs: %s: the face is left out: %s\n", contact->name, why->message);
  }
  if (face != NULL) {
    gsize size;
    gconstpointer data = g_bytes_get_data (face->bytes, &size);
    g_autofree char *base64 = g_base64_encode (data, size);
    figure = g_strdup_printf ("<figure><img alt=\"\" loading=\"lazy\" src=\"data:%s;base64,%s\">"
                              "<figcaption dir=\"auto\">%s</figcaption></figure>\n",
                              image_kind_mime_type (image_kind (data, size)), base64, name);
  } else {
    g_autofree char *letters = sheet_initials (contact->name), *initials = g_markup_escape_text (letters, -1);
    figure = g_strdup_printf ("<figure><b aria-hidden=\"true\" style=\"--hue:%u\">%s</b>"
                              "<figcaption dir=\"auto\">%s</figcaption></figure>\n",
                              g_str_hash (contact->name) % 360, initials, name);
  }
  return write_text (self, figure, error);
}

/* ---- the page ---- */

static gboolean
write_page (Sheet *self, const GPtrArray *contacts, GError **error)
{
  g_auto (GStrv) around = page_around (self->wishes);
  g_autoptr (Progress) progress = progress_new ("shown", contacts->len, PROGRESS_READS, self->wishes->common.quiet);
  if (!write_text (self, around[0], error))
    return FALSE;
  for (guint i = 0; i < contacts->len; i++) {
    if (stop_is_wanted ()) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped after %u of %u people; no page was made", i,
                   contacts->len);
      return FALSE;
    }
    if (!write_person (self, g_ptr_array_index (contacts, i), error))
      return FALSE;
    progress_step (progress);
  }
  return contacts_check_mounted (self->wishes->common.mountpoint, error) && write_text (self, around[1], error);
}

/* A file beside the page, which nobody but the user may read. NULL with an error. */
static GOutputStream *
begin_page (const char *path, char **beside, GError **error)
{
  if (g_file_test (path, G_FILE_TEST_EXISTS) && !g_file_test (path, G_FILE_TEST_IS_REGULAR)) {
    g_set_error (error, PORTRAITS_ERROR, EINVAL, "%s is no file that a page could take the place of", path);
    return NULL;
  }
  *beside = g_strconcat (path, ".XXXXXX", NULL);
  int fd = g_mkstemp_full (*beside, O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) {
    g_set_error (error, PORTRAITS_ERROR, errno, "%s: %s", path, g_strerror (errno));
    return NULL;
  }
  return g_unix_output_stream_new (fd, TRUE);
}

/* The page takes the place of an older one; if it is not whole, it goes. */
static gboolean
end_page (GOutputStream *out, gboolean whole, const char *beside, const char *path, GError **error)
{
  whole = g_output_stream_close (out, NULL, whole ? error : NULL) && whole;
  if (whole && g_rename (beside, path) == 0)
    return TRUE;
  if (whole)
    g_set_error (error, PORTRAITS_ERROR, errno, "%s: %s", path, g_strerror (errno));
  g_unlink (beside);
  return FALSE;
}

static void
print_json (const Sheet *self, guint people)
{
  g_autofree char *path = json_quote (self->wishes->path);
  printf ("{\"file\":%s,\"people\":%u,\"left_out\":[", path, people);
  for (guint i = 0; i < self->unshown->len; i++) {
    g_autofree char *name = json_quote (((const Contact *)g_ptr_array_index (self->unshown, i))->name);
    printf ("%s%s", i > 0 ? "," : "", name);
  }
  printf ("]}\n");
}

int
sheet_run (const SheetWishes *wishes, GError **error)
{
  g_autoptr (GPtrArray) contacts = contacts_read (wishes->common.mountpoint, error);
  g_autofree char *beside = NULL;
  if (contacts == NULL
      || (wishes->label != NULL && !contacts_keep_label (contacts, wishes->common.mountpoint, wishes->label, error)))
    return -1;
  g_autoptr (GOutputStream) out = begin_page (wishes->path, &beside, error);
  if (out == NULL)
    return -1;
  stop_watch ();
  g_autoptr (GPtrArray) unshown = g_ptr_array_new ();
  Sheet self = { .wishes = wishes, .helper = image_helper_new (wishes->helper), .out = out, .unshown = unshown };
  gboolean whole = write_page (&self, contacts, error);
  image_helper_free (self.helper);
  if (!end_page (out, whole, beside, wishes->path, error))
    return -1;
  if (wishes->common.json)
    print_json (&self, contacts->len);
  else if (!wishes->common.quiet)
    printf ("%s shows %u people\n", wishes->path, contacts->len);
  return unshown->len == 0 ? COMMAND_ALL : COMMAND_SOME;
}
