/*
 * A contact as the matcher knows it: what it is called, and what is its own. Pure.
 */
#pragma once

#include "match/match.h"
#include "match/spelling.h"

typedef struct {
  char *folder;      /* NFC */
  char *name;        /* NFC; the folder's without what tells it from others of that name */
  char *id;          /* c123; NULL: not known */
  GPtrArray *emails; /* of char*, case folded */
  GPtrArray *phones; /* of Phone */
  GPtrArray *words;  /* of name */
  gunichar *letters; /* of their key */
  glong length;
} Person;

Person *person_new (const MatchPerson *source);
void person_free (gpointer self);

char *person_compose (const char *text); /* to valid UTF-8, NFC. Transfer full */

gboolean person_has_words (const char *text);

/* TRUE for a person without a name, who is called by an address. */
gboolean person_is_address (const Person *self);

/* Who has one of the telephone numbers that are anywhere in a file's name. Indexes, rising, transfer full; NULL: nobody. */
GArray *person_find_numbers (const GPtrArray *people, const char *stem);

/* Who of people (Person) is identified by a file's name: by every address in it, by an id or a number. Indexes, rising. NULL: the
 * name has nothing of the kind. Sets rest to what is left of it for a name; NULL: nothing is. Both transfer full. */
GArray *person_identify (const GPtrArray *people, const char *stem, char **rest);
