/*
 * contactfs status: what each mount says of itself, for people.
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/mounts.h"
#include "google/json.h"

static void
print_row (const char *name, const char *value)
{
  printf ("  %-12s %s\n", name, value);
}

static char *
describe_age (gint64 seconds)
{
  static const struct {
    gint64 seconds;
    const char *one, *many;
  } units[] = {
    { 86400, "a day", "days" },
    { 3600, "an hour", "hours" },
    { 60, "a minute", "minutes" },
    { 1, "a second", "seconds" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++) {
    gint64 count = seconds / units[i].seconds;
    if (count == 1)
      return g_strdup_printf ("%s ago", units[i].one);
    if (count > 1)
      return g_strdup_printf ("%" G_GINT64_FORMAT " %s ago", count, units[i].many);
  }
  return g_strdup ("just now");
}

/* value: seconds since 1970, or an ISO 8601 text; 0, null or nothing: never. */
static char *
describe_time (const JsonValue *status, const char *name)
{
  g_autoptr (GDateTime) time = NULL;
  const char *text = json_string (status, name);
  gint64 seconds = json_int (status, name);
  if (text != NULL)
    time = g_date_time_new_from_iso8601 (text, NULL);
  else if (seconds > 0)
    time = g_date_time_new_from_unix_utc (seconds);
  if (time == NULL)
    return g_strdup ("not yet");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) local = g_date_time_to_local (time);
  g_autofree char *age = describe_age (g_date_time_difference (now, time) / G_TIME_SPAN_SECOND);
  g_autofree char *absolute = g_date_time_format (local, "%Y-%m-%d %H:%M:%S");
  return g_strdup_printf ("%s (%s)", age, absolute);
}

static char *
describe_cache (const JsonValue *status)
{
  g_autofree char *used = g_format_size_full ((guint64)json_int (status, "cache_bytes"), G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *room = g_format_size_full ((guint64)json_int (status, "cache_size"), G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf ("%s of %s", used, room);
}

static void
print_status (const Mount *mount, const JsonValue *status)
{
  g_autofree char *people = g_strdup_printf ("%" G_GINT64_FORMAT, json_int (status, "people"));
  g_autofree char *photos = g_strdup_printf ("%" G_GINT64_FORMAT, json_int (status, "photos"));
  g_autofree char *waiting = g_strdup_printf ("%" G_GINT64_FORMAT, json_int (status, "waiting_mutations"));
  g_autofree char *synced = describe_time (status, "last_sync");
  g_autofree char *cache = describe_cache (status);
  const char *credentials = json_string (status, "credentials");
  const char *account = json_string (status, "account");
  const char *last_error = json_string (status, "last_error");

  printf ("%s\n", mount->mountpoint);
  print_row ("Account", account != NULL ? account : mount->source);
  print_row ("Credentials", credentials != NULL ? credentials : "unknown");
  print_row ("People", people);
  print_row ("Photos", photos);
  print_row ("Last sync", synced);
  print_row ("Waiting", waiting);
  if (json_member (status, "cache_size") != NULL)
    print_row ("Cache", cache);
  print_row ("Last error", last_error != NULL && last_error[0] != '\0' ? last_error : "none");
}

static int
show (const Mount *mount)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = mounts_read_status (mount, &error);
  if (text == NULL)
    return cli_fail (CLI_FAILED, "%s", error->message);
  g_autoptr (JsonValue) status = json_parse (text, strlen (text), &error);
  if (status == NULL)
    return cli_fail (CLI_FAILED, "The mount at %s does not tell its status: %s", mount->mountpoint, error->message);
  print_status (mount, status);
  return CLI_OK;
}

int
cli_status (const char *mountpoint)
{
  g_autoptr (GError) error = NULL;
  if (mountpoint != NULL) {
    g_autoptr (Mount) mount = mounts_find (mountpoint, &error);
    return mount != NULL ? show (mount) : cli_fail (CLI_FAILED, "%s", error->message);
  }
  g_autoptr (GPtrArray) mounts = mounts_list (&error);
  if (mounts == NULL)
    return cli_fail (CLI_FAILED, "The mounts cannot be listed: %s", error->message);
  if (mounts->len == 0)
    return cli_fail (CLI_FAILED, "No contacts are mounted; `contactfs mount FOLDER` does that");
  int result = CLI_OK;
  for (guint i = 0; i < mounts->len; i++) {
    if (i > 0)
      printf ("\n");
    int one = show (g_ptr_array_index (mounts, i));
    result = MAX (result, one);
  }
  return result;
}
