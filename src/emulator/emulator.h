/*
 * people-emulator: what its parts share. Made by main.c, freed by nobody but it.
 */
#pragma once

#include <gio/gio.h>

#include "emulator/faults.h"
#include "emulator/groups.h"
#include "emulator/model.h"
#include "emulator/oauth.h"
#include "emulator/options.h"
#include "emulator/quota.h"
#include "emulator/request-log.h"
#include "emulator/server.h"
#include "emulator/state.h"
#include "emulator/sync.h"

typedef struct Emulator Emulator;

struct Emulator {
  const Options *options;
  char *control_key;   /* that /_control asks for */
  const char *account; /* whose address book model is */
  GHashTable *others;  /* account to Emulator: the same service, another account's address book */
  char *api_url;       /* the base of what clients are told, without a slash */
  char *photo_url;
  PhotoStore *photos;
  Model *model;
  GPtrArray *groups; /* groups.h */
  Sync *sync;
  OAuth *oauth;
  Faults *faults;
  GPtrArray *gathered; /* requests that wait for others (dispatch.c) */
  RequestLog *log;
  Quota *quota;               /* NULL: none is kept */
  State *state;               /* NULL: in memory */
  const char *expired_status; /* the canonical status that goes with EXPIRED_SYNC_TOKEN */
};

/* For the methods of the API: the emulator as an account sees it. The address books of other accounts than the owner's
 * are made when they are first asked for, and are in memory only. Borrowed. */
Emulator *books_of (Emulator *emulator, const char *account);
void books_load_samples (Emulator *emulator);

/* The handlers of the two origins (ServerHandler). */
void dispatch_api (Request *request, gpointer emulator);
void dispatch_photo (Request *request, gpointer emulator);
void dispatch_init (Emulator *emulator);
void dispatch_clear (Emulator *emulator);
void dispatch_release (Emulator *emulator); /* requests that wait for others wait no longer */

/* The second origin's own answer. */
void photo_origin_set_face_size (int pixels); /* of every face that is drawn; before the first */
void photo_origin_handle (Emulator *emulator, Request *request);
/* Comes back when no worker draws any more: what they draw with is taken down as the program ends. */
void photo_origin_end (void);
/* The bytes that a photo holds, drawn now if it is a face; off the main loop. */
void photo_bytes_async (Photo *photo, GAsyncReadyCallback callback, gpointer data);
GBytes *photo_bytes_finish (GAsyncResult *result, GError **error);

/* Everything under /_control. */
void control_handle (Emulator *emulator, Request *request);
void control_people_handle (Emulator *emulator, Request *request, const char *path); /* below /_control/people */
