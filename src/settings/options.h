/*
 * The options of mount and demo: one table for --name value, --name=value and -o name=value.
 *
 * In -o, '_' stands for '-' as well, "\," is a comma inside a value, and what mount(8) adds for every filesystem (rw,
 * nosuid, _netdev, x-systemd.automount …) is accepted. Pure: nothing here looks at the file system.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *account;
  char *api_url;         /* NULL: Google's */
  char *token_command;   /* NULL: not given */
  char *credentials;     /* NULL: not given */
  char *subject;         /* NULL: not given */
  char **labels;         /* NULL: everybody is mounted */
  char *mountpoint;      /* as typed */
  gint64 sync_interval;  /* seconds */
  gint64 timeout;        /* seconds */
  gint64 upload_timeout; /* seconds */
  gint64 cache_bytes;
  gint64 writes_per_minute; /* 0: no pacing */
  gint64 max_photo_bytes;
  gint64 max_photo_pixels; /* a side */
  gboolean strip_metadata;
  gboolean protect;
  gboolean read_only;
  gboolean foreground;
  gboolean verbose;
  gboolean allow_other;
  gboolean no_notify;
  gboolean folder_icons;
  gboolean keep_all;
  gboolean help; /* only help is wanted; the rest is not checked */
} Options;

typedef enum {
  OPTIONS_MOUNT,  /* mount [options] MOUNTPOINT */
  OPTIONS_DEMO,   /* demo [options] MOUNTPOINT */
  OPTIONS_DOCTOR, /* doctor [options]: those that say which service, as whom, and what else a mount needs */
  OPTIONS_HELPER, /* SOURCE MOUNTPOINT -o …: how mount.fuse3 calls; SOURCE is the account */
} OptionsForm;

/* argv[0] is the command's name. G_OPTION_ERROR with a sentence for wrong usage. */
Options *options_parse (OptionsForm form, int argc, char **argv, GError **error);
void options_free (Options *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Options, options_free)

/* The options, one a line, for --help. Transfer full. */
char *options_help (OptionsForm form);

/* A number of bytes: 1048576, 64K, 512M, 2G. */
gboolean options_parse_size (const char *text, gint64 *bytes);

/* TRUE if it can name an account (and so a folder). */
gboolean options_account_valid (const char *account);
