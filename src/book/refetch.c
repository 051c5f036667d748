/* One person is fetched anew, and what the service says is applied. */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

static void
on_person (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  Book *book = g_task_get_task_data (task);
  GError *error = NULL;
  PeoplePerson *said = people_get_finish (book->people, result, &error);

  if (said != NULL) {
    book_people_apply_fetched (book, said);
    g_task_return_pointer (task, said, (GDestroyNotify)people_person_free);
  } else {
    g_task_return_error (task, error);
  }
  activity_release (book->activity, ACTIVITY_WORK);
}

void
book_refetch_async (Book *book, const BookPerson *person, gint64 deadline, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  g_task_set_source_tag (task, book_refetch_async);
  g_task_set_task_data (task, book, NULL);
  activity_hold (book->activity, ACTIVITY_WORK);
  people_get_async (book->people, person->resource_name, deadline, cancellable, on_person, task);
}

PeoplePerson *
book_refetch_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
