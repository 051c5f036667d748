/* The one table from GError to errno: docs/google.md "Errors" and "Errors" of docs/semantics.md. */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

static int
people_errno (int code)
{
  switch ((PeopleError)code) {
  case PEOPLE_ERROR_INVALID:
    return EINVAL;
  case PEOPLE_ERROR_NOT_CONTACT:
    return EPERM;
  case PEOPLE_ERROR_AUTH:
  case PEOPLE_ERROR_PERMISSION:
  case PEOPLE_ERROR_SCOPE:
  case PEOPLE_ERROR_DISABLED:
    return EACCES;
  case PEOPLE_ERROR_RATE:
  case PEOPLE_ERROR_QUOTA:
  case PEOPLE_ERROR_CONFLICT:
  case PEOPLE_ERROR_STALE_ETAG: /* ESTALE would have the kernel do a rename again by itself */
    return EAGAIN;
  case PEOPLE_ERROR_NOT_FOUND:
    return ENOENT;
  case PEOPLE_ERROR_TOO_LARGE:
    return EFBIG;
  case PEOPLE_ERROR_TIMED_OUT:
    return ETIMEDOUT;
  case PEOPLE_ERROR_UNREACHABLE:
    return EHOSTUNREACH;
  case PEOPLE_ERROR_SYNC_TOKEN:
  case PEOPLE_ERROR_SERVER:
  case PEOPLE_ERROR_TLS:
  case PEOPLE_ERROR_BAD_ANSWER:
    break;
  }
  return EIO;
}

static int
book_errno (int code)
{
  switch ((BookError)code) {
  case BOOK_ERROR_NOT_PERMITTED:
    return EPERM;
  case BOOK_ERROR_READ_ONLY:
    return EACCES;
  case BOOK_ERROR_NOT_FOUND:
    return ENOENT;
  case BOOK_ERROR_EXISTS:
    return EEXIST;
  case BOOK_ERROR_INVALID:
    return EINVAL;
  case BOOK_ERROR_TOO_LARGE:
    return EFBIG;
  case BOOK_ERROR_NO_SPACE:
    return ENOSPC;
  case BOOK_ERROR_CROSS_DEVICE:
    return EXDEV;
  case BOOK_ERROR_STALE:
    return ESTALE;
  case BOOK_ERROR_OVERTAKEN:
    return EAGAIN;
  case BOOK_ERROR_LOST:
  case BOOK_ERROR_IO:
    break;
  }
  return EIO;
}

int
fs_errno (const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return EINTR;
  if (error->domain == PEOPLE_ERROR)
    return people_errno (error->code);
  if (error->domain == BOOK_ERROR)
    return book_errno (error->code);
  if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOSPC))
    return ENOSPC;
  return EIO;
}
