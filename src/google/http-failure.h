/*
 * The sentence for a request that got no answer. Pure.
 */
#pragma once

#include "google/error.h"

/* words: the library's own, without a full stop. */
GError *http_failure_new (PeopleError code, const char *host, const char *words);
