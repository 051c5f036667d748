/*
 * A fuzz target is one function. With -Dfuzz=true (clang) libFuzzer calls it; otherwise fuzz-main.c does, over a corpus
 * of files, so that each target is an ordinary regression test too. It aborts on a broken promise and returns 0.
 */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
