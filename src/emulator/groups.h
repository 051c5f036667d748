/*
 * The labels of one address book: the system's, and the user's. Who carries one is in the people's memberships.
 */
#pragma once

#include <glib.h>

/* The ids of the labels that the user has at the start. */
#define GROUP_CHOIR      "4f1c0a5e8d0b1c2a"
#define GROUP_NEIGHBOURS "59a8c1f70b3d2e44"

typedef struct {
  char *id; /* of "contactGroups/ID" */
  char *name;
  gboolean user;    /* made by the user */
  gboolean deleted; /* told to those who knew it */
  guint64 revision; /* of the last change; 0: none */
} Group;

/* Elements are Group, never taken out. Owned by the caller; free with g_ptr_array_unref. */
GPtrArray *groups_new (void);
/* By id, the deleted too; borrowed, or NULL. */
Group *groups_find (GPtrArray *self, const char *id);
/* Makes the label, or changes it; it is not deleted any more. */
void groups_put (GPtrArray *self, const char *id, const char *name);
/* FALSE: there is none that a user could delete. */
gboolean groups_delete (GPtrArray *self, const char *id);
guint64 groups_revision (GPtrArray *self);
