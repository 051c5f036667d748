/*
 * A ContactGroup resource, which people call a label. A plain value: owned by whoever holds the pointer.
 * Document: the schema "ContactGroup" of the People API discovery document.
 */
#pragma once

#include <glib.h>

#define PEOPLE_GROUP_STARRED "contactGroups/starred"

typedef struct {
  char *resource_name; /* "contactGroups/4f1c" */
  char *name;          /* as the user wrote it; never NULL */
  gboolean is_system;  /* made by Google: myContacts, starred … */
} PeopleGroup;

void people_group_free (PeopleGroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeopleGroup, people_group_free)

typedef struct {
  GPtrArray *groups;     /* of PeopleGroup, owned */
  char *next_page_token; /* NULL on the last page */
} PeopleGroupPage;

void people_group_page_free (PeopleGroupPage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeopleGroupPage, people_group_page_free)
