/*
 * The service of `contactfs demo`: a people-emulator of our own, which ends when we do, however we do.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *api_url;
  char *credentials; /* a file of type authorized_user that the emulator accepts */
  /*< private >*/
  struct _GSubprocess *process;
} Demo;

/* The program of the service: its path, transfer full, or NULL with a sentence. */
char *demo_find_program (GError **error);

/* Where it keeps its people: an absolute path, transfer full. */
char *demo_folder (void);

/* Starts it on folder, which it keeps its people in, and waits until it listens. foreground: its stderr is ours.
 * Spawns: after daemon_detach. */
Demo *demo_start (const char *folder, gboolean foreground, GError **error);
void demo_stop (Demo *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Demo, demo_stop)
