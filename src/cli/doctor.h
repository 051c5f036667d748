/*
 * The two halves of contactfs doctor. Each adds its checks to the report; each check ends by itself, in seconds.
 */
#pragma once

#include "cli/report.h"
#include "settings/options.h"

/* doctor-local.c: what this computer has. Changes nothing. */
void doctor_check_computer (const Options *options, Report *report);

/* doctor-service.c: credentials, and how the service answers them. Runs the default main context. */
void doctor_check_service (const Options *options, Report *report);
