/*
 * People in the orders in which programs walk through them. Each order is sorted when somebody asks for it, and anew after
 * people or names have changed.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

static const BookPerson *
person_at (gconstpointer element)
{
  return *(BookPerson *const *)element;
}

static int
compare_bytes (gconstpointer a, gconstpointer b)
{
  return strcmp (person_at (a)->name, person_at (b)->name);
}

static int
compare_collation (gconstpointer a, gconstpointer b)
{
  int order = strcoll (person_at (a)->name, person_at (b)->name);

  return order != 0 ? order : compare_bytes (a, b);
}

static int
compare_inodes (gconstpointer a, gconstpointer b)
{
  guint64 first = person_at (a)->ino, second = person_at (b)->ino;

  return (first > second) - (first < second);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 first = person_at (a)->update_time, second = person_at (b)->update_time;

  return first != second ? (first > second) - (first < second) : compare_collation (a, b);
}

static const GCompareFunc comparisons[BOOK_N_ORDERS] = {
  [BOOK_ORDER_LISTED] = compare_collation,
  [BOOK_ORDER_BYTES] = compare_bytes,
  [BOOK_ORDER_INODES] = compare_inodes,
  [BOOK_ORDER_TIMES] = compare_times,
};

static const GPtrArray *
list (Book *book)
{
  GHashTableIter iter;
  gpointer person;

  if (book->listing != NULL)
    return book->listing;
  book->listing = g_ptr_array_sized_new (g_hash_table_size (book->by_name));
  g_hash_table_iter_init (&iter, book->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &person))
    if (!((BookPerson *)person)->hidden)
      g_ptr_array_add (book->listing, person);
  g_ptr_array_sort (book->listing, compare_collation);
  return book->listing;
}

GPtrArray *
book_people (Book *book)
{
  GPtrArray *people = g_ptr_array_copy ((GPtrArray *)list (book), (GCopyFunc)(void (*) (void))book_person_ref, NULL);

  g_ptr_array_set_free_func (people, (GDestroyNotify)book_person_unref);
  return people;
}

guint
book_people_count (Book *book)
{
  return list (book)->len;
}

guint
book_hidden_count (Book *book)
{
  return g_hash_table_size (book->by_name) - book_people_count (book);
}

guint
book_photos_count (Book *book)
{
  const GPtrArray *listing = list (book);
  guint n = 0;

  for (guint i = 0; i < listing->len; i++)
    n += ((const BookPerson *)listing->pdata[i])->photo_url != NULL;
  return n;
}

static void
forget (Book *book)
{
  for (guint order = 0; order < BOOK_N_ORDERS; order++)
    g_clear_pointer (&book->orders[order], g_ptr_array_unref);
}

void
book_orders_clear (Book *book)
{
  forget (book);
  g_clear_pointer (&book->listing, g_ptr_array_unref);
}

const GPtrArray *
book_order (Book *book, BookOrder order)
{
  const GPtrArray *listing = list (book);
  GPtrArray *people = book->orders[order];

  if (people != NULL)
    return people;
  people = book->orders[order] = g_ptr_array_new ();
  for (guint i = 0; i < listing->len; i++)
    if (((BookPerson *)listing->pdata[i])->photo_url != NULL)
      g_ptr_array_add (people, listing->pdata[i]);
  if (order != BOOK_ORDER_LISTED)
    g_ptr_array_sort (people, comparisons[order]);
  for (guint i = 0; i < people->len; i++)
    ((BookPerson *)people->pdata[i])->position[order] = i;
  return people;
}

static gboolean
find (Book *book, const BookPerson *person, BookOrder order, guint *position)
{
  const GPtrArray *people = book_order (book, order);

  *position = person->position[order];
  return *position < people->len && people->pdata[*position] == person;
}

gboolean
book_order_find (Book *book, const BookPerson *person, BookOrder order, guint *position)
{
  if (find (book, person, order, position))
    return TRUE;
  if (person->photo_url == NULL || person->name == NULL || person->gone)
    return FALSE;
  forget (book); /* its photo is newer than they are */
  return find (book, person, order, position);
}
