/*
 * How a command ends that could not do what was asked for: one sentence ("contactfs: …") on stderr, and an exit status.
 */
#pragma once

#include <glib.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 }; /* exit statuses */

/* One sentence on stderr; returns status, for `return cli_fail (…)`. */
int cli_fail (int status, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The same for what GOption could not parse: names the manual's page of command ("contactfs mount"). Returns CLI_USAGE. */
int cli_fail_usage (const GError *error, const char *command);
