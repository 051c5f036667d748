/*
 * A Person resource, cut down to what a photo filesystem needs. A plain value: owned by whoever holds the pointer.
 * Document: the schema "Person" of the People API discovery document.
 */
#pragma once

#include <glib.h>

typedef struct {
  char *resource_name;            /* "people/c123" */
  char **previous_resource_names; /* NULL-terminated, or NULL */
  gboolean deleted;               /* metadata.deleted: in a delta, everything else is empty */
  char *display_name;             /* the primary name's displayName; NULL when nameless */
  char *email;                    /* first e-mail, phone, organisation: NULL when there is none */
  char *phone;
  char *organization;
  char *emails;               /* all of them, a line each, the primary one first; NULL: none */
  char *phones;               /* likewise; in the form +49301234567 where the service knows it */
  char *labels;               /* the resource names of the labels (group.h), a line each; NULL: none */
  gint64 update_time;         /* of the CONTACT source, microseconds since 1970 UTC; 0: not told */
  gint64 profile_update_time; /* of the PROFILE source; 0: not told */
  char *photo_url;   /* the contact's own photo, URL as answered; NULL: none, or only a monogram (default: true) */
  char *profile_url; /* the linked profile's picture; NULL: none */
} PeoplePerson;

void people_person_free (PeoplePerson *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeoplePerson, people_person_free)

typedef struct {
  GPtrArray *people;     /* of PeoplePerson, owned */
  guint ignored;         /* people without a valid resource name */
  gsize size;            /* bytes of the answer */
  char *next_page_token; /* NULL on the last page */
  char *next_sync_token; /* on the last page only */
  gint64 total;          /* so many are on all pages together, as the service says; 0: it does not */
} PeoplePage;

void people_page_free (PeoplePage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeoplePage, people_page_free)
