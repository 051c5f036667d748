/*
 * Whether the mount may end: everything that calls back later holds this token. Loop thread only.
 *
 * After activity_end_async nothing new is begun. The end comes in a turn of the main loop in which nothing is held. So a
 * callback that releases may hold again in that turn. What is asked for after the end is refused.
 */
#pragma once

#include <gio/gio.h>

typedef enum {
  ACTIVITY_WORK, /* the end waits for it */
  ACTIVITY_SPARE /* the end waits for it, and asks for it to be given up once no work is left */
} ActivityKind;

typedef struct Activity Activity;

Activity *activity_new (void);
/* Nothing is held any more, or nothing of it will call back. */
void activity_free (Activity *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Activity, activity_free)

void activity_hold (Activity *self, ActivityKind kind);
void activity_release (Activity *self, ActivityKind kind); /* once for each hold */

gboolean activity_is_ending (const Activity *self); /* also when it is over */
gboolean activity_is_over (const Activity *self);
/* TRUE, and the task has failed with BOOK_ERROR_IO, when it is over. */
gboolean activity_refuse (const Activity *self, GTask *task);
/* For what nobody waits for: cancelled when the end begins. Borrowed. */
GCancellable *activity_cancellable (Activity *self);

/* Once. give_up_spare is called with spare_data when only such is held, maybe several times. The task always succeeds: there
 * is nothing to finish. */
void activity_end_async (Activity *self, void (*give_up_spare) (gpointer data), gpointer spare_data,
                         GAsyncReadyCallback callback, gpointer data);
