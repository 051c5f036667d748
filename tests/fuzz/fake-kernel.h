/*
 * The kernel's half of FUSE (linux/fuse.h) at one end of a socket whose other end takes the place of /dev/fuse: it keeps account of
 * nodes, open files and requests as the kernel does, and looks at each answer.
 *
 * Promises it checks: each request gets one answer, of the kind and size that its question asks for; names are ones that the kernel
 * takes; a directory's offsets go up; what close said was taken was the person's photo once.
 */
#pragma once

#include <glib.h>

typedef struct {
  guint64 id;
  guint64 lookups;
  guint busy; /* requests and open files */
  gboolean is_directory;
  gboolean is_photo; /* by the name it was last found under */
  guint64 folder;    /* the id of the contact's folder that it is, or is in; 0: none */
} FakeNode;

typedef struct {
  guint64 fh;
  FakeNode *node;
  guint32 flags;
  gboolean is_directory;
  guint busy;
  guint picture;   /* all that was written through it is this picture, whole; 0: not so */
  gboolean spoilt; /* more than that was written, or names have changed: nothing is promised that is known here */
} FakeHandle;

typedef struct {
  guint64 unique;
  guint32 opcode;
  guint32 size; /* that was asked for, or written */
  guint64 offset;
  FakeNode *node;
  FakeHandle *handle; /* or NULL */
  guint32 flags;
  char *name;
} FakeRequest;

typedef struct {
  int fd;
  guint64 unique;
  GPtrArray *nodes;    /* of FakeNode; the first is the root */
  GPtrArray *handles;  /* of FakeHandle */
  GPtrArray *requests; /* of FakeRequest: without an answer */
  /* A file was flushed through handle, and the answer was success. */
  void (*flushed) (const FakeHandle *handle);
} FakeKernel;

void fake_kernel_begin (FakeKernel *self, int fd);
void fake_kernel_clear (FakeKernel *self);

/* The question is sent; args: what follows the header, in two parts. NULL: it has no answer, or the other side is gone. */
FakeRequest *fake_kernel_ask (FakeKernel *self, guint32 opcode, FakeNode *node, FakeHandle *handle, gconstpointer args,
                              gsize size, gconstpointer more, gsize more_size, guint32 pid);
/* The answers that are there. */
void fake_kernel_listen (FakeKernel *self);
