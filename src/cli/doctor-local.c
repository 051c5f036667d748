/*
 * Checks of this computer: the FUSE device and its helper, the keyring, files and folders, mounts.
 */
#define G_LOG_DOMAIN "contactfs"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "account/stored-login.h"
#include "cli/doctor.h"
#include "desktop/session-bus.h"
#include "mounts/mounts.h"
#include "net/private-file.h"
#include "settings/folders.h"

#define FUSE_DEVICE     "/dev/fuse"
#define FUSE_CONFIG     "/etc/fuse.conf"
#define KEYRING_TIMEOUT 3000 /* milliseconds */

/* ---- FUSE ---- */

static void
check_device (Report *report)
{
  int fd = open (FUSE_DEVICE, O_RDWR | O_CLOEXEC);
  int code = errno;
  if (fd >= 0) {
    close (fd);
    report_add (report, REPORT_GOOD, "device", FUSE_DEVICE " can be opened");
  } else if (code == ENOENT || code == ENODEV || code == ENXIO) {
    report_add (report, REPORT_BAD, "device",
                "the kernel does not offer " FUSE_DEVICE
                " (%s): run `sudo modprobe fuse`; a container must be given it",
                g_strerror (code));
  } else {
    report_add (report, REPORT_BAD, "device",
                FUSE_DEVICE " cannot be opened (%s): run `sudo chmod 666 " FUSE_DEVICE "`", g_strerror (code));
  }
}

static void
check_helper (Report *report)
{
  g_autofree char *path = g_find_program_in_path ("fusermount3");
  struct stat status;
  if (path == NULL || stat (path, &status) != 0)
    report_add (report, geteuid () == 0 ? REPORT_SKIPPED : REPORT_BAD, "fusermount3",
                "fusermount3 is not in $PATH%s: install the package fuse3",
                geteuid () == 0 ? ", and root can do without" : "");
  else if (geteuid () != 0 && (status.st_uid != 0 || (status.st_mode & S_ISUID) == 0))
    report_add (report, REPORT_BAD, "fusermount3", "%s does not run as root: run `sudo chmod u+s %s`", path, path);
  else
    report_add (report, REPORT_GOOD, "fusermount3", "%s can mount", path);
}

static gboolean
has_line (const char *file, const char *wanted)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (file, &text, NULL, NULL))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (strcmp (g_strstrip (*line), wanted) == 0)
      return TRUE;
  return FALSE;
}

static void
check_allow_other (const Options *options, Report *report)
{
  if (!options->allow_other)
    report_add (report, REPORT_SKIPPED, "allow-other", "only --allow-other needs a permission");
  else if (geteuid () == 0 || has_line (FUSE_CONFIG, "user_allow_other"))
    report_add (report, REPORT_GOOD, "allow-other", "other users may be let in");
  else
    report_add (report, REPORT_BAD, "allow-other",
                "--allow-other is for root alone: write the line user_allow_other into " FUSE_CONFIG);
}

/* ---- the keyring ---- */

typedef struct {
  GMainLoop *loop;
  GCancellable *cancellable;
  GDBusConnection *bus;
  GVariant *locked; /* (<b>) */
  GError *error;
} Keyring;

static void
on_keyring_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  Keyring *self = data;
  self->locked = g_dbus_connection_call_finish (self->bus, result, &self->error);
  g_main_loop_quit (self->loop);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer data)
{
  Keyring *self = data;
  self->bus = g_bus_get_finish (result, &self->error);
  if (self->bus == NULL)
    g_main_loop_quit (self->loop);
  else
    g_dbus_connection_call (
        self->bus, "org.freedesktop.secrets", "/org/freedesktop/secrets/aliases/default",
        "org.freedesktop.DBus.Properties", "Get", g_variant_new ("(ss)", "org.freedesktop.Secret.Collection", "Locked"),
        G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE, KEYRING_TIMEOUT, self->cancellable, on_keyring_answer, self);
}

static gboolean
on_keyring_timeout (gpointer data)
{
  g_cancellable_cancel (((Keyring *)data)->cancellable);
  return G_SOURCE_CONTINUE;
}

static gboolean
is_locked (GVariant *answer)
{
  g_autoptr (GVariant) value = NULL;
  g_variant_get (answer, "(v)", &value);
  return g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) && g_variant_get_boolean (value);
}

/* Whether the login that a mount with these options would use is in the keyring. */
static gboolean
is_needed (const Options *options)
{
  g_autofree char *folder = folders_config (options->account);
  g_autoptr (StoredLogin) login = stored_login_peek (options->account, folder, NULL);
  return login != NULL && login->in_keyring && options->token_command == NULL && options->credentials == NULL;
}

static void
report_none (const char *what, const Options *options, Report *report)
{
  if (is_needed (options))
    report_add (report, REPORT_BAD, "keyring",
                "%s, and the login of the account “%s” is in the keyring of your desktop session: mount from there, or "
                "run contactfs login --account %s here",
                what, options->account, options->account);
  else
    report_add (report, REPORT_SKIPPED, "keyring", "%s: logins are kept in a file that only you can read", what);
}

static void
report_keyring (const Keyring *keyring, const Options *options, Report *report)
{
  if (keyring->locked != NULL && is_locked (keyring->locked))
    report_add (report, REPORT_BAD, "keyring",
                "the keyring is locked: unlock it, for example by logging in to the desktop");
  else if (keyring->locked != NULL)
    report_add (report, REPORT_GOOD, "keyring", "the keyring is open");
  else if (g_error_matches (keyring->error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
           || g_error_matches (keyring->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT)
           || g_error_matches (keyring->error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    report_add (report, REPORT_BAD, "keyring", "the keyring does not answer: log out of the desktop and in again");
  else if (g_error_matches (keyring->error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT)
           || g_error_matches (keyring->error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD)
           || g_error_matches (keyring->error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE))
    report_add (report, REPORT_GOOD, "keyring", "the keyring answers, and is still empty");
  else
    report_none ("no keyring is running", options, report);
}

static void
check_keyring (const Options *options, Report *report)
{
  g_autofree char *address = session_bus_address ();
  if (address == NULL) {
    report_none ("there is no desktop session here", options, report);
    return;
  }
  Keyring keyring = { .loop = g_main_loop_new (NULL, FALSE), .cancellable = g_cancellable_new () };
  guint timer = g_timeout_add (KEYRING_TIMEOUT, on_keyring_timeout, &keyring);
  g_bus_get (G_BUS_TYPE_SESSION, keyring.cancellable, on_bus, &keyring);
  g_main_loop_run (keyring.loop);
  g_source_remove (timer);
  report_keyring (&keyring, options, report);
  g_clear_pointer (&keyring.locked, g_variant_unref);
  g_clear_error (&keyring.error);
  g_clear_object (&keyring.bus);
  g_object_unref (keyring.cancellable);
  g_main_loop_unref (keyring.loop);
}

/* ---- files ---- */

static void
check_client (const Options *options, Report *report)
{
  g_autofree char *folder = folders_config (options->account);
  g_autofree char *path = stored_login_client_path (folder);
  g_autoptr (GError) error = NULL;
  g_autoptr (ClientFile) client = NULL;
  if (!g_file_test (path, G_FILE_TEST_EXISTS)) {
    report_add (report, REPORT_SKIPPED, "client", "%s is not there; only `contactfs login` needs a client file", path);
    return;
  }
  client = client_file_load (path, &error);
  if (client == NULL)
    report_add (report, REPORT_BAD, "client", "%s", error->message);
  else if (private_file_is_exposed (path))
    report_add (report, REPORT_BAD, "client", "others can read %s: run `chmod 600 %s`", path, path);
  else
    report_add (report, REPORT_GOOD, "client", "%s is there", path);
}

/* The folder itself, or the one that it would be made in. */
static char *
nearest (const char *path)
{
  char *found = g_strdup (path);
  while (!g_file_test (found, G_FILE_TEST_EXISTS) && strcmp (found, "/") != 0) {
    char *parent = g_path_get_dirname (found);
    g_free (found);
    found = parent;
  }
  return found;
}

static gboolean
check_folder (const char *base, const char *account, Report *report)
{
  g_autofree char *path = g_build_filename (base, "contactfs", account, NULL);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *there = nearest (absolute);
  struct statvfs disk;
  if (!g_file_test (there, G_FILE_TEST_IS_DIR))
    report_add (report, REPORT_BAD, "folders", "%s is in the way of the folder %s: remove it", there, absolute);
  else if (access (there, W_OK | X_OK) != 0)
    report_add (report, REPORT_BAD, "folders", "nothing can be written in %s (%s): make it yours and writable", there,
                g_strerror (errno));
  else if (statvfs (there, &disk) == 0 && disk.f_bavail == 0 && disk.f_blocks > 0)
    report_add (report, REPORT_BAD, "folders", "the disk of %s is full: make room", there);
  else
    return TRUE;
  return FALSE;
}

static void
check_folders (const Options *options, Report *report)
{
  const char *const bases[] = { g_get_user_state_dir (), g_get_user_cache_dir (), g_get_user_data_dir () };
  gboolean good = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (bases); i++)
    good &= check_folder (bases[i], options->account, report);
  if (good)
    report_add (report, REPORT_GOOD, "folders", "database, cache and saved photos have their folders");
}

/* ---- mounts ---- */

static gboolean
check_mount (const Mount *mount, Report *report)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *status = mounts_read_status (mount, &error);
  if (status != NULL)
    return TRUE;
  report_add (report, REPORT_BAD, "mounts", "%s", error->message);
  return FALSE;
}

static void
check_mounts (Report *report)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) mounts = mounts_list (&error);
  guint ours = 0;
  gboolean good = TRUE;
  for (guint i = 0; mounts != NULL && i < mounts->len; i++) {
    const Mount *mount = g_ptr_array_index (mounts, i);
    if (mount->uid != getuid ())
      continue;
    ours++;
    good &= check_mount (mount, report);
  }
  if (mounts == NULL)
    report_add (report, REPORT_BAD, "mounts", "the mounts cannot be listed: %s", error->message);
  else if (good && ours == 0)
    report_add (report, REPORT_GOOD, "mounts", "nothing is mounted, and nothing was left behind");
  else if (good)
    report_add (report, REPORT_GOOD, "mounts", "what is mounted answers");
}

void
doctor_check_computer (const Options *options, Report *report)
{
  check_device (report);
  check_helper (report);
  check_allow_other (options, report);
  check_keyring (options, report);
  check_client (options, report);
  check_folders (options, report);
  check_mounts (report);
}
