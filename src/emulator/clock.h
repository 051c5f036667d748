/*
 * The emulator's time: the machine's, plus what a test has let pass (token life, delta lag, quotas go by it).
 */
#pragma once

#include <glib.h>

gint64 clock_now (void); /* microseconds since 1970 */
void clock_advance (gint64 seconds);
char *clock_format (gint64 time); /* "2026-01-31T12:34:56.789012Z", transfer full */
