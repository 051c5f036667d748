/*
 * The mount's own parts, sectioned by file. The one place where <fuse_lowlevel.h> comes in.
 *
 * Everything but notifier.c's threads runs on the loop thread. A handler's pointers (names, data) die when it returns.
 */
#pragma once

#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fuse_lowlevel.h>

#include "book/events.h"
#include "book/labels.h"
#include "folder/folder.h"
#include "fs/fs.h"

/* Names and times of people change rarely, and the notifier tells the kernel. The time-out only bounds what a lost race can
 * do. */
#define FS_PERSON_TIMEOUT    60.0
#define FS_DIRECTORY_TIMEOUT 1.0
/* Names in a contact's folder are asked for each time: they mean another FolderFile after every change. */
#define FS_FILE_ENTRY_TIMEOUT 0.0
/* A FolderFile without a draft never changes. */
#define FS_PHOTO_TIMEOUT 60.0

/* Threads that tell the kernel of news (notifier.c): of names in the root, and of files in contacts' folders. */
enum { FS_NOTIFIER_ROOT, FS_NOTIFIER_FOLDERS, FS_N_NOTIFIERS };

/* Who asked last. A program asks many times, each with the same process. */
typedef struct {
  pid_t pid;
  gint64 session;
  gint64 until; /* monotonic: the number may mean another process then */
} FsCaller;

struct Fs {
  Contacts *contacts;
  Book *book;     /* its people */
  Photos *photos; /* its .previous and .rejected, too */
  struct fuse_session *session;
  GSource *source;
  struct fuse_buf buffer; /* libfuse's, reused for each request */
  char *read_buffer;
  gsize read_buffer_size;
  GHashTable *nodes; /* guint64* → FsNode */
  guint64 next_archive_id;
  GHashTable *open; /* fh → GDestroyNotify: what the kernel will release, unless it lets go of the mount first */
  GAsyncQueue *notices[FS_N_NOTIFIERS];
  GThread *notifiers[FS_N_NOTIFIERS];
  gint notifiers_running; /* atomic */
  GHashTable *reads;      /* set of FsOp, borrowed: what waits for bytes of the service */
  gboolean reads_over;    /* fs_give_up_reads */
  FsCaller last_caller;   /* caller.c */
  gboolean folder_icons;
  char *mountpoint;          /* malloc'ed; NULL: not known */
  GHashTable *announcements; /* pid → what announce.c waits for */
  gboolean unmounting;
  gboolean ended;
  FsEndedFunc ended_func;
  gpointer ended_data;
  uid_t uid;
  gid_t gid;
};

/* ---- nodes.c ---- kinds of node ids: 1 the root; 2 .labels; a person's or a label's ino and its low bits; files,
 * above 1 << 63 */
typedef enum {
  FS_NODE_ROOT,
  FS_NODE_PERSON,
  FS_NODE_PREVIOUS,
  FS_NODE_REJECTED,
  FS_NODE_ICON,
  FS_NODE_FILE,
  FS_NODE_ARCHIVED,
  FS_NODE_LABELS, /* .labels */
  FS_NODE_LABEL,  /* a directory in it */
  FS_NODE_LINK,   /* what is in that: a symbolic link to a person */
  FS_NODE_GONE
} FsNodeKind;

typedef struct {
  guint64 id;
  guint64 lookups;    /* the kernel's */
  FolderFile *file;   /* FILE: referenced */
  BookPerson *person; /* ARCHIVED: referenced */
  ArchiveKind archive;
  char *name;
} FsNode;

/* What a node id means now. Borrowed pointers, valid until control returns to the loop; each may be NULL if not of that
 * kind. */
typedef struct {
  FsNodeKind kind;
  BookPerson *person;
  FsNode *node;
  const BookLabel *label;
} FsTarget;

void fs_nodes_init (Fs *self);
void fs_nodes_clear (Fs *self);
FsTarget fs_nodes_find (Fs *self, fuse_ino_t id);
/* One lookup more for the file; the node is made if the kernel does not know it. */
FsNode *fs_nodes_look_up_file (Fs *self, FolderFile *file);
FsNode *fs_nodes_look_up_archived (Fs *self, BookPerson *person, ArchiveKind kind, const char *name);
void fs_nodes_forget (Fs *self, fuse_ino_t id, guint64 lookups);
guint64 fs_archived_ino (BookPerson *person, ArchiveKind kind, const char *name);

/* What an open answered in fh; destroy is called by fs_open_end, or when the kernel has let go. */
void fs_open_begin (Fs *self, guint64 fh, GDestroyNotify destroy);
void fs_open_end (Fs *self, guint64 fh);
void fs_open_end_all (Fs *self);

/* ---- attr.c ---- */
void fs_attr_directory (Fs *self, guint64 ino, gint64 mtime, mode_t mode, struct stat *attr);
void fs_attr_root (Fs *self, struct stat *attr);
void fs_attr_person (Fs *self, BookPerson *person, struct stat *attr);
void fs_attr_regular (Fs *self, guint64 ino, gint64 mtime, mode_t mode, gint64 size, struct stat *attr);
gboolean fs_attr_file (Fs *self, FolderFile *file, struct stat *attr); /* FALSE: st_size is not known yet (and 0) */
double fs_attr_timeout (FolderFile *file, gboolean size_known);

/* ---- op.c ---- a request that waits */
typedef struct {
  Fs *fs;
  fuse_req_t req;   /* NULL once it was answered (an interrupted one is answered before its work has ended) */
  const char *name; /* "open" … for the log */
  GCancellable *cancellable;
  guint timer;
  GHashTable *reads; /* referenced, and op is in it; NULL: not one that only reads */
  gboolean given_up; /* by fs_give_up_reads: cancelled means EIO, not EINTR */
  pid_t pid;         /* the caller */
  guint64 node_id;
  FolderFile *file;     /* referenced, or NULL */
  FolderHandle *handle; /* referenced, or NULL */
  struct fuse_file_info fi;
} FsOp;

FsOp *fs_op_new (Fs *self, fuse_req_t req, const char *name);
/* The same for one that only wants bytes of the service, and so is given up when the mount ends. */
FsOp *fs_op_new_read (Fs *self, fuse_req_t req, const char *name);
/* The work has ended. TRUE: reply to op->req; FALSE: somebody did already. Call fs_op_free after. */
gboolean fs_op_finish (FsOp *op);
void fs_op_free (FsOp *op);
void fs_op_reply_error (FsOp *op, const GError *error);
/* For operations that answer with success or an error alone: finish, reply, free. */
void fs_op_end (FsOp *op, const GError *error);

/* ---- announce.c ---- */
void fs_announcements_init (Fs *self, const char *mountpoint);
void fs_announcements_clear (Fs *self);
/* Who watches the person's folder hears that name became photo.jpg. op: is ended with success afterwards, or NULL. FALSE: it
 * cannot be told, and op is the caller's still. */
gboolean fs_announce (Fs *self, BookPerson *person, const char *name, FsOp *op);
gboolean fs_announcement_is_by (Fs *self, pid_t pid); /* it renames for the watchers alone: there is nothing to do */

/* ---- archived.c ---- replies: entry, attr, open, or an error; wait for the archive's worker */
void fs_archived_lookup (Fs *self, fuse_req_t req, BookPerson *person, ArchiveKind kind, const char *name);
void fs_archived_getattr (Fs *self, fuse_req_t req, const FsNode *node);
void fs_archived_open (Fs *self, fuse_req_t req, const FsNode *node, const struct fuse_file_info *fi);

/* ---- folder-icon.c ---- the virtual .directory */
gboolean fs_folder_icon_is (Fs *self, BookPerson *person, const char *name);
void fs_folder_icon_attr (Fs *self, BookPerson *person, struct stat *attr);
void fs_folder_icon_read (fuse_req_t req, size_t size, off_t offset);

/* ---- labels.c ---- .labels in the root, which is not listed there */
#define FS_LABELS_NAME ".labels"
#define FS_LABELS_INO  2                                                   /* people's begin at 16 */
void fs_labels_attr (Fs *self, const FsTarget *target, struct stat *attr); /* of LABELS, LABEL, LINK */
void fs_labels_reply_folder (fuse_req_t req);                              /* replies: the entry of .labels itself */
/* replies: entry, or an error; of a name in .labels (waits until the labels are known) or in a directory there */
void fs_labels_lookup (fuse_req_t req, const FsTarget *parent, const char *name);
void fs_readlink (fuse_req_t req, fuse_ino_t ino);

/* ---- caller.c ---- */
/* TRUE if that process is ending because of a signal or with a failure, so that its files are closed by its death.
 * FALSE when nothing is known: it belongs to somebody else, or to another pid namespace. */
gboolean fs_caller_is_dying (pid_t pid);
/* The process that this thread is of; 0 when that cannot be seen. */
gint64 fs_caller_process (pid_t pid);
/* The session (getsid) that it is of; 0 when that cannot be seen. */
gint64 fs_caller_session (Fs *self, pid_t pid);
/* TRUE: the process is gone in this sense, or has a pending signal that ends programs (kill, Ctrl-C), or nothing is known.
 * FALSE for a signal that it will handle and go on (a timer's), or that only stops it. */
gboolean fs_caller_is_ending (pid_t pid);

/* ---- reply.c ---- the only file that calls fuse_reply_*; 0 or the negative errno when the kernel did not take it */
void fs_reply_errno (fuse_req_t req, const char *op, int code);
void fs_reply_error (fuse_req_t req, const char *op, const GError *error);
void fs_reply_ok (fuse_req_t req);
void fs_reply_none (fuse_req_t req);
int fs_reply_entry (fuse_req_t req, const struct fuse_entry_param *entry);
int fs_reply_create (fuse_req_t req, const struct fuse_entry_param *entry, const struct fuse_file_info *fi);
int fs_reply_open (fuse_req_t req, const struct fuse_file_info *fi);
void fs_reply_attr (fuse_req_t req, const struct stat *attr, double timeout);
void fs_reply_link (fuse_req_t req, const char *target);
void fs_reply_bytes (fuse_req_t req, const void *data, gsize size);
void fs_reply_written (fuse_req_t req, gsize size);
void fs_reply_statfs (fuse_req_t req, const struct statvfs *statistics);
void fs_reply_sized (fuse_req_t req, const void *data, gsize size,
                     gsize room); /* xattrs: size alone when room is 0, ERANGE when too small */

/* ---- handlers, by file; each ends in exactly one reply ---- */
/* lookup.c */
void fs_lookup (fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_forget (fuse_req_t req, fuse_ino_t ino, uint64_t lookups);
void fs_forget_multi (fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
gboolean fs_fill_entry (Fs *self, FolderFile *file,
                        struct fuse_entry_param *entry); /* with a lookup; FALSE: no such file */
void fs_fill_person_entry (Fs *self, BookPerson *person, struct fuse_entry_param *entry);
/* attr.c */
void fs_getattr (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_setattr (fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi);
/* directory.c */
void fs_opendir (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_readdir (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void fs_readdirplus (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void fs_releasedir (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsyncdir (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
/* file.c */
void fs_open (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_create (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void fs_read (fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi);
void fs_write (fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *fi);
void fs_flush (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fsync (fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi);
void fs_release (fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void fs_fallocate (fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length, struct fuse_file_info *fi);
/* names.c */
void fs_unlink (fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rename (fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
                unsigned int flags);
void fs_mkdir (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void fs_rmdir (fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_symlink (fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void fs_link (fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name);
void fs_mknod (fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device);
/* xattr.c */
void fs_getxattr (fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void fs_listxattr (fuse_req_t req, fuse_ino_t ino, size_t size);
void fs_setxattr (fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags);
void fs_removexattr (fuse_req_t req, fuse_ino_t ino, const char *name);
void fs_statfs (fuse_req_t req, fuse_ino_t ino);

/* ---- notifier.c ---- */
void fs_notifier_start (Fs *self);
void
fs_notifier_stop (Fs *self); /* no more notices; fs_notifier_done is called from the loop when the threads have ended */
void fs_notifier_join (Fs *self);
extern const BookEvents fs_book_events;
extern const FolderEvents fs_folder_events;

/* ---- mount.c ---- */
void fs_notifier_done (Fs *self);
static inline Fs *
fs_of (fuse_req_t req)
{
  return fuse_req_userdata (req);
}
