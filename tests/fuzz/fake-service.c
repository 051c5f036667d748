#define G_LOG_DOMAIN "contactfs"

#include "fake-calls.h"

#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "fake-time.h"

#define HOST "https://lh3.googleusercontent.com/contact/"

typedef struct {
  char resource_name[16];
  char *name;
  gboolean deleted;
  guint picture;
  guint serial; /* of the photo: photos never have the URL of another */
  guint changed;
  guint told; /* the serial that the book last heard of */
  gint64 update_time;
  GHashTable *had; /* set of picture numbers */
} Person;

static Person people[FAKE_PEOPLE];
static GPtrArray *calls;     /* of Call */
static GHashTable *photos;   /* serial → picture number */
static guint serial, change; /* of photos, and of everything: sync tokens */
static Archive *watched;

/* ---- pictures ---- */

static void
add_chunk (GByteArray *png, const char *type, gconstpointer data, guint32 size)
{
  guint32 length = GUINT32_TO_BE (size), crc;
  guint start = png->len + 4;

  g_byte_array_append (png, (const guint8 *)&length, 4);
  g_byte_array_append (png, (const guint8 *)type, 4);
  g_byte_array_append (png, data, size);
  crc = GUINT32_TO_BE ((guint32)crc32 (0, png->data + start, size + 4));
  g_byte_array_append (png, (const guint8 *)&crc, 4);
}

GBytes *
fake_picture (guint number)
{
  static const guint8 header[] = { 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0 }; /* a grey pixel */
  static const guint8 pixel[] = { 0x78, 0x9c, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01 };
  GByteArray *png = g_byte_array_new ();
  g_autofree char *text = g_strdup_printf ("Comment%c%u", 0, number);

  g_byte_array_append (png, (const guint8 *)"\x89PNG\r\n\x1a\n", 8);
  add_chunk (png, "IHDR", header, sizeof header);
  text = g_realloc (text, 32);
  memset (text, 0, 32);
  g_snprintf (text, 32, "Comment_%08u", number);
  text[7] = '\0';
  add_chunk (png, "tEXt", text, 16);
  add_chunk (png, "IDAT", pixel, sizeof pixel);
  add_chunk (png, "IEND", pixel, 0);
  return g_byte_array_free_to_bytes (png);
}

guint
fake_picture_number (gconstpointer bytes, gsize size)
{
  enum { AT = 8 + 25 + 8 + 8 }; /* behind the signature, IHDR, and "Comment" in tEXt */
  g_autoptr (GBytes) same = NULL;
  char digits[9] = { 0 };
  guint number;

  if (size < AT + 8)
    return 0;
  memcpy (digits, (const char *)bytes + AT, 8);
  number = (guint)g_ascii_strtoull (digits, NULL, 10);
  same = fake_picture (number);
  return size >= g_bytes_get_size (same) && memcmp (g_bytes_get_data (same, NULL), bytes, g_bytes_get_size (same)) == 0
             ? number
             : 0;
}

/* ---- what is there ---- */

static void
set_photo (Person *person, guint picture)
{
  person->picture = picture;
  person->serial = ++serial;
  person->changed = ++change;
  person->update_time = g_get_real_time ();
  g_hash_table_insert (photos, GUINT_TO_POINTER (serial), GUINT_TO_POINTER (picture));
  g_hash_table_add (person->had, GUINT_TO_POINTER (picture));
}

static void
call_free (gpointer data)
{
  Call *self = data;

  g_object_unref (self->task);
  g_free (self->text);
  g_free (self);
}

void
fake_service_begin (void)
{
  static const char *const names[FAKE_PEOPLE] = { "Ann", "Bob", "Bob", "A/B", "" };

  calls = g_ptr_array_new_with_free_func (call_free);
  photos = g_hash_table_new (NULL, NULL);
  serial = change = 0;
  for (guint i = 0; i < FAKE_PEOPLE; i++) {
    Person *person = &people[i];

    *person = (Person){ .name = g_strdup (names[i]), .had = g_hash_table_new (NULL, NULL) };
    g_snprintf (person->resource_name, sizeof person->resource_name, "people/c%u", i + 1);
    set_photo (person, i % 2 == 0 ? 1000 + i : 0);
  }
}

void
fake_service_end (void)
{
  g_assert_cmpuint (calls->len, ==, 0);
  g_clear_pointer (&calls, g_ptr_array_unref);
  g_clear_pointer (&photos, g_hash_table_unref);
  for (guint i = 0; i < FAKE_PEOPLE; i++) {
    g_free (people[i].name);
    g_hash_table_unref (people[i].had);
  }
}

static Person *
find (const char *resource_name)
{
  for (guint i = 0; i < FAKE_PEOPLE; i++)
    if (g_str_equal (people[i].resource_name, resource_name))
      return &people[i];
  g_assert_not_reached ();
}

gboolean
fake_service_had (const char *resource_name, guint picture)
{
  return g_hash_table_contains (find (resource_name)->had, GUINT_TO_POINTER (picture));
}

void
fake_service_change_photo (guint person, guint picture)
{
  set_photo (&people[person % FAKE_PEOPLE], picture);
}

void
fake_service_rename (guint index, const char *name)
{
  Person *person = &people[index % FAKE_PEOPLE];

  g_free (person->name);
  person->name = g_strdup (name);
  person->changed = ++change;
  person->update_time = g_get_real_time ();
}

void
fake_service_remove (guint index)
{
  Person *person = &people[index % FAKE_PEOPLE];

  person->deleted = !person->deleted;
  person->changed = ++change;
  person->update_time = g_get_real_time ();
}

void
fake_service_watch (Archive *archive)
{
  watched = archive;
}

/* The rule that nothing breaks: what is about to be gone is saved. What the service had for a moment only, nobody can save. */
static void
assert_saved (const Person *person, guint told)
{
  g_autoptr (GBytes) photo = person->picture != 0 ? fake_picture (person->picture) : NULL;

  if (watched != NULL && photo != NULL && told == person->serial)
    g_assert_true (archive_has (watched, ARCHIVE_PREVIOUS, person->resource_name, photo));
}

/* ---- answers ---- */

static PeoplePerson *
tell (Person *person)
{
  PeoplePerson *told = g_new0 (PeoplePerson, 1);

  told->resource_name = g_strdup (person->resource_name);
  told->deleted = person->deleted;
  if (person->deleted)
    return told;
  person->told = person->serial;
  told->display_name = g_strdup (person->name);
  told->update_time = person->update_time;
  if (person->picture != 0)
    told->photo_url = g_strdup_printf (HOST "%u-%u=s100", (guint)(person - people), person->serial);
  return told;
}

static PeoplePage *
tell_all (const char *token)
{
  PeoplePage *page = g_new0 (PeoplePage, 1);
  guint since = token != NULL ? (guint)g_ascii_strtoull (token, NULL, 10) : 0;

  page->people = g_ptr_array_new_with_free_func ((GDestroyNotify)people_person_free);
  for (guint i = 0; i < FAKE_PEOPLE; i++)
    if (token != NULL ? people[i].changed > since : !people[i].deleted)
      g_ptr_array_add (page->people, tell (&people[i]));
  page->next_sync_token = g_strdup_printf ("%u", change);
  page->total = token != NULL ? 0 : page->people->len;
  return page;
}

static void
deliver (Call *call)
{
  const char *dash = strrchr (call->text, '-');
  guint number = dash != NULL ? (guint)g_ascii_strtoull (dash + 1, NULL, 10) : 0;
  guint picture = GPOINTER_TO_UINT (g_hash_table_lookup (photos, GUINT_TO_POINTER (number)));
  g_autoptr (GBytes) body = fake_picture (picture);
  gsize size, half;
  const char *bytes = g_bytes_get_data (body, &size);
  GError *error = NULL;

  half = size / 2;
  if (call->sink->bytes.begin (call->sink_data, (gint64)size, &error)
      && call->sink->bytes.write (call->sink_data, bytes, half, &error)
      && call->sink->bytes.write (call->sink_data, bytes + half, size - half, &error)
      && call->sink->check (call->sink_data, "image/png", &error))
    g_task_return_boolean (call->task, TRUE);
  else
    g_task_return_error (call->task, error);
}

static void
change_photo (Call *call)
{
  Person *person = find (call->text);

  if (person->picture == call->picture && call->kind == UPDATE)
    return;
  assert_saved (person, call->told);
  set_photo (person, call->picture);
}

static gboolean
is_change (const Call *call)
{
  return call->kind == UPDATE || call->kind == DELETE;
}

/* Of a deleted contact, or a photo that is not there. */
static gboolean
is_missing (const Call *call)
{
  const Person *person = call->kind == GET || is_change (call) ? find (call->text) : NULL;

  return person != NULL && (person->deleted || (call->kind == DELETE && person->picture == 0));
}

static PeopleGroupPage *
tell_groups (void)
{
  PeopleGroupPage *page = g_new0 (PeopleGroupPage, 1);
  PeopleGroup *group = g_new0 (PeopleGroup, 1);

  group->resource_name = g_strdup ("contactGroups/4f");
  group->name = g_strdup ("Choir");
  page->groups = g_ptr_array_new_with_free_func ((GDestroyNotify)people_group_free);
  g_ptr_array_add (page->groups, group);
  return page;
}

static void
succeed (Call *call)
{
  if (is_missing (call)) {
    g_task_return_new_error (call->task, PEOPLE_ERROR, PEOPLE_ERROR_NOT_FOUND, "There is nothing of that name");
    return;
  }
  switch (call->kind) {
  case LIST:
    g_task_return_pointer (call->task, tell_all (call->text), (GDestroyNotify)people_page_free);
    break;
  case GROUPS:
    g_task_return_pointer (call->task, tell_groups (), (GDestroyNotify)people_group_page_free);
    break;
  case FETCH:
    deliver (call);
    break;
  case UPDATE:
  case DELETE:
    change_photo (call);
    G_GNUC_FALLTHROUGH;
  case GET:
    g_task_return_pointer (call->task, tell (find (call->text)), (GDestroyNotify)people_person_free);
    break;
  default:
    g_task_return_boolean (call->task, TRUE);
  }
}

static void
fail (Call *call, guint how)
{
  static const PeopleError passing[] = { PEOPLE_ERROR_SERVER, PEOPLE_ERROR_RATE, PEOPLE_ERROR_CONFLICT };
  static const PeopleError lasting[]
      = { PEOPLE_ERROR_INVALID,   PEOPLE_ERROR_NOT_CONTACT, PEOPLE_ERROR_STALE_ETAG, PEOPLE_ERROR_SYNC_TOKEN,
          PEOPLE_ERROR_AUTH,      PEOPLE_ERROR_PERMISSION,  PEOPLE_ERROR_SCOPE,      PEOPLE_ERROR_DISABLED,
          PEOPLE_ERROR_QUOTA,     PEOPLE_ERROR_NOT_FOUND,   PEOPLE_ERROR_TOO_LARGE,  PEOPLE_ERROR_UNREACHABLE,
          PEOPLE_ERROR_TIMED_OUT, PEOPLE_ERROR_TLS,         PEOPLE_ERROR_BAD_ANSWER };
  gboolean may_pass = (how & 1) != 0, applied = (how & 2) != 0;
  PeopleError code
      = may_pass ? passing[(how >> 2) % G_N_ELEMENTS (passing)] : lasting[(how >> 2) % G_N_ELEMENTS (lasting)];
  PeopleAttempt *attempt = g_task_get_task_data (call->task);

  if (is_change (call)) {
    applied = applied && !is_missing (call);
    if (applied)
      change_photo (call);
    *attempt = (PeopleAttempt){ .reached = applied || (how & 128) != 0, .may_pass = may_pass };
  }
  g_task_return_new_error (call->task, PEOPLE_ERROR, (int)code, "It went wrong in the way %u", how);
}

static void
end_call (guint which, void (*ending) (Call *call, guint how), guint how)
{
  Call *call = g_ptr_array_steal_index (calls, which);

  ending (call, how);
  call_free (call);
}

static void
answer (Call *call, guint how)
{
  if (how == 0)
    succeed (call);
  else
    fail (call, how);
}

guint
fake_service_waiting (void)
{
  return calls->len;
}

void
fake_service_answer (guint which, guint how)
{
  if (calls->len > 0)
    end_call (which % calls->len, answer, how);
}

static void
note_reached (Call *call)
{
  PeopleAttempt *attempt = g_task_get_task_data (call->task);

  if (attempt != NULL)
    attempt->reached = TRUE;
}

static void
cancel (Call *call, guint how)
{
  note_reached (call);
  g_task_return_new_error (call->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
}

static void
time_out (Call *call, guint how)
{
  note_reached (call);
  g_task_return_new_error (call->task, PEOPLE_ERROR, PEOPLE_ERROR_TIMED_OUT, "no answer in time");
}

gboolean
fake_service_expire (void)
{
  for (guint i = 0; i < calls->len; i++) {
    Call *call = calls->pdata[i];
    GCancellable *cancellable = g_task_get_cancellable (call->task);

    if (cancellable != NULL && g_cancellable_is_cancelled (cancellable))
      end_call (i, cancel, 0);
    else if (call->deadline <= fake_time_now ())
      end_call (i, time_out, 0);
    else
      continue;
    return TRUE;
  }
  return FALSE;
}

gint64
fake_service_next (void)
{
  gint64 next = G_MAXINT64;

  for (guint i = 0; i < calls->len; i++)
    next = MIN (next, ((Call *)calls->pdata[i])->deadline);
  return next;
}

Call *
fake_call_begin (Kind kind, const char *text, gint64 deadline, GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data)
{
  Call *call = g_new0 (Call, 1);

  call->kind = kind;
  call->task = g_task_new (NULL, cancellable, callback, data);
  g_task_set_check_cancellable (call->task, FALSE);
  call->deadline = deadline;
  call->text = g_strdup (text);
  if (is_change (call)) {
    call->told = find (text)->told;
    g_task_set_task_data (call->task, g_new0 (PeopleAttempt, 1), g_free);
  }
  g_ptr_array_add (calls, call);
  return call;
}
