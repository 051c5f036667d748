/*
 * Failures told to people: in the log, in user.contactfs.error, in the status, on the desktop. Loop thread only.
 */
#pragma once

#include "book/book.h"

#define BOOK_NOT_CHANGED "the photo was not changed" /* where that is not known, people are told so */
#define BOOK_NOT_REMOVED "the photo was not removed and is back"

/* A g_message; person may be NULL. */
void book_log_failure (const BookPerson *person, const GError *error, const char *sentence);
/* The same, of the sync; it is the last error in the status, too. */
void book_sync_failed (Book *book, const GError *error);
/* In the log, the status and user.contactfs.error. whereabouts: where the picture is now, in words; NULL: there is none. */
void book_person_fail (Book *book, BookPerson *person, const char *what, const GError *error, const char *whereabouts);
/* On the desktop; picture: NULL when none is concerned. */
void book_tell_failed (Book *book, const BookPerson *person, const char *what, const GError *error, GBytes *picture,
                       const char *whereabouts);
/* Both, where no picture is concerned. */
void book_change_failed (Book *book, BookPerson *person, const char *what, const GError *error);
/* picture is the photo now, as it was written; NULL: it was another change */
void book_tell_changed (Book *book, const BookPerson *person, GBytes *picture);

void book_person_clear_error (BookPerson *person);
/* To the log and to user.contactfs.note; NULL: the last picture went as it was. */
void book_person_set_note (BookPerson *person, const char *note);

/* The last one in words, borrowed, and when it was, in seconds since 1970; NULL and 0: none. */
const char *book_last_error (const Book *book, gint64 *time);
