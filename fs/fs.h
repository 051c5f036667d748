/*
 * The mount: the whole FUSE world behind a few functions. No FUSE type leaves this folder.
 *
 * Runs on the default main context, on the thread that called fs_mount; see docs/architecture.md for the two
 * notifier threads, the only others that talk to the kernel.
 */
#pragma once

#include "folder/contacts.h"

typedef struct Fs Fs;

typedef struct {
  const char *mountpoint; /* an existing, empty directory */
  const char *source;     /* first column of /proc/mounts: "contactfs:default" */
  gboolean read_only;
  gboolean allow_other;
  gboolean folder_icons; /* contacts have a virtual .directory */
  gboolean debug;        /* libfuse prints each request */
} FsOptions;

/* Called once, from the main context, when the kernel has let go of the mount (fusermount3 -u) or fs_unmount was
 * called. */
typedef void (*FsEndedFunc) (gpointer data);

/* A sentence if mountpoint cannot be mounted on (missing, not a directory, not empty, busy), G_IO_ERROR. Needs no
 * network: ask before anything slow. */
gboolean fs_check_mountpoint (const char *mountpoint, GError **error);

/* What a program in the mount is told for error: the one table, docs/google.md "Errors". */
int fs_errno (const GError *error);

/* Mounts and begins to serve. Borrows contacts. */
Fs *fs_mount (Contacts *contacts, const FsOptions *options, FsEndedFunc ended, gpointer data, GError **error);
/* The mount is about to end: calls that wait for a photo fail now (EIO), and later ones that would have to. What is
 * cached can still be read, and what is written is still sent. Idempotent. */
void fs_give_up_reads (Fs *self);
void fs_unmount (Fs *self); /* detaches from the tree; open files fail from then on. Idempotent. */
void fs_free (Fs *self);
