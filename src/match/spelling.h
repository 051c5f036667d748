/*
 * Names as words of letters, and which spellings are the same name.
 *
 * Two words are the same when their letters are: after compatibility normalisation and case folding (Unicode's NFKD). They
 * are also the same when one of them writes plainly what the other writes with marks, letter by letter: ü as u or ue, ø as
 * o or oe, é as e. Two different marks are two names (é, è). Marks can be left out of Latin and Greek letters, and of the
 * Cyrillic ё. So can the vowel marks of Hebrew and Arabic. All other marks make another letter: й is not и, が is not か,
 * and Indian and Thai vowel signs are vowels.
 * Pure, any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
  SPELLING_OTHER, /* another name */
  SPELLING_PLAIN, /* one writes plainly what the other writes with marks */
  SPELLING_SAME,  /* the same letters */
} Spelling;

typedef struct {
  char *text;      /* the letters, NFKD, case folded */
  char *skeleton;  /* the same for all spellings of a word, and for some other words */
  GArray *letters; /* inside */
  gboolean is_digits;
  gboolean in_brackets;
  gboolean is_marked;     /* has a letter that plain writing would change */
  gboolean hides_letters; /* in capitals, which write ß as SS, and ı as I */
  gboolean is_unspaced;   /* in a script that writes no spaces between names: Han, Kana, Hangul, Thai and their like */
} Word;

/* The words of a text (UTF-8, or not). Everything but letters, digits and marks parts words; & and + are words; apostrophes,
 * and what cannot be seen, are left out. at_capitals: a capital letter behind a small one begins a word, too. Element: Word*, owned. */
GPtrArray *spelling_words (const char *text, gboolean at_capitals);

/* A new word: those letters of several in a row. */
Word *spelling_join (const GPtrArray *words);
Word *spelling_without_digits (const Word *word); /* without digits at its end; NULL: it has none, or nothing else */
void word_free (Word *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Word, word_free)

Spelling spelling_compare (const Word *a, const Word *b);
