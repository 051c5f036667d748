/*
 * Requests that wait, and what an interrupt does to them.
 *
 *   waiting ──(work ends)──────────────────────────────→ reply with the outcome
 *      └─(interrupt)─→ GRACE ──(work ends)─────────────→ reply with the outcome
 *                        └─(2 s)─→ cancelled ──────────→ reply EINTR: by the work as it ends, or by us SETTLE later
 *
 * Not at once, since programs with timers interrupt themselves all the time; not never, since the kernel waits for the
 * reply even after a SIGKILL.
 */
#define G_LOG_DOMAIN "contactfs"

#include "fs/internal.h"

#define GRACE_MS  2000
#define SETTLE_MS 200

static gboolean
on_settle (gpointer data)
{
  FsOp *op = data;

  op->timer = 0;
  fuse_req_interrupt_func (op->req, NULL, NULL);
  fs_reply_errno (g_steal_pointer (&op->req), op->name, EINTR);
  return G_SOURCE_REMOVE;
}

static gboolean
on_grace (gpointer data)
{
  FsOp *op = data;

  /* The work may end, and free op, inside the cancel: the timer is armed first. */
  op->timer = g_timeout_add (SETTLE_MS, on_settle, op);
  g_debug ("%s: interrupted", op->name);
  g_cancellable_cancel (op->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_interrupt (fuse_req_t req, void *data)
{
  FsOp *op = data;

  if (op->timer == 0)
    op->timer = g_timeout_add (GRACE_MS, on_grace, op);
}

FsOp *
fs_op_new (Fs *self, fuse_req_t req, const char *name)
{
  FsOp *op = g_new0 (FsOp, 1);

  op->fs = self;
  op->req = req;
  op->name = name;
  op->cancellable = g_cancellable_new ();
  fuse_req_interrupt_func (req, on_interrupt, op);
  return op;
}

gboolean
fs_op_finish (FsOp *op)
{
  g_clear_handle_id (&op->timer, g_source_remove);
  if (op->req == NULL)
    return FALSE;
  fuse_req_interrupt_func (op->req, NULL, NULL);
  return TRUE;
}

void
fs_op_free (FsOp *op)
{
  g_clear_pointer (&op->file, book_file_unref);
  g_clear_pointer (&op->handle, book_handle_unref);
  g_object_unref (op->cancellable);
  g_free (op);
}

void
fs_op_end (FsOp *op, const GError *error)
{
  if (fs_op_finish (op)) {
    if (error == NULL)
      fs_reply_ok (op->req);
    else
      fs_reply_error (op->req, op->name, error);
  }
  fs_op_free (op);
}
