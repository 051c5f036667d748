/*
 * Reading ahead, by what was seen and not by a guess.
 *
 *   A stream is four photos of different contacts that a session wanted and that were not there, with pauses of less than a
 *   second in all; it lasts until a pause of a second.
 *
 *   While it lasts, each photo that it wants brings in what it will want next: by the order in which its last photos lie
 *   close together, or else by what is nearest.
 *
 * A session (setsid) is a terminal, a desktop's program, a service: programs that work for each other are in one. What is
 * there already is no evidence, and costs nothing here; what was fetched ahead counts as wanted when somebody asks for
 * it. The time in which programs wait for us is no pause, so a slow network has streams, too.
 *
 * How much is under way at once is for line.c. Each photo that is wanted brings in no more than so much, now or as soon as
 * there is room: a stream that stops, stops. A stream with an order does not get ahead of its program by more than that, one
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

/* ---- whose stream ---- */

static Stream *
find_stream (Photos *photos, gint64 session)
{
  Stream *oldest = &photos->streams[0];

  for (guint i = 0; i < G_N_ELEMENTS (photos->streams); i++) {
    Stream *stream = &photos->streams[i];

    if (stream->number != 0 && stream->session == session)
      return stream;
    if (stream->last < oldest->last)
      oldest = stream;
  }
  oldest->number = 0;
  return oldest;
}

static void
begin (Photos *photos, Stream *stream, gint64 session)
{
  *stream = (Stream){ .session = session, .number = ++photos->stream_number };
}

static gboolean
is_recent (const Stream *stream, const BookPerson *person)
{
  for (guint i = 0; i < MIN (stream->wanted, STREAM_RECENT); i++)
    if (stream->recent[i] == person->ino)
      return TRUE;
  return FALSE;
}

/* The stream that this photo belongs to; NULL: it is a part of it already. */
static Stream *
note (Photos *photos, const BookPerson *person, gboolean size_alone, gint64 session)
{
  gint64 now = g_get_monotonic_time ();
  Stream *stream = find_stream (photos, session);
  gint64 pause = MAX (now - MAX (stream->last, photos->fetch_ended), 0);

  stream->pause = stream->wanted < EVIDENCE ? stream->pause + pause : pause;
  if (stream->number == 0 || stream->pause > PAUSE_US)
    begin (photos, stream, session);
  stream->last = now;
  if (is_recent (stream, person))
    return NULL;
  stream->recent[stream->wanted++ % STREAM_RECENT] = person->ino;
  if (!size_alone && !stream->bodies) { /* who was known by a size has to be considered again */
    stream->number = ++photos->stream_number;
    stream->bodies = TRUE;
    stream->unread = 0;
  }
  return stream;
}

/* It was fetched ahead, and nobody has wanted it since. */
static gboolean
take_ahead (Photos *photos, BookPerson *person)
{
  gboolean was_ahead = person->ahead;

  for (guint i = 0; was_ahead && i < G_N_ELEMENTS (photos->streams); i++)
    if (photos->streams[i].number == person->considered && photos->streams[i].unread > 0)
      photos->streams[i].unread--;
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
fits (Photos *photos, const Stream *stream, BookOrder order, Walk *walk)
{
  guint count = MIN (stream->wanted, STREAM_RECENT), first = G_MAXUINT, last = 0;
  gint64 older = 0, newer = 0;

  for (guint i = 0; i < count; i++) {
    const BookPerson *person
        = book_person_by_ino (photos->book, stream->recent[(stream->wanted - 1 - i) % STREAM_RECENT]);
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
find_walk (Photos *photos, const Stream *stream, Walk *walk)
{
  for (BookOrder order = 0; order < BOOK_N_ORDERS; order++)
    if (fits (photos, stream, order, walk))
      return TRUE;
  return FALSE;
}

/* ---- what comes next ---- */

/* FALSE: there is no room for more. */
static gboolean
fetch (Photos *photos, Stream *stream, BookPerson *person)
{
  if (stream->quota == 0)
    return FALSE;
  if (person->considered == stream->number)
    return TRUE;
  switch (photos_prefetch (photos, person, !stream->bodies)) {
  case PHOTOS_AHEAD_FULL:
    return FALSE;
  case PHOTOS_AHEAD_BEGUN:
    take_ahead (photos, person);
    person->ahead = TRUE;
    stream->unread++;
    stream->quota--;
    break;
  case PHOTOS_AHEAD_THERE:
  default:
    break;
  }
  person->considered = stream->number;
  return TRUE;
}

static void
fetch_along (Photos *photos, Stream *stream, const Walk *walk)
{
  guint left = MIN (walk->backwards ? walk->front : walk->people->len - 1 - walk->front, PLACES);

  for (guint i = 1; i <= left && (stream->unread == 0 || stream->unread < line_photos (photos)); i++)
    if (!fetch (photos, stream, walk->people->pdata[walk->backwards ? walk->front - i : walk->front + i]))
      return;
}

static const BookPerson *
last_wanted (Photos *photos, const Stream *stream)
{
  return book_person_by_ino (photos->book, stream->recent[(stream->wanted - 1) % STREAM_RECENT]);
}

static void
fetch_nearest (Photos *photos, Stream *stream)
{
  const BookPerson *person = last_wanted (photos, stream);
  const GPtrArray *people;
  guint position;

  if (person == NULL || !book_order_find (photos->book, person, BOOK_ORDER_LISTED, &position))
    return;
  people = book_order (photos->book, BOOK_ORDER_LISTED);
  for (guint i = 1; i <= MIN (people->len, PLACES) && stream->unread < UNREAD_EACH * stream->wanted; i++)
    if ((position + i < people->len && !fetch (photos, stream, people->pdata[position + i]))
        || (position >= i && !fetch (photos, stream, people->pdata[position - i])))
      return;
}

static void
go_on (Photos *photos, Stream *stream)
{
  Walk walk;
  gboolean found = find_walk (photos, stream, &walk);

  if (found)
    fetch_along (photos, stream, &walk);
  if (!found || stream->astray)
    fetch_nearest (photos, stream);
}

void
read_ahead_go_on (Photos *photos)
{
  if (photos->read_ahead_go_on) /* what is begun may fail at once, and that leads back to here */
    return;
  photos->read_ahead_go_on = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (photos->streams); i++)
    if (photos->streams[i].number != 0 && photos->streams[i].quota > 0)
      go_on (photos, &photos->streams[i]);
  photos->read_ahead_go_on = FALSE;
}

void
photos_want (Photos *photos, BookPerson *person, gboolean size_alone, gboolean is_there, gint64 session)
{
  gboolean foreseen = take_ahead (photos, person);
  Stream *stream;

  if ((is_there && !foreseen) || person->name == NULL || person->gone || person->photo_url == NULL)
    return;
  stream = note (photos, person, size_alone, session);
  if (stream == NULL || stream->wanted < EVIDENCE)
    return;
  /* Of those that made it a stream, none could be foreseen. */
  stream->astray = !foreseen && stream->wanted > EVIDENCE;
  stream->quota = MAX (line_photos (photos), 1);
  read_ahead_go_on (photos);
}
