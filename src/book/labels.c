/*
 * Labels.
 *
 *   nobody has asked ──(book_labels_async)──→ pages of contactGroups.list ──→ known, and kept for the next mount
 *                                               │ no answer      ↑
 *                                               ↓                └── (each listing or delta)
 *                                             those of the last mount, or an error when there are none
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/labels.h"

#include "book/internal.h"
#include "book/names.h"
#include "net/text.h"

/* More pages of a thousand labels than anybody has. */
#define MAX_PAGES 10

typedef struct Labels {
  GPtrArray *all;     /* of BookLabel, in order */
  gboolean wanted;    /* somebody has asked for them in this mount */
  gboolean came;      /* … and the service has answered */
  GPtrArray *waiting; /* of GTask */
  GPtrArray *groups;  /* of PeopleGroup: the pages so far; NULL: none is under way */
  guint pages;
  GCancellable *cancellable; /* of the request that is under way */
  char **shown;              /* resource names: who carries none of them is hidden; NULL: nobody is */
  char **named;              /* how each of those was called when it was looked up */
} Labels;

static void begin (Book *book);
static void ask (Book *book, const char *page_token);

static void
label_free (gpointer data)
{
  BookLabel *self = data;

  g_free (self->resource_name);
  g_free (self->name);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const BookLabel *first = *(BookLabel *const *)a, *second = *(BookLabel *const *)b;
  int order = strcoll (first->name, second->name);

  return order != 0 ? order : strcmp (first->name, second->name);
}

const BookLabel *
book_label_by_name (Book *book, const char *name)
{
  g_autofree char *composed = g_utf8_validate (name, -1, NULL) ? g_utf8_normalize (name, -1, G_NORMALIZE_NFC) : NULL;

  for (guint i = 0; composed != NULL && i < book->labels->all->len; i++) {
    const BookLabel *label = book->labels->all->pdata[i];

    if (g_str_equal (label->name, composed))
      return label;
  }
  return NULL;
}

const BookLabel *
book_label_by_ino (Book *book, guint64 ino)
{
  for (guint i = 0; i < book->labels->all->len; i++)
    if (((BookLabel *)book->labels->all->pdata[i])->ino == ino)
      return book->labels->all->pdata[i];
  return NULL;
}

static gboolean
is_taken (const char *name, gpointer data)
{
  return book_label_by_name (data, name) != NULL;
}

/* The same in each mount, as long as no two labels share it. */
static guint64
ino_for (Book *book, const char *resource_name)
{
  guint64 ino = (book_ino_hash (resource_name) & ~(guint64)BOOK_INO_MASK) | BOOK_INO_LABEL;

  while (book_label_by_ino (book, ino) != NULL)
    ino += BOOK_INO_MASK + 1;
  return ino;
}

static void
add (Book *book, const char *resource_name, const char *said)
{
  g_autofree char *base = book_name_sanitize (said, BOOK_NAME_MAX);
  const char *id = strchr (resource_name, '/') + 1;
  BookLabel *label = g_new0 (BookLabel, 1);

  label->resource_name = g_strdup (resource_name);
  label->name = book_name_unique (base != NULL ? base : id, base != NULL ? base : id, id, is_taken, book);
  label->ino = ino_for (book, resource_name);
  g_ptr_array_add (book->labels->all, label);
}

/* ---- what is kept ---- */

static void
load (const char *resource_name, const char *name, gpointer data)
{
  if (g_str_has_prefix (resource_name, "contactGroups/"))
    add (data, resource_name, name);
}

static gboolean
put_all (Book *book, GPtrArray *groups, GError **error)
{
  if (!book_store_remove_labels (book->store, error))
    return FALSE;
  for (guint i = 0; i < groups->len; i++) {
    const PeopleGroup *group = groups->pdata[i];

    if (!book_store_put_label (book->store, group->resource_name, group->name, error))
      return FALSE;
  }
  return TRUE;
}

static void
keep (Book *book, GPtrArray *groups)
{
  g_autoptr (GError) error = NULL;

  if (book_store_begin (book->store, &error) && put_all (book, groups, &error)
      && book_store_commit (book->store, &error))
    return;
  book_store_rollback (book->store);
  g_warning ("the labels could not be kept: %s", error->message);
}

/* ---- asking ---- */

static void
return_outcome (GTask *task, const GError *error)
{
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/* Whoever waits hears of it. One who was cancelled took the request along: the others still want an answer.
 * error: transfer full, or NULL. */
static void
answer (Book *book, GError *error)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&book->labels->waiting);
  g_autoptr (GError) failure = error;
  gboolean cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_clear_pointer (&book->labels->groups, g_ptr_array_unref);
  g_clear_object (&book->labels->cancellable);
  book->labels->waiting = g_ptr_array_new ();
  for (guint i = 0; i < waiting->len; i++) {
    GTask *task = waiting->pdata[i];
    gboolean goes_on = cancelled && !activity_is_ending (book->activity)
                       && !g_cancellable_is_cancelled (g_task_get_cancellable (task));

    if (goes_on)
      g_ptr_array_add (book->labels->waiting, task);
    else
      return_outcome (task, book->labels->all->len > 0 && !cancelled ? NULL : failure);
  }
  if (failure != NULL)
    g_debug ("the labels could not be had: %s", failure->message);
  if (book->labels->waiting->len > 0)
    begin (book);
  activity_release (book->activity, ACTIVITY_WORK);
}

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(PeopleGroup *const *)a)->resource_name, (*(PeopleGroup *const *)b)->resource_name);
}

/* What --label names was looked up among the labels of the last mount. Another one may be called so by now. */
static void
show_anew (Book *book)
{
  for (guint i = 0; book->labels->shown != NULL && book->labels->shown[i] != NULL; i++) {
    const BookLabel *label = book_label_by_name (book, book->labels->named[i]);

    if (label == NULL)
      continue;
    g_free (book->labels->shown[i]);
    book->labels->shown[i] = g_strdup (label->resource_name);
  }
  book_people_show (book);
}

/* By resource name, so that the outcome does not depend on the order in which the service lists them. */
static void
take_all (Book *book)
{
  GPtrArray *groups = book->labels->groups;

  g_ptr_array_sort (groups, compare_groups);
  g_ptr_array_set_size (book->labels->all, 0);
  for (guint i = 0; i < groups->len; i++) {
    const PeopleGroup *group = groups->pdata[i];

    add (book, group->resource_name, group->name);
  }
  g_ptr_array_sort (book->labels->all, compare_names);
  if (!book->labels->came)
    show_anew (book);
  book->labels->came = TRUE;
  keep (book, groups);
}

static void
on_page (GObject *source, GAsyncResult *result, gpointer data)
{
  Book *book = data;
  GError *error = NULL;
  g_autoptr (PeopleGroupPage) page = people_groups_finish (book->people, result, &error);

  for (guint i = 0; page != NULL && i < page->groups->len; i++) {
    PeopleGroup *group = page->groups->pdata[i];

    if (!group->is_system || g_str_equal (group->resource_name, PEOPLE_GROUP_STARRED))
      g_ptr_array_add (book->labels->groups, g_steal_pointer (&page->groups->pdata[i]));
  }
  if (page != NULL && page->next_page_token != NULL && ++book->labels->pages < MAX_PAGES) {
    ask (book, page->next_page_token);
    return;
  }
  if (page != NULL)
    take_all (book);
  answer (book, error);
}

static void
ask (Book *book, const char *page_token)
{
  people_groups_async (book->people, page_token, g_get_monotonic_time () + book->options.timeout * G_TIME_SPAN_SECOND,
                       book->labels->cancellable, on_page, book);
}

static void
begin (Book *book)
{
  GCancellable *cancellable
      = book->labels->waiting->len > 0 ? g_task_get_cancellable (book->labels->waiting->pdata[0]) : NULL;

  if (book->labels->groups != NULL || activity_is_ending (book->activity))
    return;
  book->labels->cancellable = g_object_ref (cancellable != NULL ? cancellable : activity_cancellable (book->activity));
  activity_hold (book->activity, ACTIVITY_WORK);
  book->labels->groups = g_ptr_array_new_with_free_func ((GDestroyNotify)people_group_free);
  book->labels->pages = 0;
  ask (book, NULL);
}

void
book_labels_async (Book *book, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_source_tag (task, book_labels_async);
  book->labels->wanted = TRUE;
  if (book->labels->came) {
    return_outcome (task, NULL);
  } else if (activity_is_ending (book->activity)) {
    g_task_return_new_error (task, BOOK_ERROR, BOOK_ERROR_IO, "the mount is ending");
    g_object_unref (task);
  } else {
    g_ptr_array_add (book->labels->waiting, task);
    begin (book);
  }
}

const GPtrArray *
book_labels_finish (Book *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error) ? book->labels->all : NULL;
}

static void
on_up_to_date (gpointer data)
{
  Book *book = data;

  if (book->labels->wanted)
    begin (book);
}

static const BookEvents events = { .up_to_date = on_up_to_date };

/* ---- who carries them ---- */

static gboolean
carries (const BookPerson *person, const char *resource_name)
{
  const char *found = person->labels;
  gsize length = strlen (resource_name);

  while (found != NULL && (found = strstr (found, resource_name)) != NULL) {
    if ((found == person->labels || found[-1] == '\n') && (found[length] == '\0' || found[length] == '\n'))
      return TRUE;
    found += length;
  }
  return FALSE;
}

gboolean
book_labels_show (Book *book, const BookPerson *person)
{
  for (char **label = book->labels->shown; label != NULL && *label != NULL; label++)
    if (carries (person, *label))
      return TRUE;
  return book->labels->shown == NULL;
}

gboolean
book_label_is_on (const BookLabel *label, const BookPerson *person)
{
  return carries (person, label->resource_name);
}

GPtrArray *
book_label_people (Book *book, const BookLabel *label)
{
  GPtrArray *people = book_people (book);

  for (guint i = people->len; i > 0; i--)
    if (!carries (people->pdata[i - 1], label->resource_name))
      g_ptr_array_remove_index (people, i - 1);
  return people;
}

static char *
list_names (Book *book)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < book->labels->all->len; i++)
    g_string_append_printf (names, "%s“%s”", i > 0 ? ", " : "", ((BookLabel *)book->labels->all->pdata[i])->name);
  return g_string_free (g_steal_pointer (&names), FALSE);
}

gboolean
book_show_labels (Book *book, const char *const *names, GError **error)
{
  g_autoptr (GStrvBuilder) named = g_strv_builder_new (), shown = g_strv_builder_new ();

  book->labels->wanted = TRUE;
  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *name = book_name_sanitize (names[i], BOOK_NAME_MAX);
    const BookLabel *label = name != NULL ? book_label_by_name (book, name) : NULL;
    g_autofree char *known = list_names (book);

    if (label == NULL) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "there is no label “%s”%s%s", names[i],
                   book->labels->all->len > 0 ? "; there are " : ", nor any other", known);
      return FALSE;
    }
    g_strv_builder_add (named, label->name);
    g_strv_builder_add (shown, label->resource_name);
  }
  g_strfreev (book->labels->named);
  g_strfreev (book->labels->shown);
  book->labels->named = g_strv_builder_end (named);
  book->labels->shown = g_strv_builder_end (shown);
  book_people_show (book);
  return TRUE;
}

/* ---- life ---- */

gboolean
book_labels_load (Book *book, GError **error)
{
  book->labels = g_new0 (Labels, 1);
  book->labels->all = g_ptr_array_new_with_free_func (label_free);
  book->labels->waiting = g_ptr_array_new ();
  if (!book_store_each_label (book->store, load, book, error))
    return FALSE;
  g_ptr_array_sort (book->labels->all, compare_names);
  book_listen (book, &events, book);
  return TRUE;
}

void
book_labels_clear (Book *book)
{
  Labels *self = g_steal_pointer (&book->labels);

  if (self == NULL)
    return;
  g_ptr_array_unref (self->all);
  g_ptr_array_unref (self->waiting);
  g_strfreev (self->named);
  g_strfreev (self->shown);
  g_free (self);
}
