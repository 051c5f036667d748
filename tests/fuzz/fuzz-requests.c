/*
 * Any bytes as what programs, other devices, the network and time do to a mount: requests as the kernel sends them, into the real
 * handlers and the real book; no kernel and no network. Every request is answered in the end, nothing is overwritten unsaved, and
 * what close() acknowledged has been the photo (fake-kernel.h, fake-service.h).
 *
 * The first byte chooses how the run goes (enum below). Each step then is a byte that chooses what happens, and its arguments.
 */
#define G_LOG_DOMAIN "contactfs"

#include <fcntl.h>
#include <ftw.h>
#include <fuse_log.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake-time.h"
#include "fake-world.h"
#include "fuzz.h"

/* The first byte. */
enum {
  ANSWERS_AT_ONCE = 1, /* the service answers each call at once, and as it should */
  WORKS_SLOWLY = 2,    /* workers work only when a step says so */
  ICONS = 4,
  READ_ONLY = 8,
  TAKEN_AWAY = 16,  /* the end: by fusermount3 -u -z, with what is open; else by a signal */
  SILENT_END = 32,  /* and the service says nothing any more */
  WAITS_BEFORE = 64 /* programs wait until they are answered and close what they have open, before the end */
};

#define LONG_TIME (2 * G_TIME_SPAN_HOUR)
#define MAX_STEPS 200

World world;

/* ---- the world goes on ---- */

/* All that needs no time. */
static void
settle (void)
{
  gboolean again;

  do {
    again = g_main_context_iteration (NULL, FALSE) || fake_service_expire ();
    if (!again && (world.how & WORKS_SLOWLY) == 0)
      again = fake_time_work ();
    if (!again && (world.how & ANSWERS_AT_ONCE) != 0 && fake_service_waiting () > 0) {
      fake_service_answer (0, 0);
      again = TRUE;
    }
  } while (again);
  fake_kernel_listen (&world.kernel);
}

static void
pass_time (gint64 time, const gboolean *until)
{
  gint64 end = fake_time_now () + time;

  for (gint64 next = 0; next <= end && (until == NULL || !*until);) {
    settle ();
    next = MIN (fake_time_next (), fake_service_next ());
    fake_time_set (MIN (next, end));
    settle ();
  }
}

/* Whatever was promised in full: the fuzzer's bytes delay nothing any more. */
static void
work_normally (void)
{
  world.how &= (guint8)~WORKS_SLOWLY;
  if ((world.how & SILENT_END) == 0)
    world.how |= ANSWERS_AT_ONCE;
  else
    world.how &= (guint8)~ANSWERS_AT_ONCE;
  settle ();
}

static void
on_flushed (const FakeHandle *handle)
{
  if (handle->spoilt || handle->picture == 0 || !handle->node->is_photo || (handle->flags & O_ACCMODE) == O_RDONLY)
    return;
  for (guint i = 0; i < FAKE_PEOPLE; i++) {
    g_autofree char *resource_name = g_strdup_printf ("people/c%u", i + 1);
    BookPerson *person = book_person_by_resource_name (contacts_book (world.contacts), resource_name);

    if (person != NULL && person->ino == handle->node->folder)
      g_assert_true (fake_service_had (resource_name, handle->picture));
  }
}

/* ---- steps: the world ---- */

static void
step_answer (void)
{
  guint which = take ();
  guint how = take ();

  fake_service_answer (which, how < 128 ? 0 : how);
}

static void
step_work (void)
{
  fake_time_work ();
}

static void
step_time (void)
{
  guint n = take ();

  pass_time (n < 128 ? n * 20 * G_TIME_SPAN_MILLISECOND : (gint64)(n - 127) * 5 * G_TIME_SPAN_SECOND, NULL);
}

static void
step_elsewhere (void)
{
  guint kind = take () % 4;
  guint person = take ();
  g_autofree char *name = kind == 1 ? take_name () : NULL;
  g_autofree char *valid = name != NULL ? g_utf8_make_valid (name, -1) : NULL;

  if (kind == 0)
    fake_service_remove (person);
  else if (kind == 1)
    fake_service_rename (person, valid);
  else
    fake_service_change_photo (person, take () % 8);
}

static void
on_synced (GObject *source, GAsyncResult *result, gpointer data)
{
  sync_now_finish (contacts_sync (world.contacts), result, NULL);
}

static void
step_sync (void)
{
  sync_now_async (contacts_sync (world.contacts), NULL, on_synced, NULL);
}

static void (*const world_steps[]) (void)
    = { step_answer, step_answer, step_work, step_time, step_time, step_elsewhere, step_sync };

static void
step (void)
{
  guint n = take () % (n_program_steps + G_N_ELEMENTS (world_steps));

  if (n < n_program_steps)
    program_steps[n]();
  else
    world_steps[n - n_program_steps]();
  settle ();
}

/* ---- a run ---- */

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  world.listed = sync_list_finish (contacts_sync (world.contacts), result, &error);
  g_assert_no_error (error);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  contacts_stop_finish (world.contacts, result);
  world.stopped = TRUE;
}

static void
on_ended (gpointer data)
{
  world.ended = TRUE;
}

static void
open_book (void)
{
  g_autofree char *cache = g_build_filename (world.folder, "cache", NULL);
  g_autofree char *pictures = g_build_filename (world.folder, "data", NULL);
  g_autoptr (GError) error = NULL;
  const ContactsOptions options = {
    .book = { .account = "test", .state_dir = world.folder },
    .photos = { .cache_dir = cache, .cache_bytes = 1000000, .data_dir = pictures, .timeout = 30 },
    .sync = { .interval = 1800,
              .upload_timeout = 60,
              .writes_per_minute = 50,
              .image_helper = "/nonexistent",
              .max_photo_bytes = 5 * 1024 * 1024,
              .max_photo_pixels = 4096 },
    .credentials = "none",
    .read_only = (world.how & READ_ONLY) != 0,
  };

  world.contacts = contacts_new (NULL, NULL, &options, &error);
  g_assert_no_error (error);
  sync_list_async (contacts_sync (world.contacts), NULL, on_listed, NULL);
  while (!world.listed) {
    fake_service_answer (0, 0);
    g_main_context_iteration (NULL, FALSE);
  }
  fake_service_watch (photos_archive (contacts_photos (world.contacts)));
}

static void
mount (void)
{
  struct fuse_init_in init = { .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 65536, .flags = 0x3fffffff };
  int ends[2], room = 2 * 1024 * 1024;
  g_autofree char *device = NULL;
  g_autoptr (GError) error = NULL;
  FsOptions options = { .source = "contactfs:test",
                        .read_only = (world.how & READ_ONLY) != 0,
                        .folder_icons = (world.how & ICONS) != 0 };

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), ==, 0);
  for (int i = 0; i < 2; i++)
    setsockopt (ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  device = g_strdup_printf ("/dev/fd/%d", ends[1]);
  options.mountpoint = device;
  world.fs = fs_mount (world.contacts, &options, on_ended, NULL, &error);
  g_assert_no_error (error);
  fake_kernel_begin (&world.kernel, ends[0]);
  world.kernel.flushed = on_flushed;
  fake_kernel_ask (&world.kernel, FUSE_INIT, NULL, NULL, &init, 16, NULL, 0, 0);
  settle ();
  contacts_start (world.contacts);
  settle ();
}

/* Everybody is answered, whatever the service does, and closes what is open. */
static void
wait_for_programs (void)
{
  pass_time (LONG_TIME, NULL);
  g_assert_cmpuint (world.kernel.requests->len, ==, 0);
  for (guint i = world.kernel.handles->len; i > 0; i--)
    program_release (world.kernel.handles->pdata[i - 1]);
  settle ();
  g_assert_cmpuint (world.kernel.handles->len, ==, 0);
}

static void
unmount (void)
{
  if ((world.how & TAKEN_AWAY) != 0)
    shutdown (world.kernel.fd, SHUT_RDWR);
  else
    fs_give_up_reads (world.fs);
  if ((world.how & TAKEN_AWAY) != 0)
    while (!world.ended) /* the notifier's threads are real */
      g_main_context_iteration (NULL, TRUE);
  contacts_stop_async (world.contacts, on_stopped, NULL);
  pass_time (LONG_TIME, &world.stopped);
  g_assert_true (world.stopped);
  fs_unmount (world.fs);
  while (!world.ended)
    g_main_context_iteration (NULL, TRUE);
}

static int
remove_one (const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  return remove (path);
}

static GLogWriterOutput
drop_log (GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data)
{
  return (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR)) != 0 ? g_log_writer_default (level, fields, count, data)
                                                                   : G_LOG_WRITER_HANDLED;
}

static void
drop_libfuse_log (enum fuse_log_level level, const char *format, va_list arguments)
{
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static gboolean began;
  g_autoptr (GError) error = NULL;

  if (!began) {
    g_log_set_writer_func (drop_log, NULL, NULL);
    fuse_set_log_func (drop_libfuse_log);
  }
  began = TRUE;
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  world = (World){ .data = data, .size = size };
  world.how = (guint8)take ();
  world.folder = g_dir_make_tmp ("contactfs-fuzz-XXXXXX", &error);
  g_assert_no_error (error);
  fake_time_begin ();
  fake_service_begin ();
  open_book ();
  mount ();
  for (guint n = 0; world.size > 0 && n < MAX_STEPS; n++)
    step ();
  work_normally ();
  if ((world.how & WAITS_BEFORE) != 0)
    wait_for_programs ();
  unmount ();
  fs_free (world.fs);
  fake_service_watch (NULL);
  contacts_free (world.contacts);
  world.how &= (guint8)~ANSWERS_AT_ONCE;
  while (g_main_context_iteration (NULL, FALSE) || fake_service_expire () || fake_time_work ())
    continue;
  fake_service_end ();
  close (world.kernel.fd);
  fake_kernel_clear (&world.kernel);
  g_assert_cmpint (nftw (world.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), ==, 0);
  g_free (world.folder);
  return 0;
}
