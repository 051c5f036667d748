/* Drafts, and the names that only pass by. */
#include <fcntl.h>

#include "folder/folder.h"

static void
assert_content (Draft *draft, const char *content, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = draft_bytes (draft, &error);

  g_assert_no_error (error);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), content, size);
}

static void
writes_anywhere (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Draft) draft = draft_new (&error);

  g_assert_false (draft->dirty);
  g_assert_true (draft_write (draft, "world", 5, 3, &error));
  assert_content (draft, "\0\0\0world", 8);
  g_assert_true (draft_write (draft, "abc", 3, 0, &error));
  assert_content (draft, "abcworld", 8);
  g_assert_true (draft_truncate (draft, 4, &error));
  assert_content (draft, "abcw", 4);
  g_assert_true (draft_truncate (draft, 6, &error));
  assert_content (draft, "abcw\0\0", 6);
  g_assert_true (draft->dirty);
}

static void
knows_what_was_sent (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Draft) draft = draft_new (&error);
  g_autoptr (GBytes) sent = NULL;
  g_autoptr (GBytes) again = NULL;
  guint64 revision;

  g_assert_true (draft_write (draft, "abc", 3, 0, &error));
  sent = draft_bytes (draft, &error);
  draft_set_taken (draft, draft->revision, sent);
  g_assert_false (draft->dirty);
  g_assert_true (draft_write (draft, "d", 1, 3, &error));
  again = draft_bytes (draft, &error);
  revision = draft->revision;
  g_assert_true (draft_write (draft, "e", 1, 4, &error)); /* while those bytes are on their way */
  draft_set_taken (draft, revision, again);
  g_assert_true (draft->dirty);
  revision = draft->revision;
  g_assert_false (draft_write (draft, "f", 1, G_MAXINT64 / 2, NULL)); /* some of it may be there all the same */
  draft_set_taken (draft, revision, again);
  g_assert_true (draft->dirty);
}

static void
refusal_ends_with_a_change (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) why = g_error_new_literal (BOOK_ERROR, BOOK_ERROR_INVALID, "no");
  g_autoptr (Draft) draft = draft_new (&error);
  guint64 revision;

  g_assert_true (draft_write (draft, "abc", 3, 0, &error));
  revision = draft->revision;
  draft_set_refused (draft, revision, why);
  g_assert_error (draft->refusal, BOOK_ERROR, BOOK_ERROR_INVALID);
  g_assert_true (draft_write (draft, "d", 1, 3, &error));
  g_assert_no_error (draft->refusal);
  draft_set_refused (draft, revision, why); /* of bytes that are no longer there */
  g_assert_no_error (draft->refusal);
  draft_set_unfit (draft, revision, why);
  g_assert_no_error (draft->unfit);
  draft_set_unfit (draft, draft->revision, why);
  g_assert_error (draft->unfit, BOOK_ERROR, BOOK_ERROR_INVALID);
}

static void
assert_head (Draft *draft, const char *content, gsize size)
{
  guint8 head[DRAFT_HEAD_BYTES];

  g_assert_cmpmem (head, draft_head (draft, head), content, size);
}

static void
copies_a_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp (NULL, &path, &error);
  g_autoptr (Draft) draft = NULL;

  g_assert_cmpint (write (fd, "photo", 5), ==, 5);
  draft = draft_new_from_fd (fd, &error);
  g_assert_no_error (error);
  g_assert_false (draft->dirty);
  assert_content (draft, "photo", 5);
  g_assert_cmpuint (g_bytes_get_size (draft->base), ==, 5);
  assert_head (draft, "", 0);
  g_assert_true (draft_write (draft, "P", 1, 0, &error));
  assert_head (draft, "P", 1);
  close (fd);
  unlink (path);
}

/* What programs wrote at the beginning, in whatever order: neither holes nor what was there before count. */
static void
knows_its_head (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Draft) draft = draft_new (&error);
  char many[64];

  memset (many, 'x', sizeof many);
  assert_head (draft, "", 0);
  g_assert_true (draft_write (draft, "end", 3, 4096, &error));
  g_assert_true (draft_write (draft, "cd", 2, 2, &error));
  assert_head (draft, "", 0);
  g_assert_true (draft_write (draft, "a", 1, 0, &error));
  assert_head (draft, "a", 1);
  g_assert_true (draft_write (draft, "b", 1, 1, &error));
  assert_head (draft, "abcd", 4);
  g_assert_true (draft_truncate (draft, 2, &error));
  g_assert_true (draft_truncate (draft, 100, &error));
  assert_head (draft, "ab", 2);
  g_assert_true (draft_write (draft, many, sizeof many, 0, &error));
  assert_head (draft, many, DRAFT_HEAD_BYTES);
  g_assert_true (draft_truncate (draft, 0, &error));
  assert_head (draft, "", 0);
}

static void
has_limits (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Draft) draft = draft_new (&error);
  Draft *many[16] = { NULL };

  g_assert_false (draft_write (draft, "x", 1, DRAFT_MAX_BYTES, &error));
  g_assert_error (error, BOOK_ERROR, BOOK_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (draft_write (draft, "x", 1, G_MAXINT64 - 1, &error));
  g_clear_error (&error);
  for (gsize i = 0; i < G_N_ELEMENTS (many); i++) {
    many[i] = draft_new (NULL);
    if (!draft_truncate (many[i], DRAFT_MAX_BYTES, &error))
      break;
  }
  g_assert_error (error, BOOK_ERROR, BOOK_ERROR_NO_SPACE);
  for (gsize i = 0; i < G_N_ELEMENTS (many); i++)
    g_clear_pointer (&many[i], draft_unref);
  g_clear_error (&error);
  g_assert_true (draft_truncate (draft, DRAFT_MAX_BYTES, &error)); /* the room is back */
}

static void
temporary_names (void)
{
  static const char *const neighbours[] = { "photo.jpg", "IMG_1", "face.png", NULL };
  static const char *const passing[] = { ".photo.jpg.Xy12Ab",
                                         ".goutputstream-ABCDEF",
                                         ".photo.jpg.swp",
                                         "photo.jpg~",
                                         "photo.jpg_exiftool_tmp",
                                         "photo.jpg_original",
                                         "face.jpg.part",
                                         "x.tmp",
                                         "4913",
                                         "5036",
                                         "sedAbC12x",
                                         "photo.jpg.bak",
                                         "#photo.jpg#",
                                         "photo.jpg.save",
                                         "photo.jpg.save.1",
                                         "photo.jpg.sb-9a8b7c6d-AbCdEf",
                                         "photo.jpg.AbC123",
                                         "photo.jpg123456",
                                         "photo-Xy12Ab.digikamtempfile.jpg",
                                         "face.png.2018273645",
                                         "photo.jpg.tmp.jpg",
                                         "_face.png",
                                         "IMG_1.x" };
  static const char *const staying[] = { "photo.jpg",
                                         "face.jpg",
                                         "Alice.png",
                                         "4914",
                                         "sedation.jpg",
                                         "sed",
                                         "seda b c1",
                                         "part",
                                         "tmp",
                                         "photo (copy).jpg",
                                         "photo 1.jpg",
                                         "photo.jpg (1)",
                                         "Copy of photo.jpg",
                                         "my photo.jpg",
                                         "IMG_10.jpg",
                                         "other.jpg.AbC123",
                                         "photo.jpg.png",
                                         "photo.jpg.JPEG",
                                         "face.png.webp",
                                         "face.png" };
  static const char *const taken[] = { "photo.jpg.~1~", "photo.jpg.1", "other.jpg.~12~", "face.png.3" };

  for (gsize i = 0; i < G_N_ELEMENTS (passing); i++)
    if (!folder_name_is_temporary (passing[i], neighbours, TRUE))
      g_error ("%s should pass", passing[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (staying); i++)
    if (folder_name_is_temporary (staying[i], neighbours, TRUE)
        || folder_name_is_temporary (staying[i], neighbours, FALSE))
      g_error ("%s should stay", staying[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (taken); i++) /* made new: it met a name that was taken; renamed to: a backup */
    if (folder_name_is_temporary (taken[i], neighbours, TRUE)
        || !folder_name_is_temporary (taken[i], neighbours, FALSE))
      g_error ("%s should be a drop when it is created, and pass otherwise", taken[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/draft/writes-anywhere", writes_anywhere);
  g_test_add_func ("/draft/knows-what-was-sent", knows_what_was_sent);
  g_test_add_func ("/draft/refusal-ends-with-a-change", refusal_ends_with_a_change);
  g_test_add_func ("/draft/copies-a-file", copies_a_file);
  g_test_add_func ("/draft/knows-its-head", knows_its_head);
  g_test_add_func ("/draft/has-limits", has_limits);
  g_test_add_func ("/draft/temporary-names", temporary_names);
  return g_test_run ();
}
