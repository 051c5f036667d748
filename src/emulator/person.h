/*
 * A person of the address book at one revision, and how it is written.
 *
 * A PersonState never changes once it is in the book: a change is a copy, changed, and put. Listings and lagging deltas
 * hold on to old states at the price of a reference. Fields keep the text of their entries without metadata, which is
 * put in front of each when it is written.
 */
#pragma once

#include "emulator/mask.h"
#include "emulator/photo-store.h"

typedef struct FieldText {
  grefcount references;
  Field field;
  char **entries; /* the members of each entry's object, without braces: "value":"a@b.c","type":"home" */
} FieldText;

typedef struct PersonState {
  grefcount references;
  char *resource_name;   /* people/c123 */
  char *source_id;       /* hexadecimal, as Google does */
  char *profile_id;      /* of the linked profile, or NULL */
  char **previous_names; /* or NULL */
  GPtrArray *fields;     /* FieldText, by Field */
  Photo *photo;          /* own, or NULL */
  Photo *profile_photo;  /* of the linked profile, or NULL */
  gboolean deleted;
  gboolean domain_contact;
  gint64 update_time; /* of the contact source */
  gint64 changed_at;  /* when deltas may tell it, before the lag */
  guint64 revision;   /* in the book; set by the model */
} PersonState;

PersonState *person_state_new (const char *resource_name);
PersonState *person_state_copy (const PersonState *other);
PersonState *person_state_ref (PersonState *self);
void person_state_unref (PersonState *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PersonState, person_state_unref)

/* Takes entries; NULL or empty: removes the field. */
void person_state_set_field (PersonState *self, Field field, char **entries);
const FieldText *person_state_get_field (const PersonState *self, Field field);
void person_state_set_photo (PersonState *self, Photo *photo);
void person_state_set_profile_photo (PersonState *self, Photo *photo);

/* The names entry that the server makes of the parts (any may be NULL), displayName and the like included; NULL: no
 * part at all. Transfer full. */
char *person_name_entry (const char *given, const char *middle, const char *family);
char *person_display_name (const PersonState *self); /* "" for the nameless; transfer full */

char *person_etag (const PersonState *self);        /* transfer full */
char *person_source_etag (const PersonState *self); /* transfer full */

/* FALSE: nothing of the person comes from these sources. */
gboolean person_in_sources (const PersonState *self, SourceMask sources);
void person_write (const PersonState *self, FieldMask mask, SourceMask sources, const char *photo_url, GString *out);
/* A deleted one, as deltas tell it. */
void person_write_deleted (const PersonState *self, GString *out);
