/*
 * Field masks and source masks of people, as people.v1.json lists them.
 */
#pragma once

#include "emulator/request.h"

/* In the order in which a Person is written. */
typedef enum {
  FIELD_ADDRESSES,
  FIELD_AGE_RANGES,
  FIELD_BIOGRAPHIES,
  FIELD_BIRTHDAYS,
  FIELD_CALENDAR_URLS,
  FIELD_CLIENT_DATA,
  FIELD_COVER_PHOTOS,
  FIELD_EMAIL_ADDRESSES,
  FIELD_EVENTS,
  FIELD_EXTERNAL_IDS,
  FIELD_GENDERS,
  FIELD_IM_CLIENTS,
  FIELD_INTERESTS,
  FIELD_LOCALES,
  FIELD_LOCATIONS,
  FIELD_MEMBERSHIPS,
  FIELD_METADATA,
  FIELD_MISC_KEYWORDS,
  FIELD_NAMES,
  FIELD_NICKNAMES,
  FIELD_OCCUPATIONS,
  FIELD_ORGANIZATIONS,
  FIELD_PHONE_NUMBERS,
  FIELD_PHOTOS,
  FIELD_RELATIONS,
  FIELD_SIP_ADDRESSES,
  FIELD_SKILLS,
  FIELD_URLS,
  FIELD_USER_DEFINED,
  N_FIELDS
} Field;

typedef guint64 FieldMask;
#define FIELD_BIT(field) (G_GUINT64_CONSTANT (1) << (field))
#define FIELD_MASK_ALL   (FIELD_BIT (N_FIELDS) - 1)

typedef enum {
  SOURCE_PROFILE = 1 << 0,
  SOURCE_CONTACT = 1 << 1,
  SOURCE_DOMAIN_CONTACT = 1 << 2,
  SOURCE_OTHER_CONTACT = 1 << 3,
  SOURCE_DEFAULT = 1 << 4, /* none was asked for */
} SourceMask;

const char *field_name (Field field);
int field_by_name (const char *name); /* -1: none */
gboolean field_is_writable (Field field);
gboolean field_is_singleton (Field field);
/* A member of Person that the API has, and the emulator neither keeps nor shows. */
gboolean field_is_unkept (const char *name);

/* Parses "names,photos"; every word may start with prefix ("person.") if that is not NULL. FALSE: *bad is the first
 * path that is none (transfer full). */
gboolean mask_parse (const char *text, const char *prefix, FieldMask *mask, char **bad);

/* The mask of personFields and requestMask.includeField. required and none given, or a bad path: answers and FALSE. */
gboolean mask_from_request (Request *request, const char *person_fields, gboolean required, const char *method,
                            FieldMask *mask);
/* In JSON an enum may be a number, too; NULL: none has it. */
const char *source_name (int number);
/* Adds one word of sources. */
gboolean source_parse (const char *word, SourceMask *sources);
gboolean sources_from_request (Request *request, SourceMask *sources);
