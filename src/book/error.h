/*
 * What the address book refuses by itself, before or without Google. Messages are sentences; fs/errno.c has the errnos.
 */
#pragma once

#include <glib.h>

#define BOOK_ERROR (book_error_quark ())
GQuark book_error_quark (void);

typedef enum {
  BOOK_ERROR_NOT_PERMITTED, /* EPERM: the contract has no such thing (links, files in the root, renaming people) */
  BOOK_ERROR_READ_ONLY,     /* EACCES: profile.jpg, .previous, .rejected */
  BOOK_ERROR_NOT_FOUND,     /* ENOENT */
  BOOK_ERROR_EXISTS,        /* EEXIST */
  BOOK_ERROR_INVALID,       /* EINVAL: not a whole picture of a kind the service takes */
  BOOK_ERROR_TOO_LARGE,     /* EFBIG */
  BOOK_ERROR_NO_SPACE,      /* ENOSPC: too many temporaries in memory, no memory, no descriptors */
  BOOK_ERROR_CROSS_DEVICE,  /* EXDEV: mv falls back to copy and unlink */
  BOOK_ERROR_STALE,         /* ESTALE: the kernel looks the name up and tries again. Only when nothing has been sent */
  BOOK_ERROR_OVERTAKEN,     /* EAGAIN: another photo came meanwhile, and was kept */
  BOOK_ERROR_LOST,          /* EIO: the service lists a photo, but does not deliver it */
  BOOK_ERROR_IO,            /* EIO: our own disk, or the mount is ending */
} BookError;
