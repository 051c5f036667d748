/*
 * The attempts of one request: what went wrong so far, and the wait before the next (retry.h says how long). Loop
 * thread only.
 */
#pragma once

#include <gio/gio.h>

#include "net/retry.h"

typedef struct {
  Retry retry;
  GError *last; /* why the last attempt failed, or NULL */
} Attempts;

void attempts_init (Attempts *self, gint64 deadline);
void attempts_clear (Attempts *self);

/* TRUE if error says that no answer came, and one may come next time; FALSE for a certificate, a cancellation and the
 * like. */
gboolean attempts_may_pass (const GError *error);

/* Takes error, which ended an attempt, and waits. finish TRUE: make the next attempt. FALSE: there is none, and *error
 * is what to report, G_IO_ERROR_CANCELLED, or the error of this attempt or of an earlier one that says more than "no
 * answer in time". self must live until finish. retry_after: microseconds, 0 when the service did not say. */
void attempts_again_async (Attempts *self, GError *error, gint64 retry_after, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
gboolean attempts_again_finish (GAsyncResult *result, GError **error);
