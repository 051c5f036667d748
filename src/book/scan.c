/*
 * Scan-ahead: when photos of neighbouring contacts are looked at, read or replaced one after the other, the next ones
 * are fetched before they are asked for. The window doubles with each hit, from 4 to 64, and closes when the scan
 * stops.
 *
 * Programs walk in two orders: the shell's globs and our readdir sort by the locale's collation, find and rsync in
 * other locales by bytes; and in each of them forwards or backwards (bash looks at what a glob may match from the last
 * to the first). Each of these four walks has a scan of its own, the backward ones on mirrored positions; an access
 * that is a little ahead of the last one in any of them is a hit. And they walk for two things: who only asks for
 * attributes (a glob, ls -l, du) needs bodies just where the size is not known yet, and must not have a large address
 * book downloaded again that the cache has no room for.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/internal.h"

#define WINDOW_MIN  4
#define WINDOW_MAX  64
#define SCAN_END_MS 3000
#define NO_POSITION G_MAXUINT

enum { N_ORDERS = 2, N_WALKS = 4 };

/* Who stands at a walk's position; positions and people map to each other the same way. */
static guint
mirror (const Book *book, guint walk, guint position)
{
  return walk < N_ORDERS ? position : book->orders[walk - N_ORDERS]->len - 1 - position;
}

static int
compare_bytes (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(BookPerson *const *)a)->name, (*(BookPerson *const *)b)->name);
}

static int
compare_collation (gconstpointer a, gconstpointer b)
{
  int order = strcoll ((*(BookPerson *const *)a)->name, (*(BookPerson *const *)b)->name);

  return order != 0 ? order : compare_bytes (a, b);
}

static void
sort_people (Book *book)
{
  GHashTableIter iter;
  gpointer person;

  if (book->orders[0] != NULL)
    return;
  for (guint order = 0; order < G_N_ELEMENTS (book->orders); order++) {
    GPtrArray *people = g_ptr_array_sized_new (g_hash_table_size (book->by_name));

    g_hash_table_iter_init (&iter, book->by_name);
    while (g_hash_table_iter_next (&iter, NULL, &person))
      g_ptr_array_add (people, person);
    g_ptr_array_sort (people, order == 0 ? compare_collation : compare_bytes);
    for (guint i = 0; i < people->len; i++)
      ((BookPerson *)people->pdata[i])->position[order] = i;
    book->orders[order] = people;
  }
  for (guint scan = 0; scan < G_N_ELEMENTS (book->scans); scan++)
    for (guint walk = 0; walk < N_WALKS; walk++) {
      book->scans[scan][walk].position = NO_POSITION;
      book->scans[scan][walk].window = 0;
    }
}

void
book_scan_clear (Book *book)
{
  for (guint order = 0; order < G_N_ELEMENTS (book->orders); order++)
    g_clear_pointer (&book->orders[order], g_ptr_array_unref);
  g_clear_handle_id (&book->scan_timer, g_source_remove);
}

GPtrArray *
book_people (Book *book)
{
  sort_people (book);
  return g_ptr_array_copy (book->orders[0], (GCopyFunc)(void (*) (void))book_person_ref, NULL);
}

static gboolean
on_scan_end (gpointer data)
{
  Book *book = data;

  for (guint scan = 0; scan < G_N_ELEMENTS (book->scans); scan++)
    for (guint walk = 0; walk < N_WALKS; walk++)
      book->scans[scan][walk].position = NO_POSITION;
  book->scan_timer = 0;
  return G_SOURCE_REMOVE;
}

/* A little ahead of the last one; or just behind what was fetched ahead, of which the kernel may have answered the rest
 * by itself. */
static gboolean
is_hit (guint last, guint ahead, guint position, guint window)
{
  return last != NO_POSITION && position > last && (position - last <= MAX (window, WINDOW_MIN) || position <= ahead);
}

static gboolean
size_is_known (Book *book, BookPerson *person)
{
  g_autofree char *version = book_person_photo_version (person);
  BookStorePhoto row;

  return version != NULL && book_cache_lookup (book->cache, version, &row);
}

/* Fetch those between what was looked at before and the end of the window. */
static void
fetch_ahead (Book *book, BookScan scan, guint walk, guint position)
{
  GPtrArray *people = book->orders[walk % N_ORDERS];
  guint end = MIN (position + 1 + book->scans[scan][walk].window, people->len);

  for (guint i = MAX (book->scans[scan][walk].ahead, position + 1); i < end; i++) {
    BookPerson *person = people->pdata[mirror (book, walk, i)];

    if (scan == BOOK_SCAN_BODIES || !size_is_known (book, person))
      book_photo_prefetch (book, person);
  }
  book->scans[scan][walk].ahead = MAX (book->scans[scan][walk].ahead, end);
}

void
book_scan_note (Book *book, BookPerson *person, BookScan scan)
{
  gboolean hit = FALSE;

  if (person->name == NULL || person->gone)
    return;
  sort_people (book);
  for (guint walk = 0; walk < N_WALKS; walk++) {
    guint position = mirror (book, walk, person->position[walk % N_ORDERS]);
    guint last = book->scans[scan][walk].position;

    if (position == last)
      continue; /* the same photo again */
    if (is_hit (last, book->scans[scan][walk].ahead, position, book->scans[scan][walk].window)) {
      book->scans[scan][walk].window = CLAMP (book->scans[scan][walk].window * 2, WINDOW_MIN, WINDOW_MAX);
      if (!hit) /* where two walks agree, one is enough */
        fetch_ahead (book, scan, walk, position);
      hit = TRUE;
    } else if (last == NO_POSITION || position > last || last - position > WINDOW_MAX) {
      book->scans[scan][walk].window = 0;
      book->scans[scan][walk].ahead = 0;
    } else {
      continue; /* a little behind: programs that read in parallel do not keep the order */
    }
    book->scans[scan][walk].position = position;
  }
  g_clear_handle_id (&book->scan_timer, g_source_remove);
  book->scan_timer = g_timeout_add (SCAN_END_MS, on_scan_end, book);
}
