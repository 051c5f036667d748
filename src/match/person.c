/* Contacts, and what identifies one: an address, a number, an id (person.h). */
#define G_LOG_DOMAIN "contactfs"

#include <string.h>

#include "match/matcher.h"
#include "match/phone.h"

void
person_free (gpointer data)
{
  Person *self = data;
  g_free (self->folder);
  g_free (self->name);
  g_free (self->id);
  g_ptr_array_unref (self->emails);
  g_ptr_array_unref (self->phones);
  g_ptr_array_unref (self->words);
  g_free (self->letters);
  g_free (self);
}

char *
person_compose (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  return g_utf8_normalize (valid, -1, G_NORMALIZE_NFC);
}

static gboolean
is_in_address (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("!#$%&'*+-/=?^_`{|}~.", c) != NULL) || (guchar)c >= 0x80;
}

/* An address in text (local@host.domain), case folded; NULL: there is none. Sets the part of text in which it is. */
static char *
find_email (const char *text, const char **begin, const char **end)
{
  for (const char *at = strchr (text, '@'); at != NULL; at = strchr (at + 1, '@')) {
    const char *first = at, *last = at + 1;
    while (first > text && is_in_address (first[-1]))
      first--;
    while (g_ascii_isalnum (*last) || *last == '-' || *last == '.' || (guchar)*last >= 0x80)
      last++;
    while (last > at + 1 && (last[-1] == '.' || last[-1] == '-'))
      last--;
    if (first == at || memchr (at, '.', (gsize)(last - at)) == NULL)
      continue;
    *begin = first;
    *end = last;
    g_autofree char *address = g_strndup (first, (gsize)(last - first));
    return g_utf8_casefold (address, -1);
  }
  return NULL;
}

static char *
find_only_email (const char *text)
{
  const char *begin, *end;
  g_autofree char *email = find_email (text, &begin, &end);
  return email != NULL && begin == text && *end == '\0' ? g_steal_pointer (&email) : NULL;
}

/* What the mount puts behind a name that another contact has: " (address)", " (id)" and " (id) 2". It is taken off name, and
 * its address handed over. */
static void
take_suffix (Person *self)
{
  g_autofree char *base = g_strdup (self->name);
  gsize length = strlen (base);
  gsize digits = length;
  while (digits > 0 && g_ascii_isdigit (base[digits - 1]))
    digits--;
  if (digits < length && digits > 1 && base[digits - 1] == ' ' && base[digits - 2] == ')')
    base[digits - 1] = '\0';
  char *open = strrchr (base, '(');
  if (open == NULL || open <= base + 1 || open[-1] != ' ' || !g_str_has_suffix (open, ")"))
    return;
  g_autofree char *inner = g_strndup (open + 1, strlen (open) - 2);
  char *email = find_only_email (inner);
  if (email == NULL && g_strcmp0 (inner, self->id) != 0)
    return;
  if (email != NULL)
    g_ptr_array_add (self->emails, email);
  open[-1] = '\0';
  g_free (self->name);
  self->name = g_steal_pointer (&base);
}

static void
add_phone (Person *self, const char *text)
{
  Phone *phone = phone_parse (text);
  if (phone != NULL)
    g_ptr_array_add (self->phones, phone);
}

Person *
person_new (const MatchPerson *source)
{
  Person *self = g_new0 (Person, 1);
  self->emails = g_ptr_array_new_with_free_func (g_free);
  self->phones = g_ptr_array_new_with_free_func ((GDestroyNotify)phone_free);
  const char *slash = source->resource_name != NULL ? strrchr (source->resource_name, '/') : NULL;
  self->id = slash != NULL ? g_strdup (slash + 1) : g_strdup (source->resource_name);
  self->folder = person_compose (source->folder);
  self->name = person_compose (source->folder);
  take_suffix (self);
  if (source->display_name != NULL) {
    g_free (self->name);
    self->name = person_compose (source->display_name);
  }
  for (const char *const *email = source->emails; email != NULL && *email != NULL; email++)
    g_ptr_array_add (self->emails, g_utf8_casefold (*email, -1));
  for (const char *const *phone = source->phones; phone != NULL && *phone != NULL; phone++)
    add_phone (self, *phone);
  /* a contact without a name is called by one of these */
  char *email = find_only_email (self->name);
  if (email != NULL)
    g_ptr_array_add (self->emails, email);
  add_phone (self, self->name);
  self->words = spelling_words (self->name, FALSE);
  self->letters = matcher_letters (self->words, &self->length);
  return self;
}

gboolean
person_is_address (const Person *self)
{
  g_autofree char *email = find_only_email (self->name);
  return email != NULL;
}

typedef gboolean (*PersonHas) (const Person *self, gconstpointer what);

static gboolean
has_email (const Person *self, gconstpointer email)
{
  return g_ptr_array_find_with_equal_func (self->emails, email, g_str_equal, NULL);
}

static gboolean
has_phone (const Person *self, gconstpointer phone)
{
  return g_ptr_array_find_with_equal_func (self->phones, phone, (GEqualFunc)phone_is_same, NULL);
}

/* phones: of Phone */
static gboolean
has_any_phone (const Person *self, gconstpointer phones)
{
  for (guint i = 0; i < ((const GPtrArray *)phones)->len; i++)
    if (has_phone (self, g_ptr_array_index ((const GPtrArray *)phones, i)))
      return TRUE;
  return FALSE;
}

static gboolean
has_id (const Person *self, gconstpointer id)
{
  return self->id != NULL && g_ascii_strcasecmp (self->id, id) == 0;
}

/* Indexes, rising. Transfer full. */
static GArray *
people_who (const GPtrArray *all, PersonHas has, gconstpointer what)
{
  GArray *people = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < all->len; i++)
    if (has (g_ptr_array_index (all, i), what))
      g_array_append_val (people, i);
  return people;
}

/* "+49 170 1234567 (1)" */
static char *
without_counter (const char *stem)
{
  g_autoptr (GRegex) regex = g_regex_new ("[ _]*\\(\\d{1,3}\\)$", 0, 0, NULL);
  return g_regex_replace_literal (regex, stem, -1, 0, "", 0, NULL);
}

/* An id that stands alone (people_c123, c123 (1)) or behind a name (Maria Garcia (c123)). Sets rest to the name, or NULL. */
static GArray *
find_by_id (const GPtrArray *all, const char *stem, char **rest)
{
  g_autofree char *plain = without_counter (stem);
  const char *id = g_str_has_prefix (plain, "people") && plain[6] != '\0' ? plain + 7 : plain;
  g_autoptr (GArray) people = people_who (all, has_id, id);
  const char *open = strrchr (stem, '(');
  if (people->len == 0 && open != NULL && open > stem && g_str_has_suffix (open, ")")) {
    g_autofree char *inner = g_strndup (open + 1, strlen (open) - 2);
    g_array_unref (people);
    people = people_who (all, has_id, inner);
    if (people->len > 0)
      *rest = g_strndup (stem, (gsize)(open - stem));
  }
  return g_steal_pointer (&people);
}

gboolean
person_has_words (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_isalnum (g_utf8_get_char (p)))
      return TRUE;
  return FALSE;
}

/* 2024-05-01, 20240501: also the digits of a telephone somewhere. */
static gboolean
is_date (const char *stem)
{
  return g_regex_match_simple ("^(19|20)\\d\\d([-_. ]?)(0[1-9]|1[0-2])\\2([0-2]\\d|3[01])$", stem, 0, 0);
}

static Phone *
parse_number (const char *text)
{
  return is_date (text) ? NULL : phone_parse (text);
}

/* Who has every address that is in text, which is cut out of it. NULL: there is none. */
static GArray *
find_by_emails (const GPtrArray *all, const char *stem, char **rest)
{
  g_autofree char *text = g_strdup (stem);
  GArray *people = NULL;
  for (;;) {
    const char *begin, *end;
    g_autofree char *email = find_email (text, &begin, &end);
    if (email == NULL)
      break;
    g_autoptr (GArray) these = people_who (all, has_email, email);
    for (guint i = people != NULL ? people->len : 0; i > 0; i--) {
      gboolean has_both = FALSE;
      for (guint j = 0; j < these->len; j++)
        has_both = has_both || g_array_index (these, guint, j) == g_array_index (people, guint, i - 1);
      if (!has_both)
        g_array_remove_index (people, i - 1);
    }
    people = people != NULL ? people : g_steal_pointer (&these);
    g_autofree char *before = g_strndup (text, (gsize)(begin - text)), *shorter = g_strconcat (before, " ", end, NULL);
    g_free (text);
    text = g_steal_pointer (&shorter);
  }
  if (people != NULL)
    *rest = g_steal_pointer (&text);
  return people;
}

GArray *
person_identify (const GPtrArray *all, const char *stem, char **rest)
{
  GArray *with_emails = find_by_emails (all, stem, rest);
  if (with_emails != NULL)
    return with_emails;
  g_autoptr (GArray) with_id = find_by_id (all, stem, rest);
  if (with_id->len > 0)
    return g_steal_pointer (&with_id);
  g_autofree char *number = without_counter (stem);
  g_autoptr (Phone) phone = parse_number (number);
  return phone != NULL ? people_who (all, has_phone, phone) : NULL;
}

static gboolean
is_digit_at (const char *p)
{
  return g_unichar_isdigit (g_utf8_get_char (p));
}

/* Adds the numbers that begin at begin, and end with any of the digits' groups from first on. */
static void
add_numbers (GPtrArray *phones, const char *begin, const char *first)
{
  for (const char *p = first; *p != '\0'; p = g_utf8_next_char (p)) {
    const char *end = g_utf8_next_char (p);
    if (!is_digit_at (p) || is_digit_at (end))
      continue;
    g_autofree char *number = g_strndup (begin, (gsize)(end - begin));
    Phone *phone = parse_number (number);
    if (phone != NULL)
      g_ptr_array_add (phones, phone);
  }
}

GArray *
person_find_numbers (const GPtrArray *all, const char *stem)
{
  g_autoptr (GPtrArray) phones = g_ptr_array_new_with_free_func ((GDestroyNotify)phone_free);
  const char *before = NULL;
  for (const char *p = stem; *p != '\0'; before = p, p = g_utf8_next_char (p))
    if (is_digit_at (p) && (before == NULL || !is_digit_at (before)))
      add_numbers (phones, before != NULL && *before == '+' ? before : p, p);
  g_autoptr (GArray) people = people_who (all, has_any_phone, phones);
  return people->len > 0 ? g_steal_pointer (&people) : NULL;
}
