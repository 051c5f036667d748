/* Extended attributes, and statfs: what the mount says about itself. */
#define G_LOG_DOMAIN "contactfs"

#include <sys/statvfs.h>

#include "fs/internal.h"
#include "people/photo.h"

#define XATTR_MIME_TYPE     "user.mime_type"
#define XATTR_ORIGIN        "user.xdg.origin.url"
#define XATTR_RESOURCE_NAME "user.contactfs.resource_name"
#define XATTR_ERROR         "user.contactfs.error"
#define XATTR_NOTE          "user.contactfs.note"
#define XATTR_EMAILS        "user.contactfs.emails"
#define XATTR_PHONES        "user.contactfs.phones"
#define XATTR_REMOVAL       "user.contactfs.removal"
#define XATTR_REPLACED      "user.contactfs.replaced"
#define XATTR_SENT          "user.contactfs.sent"
#define XATTR_STATUS        "user.contactfs.status"

typedef struct {
  FsOp *op;
  gsize room;
} MimeType;

static void
reply_text (fuse_req_t req, const char *text, gsize room)
{
  if (text == NULL)
    fs_reply_errno (req, "getxattr", ENODATA);
  else
    fs_reply_sized (req, text, strlen (text), room);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  MimeType *self = data;
  FsOp *op = self->op;
  g_autoptr (GError) error = NULL;
  gboolean loaded = folder_file_load_finish (op->file, result, &error);

  if (fs_op_finish (op)) {
    if (loaded)
      reply_text (op->req, folder_file_mime_type (op->file), self->room);
    else
      fs_op_reply_error (op, error);
  }
  fs_op_free (op);
  g_free (self);
}

/* Only the bytes tell what they are. */
static void
get_mime_type (Fs *self, fuse_req_t req, FolderFile *file, gsize room)
{
  const char *known = folder_file_mime_type (file);
  MimeType *waiting;

  if (known != NULL || file->draft != NULL || file->version == NULL) {
    reply_text (req, known, room);
    return;
  }
  waiting = g_new0 (MimeType, 1);
  waiting->op = fs_op_new_read (self, req, "getxattr");
  waiting->op->file = folder_file_ref (file);
  waiting->room = room;
  folder_file_load_async (file, fs_caller_session (self, waiting->op->pid), waiting->op->cancellable, on_loaded,
                          waiting);
}

static void
get_file_xattr (Fs *self, fuse_req_t req, FolderFile *file, const char *name, gsize room)
{
  if (file->kind == FOLDER_FILE_OTHER) {
    fs_reply_errno (req, "getxattr", ENODATA);
  } else if (strcmp (name, XATTR_MIME_TYPE) == 0) {
    get_mime_type (self, req, file, room);
  } else if (strcmp (name, XATTR_ORIGIN) == 0) {
    const char *url = file->kind == FOLDER_FILE_PROFILE ? file->person->profile_url : file->person->photo_url;
    g_autofree char *original = url != NULL ? photo_url_with_suffix (url, "s0") : NULL;

    reply_text (req, original, room);
  } else if (strcmp (name, XATTR_RESOURCE_NAME) == 0) {
    reply_text (req, file->person->resource_name, room);
  } else if (strcmp (name, XATTR_NOTE) == 0 && file->kind == FOLDER_FILE_PHOTO) {
    reply_text (req, file->person->note, room);
  } else {
    fs_reply_errno (req, "getxattr", ENODATA);
  }
}

/* ---- what waits for the archive's worker ---- */

typedef struct {
  FsOp *op;
  BookPerson *person; /* referenced */
  gsize room;
} Waiting;

/* Replies with text, or the error. */
static void
end_waiting (Waiting *self, const char *text, const GError *error)
{
  if (fs_op_finish (self->op)) {
    if (error != NULL)
      fs_op_reply_error (self->op, error);
    else
      reply_text (self->op->req, text, self->room);
  }
  fs_op_free (self->op);
  book_person_unref (self->person);
  g_free (self);
}

static Waiting *
waiting_new (Fs *self, fuse_req_t req, BookPerson *person, gsize room)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  waiting->op = fs_op_new (self, req, "getxattr");
  waiting->person = book_person_ref (person);
  waiting->room = room;
  return waiting;
}

static void
on_earlier (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *earlier = photos_archive_earlier_finish (result, &error);

  end_waiting (data, earlier, error);
}

/* What failed says where the picture is, so it is said when the picture is there. */
static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  Waiting *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (photos_archive_settle_finish (result, &error))
    text = g_strdup (self->person->error);
  end_waiting (self, text, error);
}

/* ---- getxattr ---- */

/* What programs carry along (rsync -AX, cp -a, borg) is accepted and not kept, as modes are: lists of who may do what are
 * another way to say a mode. The rest means something to the system, which must not believe that it is here. */
static gboolean
is_dropped (const char *name)
{
  return g_str_has_prefix (name, "user.") || g_str_has_prefix (name, "system.posix_acl_");
}

void
fs_getxattr (fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
  Fs *self = fs_of (req);
  FsTarget target = fs_nodes_find (self, ino);

  if (target.kind == FS_NODE_GONE) {
    fs_reply_errno (req, "getxattr", ESTALE);
  } else if (!is_dropped (name)) {
    fs_reply_errno (req, "getxattr", ENOTSUP); /* ls asks no other file then */
  } else if (target.kind == FS_NODE_FILE) {
    get_file_xattr (self, req, target.node->file, name, size);
  } else if (target.kind == FS_NODE_ROOT && strcmp (name, XATTR_STATUS) == 0) {
    g_autofree char *status = contacts_status_json (self->contacts);

    reply_text (req, status, size);
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_RESOURCE_NAME) == 0) {
    reply_text (req, target.person->resource_name, size);
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_ERROR) == 0) {
    photos_archive_settle_async (self->photos, on_settled, waiting_new (self, req, target.person, size));
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_EMAILS) == 0) {
    reply_text (req, target.person->emails, size);
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_PHONES) == 0) {
    reply_text (req, target.person->phones, size);
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_REMOVAL) == 0) {
    reply_text (req, folder_removal_waits (self->contacts, target.person) ? "waits" : NULL, size);
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_REPLACED) == 0) {
    photos_archive_earlier_async (self->photos, target.person, on_earlier,
                                  waiting_new (self, req, target.person, size));
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_SENT) == 0) {
    g_autofree char *sent = photos_sent (self->photos, target.person);

    reply_text (req, sent, size);
  } else if (target.kind == FS_NODE_PERSON && strcmp (name, XATTR_NOTE) == 0) {
    reply_text (req, target.person->note, size);
  } else {
    fs_reply_errno (req, "getxattr", ENODATA);
  }
}

static void
add_name (GByteArray *names, const char *name, gboolean is_there)
{
  if (is_there)
    g_byte_array_append (names, (const guint8 *)name, (guint)strlen (name) + 1);
}

void
fs_listxattr (fuse_req_t req, fuse_ino_t ino, size_t size)
{
  FsTarget target = fs_nodes_find (fs_of (req), ino);
  g_autoptr (GByteArray) names = g_byte_array_new ();

  /* Not listed: user.contactfs.status and user.contactfs.removal, which soon differ; addresses, numbers and what is known of
   * pictures, which backups of photos need not have. */
  if (target.kind == FS_NODE_PERSON) {
    add_name (names, XATTR_RESOURCE_NAME, TRUE);
    add_name (names, XATTR_ERROR, target.person->error != NULL);
    add_name (names, XATTR_NOTE, target.person->note != NULL);
  } else if (target.kind == FS_NODE_FILE && target.node->file->kind != FOLDER_FILE_OTHER
             && target.node->file->draft == NULL) {
    add_name (names, XATTR_MIME_TYPE, TRUE);
    add_name (names, XATTR_ORIGIN, TRUE);
    add_name (names, XATTR_RESOURCE_NAME, TRUE);
    add_name (names, XATTR_NOTE,
              target.node->file->kind == FOLDER_FILE_PHOTO && target.node->file->person->note != NULL);
  }
  fs_reply_sized (req, (const char *)names->data, names->len, size);
}

static void
drop_xattr (fuse_req_t req, fuse_ino_t ino, const char *name, const char *op)
{
  if (!is_dropped (name))
    fs_reply_errno (req, op, ENOTSUP);
  else if (fs_nodes_find (fs_of (req), ino).kind == FS_NODE_GONE)
    fs_reply_errno (req, op, ESTALE);
  else
    fs_reply_ok (req);
}

void
fs_setxattr (fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
  drop_xattr (req, ino, name, "setxattr");
}

void
fs_removexattr (fuse_req_t req, fuse_ino_t ino, const char *name)
{
  drop_xattr (req, ino, name, "removexattr");
}

/* The disk that photos are cached on: programs ask before they copy. */
void
fs_statfs (fuse_req_t req, fuse_ino_t ino)
{
  Fs *self = fs_of (req);
  struct statvfs statistics = { 0 };

  if (statvfs (photos_cache_dir (self->photos), &statistics) != 0)
    statistics.f_bsize = statistics.f_frsize = 4096;
  /* f_files and the like stay the disk's: programs that see no free file do not begin to write */
  statistics.f_namemax = 255;
  fs_reply_statfs (req, &statistics);
}
