/*
 * Reading ahead, by what was seen and not by a guess.
 *
 *   A scan is four photos of different contacts that a session wanted and that were not there, with pauses of less than a
 *   second in all; it lasts until a pause of a second.
 *
 *   While it lasts, each photo that it wants brings in what it will want next: by the order in which its last photos lie
 *   close together, or else by what is nearest.
 *
 * A session (setsid) is a terminal, a desktop's program, a service: programs that work for each other are in one. What is
 * there already is no evidence, and costs nothing here; what was fetched ahead counts as wanted when somebody asks for
 * it. The time in which programs wait for us is no pause, so a slow network has scans, too.
 *
 * How much is under way at once is for line.c. Each photo that is wanted brings in no more than so much, now or as soon as
 * there is room: a scan that stops, stops. A scan with an order does not get ahead of its program by more than that, one
 * without an order by no more than so many photos for each that was wanted.
 *
 * Programs want two things: who only asks for attributes (a glob, ls -l, du) needs bodies just where the size is not known
 * yet, and must not have a large address book downloaded again that the cache has no room for.
 */
#define G_LOG_DOMAIN "contactfs"

#include "book/orders.h"
#include "photo/internal.h"

#define EVIDENCE    4    /* photos */
#define CLOSE       4    /* places of an order for each of the last ones: it fits */
#define UNREAD_EACH 32   /* photos that are there before they are wanted, for each that was */
#define PLACES      4096 /* looked at for one photo that is wanted, at most */
#define PAUSE_US    G_USEC_PER_SEC

/* ---- whose scan ---- */

static Scan *
find_scan (Photos *photos, gint64 session)
{
  Scan *oldest = &photos->scans[0];

  for (guint i = 0; i < G_N_ELEMENTS (photos->scans); i++) {
    Scan *scan = &photos->scans[i];

    if (scan->number != 0 && scan->session == session)
      return scan;
    if (scan->last < oldest->last)
      oldest = scan;
  }
  oldest->number = 0;
  return oldest;
}

static void
begin (Photos *photos, Scan *scan, gint64 session)
{
  *scan = (Scan){ .session = session, .number = ++photos->scan_number };
}

static gboolean
is_recent (const Scan *scan, const BookPerson *person)
{
  for (guint i = 0; i < MIN (scan->wanted, SCAN_RECENT); i++)
    if (scan->recent[i] == person->ino)
      return TRUE;
  return FALSE;
}

/* The scan that this photo belongs to; NULL: it is a part of it already. */
static Scan *
note (Photos *photos, const BookPerson *person, gboolean size_alone, gint64 session)
{
  gint64 now = g_get_monotonic_time ();
  Scan *scan = find_scan (photos, session);
  gint64 pause = MAX (now - MAX (scan->last, photos->fetch_ended), 0);

  scan->pause = scan->wanted < EVIDENCE ? scan->pause + pause : pause;
  if (scan->number == 0 || scan->pause > PAUSE_US)
    begin (photos, scan, session);
  scan->last = now;
  if (is_recent (scan, person))
    return NULL;
  scan->recent[scan->wanted++ % SCAN_RECENT] = person->ino;
  if (!size_alone && !scan->bodies) { /* who was looked at for a size has to be looked at again */
    scan->number = ++photos->scan_number;
    scan->bodies = TRUE;
    scan->unread = 0;
  }
  return scan;
}

/* It was fetched ahead, and nobody has wanted it since. */
static gboolean
take_ahead (Photos *photos, BookPerson *person)
{
  gboolean was_ahead = person->ahead;

  for (guint i = 0; was_ahead && i < G_N_ELEMENTS (photos->scans); i++)
    if (photos->scans[i].number == person->looked && photos->scans[i].unread > 0)
      photos->scans[i].unread--;
  person->ahead = FALSE;
  return was_ahead;
}

/* ---- its order ---- */

typedef struct {
  const GPtrArray *people;
  guint front; /* the place of what was wanted last, as far as the walk goes */
  gboolean backwards;
} Walk;

/* The last photos lie close together in this order. Programs that read in parallel do not keep it to the letter. */
static gboolean
fits (Photos *photos, const Scan *scan, BookOrder order, Walk *walk)
{
  guint count = MIN (scan->wanted, SCAN_RECENT), first = G_MAXUINT, last = 0;
  gint64 older = 0, newer = 0;

  for (guint i = 0; i < count; i++) {
    const BookPerson *person = book_person_by_ino (photos->book, scan->recent[(scan->wanted - 1 - i) % SCAN_RECENT]);
    guint position;

    if (person == NULL || !book_order_find (photos->book, person, order, &position))
      return FALSE;
    first = MIN (first, position);
    last = MAX (last, position);
    if (i < count / 2)
      newer += position;
    else if (i >= count - count / 2)
      older += position;
  }
  *walk = (Walk){ book_order (photos->book, order), newer < older ? first : last, newer < older };
  return last - first < CLOSE * count;
}

static gboolean
find_walk (Photos *photos, const Scan *scan, Walk *walk)
{
  for (BookOrder order = 0; order < BOOK_N_ORDERS; order++)
    if (fits (photos, scan, order, walk))
      return TRUE;
  return FALSE;
}

/* ---- what comes next ---- */

/* FALSE: there is no room for more. */
static gboolean
fetch (Photos *photos, Scan *scan, BookPerson *person)
{
  if (scan->quota == 0)
    return FALSE;
  if (person->looked == scan->number)
    return TRUE;
  switch (photos_prefetch (photos, person, !scan->bodies)) {
  case PHOTOS_AHEAD_FULL:
    return FALSE;
  case PHOTOS_AHEAD_BEGUN:
    take_ahead (photos, person);
    person->ahead = TRUE;
    scan->unread++;
    scan->quota--;
    break;
  case PHOTOS_AHEAD_THERE:
  default:
    break;
  }
  person->looked = scan->number;
  return TRUE;
}

static void
fetch_along (Photos *photos, Scan *scan, const Walk *walk)
{
  guint left = MIN (walk->backwards ? walk->front : walk->people->len - 1 - walk->front, PLACES);

  for (guint i = 1; i <= left && (scan->unread == 0 || scan->unread < line_photos (photos)); i++)
    if (!fetch (photos, scan, walk->people->pdata[walk->backwards ? walk->front - i : walk->front + i]))
      return;
}

static const BookPerson *
last_wanted (Photos *photos, const Scan *scan)
{
  return book_person_by_ino (photos->book, scan->recent[(scan->wanted - 1) % SCAN_RECENT]);
}

static void
fetch_nearest (Photos *photos, Scan *scan)
{
  const BookPerson *person = last_wanted (photos, scan);
  const GPtrArray *people;
  guint position;

  if (person == NULL || !book_order_find (photos->book, person, BOOK_ORDER_LISTED, &position))
    return;
  people = book_order (photos->book, BOOK_ORDER_LISTED);
  for (guint i = 1; i <= MIN (people->len, PLACES) && scan->unread < UNREAD_EACH * scan->wanted; i++)
    if ((position + i < people->len && !fetch (photos, scan, people->pdata[position + i]))
        || (position >= i && !fetch (photos, scan, people->pdata[position - i])))
      return;
}

static void
go_on (Photos *photos, Scan *scan)
{
  Walk walk;
  gboolean found = find_walk (photos, scan, &walk);

  if (found)
    fetch_along (photos, scan, &walk);
  if (!found || scan->astray)
    fetch_nearest (photos, scan);
}

void
scans_go_on (Photos *photos)
{
  if (photos->scans_go_on) /* what is begun may fail at once, and that leads back to here */
    return;
  photos->scans_go_on = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (photos->scans); i++)
    if (photos->scans[i].number != 0 && photos->scans[i].quota > 0)
      go_on (photos, &photos->scans[i]);
  photos->scans_go_on = FALSE;
}

void
photos_want (Photos *photos, BookPerson *person, gboolean size_alone, gboolean is_there, gint64 session)
{
  gboolean foreseen = take_ahead (photos, person);
  Scan *scan;

  if ((is_there && !foreseen) || person->name == NULL || person->gone || person->photo_url == NULL)
    return;
  scan = note (photos, person, size_alone, session);
  if (scan == NULL || scan->wanted < EVIDENCE)
    return;
  /* Of those that made it a scan, none could be foreseen. */
  scan->astray = !foreseen && scan->wanted > EVIDENCE;
  scan->quota = MAX (line_photos (photos), 1);
  scans_go_on (photos);
}
