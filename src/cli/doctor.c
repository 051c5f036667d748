/*
 * contactfs doctor: what a mount needs, one thing after the other, and what to do where it is missing.
 */
#define G_LOG_DOMAIN "contactfs"

#include "cli/doctor.h"

#include "cli/cli.h"
#include "cli/daemon.h"

int
cli_doctor (const Options *options, gboolean json)
{
  g_autoptr (Report) report = report_new ();
  daemon_guard_memory ();
  doctor_check_computer (options, report);
  doctor_check_service (options, report);
  if (json)
    report_print_json (report);
  else
    report_print (report);
  return report_is_good (report) ? CLI_OK : CLI_FAILED;
}
