/*
 * The command line of people-emulator.
 */
#pragma once

#include <glib.h>

typedef enum { PHOTOS_ALL, PHOTOS_HALF, PHOTOS_NONE } PhotosOption;

typedef struct Options {
  char *host;
  int port;
  int photo_port;
  char *tls_cert;
  char *tls_key;
  char *public_url;
  char *photo_url;
  char *state_dir;
  char *account; /* whose the address book is */
  int people;    /* -1: the demo's */
  PhotosOption photos;
  int face_size;          /* pixels */
  char *demo_credentials; /* where to write them, or NULL */
  char *service_account;  /* where to write its key file, or NULL */
  char *control_key;      /* where to write the key of /_control; NULL: it is told with the addresses */
  int ready_fd;           /* -1: none */
  gboolean until_eof;
  gint64 sync_token_lifetime; /* seconds, as all the following */
  gint64 delta_lag;
  gint64 old_photo_grace;
  gint64 access_token_lifetime;
  int page_size_max;
  gboolean quota;
  gboolean keep_bytes;
  gboolean abort_overlap;
  char *log;
  gboolean verbose;
  char **access_tokens; /* or NULL */
} Options;

/* FALSE with error: wrong usage. *done: --help or --version has been answered. */
gboolean options_parse (Options *self, int *argc, char ***argv, gboolean *done, GError **error);
void options_clear (Options *self);
