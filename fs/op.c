/*
 * Requests that wait, and what an interrupt does to them.
 *
 *   waiting ──(work ends)──────────────────────────────→ reply with the outcome
 *      ├─(the mount ends, and it only reads)─→ cancelled → reply EIO: by the work as it ends, or by us SETTLE later
 *      └─(interrupt)─→ GRACE ──(work ends)─────────────→ reply with the outcome
 *                       ↑ └─(2 s)─→ is the caller to end? ─→ cancelled → reply EINTR: by the work as it ends, or by us
 *                       └─────────────┘ no                                        SETTLE later
 *
 * Not at once, since programs with timers interrupt themselves all the time; not never, since the kernel waits for the
 * reply even after a SIGKILL. A signal that the caller handles, or that only stops it, ends nothing: no upload would ever
 * come through for a program with a timer, or after Ctrl-Z. The kernel tells us of the first signal alone, so from then
 * on we look every two seconds.
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
  fs_reply_errno (g_steal_pointer (&op->req), op->name, op->given_up ? EIO : EINTR);
  return G_SOURCE_REMOVE;
}

/* The work may end, and free op, inside the cancel: the timer is armed first. */
static void
cancel (FsOp *op)
{
  op->timer = g_timeout_add (SETTLE_MS, on_settle, op);
  g_cancellable_cancel (op->cancellable);
}

static gboolean
on_grace (gpointer data)
{
  FsOp *op = data;

  if (!fs_caller_is_ending (op->pid))
    return G_SOURCE_CONTINUE;
  g_debug ("%s: interrupted", op->name);
  cancel (op);
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
  op->pid = fuse_req_ctx (req)->pid;
  op->cancellable = g_cancellable_new ();
  fuse_req_interrupt_func (req, on_interrupt, op);
  return op;
}

FsOp *
fs_op_new_read (Fs *self, fuse_req_t req, const char *name)
{
  FsOp *op = fs_op_new (self, req, name);

  if (self->reads_over) { /* what is cached is still delivered */
    op->given_up = TRUE;
    g_cancellable_cancel (op->cancellable);
  }
  op->reads = g_hash_table_ref (self->reads);
  g_hash_table_add (op->reads, op);
  return op;
}

void
fs_give_up_reads (Fs *self)
{
  g_autoptr (GList) waiting = NULL;
  guint count = 0;

  if (self->reads_over)
    return;
  self->reads_over = TRUE;
  waiting = g_hash_table_get_keys (self->reads);
  for (GList *next = waiting; next != NULL; next = next->next) {
    FsOp *op = next->data;

    /* one may take another along: look before */
    if (!g_hash_table_contains (self->reads, op) || op->req == NULL)
      continue;
    op->given_up = TRUE;
    g_clear_handle_id (&op->timer, g_source_remove);
    cancel (op);
    count++;
  }
  if (count > 0)
    g_message ("the mount is ending: %u calls that wait for a photo fail", count);
}

void
fs_op_reply_error (FsOp *op, const GError *error)
{
  if (op->given_up && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    fs_reply_errno (op->req, op->name, EIO);
  else
    fs_reply_error (op->req, op->name, error);
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
  g_clear_pointer (&op->file, folder_file_unref);
  g_clear_pointer (&op->handle, folder_handle_unref);
  if (op->reads != NULL) { /* the mount may be gone */
    g_hash_table_remove (op->reads, op);
    g_hash_table_unref (op->reads);
  }
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
      fs_op_reply_error (op, error);
  }
  fs_op_free (op);
}
