/*
 * What an import would do, picture by picture: whom each is of, and why one is left alone. Fetches photos only where sizes
 * are compared.
 */
#pragma once

#include "portraits/contacts.h"
#include "portraits/placed.h"

typedef enum {
  PLACEMENT_PLANNED,
  PLACEMENT_PLACED,
  PLACEMENT_ALREADY,    /* an import before this one placed it */
  PLACEMENT_KEPT,       /* the contact has a photo, which is not to be replaced, or does not carry the label */
  PLACEMENT_AMBIGUOUS,  /* fits several */
  PLACEMENT_NOBODY,     /* fits nobody */
  PLACEMENT_DOUBLE,     /* another picture is of the same contact */
  PLACEMENT_NO_PICTURE, /* cannot be read, or is none */
  PLACEMENT_FAILED,     /* the mount refused it */
} PlacementState;

typedef struct {
  char *path;       /* of the picture, absolute; in a row of the table without a picture, what it says */
  Contact *contact; /* whom it is of; borrowed; NULL: not known */
  PlacementState state;
  GPtrArray *others; /* of Contact, borrowed: whom it fits, or who is nearest to it */
  char *reason;      /* in words; NULL: the state says all */
  int code;          /* errno of a failure */
} Placement;

typedef enum { REPLACE_MISSING, REPLACE_SMALLER, REPLACE_ALL } Replace;

typedef struct {
  GPtrArray *contacts;   /* of Contact */
  GPtrArray *placements; /* of Placement, in the order of the pictures */
} Plan;

typedef struct {
  const char *mountpoint;
  const GPtrArray *pictures; /* of char*, paths */
  const char *table;         /* the path of a CSV file; NULL: none */
  const char *label;         /* only those who carry it get a picture; NULL: everybody */
  Replace replace;
  const Placed *placed;
  gboolean quiet; /* no progress is shown */
} PlanWishes;

Plan *plan_make (const PlanWishes *wishes, GError **error);
void plan_free (Plan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Plan, plan_free)

guint plan_count (const Plan *self, PlacementState state);

/* For people: what will be done and what is left, to stdout. */
void plan_print (const Plan *self);

void plan_print_refused (const Plan *self); /* those alone that the mount refused */

/* What was done, in a sentence. Transfer full. */
char *plan_sum (const Plan *self);

/* The report as JSON. ended: why not all was tried; NULL: all was. Transfer full. */
char *plan_json (const Plan *self, const char *mountpoint, gboolean interrupted, const char *ended);
