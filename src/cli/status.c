/*
 * contactfs status: what each mount says of itself, and which accounts are not mounted; for people, or as JSON
 * (docs/semantics.md "contactfs status").
 */
#define G_LOG_DOMAIN "contactfs"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "account/stored-login.h"
#include "cli/cli.h"
#include "mounts/mounts.h"
#include "net/json.h"
#include "net/text.h"
#include "settings/accounts.h"
#include "settings/credentials.h"
#include "settings/folders.h"

#define CLEAN_MAX 8192 /* bytes of an attribute */

typedef enum { STATE_MOUNTED, STATE_DEAD, STATE_SILENT, STATE_DENIED, STATE_NOT_MOUNTED } State;

/* As --json names them. */
static const char *const state_names[] = { "mounted", "dead", "silent", "denied", "not mounted" };

/* One person's folder. Texts are "" where there is none. */
typedef struct {
  char *name;
  char *resource_name;
  char *error; /* the last failure */
  char *note;  /* what was changed in the last picture */
} Contact;

typedef struct {
  State state;
  char *account;
  char *mountpoint;  /* or NULL */
  char *login;       /* who logged in to the account here; or NULL */
  char *text;        /* the mount's own status, JSON; or NULL */
  JsonValue *status; /* text, parsed; or NULL */
  GError *error;     /* why it is not there; or NULL */
  Contact *contact;  /* who was asked for; or NULL */
} Entry;

static void
contact_free (Contact *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->resource_name);
  g_free (self->error);
  g_free (self->note);
  g_free (self);
}

static void
entry_free (Entry *self)
{
  g_free (self->account);
  g_free (self->mountpoint);
  g_free (self->login);
  g_free (self->text);
  json_free (self->status);
  g_clear_error (&self->error);
  contact_free (self->contact);
  g_free (self);
}

static State
state_of (const GError *error)
{
  if (error == NULL)
    return STATE_MOUNTED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED))
    return STATE_DEAD;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    return STATE_DENIED;
  return STATE_SILENT;
}

static void
entry_set_account (Entry *self, const char *account)
{
  self->account = g_strdup (account);
  if (!options_account_valid (account))
    return;
  g_autofree char *folder = folders_config (account);
  g_autoptr (StoredLogin) login = stored_login_peek (account, folder, NULL);
  self->login = login != NULL ? g_strdup (identity_name (login->identity)) : NULL;
}

static Entry *
entry_of_mount (const Mount *mount)
{
  Entry *self = g_new0 (Entry, 1);
  self->mountpoint = g_strdup (mount->mountpoint);
  self->text = mounts_read_status (mount, &self->error);
  if (self->text != NULL)
    self->status = json_parse (self->text, strlen (self->text), &self->error);
  if (self->status != NULL) { /* whoever mounted it may have written anything */
    json_clean (self->status);
    g_free (self->text);
    self->text = json_print (self->status);
  }
  self->state = state_of (self->error);
  const char *account = json_string (self->status, "account");
  if (account == NULL) /* "contactfs:default" */
    account = g_str_has_prefix (mount->source, "contactfs:") ? mount->source + strlen ("contactfs:") : mount->source;
  g_autofree char *shown = text_clean (account);
  entry_set_account (self, shown != NULL ? shown : "");
  return self;
}

static Entry *
entry_of_account (const char *account)
{
  Entry *self = g_new0 (Entry, 1);
  self->state = STATE_NOT_MOUNTED;
  entry_set_account (self, account);
  return self;
}

static gboolean
has_account (const GPtrArray *entries, const char *account)
{
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = g_ptr_array_index (entries, i);
    if (entry->state != STATE_DENIED && strcmp (entry->account, account) == 0)
      return TRUE;
  }
  return FALSE;
}

/* All mounts but other people's, whatever can be seen of them (root sees that one is dead, anybody sees one with allow_other),
 * then the accounts without one. */
static GPtrArray *
gather (GError **error)
{
  g_autoptr (GPtrArray) mounts = mounts_list (error);
  if (mounts == NULL)
    return NULL;
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
  for (guint i = 0; i < mounts->len; i++) {
    const Mount *mount = g_ptr_array_index (mounts, i);
    if (mount->uid != getuid ())
      continue;
    Entry *entry = entry_of_mount (mount);
    if (entry->state != STATE_DENIED)
      g_ptr_array_add (entries, entry);
    else
      entry_free (entry);
  }
  g_auto (GStrv) accounts = accounts_list ();
  for (char **account = accounts; *account != NULL; account++)
    if (!has_account (entries, *account))
      g_ptr_array_add (entries, entry_of_account (*account));
  return entries;
}

/* Transfer full; NULL, and *error is set, when it cannot be read. */
static char *
read_clean (const Mount *mount, const char *below, const char *name, GError **error)
{
  g_autofree char *text = mounts_read_attribute (mount, below, name, error);
  g_autofree char *clean = text_clean_to (text, CLEAN_MAX);
  if (text == NULL)
    return NULL;
  return clean != NULL ? g_steal_pointer (&clean) : g_strdup ("");
}

/* below: the contact's folder, or something in it, seen from the mountpoint */
static void
entry_set_contact (Entry *self, const Mount *mount, const char *below)
{
  Contact *contact = g_new0 (Contact, 1);
  contact->name = g_strndup (below, strcspn (below, "/"));
  self->contact = contact;
  contact->resource_name = read_clean (mount, contact->name, "user.contactfs.resource_name", &self->error);
  if (self->error == NULL)
    contact->error = read_clean (mount, contact->name, "user.contactfs.error", &self->error);
  if (self->error == NULL)
    contact->note = read_clean (mount, contact->name, "user.contactfs.note", &self->error);
}

/* ---- for people ---- */

static void
print_row (const char *name, const char *value)
{
  printf ("  %-16s %s\n", name, value);
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

static char *
describe_next_sync (const JsonValue *status)
{
  gint64 left = json_int (status, "next_sync_in");
  if (json_int (status, "next_sync") == 0)
    return g_strdup ("none is planned");
  if (left <= 0)
    return g_strdup ("now");
  if (left == 1)
    return g_strdup ("in a second");
  return left < 120 ? g_strdup_printf ("in %" G_GINT64_FORMAT " seconds", left)
                    : g_strdup_printf ("in %" G_GINT64_FORMAT " minutes", left / 60);
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

/* NULL: changes are not paused. */
static char *
describe_pause (const JsonValue *status)
{
  gint64 until = json_int (status, "changes_paused_until");
  /* whole minutes, and none too early, as in the sentence of pause.c */
  g_autoptr (GDateTime) time = until > 0 ? g_date_time_new_from_unix_local (until + 60) : NULL;
  return time != NULL ? g_date_time_format (time, "none before %H:%M: Google's daily allowance is used up") : NULL;
}

static char *
describe_cache (const JsonValue *status)
{
  g_autofree char *used = g_format_size_full ((guint64)json_int (status, "cache_bytes"), G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *room = g_format_size_full ((guint64)json_int (status, "cache_limit"), G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf ("%s of %s", used, room);
}

/* NULL: not wanted. */
static char *
describe_keep_all (const JsonValue *status)
{
  const char *state = json_string (status, "keep_all");
  gint64 left = json_int (status, "keep_all_left");
  if (state == NULL || left == 0)
    return g_strdup (state);
  return g_strdup_printf ("%s; %" G_GINT64_FORMAT " %s left at most", state, left, left == 1 ? "photo" : "photos");
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
print_status (const Entry *entry)
{
  const JsonValue *status = entry->status;
  g_autofree char *people = g_strdup_printf ("%" G_GINT64_FORMAT, json_int (status, "people"));
  g_autofree char *photos = g_strdup_printf ("%" G_GINT64_FORMAT, json_int (status, "photos"));
  g_autofree char *waiting = g_strdup_printf ("%" G_GINT64_FORMAT, json_int (status, "waiting_mutations"));
  g_autofree char *synced = describe_time (status, "last_sync");
  g_autofree char *next = describe_next_sync (status);
  g_autofree char *cache = describe_cache (status);
  g_autofree char *keep_all = describe_keep_all (status);
  g_autofree char *pause = describe_pause (status);
  const char *doubt = json_string (status, "listing_doubt");
  const char *credentials = json_string (status, "credentials");
  g_autofree char *error = describe_error (status);

  printf ("%s\n", entry->mountpoint);
  print_row ("Account", entry->account);
  print_row ("Credentials", credentials != NULL ? credentials : "unknown");
  print_row ("People", people);
  print_row ("Photos", photos);
  print_row ("Last sync", synced);
  print_row ("Next sync", next);
  print_row ("Service", json_bool (status, "reachable") ? "reachable" : "out of reach; what is known is shown");
  if (pause != NULL)
    print_row ("Changes", pause);
  if (doubt != NULL)
    print_row ("Listing", doubt);
  print_row ("Changes waiting", waiting);
  print_row ("Cache", cache);
  if (keep_all != NULL)
    print_row ("Keep all", keep_all);
  print_row ("Last error", error);
}

static void
print_contact (const Entry *entry)
{
  const Contact *contact = entry->contact;
  printf ("%s/%s\n", entry->mountpoint, contact->name);
  print_row ("Account", entry->account);
  print_row ("Resource", contact->resource_name);
  print_row ("Last error", contact->error[0] != '\0' ? contact->error : "none");
  print_row ("Last note", contact->note[0] != '\0' ? contact->note : "none");
}

static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* What to do is what can work: without a login, `contactfs mount` has nothing to mount with, unless the unit's settings
 * say what. */
static void
print_not_mounted (const Entry *entry)
{
  g_autofree char *folder = folders_config (entry->account);
  gboolean is_default = strcmp (entry->account, "default") == 0;
  const char *option = is_default ? "" : " --account ", *name = is_default ? "" : entry->account;
  printf ("Not mounted\n");
  print_row ("Account", entry->account);
  if (entry->login != NULL)
    print_row ("Login", entry->login);
  if (stored_login_exists (folder))
    printf ("  %-16s contactfs mount%s%s FOLDER\n", "To mount it", option, name);
  else if (has_file (folder, "mount.env"))
    printf ("  %-16s systemctl --user start contactfs@%s\n", "To mount it", entry->account);
  else
    printf ("  %-16s contactfs login%s%s%s\n", "To log in", option, name,
            has_file (folder, "client.json") ? "" : " --client FILE");
}

/* Nothing is mounted: what comes next? */
static int
say_what_is_next (void)
{
  Options options = { .account = (char *)"default" };
  g_autoptr (Credentials) found = credentials_find (&options, NULL);
  if (found != NULL)
    return cli_fail (CLI_FAILED, "no contacts are mounted; `contactfs mount FOLDER` does that");
  return cli_fail (CLI_FAILED, "no contacts are mounted; `contactfs login` comes first, then `contactfs mount FOLDER`");
}

static int
show (const GPtrArray *entries)
{
  int result = CLI_OK;
  guint mounted = 0;
  guint printed = 0;
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = g_ptr_array_index (entries, i);
    if (entry->error != NULL) {
      result = cli_fail (CLI_FAILED, "%s", entry->error->message);
      mounted++;
      continue;
    }
    if (printed++ > 0)
      printf ("\n");
    if (entry->state == STATE_MOUNTED) {
      if (entry->contact != NULL)
        print_contact (entry);
      else
        print_status (entry);
      mounted++;
    } else {
      print_not_mounted (entry);
    }
  }
  fflush (stdout);
  if (mounted == 0)
    return say_what_is_next ();
  return result;
}

/* ---- for programs ---- */

/* "" is null. Transfer full. */
static char *
quote_text (const char *text)
{
  return json_quote (text != NULL && text[0] != '\0' ? text : NULL);
}

/* Transfer full. */
static char *
describe_contact (const Contact *self)
{
  if (self == NULL)
    return g_strdup ("null");
  g_autofree char *name = json_quote (self->name);
  g_autofree char *resource_name = quote_text (self->resource_name);
  g_autofree char *error = quote_text (self->error);
  g_autofree char *note = quote_text (self->note);
  return g_strdup_printf ("{\"name\":%s,\"resource_name\":%s,\"error\":%s,\"note\":%s}", name, resource_name, error,
                          note);
}

static void
append_entry (GString *json, const Entry *entry)
{
  g_autofree char *contact = describe_contact (entry->contact);
  g_autofree char *account = json_quote (entry->account);
  g_autofree char *login = json_quote (entry->login);
  g_autofree char *mountpoint = json_quote (entry->mountpoint);
  g_autofree char *error = json_quote (entry->error != NULL ? entry->error->message : NULL);
  g_string_append_printf (json,
                          "{\"account\":%s,\"state\":\"%s\",\"login\":%s,\"mountpoint\":%s,\"error\":%s,\"status\":%s,"
                          "\"contact\":%s}",
                          account, state_names[entry->state], login, mountpoint, error,
                          entry->status != NULL ? entry->text : "null", contact);
}

static int
print_json (const GPtrArray *entries)
{
  g_autoptr (GString) json = g_string_new ("[");
  for (guint i = 0; i < entries->len; i++) {
    if (i > 0)
      g_string_append (json, ",\n ");
    append_entry (json, g_ptr_array_index (entries, i));
  }
  printf ("%s]\n", json->str);
  return CLI_OK;
}

int
cli_status (const char *path, gboolean json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) entries = NULL;
  if (path != NULL) {
    g_autofree char *below = NULL;
    g_autoptr (Mount) mount = mounts_find_around (path, &below, &error);
    if (mount == NULL)
      return cli_fail (CLI_FAILED, "%s", error->message);
    entries = g_ptr_array_new_with_free_func ((GDestroyNotify)entry_free);
    Entry *entry = entry_of_mount (mount);
    g_ptr_array_add (entries, entry);
    if (entry->error == NULL && below[0] != '\0')
      entry_set_contact (entry, mount, below);
    if (entry->state == STATE_MOUNTED && entry->error != NULL) /* there is no such contact */
      return cli_fail (CLI_FAILED, "%s", entry->error->message);
  } else {
    entries = gather (&error);
    if (entries == NULL)
      return cli_fail (CLI_FAILED, "the mounts cannot be listed: %s", error->message);
  }
  return json ? print_json (entries) : show (entries);
}
