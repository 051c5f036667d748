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

/* Seconds since 1970; 0 or nothing: never. */
static char *
describe_time (const JsonValue *status, const char *name)
{
  gint64 seconds = json_int (status, name);
  g_autoptr (GDateTime) time = seconds > 0 ? g_date_time_new_from_unix_utc (seconds) : NULL;
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
  g_autofree char *room = g_format_size_full ((guint64)json_int (status, "cache_limit"), G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf ("%s of %s", used, room);
}

static char *
describe_error (const JsonValue *status)
{
  const char *sentence = json_string (status, "last_error");
  if (sentence == NULL || sentence[0] == '\0')
    return g_strdup ("none");
  g_autofree char *time = describe_time (status, "last_error_time");
  return g_strdup_printf ("%s, %s", time, sentence);
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
  g_autofree char *error = describe_error (status);

  printf ("%s\n", mount->mountpoint);
  print_row ("Account", account != NULL ? account : mount->source);
  print_row ("Credentials", credentials != NULL ? credentials : "unknown");
  print_row ("People", people);
  print_row ("Photos", photos);
  print_row ("Last sync", synced);
  print_row ("Service", json_bool (status, "reachable") ? "reachable" : "out of reach; what is known is shown");
  print_row ("Waiting", waiting);
  print_row ("Cache", cache);
  print_row ("Last error", error);
}

static gboolean
show (const Mount *mount, GError **error)
{
  g_autofree char *text = mounts_read_status (mount, error);
  if (text == NULL)
    return FALSE;
  g_autoptr (JsonValue) status = json_parse (text, strlen (text), error);
  if (status == NULL) {
    g_prefix_error (error, "the mount at %s does not tell its status: ", mount->mountpoint);
    return FALSE;
  }
  print_status (mount, status);
  return TRUE;
}

static int
show_all (const GPtrArray *mounts)
{
  int result = CLI_OK;
  guint shown = 0;
  guint failed = 0;
  for (guint i = 0; i < mounts->len; i++) {
    g_autoptr (GError) error = NULL;
    if (shown > 0)
      printf ("\n");
    if (show (g_ptr_array_index (mounts, i), &error)) {
      shown++;
    } else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED)) { /* somebody else's is no news */
      result = cli_fail (CLI_FAILED, "%s", error->message);
      failed++;
    }
  }
  if (shown + failed == 0)
    return cli_fail (CLI_FAILED, "no contacts are mounted; `contactfs mount FOLDER` does that");
  return result;
}

int
cli_status (const char *mountpoint)
{
  g_autoptr (GError) error = NULL;
  if (mountpoint != NULL) {
    g_autoptr (Mount) mount = mounts_find (mountpoint, &error);
    return mount != NULL && show (mount, &error) ? CLI_OK : cli_fail (CLI_FAILED, "%s", error->message);
  }
  g_autoptr (GPtrArray) mounts = mounts_list (&error);
  if (mounts == NULL)
    return cli_fail (CLI_FAILED, "the mounts cannot be listed: %s", error->message);
  return show_all (mounts);
}
