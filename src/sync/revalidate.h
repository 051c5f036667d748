/*
 * What is known of a person is made fresh before a mutation (revalidate.c). Loop thread only.
 */
#pragma once

#include "sync/internal.h"

typedef struct Revalidation Revalidation;
typedef enum {
  REVALIDATE_LISTING, /* what came some seconds ago is good enough; a delta does */
  REVALIDATE_PERSON   /* this person is fetched, now */
} RevalidateDepth;
/* no_such_person: the service does not have this one. */
typedef void (*RevalidateFunc) (gboolean no_such_person, gpointer data);
/* NULL: what is known is fresh enough. Else done is called later, within two seconds and half of what is left until deadline,
 * and the revalidation is over. It may be abandoned before that. */
Revalidation *revalidate_begin (Sync *sync, BookPerson *person, RevalidateDepth depth, gint64 deadline,
                                RevalidateFunc done, gpointer data);
void revalidate_abandon (Revalidation *revalidation);
