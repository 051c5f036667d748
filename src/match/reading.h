/*
 * The ways to read a file's name: with and without what cameras and file managers add to it. Pure, any thread.
 */
#pragma once

#include "match/spelling.h"

typedef struct {
  GPtrArray *words; /* of Word, owned */
  gboolean is_cut;  /* something was left out */
} Reading;

/* A name without the endings of pictures (.jpg, also .jpg.png) and the folders in front. Transfer full. */
char *reading_stem (const char *file_name);

/* The words of stem as they are; with_cuts, also without more and more of what does not belong to a name. Element: Reading*,
 * owned. */
GPtrArray *reading_all (const char *stem, gboolean with_cuts);

/* TRUE for a word that cameras and file managers add, at the ends of a name. */
gboolean reading_is_added (const Word *word);

/* The words without numbers at either end; NULL: there are none. Transfer full. */
GPtrArray *reading_without_numbers (const GPtrArray *words);
