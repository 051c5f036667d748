/*
 * The options of mount and demo, by GOption: every entry ends in option_set, and so does every word of -o.
 */
#define G_LOG_DOMAIN "contactfs"

#include "settings/options.h"

#include <string.h>

#define KIB 1024L

/* GOption keeps its callbacks in a gpointer, which ISO C would not have. */
#define CALLBACK(func) (__extension__(gpointer) (func))

typedef enum { KIND_TEXT, KIND_TEXTS, KIND_FLAG, KIND_NUMBER, KIND_SIZE, KIND_LATER_FLAG } Kind;

typedef struct {
  const char *name;
  Kind kind;
  gsize offset; /* in Options */
  gint64 min, max;
  const char *help;
  const char *argument;
  gboolean service; /* says which service and as whom: demo has its own */
} OptionSpec;

#define AT(member) G_STRUCT_OFFSET (Options, member)

static const OptionSpec specs[] = {
  { "account", KIND_TEXT, AT (account), 0, 0, "Name of the account on this computer (default)", "NAME", TRUE },
  { "api-url", KIND_TEXT, AT (api_url), 0, 0, "Another People API: https, or http on a loopback address", "URL", TRUE },
  { "token-command", KIND_TEXT, AT (token_command), 0, 0, "Shell command that prints an access token", "CMD", TRUE },
  { "credentials", KIND_TEXT, AT (credentials), 0, 0, "JSON file of type authorized_user or service_account", "FILE",
    TRUE },
  { "subject", KIND_TEXT, AT (subject), 0, 0, "Person whom a service account acts for", "EMAIL", TRUE },
  { "label", KIND_TEXTS, AT (labels), 0, 0, "Only people with this label; may be given again", "NAME", FALSE },
  { "read-only", KIND_FLAG, AT (read_only), 0, 0, "Change nothing", NULL, FALSE },
  { "sync-interval", KIND_NUMBER, AT (sync_interval), 1, 604800, "Seconds between looks for changes (300)", "S",
    FALSE },
  { "timeout", KIND_NUMBER, AT (timeout), 1, 86400, "Seconds a read may take (30)", "S", FALSE },
  { "upload-timeout", KIND_NUMBER, AT (upload_timeout), 1, 86400, "Seconds an upload may take (120)", "S", FALSE },
  { "cache-size", KIND_SIZE, AT (cache_bytes), 0, 0, "Room for photos on disk, with K, M or G (512M)", "BYTES", FALSE },
  { "keep-all", KIND_FLAG, AT (keep_all), 0, 0, "Fetch every photo ahead of need, to read all of them offline", NULL,
    FALSE },
  { "writes-per-minute", KIND_NUMBER, AT (writes_per_minute), 0, 100000, "Pace of photo writes (50); 0: none", "N",
    FALSE },
  { "max-photo-bytes", KIND_SIZE, AT (max_photo_bytes), 10 * KIB, 0,
    "Larger pictures are made smaller, with K or M (5M)", "BYTES", FALSE },
  { "max-photo-pixels", KIND_NUMBER, AT (max_photo_pixels), 16, 65535, "A side; larger ones are scaled down (4096)",
    "N", FALSE },
  { "strip-metadata", KIND_FLAG, AT (strip_metadata), 0, 0, "Send no EXIF, GPS, XMP and comments", NULL, FALSE },
  { "protect", KIND_FLAG, AT (protect), 0, 0, "Refuse smaller copies of the photo that is there", NULL, FALSE },
  { "foreground", KIND_FLAG, AT (foreground), 0, 0, "Stay in the foreground and log to stderr", NULL, FALSE },
  { "verbose", KIND_FLAG, AT (verbose), 0, 0, "Log more", NULL, FALSE },
  { "allow-other", KIND_FLAG, AT (allow_other), 0, 0, "Let other users in", NULL, FALSE },
  { "folder-icons", KIND_FLAG, AT (folder_icons), 0, 0, "Show each contact's face as its folder's icon", NULL, FALSE },
  { "no-notify", KIND_FLAG, AT (no_notify), 0, 0, "Do not show on the desktop what failed", NULL, FALSE },
  { "edit", KIND_LATER_FLAG, 0, 0, 0, "Make, rename and remove contacts (in a later version)", NULL, FALSE },
};

/* What mount(8) and fstab know for every filesystem, and the kernel or mount itself acts upon. */
static const char *const generic_options[] = {
  "auto",       "noauto",     "user",     "nouser",     "users",         "owner",       "group",   "nogroup",
  "suid",       "nosuid",     "dev",      "nodev",      "exec",          "noexec",      "_netdev", "nofail",
  "defaults",   "atime",      "noatime",  "relatime",   "sync",          "async",       "dirsync", "lazytime",
  "nolazytime", "norelatime", "diratime", "nodiratime", "comment",       "strictatime", "silent",  "mand",
  "nomand",     "loud",       "iversion", "noiversion", "nostrictatime", NULL,
};

static gboolean usage_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
usage_error (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_propagate_error (error, g_error_new_valist (G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, format, arguments));
  va_end (arguments);
  return FALSE;
}

gboolean
options_parse_size (const char *text, gint64 *bytes)
{
  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  char *end;
  guint64 number = g_ascii_strtoull (text, &end, 10);
  guint64 unit = 1;
  switch (g_ascii_toupper (*end)) {
  case 'K':
    unit = KIB;
    break;
  case 'M':
    unit = KIB * KIB;
    break;
  case 'G':
    unit = KIB * KIB * KIB;
    break;
  case '\0':
    break;
  default:
    return FALSE;
  }
  if (*end != '\0' && end[1] != '\0')
    return FALSE;
  if (number > (guint64)G_MAXINT64 / unit)
    return FALSE;
  *bytes = (gint64)(number * unit);
  return TRUE;
}

gboolean
options_account_valid (const char *account)
{
  if (account[0] == '\0' || account[0] == '.' || strlen (account) > 200)
    return FALSE;
  for (const char *c = account; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("._@+-", *c) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
has_option (OptionsForm form, const OptionSpec *spec)
{
  if (form == OPTIONS_DEMO)
    return !spec->service;
  if (form == OPTIONS_DOCTOR)
    return spec->service || spec->offset == AT (timeout) || spec->offset == AT (allow_other);
  return TRUE;
}

static const OptionSpec *
find_spec (OptionsForm form, const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (specs); i++)
    if (strcmp (specs[i].name, name) == 0 && has_option (form, &specs[i]))
      return &specs[i];
  return NULL;
}

static void
append_text (char ***texts, const char *text)
{
  g_autoptr (GStrvBuilder) longer = g_strv_builder_new ();
  if (*texts != NULL)
    g_strv_builder_addv (longer, (const char **)*texts);
  g_strv_builder_add (longer, text);
  g_strfreev (*texts);
  *texts = g_strv_builder_end (longer);
}

/* name without dashes; value NULL for a flag. */
static gboolean
option_set (Options *self, const OptionSpec *spec, const char *value, GError **error)
{
  void *member = G_STRUCT_MEMBER_P (self, spec->offset);
  switch (spec->kind) {
  case KIND_TEXT:
    if (value[0] == '\0')
      return usage_error (error, "--%s needs a value", spec->name);
    g_free (*(char **)member);
    *(char **)member = g_strdup (value);
    return TRUE;
  case KIND_TEXTS:
    if (value[0] == '\0')
      return usage_error (error, "--%s needs a value", spec->name);
    append_text (member, value);
    return TRUE;
  case KIND_FLAG:
    *(gboolean *)member = TRUE;
    return TRUE;
  case KIND_NUMBER: {
    guint64 number;
    if (!g_ascii_string_to_unsigned (value, 10, (guint64)spec->min, (guint64)spec->max, &number, NULL))
      return usage_error (error, "--%s takes a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT ", not “%s”",
                          spec->name, spec->min, spec->max, value);
    *(gint64 *)member = (gint64)number;
    return TRUE;
  }
  case KIND_SIZE:
    if (!options_parse_size (value, member))
      return usage_error (error, "--%s takes a number of bytes such as 512M, not “%s”", spec->name, value);
    if (*(gint64 *)member < spec->min)
      return usage_error (error, "--%s is at least %" G_GINT64_FORMAT " bytes", spec->name, spec->min);
    return TRUE;
  case KIND_LATER_FLAG:
    return usage_error (error, "--%s comes in a later version of contactfs; nothing was done", spec->name);
  }
  g_return_val_if_reached (FALSE);
}

static gboolean
takes_value (const OptionSpec *spec)
{
  return spec->kind != KIND_FLAG && spec->kind != KIND_LATER_FLAG;
}

/* Splits at commas that no backslash protects; "\," becomes a comma. */
static char **
split_words (const char *text)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_autoptr (GString) word = g_string_new (NULL);
  for (const char *c = text; *c != '\0'; c++) {
    if (c[0] == '\\' && c[1] == ',') {
      g_string_append_c (word, ',');
      c++;
    } else if (*c == ',') {
      g_strv_builder_add (words, word->str);
      g_string_truncate (word, 0);
    } else {
      g_string_append_c (word, *c);
    }
  }
  g_strv_builder_add (words, word->str);
  return g_strv_builder_end (words);
}

static gboolean
set_word (Options *self, OptionsForm form, char *word, GError **error)
{
  char *value = strchr (word, '=');
  if (value != NULL)
    *value++ = '\0';
  if (word[0] == '\0' && value == NULL)
    return TRUE;
  if (strcmp (word, "ro") == 0 || strcmp (word, "rw") == 0) {
    self->read_only = word[1] == 'o';
    return TRUE;
  }
  if (g_strv_contains (generic_options, word) || g_ascii_strncasecmp (word, "x-", 2) == 0)
    return TRUE;

  const OptionSpec *spec = find_spec (form, g_strdelimit (word, "_", '-'));
  if (spec == NULL)
    return usage_error (error, "unknown mount option “%s”", word);
  if (takes_value (spec) && value == NULL)
    return usage_error (error, "the mount option “%s” needs a value: %s=%s", word, word, spec->argument);
  if (!takes_value (spec) && value != NULL)
    return usage_error (error, "the mount option “%s” takes no value", word);
  return option_set (self, spec, value, error);
}

typedef struct {
  Options *options;
  OptionsForm form;
} Parse;

static gboolean
on_option (const char *name, const char *value, gpointer data, GError **error)
{
  Parse *parse = data;
  return option_set (parse->options, find_spec (parse->form, name + strlen ("--")), value, error);
}

static gboolean
on_words (const char *name, const char *value, gpointer data, GError **error)
{
  Parse *parse = data;
  g_auto (GStrv) words = split_words (value);
  for (char **word = words; *word != NULL; word++)
    if (!set_word (parse->options, parse->form, *word, error))
      return FALSE;
  return TRUE;
}

static gboolean
on_help (const char *name, const char *value, gpointer data, GError **error)
{
  Parse *parse = data;
  parse->options->help = TRUE;
  return TRUE;
}

static GOptionContext *
make_context (Parse *parse)
{
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));
  for (gsize i = 0; i < G_N_ELEMENTS (specs); i++) {
    const OptionSpec *spec = &specs[i];
    if (find_spec (parse->form, spec->name) == NULL)
      continue;
    GOptionEntry entry = {
      .long_name = spec->name,
      /* FILENAME: as it was typed, in whatever encoding */
      .flags = takes_value (spec) ? G_OPTION_FLAG_FILENAME : G_OPTION_FLAG_NO_ARG,
      .arg = G_OPTION_ARG_CALLBACK,
      .arg_data = CALLBACK (on_option),
      .description = spec->help,
      .arg_description = spec->argument,
    };
    g_array_append_val (entries, entry);
  }
  GOptionEntry more[] = {
    { "options", 'o', G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, CALLBACK (on_words),
      "The same, and ro, rw …, as in fstab", "NAME=VALUE,…" },
    { "help", 'h', G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, CALLBACK (on_help), "Show this", NULL },
  };
  g_array_append_vals (entries, more, G_N_ELEMENTS (more));

  GOptionContext *context = g_option_context_new (parse->form == OPTIONS_DOCTOR ? NULL : "MOUNTPOINT");
  g_option_context_set_help_enabled (context, FALSE);
  GOptionGroup *group = g_option_group_new ("mount", "Options:", "", parse, NULL);
  g_option_group_add_entries (group, (const GOptionEntry *)(gpointer)entries->data);
  g_option_context_set_main_group (context, group);
  return context;
}

char *
options_help (OptionsForm form)
{
  Parse parse = { .form = form };
  g_autoptr (GOptionContext) context = make_context (&parse);
  return g_option_context_get_help (context, TRUE, NULL);
}

static gboolean
take_positionals (Options *self, OptionsForm form, char **words, GError **error)
{
  guint count = g_strv_length (words);
  guint wanted = form == OPTIONS_HELPER ? 2 : 1;
  if (form == OPTIONS_DOCTOR)
    return count == 0 || usage_error (error, "no folder is wanted here, and not “%s”", words[0]);
  if (count < wanted)
    return usage_error (error, "no folder given to mount on");
  if (count > wanted)
    return usage_error (error, "one folder to mount on is wanted, not also “%s”", words[wanted]);
  self->mountpoint = g_strdup (words[wanted - 1]);
  if (form == OPTIONS_HELPER && self->account == NULL) {
    /* /proc/mounts shows contactfs:default; people copy that into fstab */
    const char *source = words[0];
    self->account = g_strdup (g_str_has_prefix (source, "contactfs:") ? source + strlen ("contactfs:") : source);
  }
  return TRUE;
}

static gboolean
check_account (Options *self, GError **error)
{
  if (self->account == NULL)
    self->account = g_strdup ("default");
  if (options_account_valid (self->account))
    return TRUE;
  return usage_error (error, "“%s” cannot name an account: letters, digits and . _ @ + - only, and no . in front",
                      self->account);
}

static gboolean
check_subject (const Options *self, GError **error)
{
  const char *at = self->subject != NULL ? strchr (self->subject, '@') : NULL;
  if (self->subject == NULL)
    return TRUE;
  if (at == NULL || at == self->subject || at[1] == '\0' || !g_str_is_ascii (self->subject)
      || strpbrk (self->subject, " \t\r\n") != NULL)
    return usage_error (error, "--subject takes an e-mail address, not “%s”", self->subject);
  /* it would be ignored, and somebody else's contacts be mounted */
  if (self->token_command != NULL)
    return usage_error (error, "--subject goes with a service account, not with --token-command: the command's token "
                               "says whose contacts are meant");
  return TRUE;
}

/* GOption wants a space after -o, mount(8)'s users are not used to one. */
static char **
copy_words (int argc, char **argv)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  for (int i = 0; i < argc; i++) {
    gboolean glued = g_str_has_prefix (argv[i], "-o") && argv[i][2] != '\0';
    if (glued)
      g_strv_builder_add (words, "-o");
    g_strv_builder_add (words, argv[i] + (glued ? 2 : 0));
  }
  return g_strv_builder_end (words);
}

/* GOption lets --read-only=no through, and drops the "no". */
static gboolean
check_flags (OptionsForm form, char **words, GError **error)
{
  for (; *words != NULL && strcmp (*words, "--") != 0; words++) {
    const char *value = strchr (*words, '=');
    if (value == NULL || !g_str_has_prefix (*words, "--"))
      continue;
    g_autofree char *name = g_strndup (*words + 2, (gsize)(value - *words) - 2);
    const OptionSpec *spec = find_spec (form, name);
    if (spec != NULL && !takes_value (spec))
      return usage_error (error, "--%s takes no value", name);
  }
  return TRUE;
}

Options *
options_parse (OptionsForm form, int argc, char **argv, GError **error)
{
  g_autoptr (Options) self = g_new0 (Options, 1);
  self->sync_interval = 300;
  self->timeout = 30;
  self->upload_timeout = 120;
  self->cache_bytes = 512 * KIB * KIB;
  self->writes_per_minute = 50;
  self->max_photo_bytes = 5 * KIB * KIB;
  self->max_photo_pixels = 4096;

  Parse parse = { .options = self, .form = form };
  g_autoptr (GOptionContext) context = make_context (&parse);
  g_auto (GStrv) words = copy_words (argc, argv);
  if (!check_flags (form, words, error) || !g_option_context_parse_strv (context, &words, error))
    return NULL;
  if (self->help)
    return g_steal_pointer (&self);
  if (words[1] != NULL && strcmp (words[1], "--") == 0) {
    /* GOption leaves it in when what follows begins with a dash */
    g_free (words[1]);
    memmove (&words[1], &words[2], (g_strv_length (words + 2) + 1) * sizeof (char *));
  }
  if (!take_positionals (self, form, words + 1, error) || !check_account (self, error) || !check_subject (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
options_free (Options *self)
{
  if (self == NULL)
    return;
  g_free (self->account);
  g_free (self->api_url);
  g_free (self->token_command);
  g_free (self->credentials);
  g_free (self->subject);
  g_strfreev (self->labels);
  g_free (self->mountpoint);
  g_free (self);
}
