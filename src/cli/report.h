/*
 * What a doctor found: one line for each check, and what to do.
 */
#pragma once

#include <glib.h>

typedef enum {
  REPORT_GOOD,
  REPORT_BAD,     /* something must be done; the sentence says what */
  REPORT_SKIPPED, /* not needed here, or not possible since an earlier check is bad */
} ReportState;

typedef struct Report Report;

Report *report_new (void);
void report_free (Report *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Report, report_free)

/* check: its name for people and programs, static. */
void report_add (Report *self, ReportState state, const char *check, const char *format, ...) G_GNUC_PRINTF (4, 5);

gboolean report_is_good (const Report *self); /* nothing is bad */

/* Marks and colours on a terminal that knows them, else words; or one JSON array. To stdout. */
void report_print (const Report *self);
void report_print_json (const Report *self);
