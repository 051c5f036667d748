/* The folders of previous and rejected pictures: order, limits, moves, and that no name leads out of them. */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helpers.h"
#include "photo/archive.h"

#define ALICE "people/c1"
#define BOB   "people/c2"

typedef struct {
  char *folder;
  char *dir;
  Archive *archive;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = test_folder_new ();
  fixture->dir = g_build_filename (fixture->folder, "data", "default", NULL);
  fixture->archive = archive_new (fixture->dir);
  g_assert_false (g_file_test (fixture->dir, G_FILE_TEST_EXISTS));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  archive_free (fixture->archive);
  g_free (fixture->dir);
  test_folder_remove (fixture->folder);
  test_assert_warned ();
}

static char *
add (Archive *archive, ArchiveKind kind, const char *resource_name, const char *content)
{
  g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));
  g_autoptr (GError) error = NULL;
  char *name = archive_add (archive, kind, resource_name, bytes, &error);

  g_assert_no_error (error);
  g_assert_nonnull (name);
  return name;
}

static void
put (Fixture *fixture, ArchiveKind kind, const char *resource_name, const char *content)
{
  g_autofree char *name = add (fixture->archive, kind, resource_name, content);

  g_assert_cmpstr (strrchr (name, '.'), ==, ".bin");
}

static char *
read_one (Fixture *fixture, ArchiveKind kind, const char *resource_name, const char *name)
{
  char content[64] = "";
  int fd = archive_open (fixture->archive, kind, resource_name, name);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (read (fd, content, sizeof content - 1), >=, 0);
  close (fd);
  return g_strdup (content);
}

/* What is there, in its order, joined by spaces; the names must rise strictly. */
static void
assert_content (Fixture *fixture, ArchiveKind kind, const char *resource_name, const char *expected)
{
  g_autoptr (GPtrArray) names = archive_list (fixture->archive, kind, resource_name);
  g_autoptr (GString) contents = g_string_new (NULL);

  for (guint i = 0; i < names->len; i++) {
    g_autofree char *content = read_one (fixture, kind, resource_name, names->pdata[i]);

    g_string_append_printf (contents, "%s%s", i > 0 ? " " : "", content);
    g_assert_true (i == 0 || strcmp (names->pdata[i - 1], names->pdata[i]) < 0);
  }
  g_assert_cmpstr (contents->str, ==, expected);
}

static void
assert_exists (Fixture *fixture, const char *path, gboolean exists)
{
  g_autofree char *full = g_build_filename (fixture->dir, path, NULL);

  g_assert_cmpint (g_file_test (full, G_FILE_TEST_EXISTS), ==, exists);
}

static void
write_foreign (Fixture *fixture, const char *path, const char *content)
{
  g_autofree char *full = g_build_filename (fixture->dir, path, NULL);

  g_assert_true (g_file_set_contents (full, content, -1, NULL));
}

static void
test_add (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDateTime) before = g_date_time_new_now_utc (), after = NULL;
  g_autofree char *earliest = g_date_time_format (before, "%Y-%m-%dT%H-%M-%S.%fZ"), *latest = NULL;
  g_autofree char *jpeg = add (fixture->archive, ARCHIVE_PREVIOUS, ALICE, "\xff\xd8\xff");
  g_autofree char *png = add (fixture->archive, ARCHIVE_PREVIOUS, ALICE, "\x89PNG\r\n\x1a\n");

  after = g_date_time_new_now_utc ();
  latest = g_date_time_format (after, "%Y-%m-%dT%H-%M-%S.%f[");
  g_assert_cmpuint (strlen (jpeg), ==, strlen ("2026-11-24T08-15-03.123456Z.jpg"));
  g_assert_true (g_str_has_suffix (jpeg, "Z.jpg"));
  g_assert_true (g_str_has_suffix (png, "Z.png"));
  g_assert_cmpint (strcmp (earliest, jpeg), <, 0);
  g_assert_cmpint (strcmp (jpeg, png), <, 0);
  g_assert_cmpint (strcmp (png, latest), <, 0);
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "\xff\xd8\xff \x89PNG\r\n\x1a\n");
  assert_content (fixture, ARCHIVE_REJECTED, ALICE, "");
  assert_content (fixture, ARCHIVE_PREVIOUS, BOB, "");
}

static void
test_private (Fixture *fixture, gconstpointer data)
{
  mode_t mask = umask (0);
  g_autofree char *name = add (fixture->archive, ARCHIVE_REJECTED, ALICE, "x");
  g_autofree char *file = g_build_filename ("c1/rejected", name, NULL);
  const char *const paths[] = { "", "c1", "c1/rejected", file };

  umask (mask);
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *path = g_build_filename (fixture->dir, paths[i], NULL);
    GStatBuf st;

    g_assert_cmpint (g_stat (path, &st), ==, 0);
    g_assert_cmpint (st.st_mode & 07777, ==, S_ISDIR (st.st_mode) ? 0700 : 0600);
  }
}

static void
put_25 (Fixture *fixture, ArchiveKind kind)
{
  for (int i = 1; i <= 25; i++) {
    g_autofree char *content = g_strdup_printf ("%d", i);

    put (fixture, kind, ALICE, content);
  }
}

/* Whoever wrote it was told that it is kept, so the oldest ones go, and no add waits for a prune. */
static void
test_rejected (Fixture *fixture, gconstpointer data)
{
  put_25 (fixture, ARCHIVE_REJECTED);
  assert_content (fixture, ARCHIVE_REJECTED, ALICE, "6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25");
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "");
}

/* What is refused again and again pushes nothing out, and is the newest: from this time, not from the first. */
static void
test_rejected_again (Fixture *fixture, gconstpointer data)
{
  g_autofree char *once = NULL, *again = NULL;

  put (fixture, ARCHIVE_REJECTED, ALICE, "one");
  put (fixture, ARCHIVE_REJECTED, ALICE, "two");
  for (int i = 0; i < 25; i++)
    put (fixture, ARCHIVE_REJECTED, ALICE, "one");
  assert_content (fixture, ARCHIVE_REJECTED, ALICE, "two one");
  once = add (fixture->archive, ARCHIVE_REJECTED, ALICE, "two");
  again = add (fixture->archive, ARCHIVE_REJECTED, ALICE, "two");
  g_assert_cmpint (strcmp (once, again), <, 0);
  assert_content (fixture, ARCHIVE_REJECTED, ALICE, "one two");
}

static void
test_limit (Fixture *fixture, gconstpointer data)
{
  put_25 (fixture, ARCHIVE_PREVIOUS);
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25");
}

/* A name from a clock that was ahead: what comes after it sorts after it. */
static void
test_clock_set_back (Fixture *fixture, gconstpointer data)
{
  g_autofree char *next = NULL;

  put (fixture, ARCHIVE_PREVIOUS, ALICE, "past");
  write_foreign (fixture, "c1/previous/2999-12-31T23-59-59.999999Z.jpg", "ahead");
  next = add (fixture->archive, ARCHIVE_PREVIOUS, ALICE, "now");
  g_assert_cmpstr (next, ==, "3000-01-01T00-00-00.000000Z.bin");
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "past ahead now");
}

static void
test_open_other_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *rejected = add (fixture->archive, ARCHIVE_REJECTED, ALICE, "y");
  g_autofree char *path = g_build_filename ("../rejected", rejected, NULL);
  g_autofree char *dotted = g_build_filename (".", rejected, NULL);
  const char *const names[] = { "",
                                ".",
                                "..",
                                "photo.jpg",
                                path,
                                "notes.txt",
                                "2026-11-24T08-15-03.123456Z",
                                "2026-13-24T08-15-03.123456Z.jpg",
                                "2026-11-24T08-15-03.123456Z.jpg",
                                "2026-11-24T08-15-03.123456Z./.",
                                "2026-11-24T08-15-03.123456Z.jpg.AbC123" };

  put (fixture, ARCHIVE_PREVIOUS, ALICE, "x");
  write_foreign (fixture, "c1/previous/notes.txt", "mine");
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpint (archive_open (fixture->archive, ARCHIVE_PREVIOUS, ALICE, names[i]), ==, -1);
  g_assert_cmpint (archive_open (fixture->archive, ARCHIVE_REJECTED, ALICE, dotted), ==, -1);
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "x");
}

/* Whatever a resource name is, its folder is one component inside DIR, and no two share one. */
static void
test_odd_resource_names (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *resource_name, *folder;
  } cases[] = { { "people/c/../../x", "c%2F..%2F..%2Fx" },
                { "people/..", "%2E%2E" },
                { "people/.", "%2E" },
                { "people/", "%" },
                { "contacts/c1", "contacts%2Fc1" },
                { "people/a b\xc3\xa9%", "a%20b%C3%A9%25" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    put (fixture, ARCHIVE_REJECTED, cases[i].resource_name, cases[i].folder);
    assert_exists (fixture, cases[i].folder, TRUE);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_content (fixture, ARCHIVE_REJECTED, cases[i].resource_name, cases[i].folder);
}

static void
test_leftovers (Fixture *fixture, gconstpointer data)
{
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "x");
  write_foreign (fixture, "c1/previous/2026-11-24T08-15-03.123456Z.jpg.AbC123", "half");
  write_foreign (fixture, "c1/previous/notes.txt", "mine");
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "y");
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "x y");
  assert_exists (fixture, "c1/previous/2026-11-24T08-15-03.123456Z.jpg.AbC123", FALSE);
  assert_exists (fixture, "c1/previous/notes.txt", TRUE);
}

static void
test_rename (Fixture *fixture, gconstpointer data)
{
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "a1");
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "a2");
  put (fixture, ARCHIVE_REJECTED, ALICE, "bad");
  archive_rename (fixture->archive, ALICE, ALICE);
  archive_rename (fixture->archive, "people/never", ALICE);
  archive_rename (fixture->archive, ALICE, BOB);
  assert_content (fixture, ARCHIVE_PREVIOUS, BOB, "a1 a2");
  assert_content (fixture, ARCHIVE_REJECTED, BOB, "bad");
  assert_exists (fixture, "c1", FALSE);
}

/* A worker that was told the old name comes after the renaming. */
static void
test_late_add_goes_along (Fixture *fixture, gconstpointer data)
{
  archive_rename (fixture->archive, ALICE, "people/c7");
  archive_rename (fixture->archive, "people/c7", BOB);
  put (fixture, ARCHIVE_REJECTED, ALICE, "late");
  assert_content (fixture, ARCHIVE_REJECTED, BOB, "late");
  archive_rename (fixture->archive, BOB, ALICE); /* and back */
  put (fixture, ARCHIVE_REJECTED, ALICE, "later");
  assert_content (fixture, ARCHIVE_REJECTED, ALICE, "late later");
}

static void
test_rename_merges (Fixture *fixture, gconstpointer data)
{
  put (fixture, ARCHIVE_PREVIOUS, BOB, "b1");
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "a1");
  put (fixture, ARCHIVE_PREVIOUS, BOB, "b2");
  put (fixture, ARCHIVE_REJECTED, ALICE, "bad1");
  put (fixture, ARCHIVE_REJECTED, BOB, "bad2");
  write_foreign (fixture, "c1/previous/2026-11-24T08-15-03.999999Z.jpg", "a0"); /* both of the same microsecond */
  write_foreign (fixture, "c2/previous/2026-11-24T08-15-03.999999Z.jpg", "b0");
  write_foreign (fixture, "c1/previous/notes.txt", "mine");
  archive_rename (fixture->archive, ALICE, BOB);
  assert_content (fixture, ARCHIVE_REJECTED, BOB, "bad1 bad2");
  assert_exists (fixture, "c2/previous/2026-11-24T08-15-04.000000Z.jpg", TRUE);
  assert_exists (fixture, "c1/previous/notes.txt", TRUE); /* somebody's own is not thrown away */
  {
    g_autofree char *later = g_build_filename (fixture->dir, "c2/previous/2026-11-24T08-15-03.999999Z.jpg", NULL);
    g_autofree char *content = NULL;

    g_assert_true (g_file_get_contents (later, &content, NULL, NULL));
    g_assert_cmpstr (content, ==, "b0");
  }
  {
    g_autoptr (GPtrArray) names = archive_list (fixture->archive, ARCHIVE_PREVIOUS, BOB);

    g_assert_cmpuint (names->len, ==, 5);
  }
}

static void
test_rename_keeps_the_limit (Fixture *fixture, gconstpointer data)
{
  for (char letter = 'a'; letter < (char)('a' + 15); letter++) {
    put (fixture, ARCHIVE_PREVIOUS, ALICE, (char[]){ letter, '1', '\0' });
    put (fixture, ARCHIVE_PREVIOUS, BOB, (char[]){ letter, '2', '\0' });
  }
  archive_rename (fixture->archive, ALICE, BOB);
  assert_content (fixture, ARCHIVE_PREVIOUS, BOB, "f1 f2 g1 g2 h1 h2 i1 i2 j1 j2 k1 k2 l1 l2 m1 m2 n1 n2 o1 o2");
}

static void
test_cannot_write (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->folder, "file", NULL);
  g_autofree char *below = g_build_filename (file, "data", NULL);
  g_autoptr (Archive) archive = archive_new (below);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GPtrArray) names = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_assert_null (archive_add (archive, ARCHIVE_PREVIOUS, ALICE, bytes, &error));
  g_assert_true (error->domain == G_FILE_ERROR);
  g_assert_nonnull (strstr (error->message, file));
  names = archive_list (archive, ARCHIVE_PREVIOUS, ALICE);
  g_assert_cmpuint (names->len, ==, 0);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gpointer
add_many (gpointer data)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (int i = 0; i < 50; i++) {
    g_autofree char *content = g_strdup_printf ("%p %d", (gpointer)g_thread_self (), i);

    g_ptr_array_add (names, add (data, ARCHIVE_PREVIOUS, ALICE, content));
    g_assert_true (i == 0 || strcmp (names->pdata[i - 1], names->pdata[i]) < 0);
  }
  return names;
}

/* Two threads at once: no name is given twice, and the newest twenty stay. */
static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *first = g_thread_new ("first", add_many, fixture->archive);
  GThread *second = g_thread_new ("second", add_many, fixture->archive);
  g_autoptr (GPtrArray) given = g_thread_join (first), others = g_thread_join (second), names = NULL;

  g_ptr_array_extend_and_steal (given, g_steal_pointer (&others));
  g_ptr_array_sort (given, compare_names);
  for (guint i = 1; i < given->len; i++)
    g_assert_cmpstr (given->pdata[i - 1], !=, given->pdata[i]);
  names = archive_list (fixture->archive, ARCHIVE_PREVIOUS, ALICE);
  g_assert_cmpuint (names->len, ==, ARCHIVE_MAX);
  for (guint i = 0; i < names->len; i++)
    g_assert_cmpstr (names->pdata[i], ==, given->pdata[given->len - names->len + i]);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

static void
test_not_twice (Fixture *fixture, gconstpointer data)
{
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "one");
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "two");
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "two");
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "one two");
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "one");
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "two one");
}

/* What each name was before, and is now. */
static void
assert_earlier (Fixture *fixture, const char *resource_name, const char *expected)
{
  g_autofree char *lines = archive_earlier (fixture->archive, ARCHIVE_PREVIOUS, resource_name);

  g_assert_cmpstr (lines, ==, expected);
}

static void
assert_no_link (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_strconcat ("c2/previous/was-", name, NULL);

  assert_exists (fixture, path, FALSE);
}

static void
test_earlier_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = add (fixture->archive, ARCHIVE_PREVIOUS, ALICE, "one");
  g_autofree char *second = NULL, *third = NULL, *lines = NULL;

  assert_earlier (fixture, ALICE, NULL);
  put (fixture, ARCHIVE_PREVIOUS, ALICE, "two");
  second = add (fixture->archive, ARCHIVE_PREVIOUS, ALICE, "one");
  third = add (fixture->archive, ARCHIVE_PREVIOUS, ALICE, "one");
  lines = g_strdup_printf ("%s %s\n%s %s", first, third, second, third);
  assert_earlier (fixture, ALICE, lines);
  assert_content (fixture, ARCHIVE_PREVIOUS, ALICE, "two one");
  archive_rename (fixture->archive, ALICE, BOB);
  assert_earlier (fixture, BOB, lines);
  assert_exists (fixture, "c1", FALSE);
  for (int i = 0; i < 20; i++) {
    g_autofree char *content = g_strdup_printf ("%d", i);

    put (fixture, ARCHIVE_PREVIOUS, BOB, content);
  }
  assert_earlier (fixture, BOB, NULL); /* the picture is gone, and takes no room */
  assert_no_link (fixture, first);
  assert_no_link (fixture, second);
}

static void
assert_earlier_count (Fixture *fixture, const char *resource_name, guint expected)
{
  g_autofree char *lines = archive_earlier (fixture->archive, ARCHIVE_PREVIOUS, resource_name);
  g_auto (GStrv) all = g_strsplit (lines, "\n", -1);

  g_assert_cmpuint (g_strv_length (all), ==, expected);
}

static void
test_few_earlier_names (Fixture *fixture, gconstpointer data)
{
  for (int i = 0; i < 105; i++)
    put (fixture, ARCHIVE_PREVIOUS, ALICE, "one");
  assert_earlier_count (fixture, ALICE, 100);
  for (int i = 0; i < 5; i++)
    put (fixture, ARCHIVE_PREVIOUS, BOB, "two");
  assert_earlier_count (fixture, BOB, 4);
  archive_rename (fixture->archive, BOB, ALICE);
  assert_earlier_count (fixture, ALICE, 100);
  put (fixture, ARCHIVE_REJECTED, ALICE, "bad");
  put (fixture, ARCHIVE_REJECTED, ALICE, "bad");
  g_assert_null (archive_earlier (fixture->archive, ARCHIVE_REJECTED, ALICE));
}

int
main (int argc, char **argv)
{
  test_warnings_init ();
  g_test_init (&argc, &argv, NULL);
  ADD ("/archive/add", test_add);
  ADD ("/archive/private", test_private);
  ADD ("/archive/rejected", test_rejected);
  ADD ("/archive/rejected-again", test_rejected_again);
  ADD ("/archive/limit", test_limit);
  ADD ("/archive/not-twice", test_not_twice);
  ADD ("/archive/earlier-names", test_earlier_names);
  ADD ("/archive/few-earlier-names", test_few_earlier_names);
  ADD ("/archive/clock-set-back", test_clock_set_back);
  ADD ("/archive/open-other-names", test_open_other_names);
  ADD ("/archive/odd-resource-names", test_odd_resource_names);
  ADD ("/archive/leftovers", test_leftovers);
  ADD ("/archive/rename", test_rename);
  ADD ("/archive/late-add-goes-along", test_late_add_goes_along);
  ADD ("/archive/rename-merges", test_rename_merges);
  ADD ("/archive/rename-keeps-the-limit", test_rename_keeps_the_limit);
  ADD ("/archive/cannot-write", test_cannot_write);
  ADD ("/archive/threads", test_threads);
  return g_test_run ();
}
