/*
 * Which contact a picture is of, by the name of its file. It never guesses: whatever fits two people fits nobody.
 *
 * A file's name fits a contact by one of these:
 *   - the name of the contact's folder, or the display name, in any order of its words and in any spelling that is the
 *     same name (spelling.h). All words must be there, and no others: a given name alone, an initial, a left out title
 *     or middle name fit nobody who has more words in their name.
 *   - an e-mail address, a phone number (phone.h) or the resource's id.
 *
 * What cameras and file managers add is not part of the name: IMG and DSC, numbers and dates in front and at the end,
 * (1), "copy". A bare number or year beside a single word is part of the name (Studio 54, Expo 2000); (1), a whole date and
 * "copy" are not. Each reading of a name counts. If two readings fit different contacts, as Alice and Alice (2), the file is
 * left alone. So it is if the number is not that of a contact of this name.
 *
 * The exact letters win over a plain spelling if the file has letters with marks, or is the very name of one contact. Else
 * Jose and José fit jose equally.
 *
 * An address, a number or an id in a file's name is of somebody. If it is of nobody here, the file fits nobody. A telephone
 * number beside a name is a doubt if it is another contact's.
 * Pure, any thread. An index of a person is the count of those who were added before.
 */
#pragma once

#include <glib.h>

typedef struct {
  const char *folder;        /* the name of the folder in the mount; UTF-8 */
  const char *display_name;  /* NULL: what the folder's name tells */
  const char *resource_name; /* people/c123; NULL: not known */
  const char *const *emails; /* NULL: none but those that the folder's name tells */
  const char *const *phones; /* the same */
} MatchPerson;

typedef struct Matcher Matcher;

Matcher *matcher_new (void);
void matcher_free (Matcher *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Matcher, matcher_free)

/* Copies what it needs. */
void matcher_add (Matcher *self, const MatchPerson *person);

/* The people whom a file of this name fits, each once, rising: one person is the answer, two or more are a doubt. file_name
 * is without folders and need not be UTF-8. Element: guint. Transfer full. */
GArray *matcher_find (const Matcher *self, const char *file_name);

/* The same for what a person wrote as somebody's name: nothing is left out of it, and the very name of one contact comes
 * before all others. */
GArray *matcher_find_name (const Matcher *self, const char *name);

/* The people whose names are most like it, the nearest first: for people to look at, and never to be acted upon. */
GArray *matcher_nearest (const Matcher *self, const char *file_name, guint max);

/* TRUE for a name that a picture's file has by its ending. */
gboolean match_is_picture_name (const char *file_name);
