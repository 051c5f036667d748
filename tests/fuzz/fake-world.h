/* What fuzz-requests.c has made, and the steps that fake-programs.c takes in it. */
#pragma once

#include "fake-kernel.h"
#include "fake-service.h"
#include "fs/fs.h"

typedef struct {
  const guint8 *data;
  gsize size;
  guint8 how;
  char *folder;
  Contacts *contacts;
  Fs *fs;
  FakeKernel kernel;
  gboolean listed, stopped, ended;
} World;

extern World world;

guint take (void);      /* the next of the fuzzer's bytes; 0 when there is none */
char *take_name (void); /* transfer full; never with a '/', as the kernel's */

/* Each asks one thing of the mount, if that can be asked now. */
extern void (*const program_steps[]) (void);
extern const guint n_program_steps;

void program_release (FakeHandle *handle); /* closed for the last time, unless something still goes on with it */
