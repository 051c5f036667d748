/* Every error there is has the errno that the contract gives it ("Errors" of docs/semantics.md). */
#include <errno.h>
#include <gio/gio.h>

#include "book/error.h"
#include "fs/fs.h"
#include "net/error.h"

static int
errno_of (GQuark domain, int code)
{
  g_autoptr (GError) error = g_error_new_literal (domain, code, "words");

  return fs_errno (error);
}

static void
test_people (void)
{
  static const int expected[] = {
    [PEOPLE_ERROR_INVALID] = EINVAL,
    [PEOPLE_ERROR_NOT_CONTACT] = EPERM,
    [PEOPLE_ERROR_STALE_ETAG] = EAGAIN,
    [PEOPLE_ERROR_SYNC_TOKEN] = EIO,
    [PEOPLE_ERROR_AUTH] = EACCES,
    [PEOPLE_ERROR_PERMISSION] = EACCES,
    [PEOPLE_ERROR_SCOPE] = EACCES,
    [PEOPLE_ERROR_DISABLED] = EACCES,
    [PEOPLE_ERROR_RATE] = EAGAIN,
    [PEOPLE_ERROR_QUOTA] = EAGAIN,
    [PEOPLE_ERROR_CONFLICT] = EAGAIN,
    [PEOPLE_ERROR_NOT_FOUND] = ENOENT,
    [PEOPLE_ERROR_TOO_LARGE] = EFBIG,
    [PEOPLE_ERROR_SERVER] = EIO,
    [PEOPLE_ERROR_TIMED_OUT] = ETIMEDOUT,
    [PEOPLE_ERROR_UNREACHABLE] = EHOSTUNREACH,
    [PEOPLE_ERROR_TLS] = EIO,
    [PEOPLE_ERROR_BAD_ANSWER] = EIO,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (errno_of (PEOPLE_ERROR, (int)i), ==, expected[i]);
  g_assert_cmpint (errno_of (PEOPLE_ERROR, G_N_ELEMENTS (expected)), ==, EIO);
}

static void
test_book (void)
{
  static const int expected[] = {
    [BOOK_ERROR_NOT_PERMITTED] = EPERM, [BOOK_ERROR_READ_ONLY] = EACCES,   [BOOK_ERROR_NOT_FOUND] = ENOENT,
    [BOOK_ERROR_EXISTS] = EEXIST,       [BOOK_ERROR_INVALID] = EINVAL,     [BOOK_ERROR_TOO_LARGE] = EFBIG,
    [BOOK_ERROR_NO_SPACE] = ENOSPC,     [BOOK_ERROR_CROSS_DEVICE] = EXDEV, [BOOK_ERROR_STALE] = ESTALE,
    [BOOK_ERROR_OVERTAKEN] = EAGAIN,    [BOOK_ERROR_LOST] = EIO,           [BOOK_ERROR_IO] = EIO,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpint (errno_of (BOOK_ERROR, (int)i), ==, expected[i]);
  g_assert_cmpint (errno_of (BOOK_ERROR, G_N_ELEMENTS (expected)), ==, EIO);
}

static void
test_others (void)
{
  g_assert_cmpint (errno_of (G_IO_ERROR, G_IO_ERROR_CANCELLED), ==, EINTR);
  g_assert_cmpint (errno_of (G_IO_ERROR, G_IO_ERROR_NO_SPACE), ==, EIO);
  g_assert_cmpint (errno_of (G_FILE_ERROR, G_FILE_ERROR_NOSPC), ==, ENOSPC);
  g_assert_cmpint (errno_of (G_FILE_ERROR, G_FILE_ERROR_IO), ==, EIO);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/errno/people", test_people);
  g_test_add_func ("/errno/book", test_book);
  g_test_add_func ("/errno/others", test_others);
  return g_test_run ();
}
