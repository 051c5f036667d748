/*
 * The look for news before a mutation (look.c). Loop thread only.
 */
#pragma once

#include "sync/internal.h"

typedef struct Look Look;
typedef enum {
  LOOK_NEWS,  /* what came some seconds ago is good enough; a delta does */
  LOOK_PERSON /* ask for this person, now */
} LookDepth;
/* no_such_person: the service was asked for this one, and does not have it. */
typedef void (*LookFunc) (gboolean no_such_person, gpointer data);
/* NULL: what is known is fresh enough. Else done is called, never from inside, within two seconds or half of what is
 * left until deadline, and the look is over; or abandon it before that. */
Look *look_begin (Sync *sync, BookPerson *person, LookDepth depth, gint64 deadline, LookFunc done, gpointer data);
void look_abandon (Look *look);
