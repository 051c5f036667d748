/* Contacts as folders (contacts.h). */
#define G_LOG_DOMAIN "contactfs"

#include "portraits/contacts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "net/json.h"
#include "net/text.h"

#define MAX_ATTRIBUTE 8192
#define MAX_PICTURE   (64 * 1024 * 1024)
#define MAX_FAILURES  5
#define SETTLE_LOOKS  600
#define SETTLE_PAUSE  (200 * G_TIME_SPAN_MILLISECOND)

G_DEFINE_QUARK (portraits - error - quark, portraits_error)

/* FALSE, with the sentence or with the errno's words. */
static gboolean
fail (GError **error, int code, const char *name, const char *sentence)
{
  if (sentence != NULL)
    g_set_error_literal (error, PORTRAITS_ERROR, code, sentence);
  else
    g_set_error (error, PORTRAITS_ERROR, code, "%s: %s", name, g_strerror (code));
  return FALSE;
}

void
contact_free (gpointer data)
{
  Contact *self = data;
  g_free (self->name);
  g_free (self->resource_name);
  g_strfreev (self->emails);
  g_strfreev (self->phones);
  g_strfreev (self->replaced);
  g_free (self);
}

char *
contact_attribute (int fd, const char *name)
{
  char value[MAX_ATTRIBUTE];
  gssize length = fgetxattr (fd, name, value, sizeof value);
  g_autofree char *text = length > 0 ? g_strndup (value, (gsize)length) : NULL;
  return text_clean (text); /* whoever mounted it may have written anything */
}

/* The whole attribute, however long it is; it may grow meanwhile. "": it has none. Transfer full. */
static char *
read_whole (int fd, const char *name)
{
  char *text = NULL;
  gssize size, length = 0;
  do {
    size = fgetxattr (fd, name, NULL, 0);
    text = g_realloc (text, size > 0 ? (gsize)size + 1 : 1);
    length = size > 0 ? fgetxattr (fd, name, text, (gsize)size) : 0;
  } while (length < 0 && errno == ERANGE);
  text[MAX (length, 0)] = '\0';
  return text;
}

/* What the mount says of itself; NULL: nothing. */
static JsonValue *
read_status (const char *mountpoint)
{
  int root = open (mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *text = root >= 0 ? read_whole (root, "user.contactfs.status") : NULL;
  if (root >= 0)
    close (root);
  return text != NULL ? json_parse (text, strlen (text), NULL) : NULL;
}

static gint64
read_status_number (const char *mountpoint, const char *key)
{
  g_autoptr (JsonValue) status = read_status (mountpoint);
  return status != NULL ? json_int (status, key) : 0;
}

gboolean
contacts_check_mounted (const char *mountpoint, GError **error)
{
  g_autoptr (JsonValue) status = read_status (mountpoint);
  if (status != NULL && !json_bool (status, "ending"))
    return TRUE;
  g_autofree char *sentence
      = g_strdup_printf (status != NULL ? "%s is being unmounted" : "%s is not mounted any more", mountpoint);
  return fail (error, ENOTCONN, mountpoint, sentence);
}

/* Transfer full. */
static char **
read_lines (int fd, const char *name)
{
  g_autofree char *text = read_whole (fd, name);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GStrvBuilder) clean = g_strv_builder_new ();
  for (char **line = lines; *line != NULL; line++) {
    g_autofree char *words = text_clean (*line);
    if (words != NULL)
      g_strv_builder_add (clean, words);
  }
  return g_strv_builder_end (clean);
}

static void
see_files (Contact *self, int fd)
{
  int copy = openat (fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", copy);
  g_autoptr (GDir) folder = copy >= 0 ? g_dir_open (path, 0, NULL) : NULL;
  for (const char *name = folder != NULL ? g_dir_read_name (folder) : NULL; name != NULL;
       name = g_dir_read_name (folder)) {
    self->has_photo = self->has_photo || strcmp (name, "photo.jpg") == 0;
    self->has_profile = self->has_profile || strcmp (name, "profile.jpg") == 0;
  }
  if (copy >= 0)
    close (copy);
}

/* NULL: it is gone, or no contact. */
static Contact *
contact_new (const char *mountpoint, const char *name)
{
  g_autofree char *path = g_build_filename (mountpoint, name, NULL);
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status;
  Contact *self = NULL;
  if (fd < 0)
    return NULL;
  g_autofree char *resource_name = contact_attribute (fd, "user.contactfs.resource_name");
  if (resource_name != NULL && fstat (fd, &status) == 0) {
    self = g_new0 (Contact, 1);
    self->name = g_strdup (name);
    self->resource_name = g_steal_pointer (&resource_name);
    self->emails = read_lines (fd, "user.contactfs.emails");
    self->phones = read_lines (fd, "user.contactfs.phones");
    self->replaced = read_lines (fd, "user.contactfs.replaced");
    self->changed = status.st_mtim.tv_sec;
    see_files (self, fd);
    g_autofree char *removal = contact_attribute (fd, "user.contactfs.removal");
    self->is_removing = removal != NULL;
  }
  close (fd);
  return self;
}

static gint
compare_contacts (gconstpointer a, gconstpointer b)
{
  const Contact *left = *(const Contact *const *)a, *right = *(const Contact *const *)b;
  int order = g_utf8_collate (left->name, right->name);
  return order != 0 ? order : strcmp (left->name, right->name);
}

GPtrArray *
contacts_read (const char *mountpoint, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autoptr (GDir) root = g_dir_open (mountpoint, 0, &why);
  if (root == NULL) {
    fail (error, EIO, mountpoint, why->message);
    return NULL;
  }
  g_autoptr (GPtrArray) contacts = g_ptr_array_new_with_free_func (contact_free);
  for (const char *name = g_dir_read_name (root); name != NULL; name = g_dir_read_name (root)) {
    Contact *contact = contact_new (mountpoint, name);
    if (contact != NULL)
      g_ptr_array_add (contacts, contact);
  }
  if (!contacts_check_mounted (mountpoint, error))
    return NULL;
  g_ptr_array_sort (contacts, compare_contacts);
  return g_steal_pointer (&contacts);
}

/* "; there are “Choir”, “Family”"; empty when there are none. */
static char *
list_labels (const char *mountpoint)
{
  g_autofree char *path = g_build_filename (mountpoint, ".labels", NULL);
  g_autoptr (GDir) labels = g_dir_open (path, 0, NULL);
  g_autoptr (GString) list = g_string_new (NULL);
  for (const char *name = labels != NULL ? g_dir_read_name (labels) : NULL; name != NULL;
       name = g_dir_read_name (labels))
    g_string_append_printf (list, "%s“%s”", list->len > 0 ? ", " : "; there are ", name);
  return g_string_free (g_steal_pointer (&list), FALSE);
}

gboolean
contacts_keep_label (GPtrArray *contacts, const char *mountpoint, const char *label, GError **error)
{
  g_autofree char *folder = g_strdelimit (g_strdup (label), "/", '_'); /* as the mount makes a name of it */
  if (folder[0] == '.')
    folder[0] = '_';
  g_autofree char *path = g_build_filename (mountpoint, ".labels", folder, NULL);
  g_autoptr (GError) why = NULL;
  g_autoptr (GDir) links = g_dir_open (path, 0, &why);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (links == NULL && !g_error_matches (why, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return fail (error, 0, label, why->message);
  if (links == NULL || folder[0] == '\0') {
    g_autofree char *known = list_labels (mountpoint),
                    *sentence = g_strdup_printf ("there is no label “%s”%s", label, known);
    return fail (error, ENOENT, label, sentence);
  }
  for (const char *name = g_dir_read_name (links); name != NULL; name = g_dir_read_name (links))
    g_hash_table_add (names, g_strdup (name));
  for (guint i = contacts->len; i > 0; i--)
    if (!g_hash_table_contains (names, ((const Contact *)g_ptr_array_index (contacts, i - 1))->name))
      g_ptr_array_remove_index (contacts, i - 1);
  return TRUE;
}

Contact *
contacts_find (const GPtrArray *contacts, const char *name)
{
  g_autofree char *valid = g_utf8_make_valid (name, -1);
  g_autofree char *composed = g_utf8_normalize (valid, -1, G_NORMALIZE_NFC);
  for (guint i = 0; i < contacts->len; i++) {
    Contact *contact = g_ptr_array_index (contacts, i);
    if (strcmp (contact->name, composed) == 0)
      return contact;
  }
  return NULL;
}

int
contact_open (const char *mountpoint, const Contact *contact, GError **error)
{
  g_autofree char *path = g_build_filename (mountpoint, contact->name, NULL);
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    int code = errno;
    if (contacts_check_mounted (mountpoint, error))
      fail (error, code, contact->name, NULL);
    return -1;
  }
  g_autofree char *resource_name = contact_attribute (fd, "user.contactfs.resource_name");
  if (g_strcmp0 (resource_name, contact->resource_name) == 0)
    return fd;
  close (fd);
  if (contacts_check_mounted (mountpoint, error))
    fail (error, ESTALE, contact->name, "this name is somebody else's by now; run the command again");
  return -1;
}

static GBytes *
read_all (int fd, gsize size, const char *name, GError **error)
{
  g_autofree guint8 *data = g_malloc (size + 1);
  gsize length = 0;
  while (length <= size) {
    gssize count = read (fd, data + length, size + 1 - length);
    if (count < 0) {
      fail (error, errno, name, NULL);
      return NULL;
    }
    if (count == 0)
      break;
    length += (gsize)count;
  }
  return g_bytes_new_take (g_steal_pointer (&data), length);
}

GBytes *
contact_read_file (int folder, const char *name, GError **error)
{
  int fd = openat (folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer */
  struct stat status;
  GBytes *bytes = NULL;
  if (fd < 0 || fstat (fd, &status) != 0)
    fail (error, errno, name, NULL);
  else if (!S_ISREG (status.st_mode))
    fail (error, S_ISDIR (status.st_mode) ? EISDIR : EINVAL, name, "is no file");
  else if (status.st_size > MAX_PICTURE)
    fail (error, EFBIG, name, "is larger than 64 MiB");
  else
    bytes = read_all (fd, (gsize)status.st_size, name, error);
  if (fd >= 0)
    close (fd);
  return bytes;
}

GBytes *
contact_read_one_of_many (int folder, const char *name, guint *failures, GError **error)
{
  g_autoptr (GError) why = NULL;
  if (*failures >= MAX_FAILURES) {
    fail (error, EHOSTUNREACH, name, "it was not tried, as the service had failed several times");
    return NULL;
  }
  GBytes *bytes = contact_read_file (folder, name, &why);
  if (bytes == NULL && (why->code == EHOSTUNREACH || why->code == ETIMEDOUT || why->code == EACCES || why->code == EIO))
    (*failures)++;
  else if (bytes != NULL)
    *failures = 0;
  if (bytes == NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return bytes;
}

/* 0, or an errno. The outcome is that of the close. */
static int
write_and_close (int fd, GBytes *picture)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (picture, &size);
  int code = 0;
  while (size > 0 && code == 0) {
    gssize count = write (fd, data, size);
    if (count < 0) {
      code = errno;
    } else {
      data += count;
      size -= (gsize)count;
    }
  }
  if (close (fd) != 0 && code == 0)
    code = errno;
  return code;
}

gboolean
contact_place (const char *mountpoint, const Contact *contact, GBytes *picture, gboolean if_missing, GError **error)
{
  int folder = contact_open (mountpoint, contact, error);
  if (folder < 0)
    return FALSE;
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (if_missing ? O_EXCL : O_TRUNC);
  int fd = openat (folder, "photo.jpg", flags, 0644);
  int code = fd < 0 ? errno : write_and_close (fd, picture);
  if (code == EEXIST && fd < 0)
    fail (error, code, contact->name, "the contact has got a photo meanwhile");
  else if (code != 0) {
    g_autofree char *sentence = contact_attribute (folder, "user.contactfs.error");
    fail (error, code, contact->name, sentence);
  }
  close (folder);
  return code == 0;
}

char *
contact_sent (const char *mountpoint, const Contact *contact)
{
  int folder = contact_open (mountpoint, contact, NULL);
  char *sent = folder >= 0 ? contact_attribute (folder, "user.contactfs.sent") : NULL;
  if (folder >= 0)
    close (folder);
  return sent;
}

void
contact_settle (const char *mountpoint, Contact *contact)
{
  for (guint i = 0; i < SETTLE_LOOKS && read_status_number (mountpoint, "waiting_mutations") > 0; i++)
    g_usleep (SETTLE_PAUSE);
  int folder = contact_open (mountpoint, contact, NULL);
  if (folder < 0)
    return;
  contact->has_photo = contact->has_profile = FALSE;
  see_files (contact, folder);
  close (folder);
}

gboolean
contact_remove (const char *mountpoint, const Contact *contact, GError **error)
{
  int folder = contact_open (mountpoint, contact, error);
  if (folder < 0)
    return FALSE;
  gboolean is_removed = unlinkat (folder, "photo.jpg", 0) == 0 || fail (error, errno, contact->name, NULL);
  close (folder);
  return is_removed;
}

gboolean
contacts_all_would_fail (const char *mountpoint, const GError *error)
{
  switch (error->code) {
  case EHOSTUNREACH:
  case EACCES:
  case EROFS:
  case ENOTCONN:
  case ECONNABORTED:
    return TRUE;
  case EAGAIN:
    return read_status_number (mountpoint, "changes_paused_until") > 0; /* else a matter of this contact alone */
  default: /* a mount that ends refuses each with what fits the call */
    return !contacts_check_mounted (mountpoint, NULL);
  }
}
