/*
 * Reading ahead, by what was seen and not by a guess.
 *
 *   A stream is four photos of different contacts that a session wanted and that were not there, with pauses of less than a
 *   second in all; or two, if they are side by side in some order and the session goes about as those do who want all
 *   (is_evident). It lasts until a pause of a second.
 *
 *   While it lasts, each photo that it wants brings in what it will want next: by the order in which its last photos lie
 *   close together, or else by what is nearest.
 *
 * A session (setsid) is a terminal, a desktop's program, a service: programs that work for each other are in one. What is
 * there already is no evidence, and costs nothing here; what was fetched ahead counts as wanted when somebody asks for
 * it. The time in which programs wait for us is no pause, so a slow network has streams, too.
 *
 * How much is under way at once is for line.c. Each photo that is wanted brings in no more than so much, now or as soon as
 * there is room: a stream that stops, stops. A stream with an order does not get ahead of its program by more than twice that:
 * while it reads the one half, the other is on its way. One without an order gets ahead by no more than so many photos for each
 * that was wanted.
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

/* NULL: it has none. */
static Stream *
find_stream (Photos *photos, gint64 session)
{
  for (guint i = 0; i < G_N_ELEMENTS (photos->streams); i++)
    if (photos->streams[i].number != 0 && photos->streams[i].session == session)
      return &photos->streams[i];
  return NULL;
}

/* In place of the one that was used longest ago, or of its own after a pause. */
static Stream *
begin (Photos *photos, gint64 session)
{
  Stream *stream = find_stream (photos, session), *oldest = &photos->streams[0];

  for (guint i = 1; i < G_N_ELEMENTS (photos->streams); i++)
    if (photos->streams[i].last < oldest->last)
      oldest = &photos->streams[i];
  if (stream == NULL)
    stream = oldest;
  *stream = (Stream){ .session = session, .number = ++photos->stream_number };
  return stream;
}

/* The session's stream, as it does something now. */
static Stream *
go_along (Photos *photos, gint64 session)
{
  gint64 now = g_get_monotonic_time ();
  Stream *stream = find_stream (photos, session);

  if (stream != NULL) {
    gint64 pause = MAX (now - MAX (stream->last, photos->fetch_ended), 0);

    stream->pause = stream->flows ? pause : stream->pause + pause;
  }
  if (stream == NULL || stream->pause > PAUSE_US)
    stream = begin (photos, session);
  stream->last = now;
  return stream;
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
  Stream *stream = go_along (photos, session);

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

/* Sets walk to how the last photos lie in this order, and spread to the number of places between the outermost of them. */
static gboolean
find_spread (Photos *photos, const Stream *stream, BookOrder order, Walk *walk, guint *spread)
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
  *spread = last - first;
  return TRUE;
}

/* The first order in which the last photos lie no further apart than within places for each. Programs that read in parallel do
 * not keep an order to the letter. */
static gboolean
find_walk (Photos *photos, const Stream *stream, guint within, Walk *walk)
{
  guint count = MIN (stream->wanted, STREAM_RECENT), spread;

  for (BookOrder order = 0; order < BOOK_N_ORDERS; order++)
    if (find_spread (photos, stream, order, walk, &spread) && spread < within * count)
      return TRUE;
  return FALSE;
}

/* Two that are side by side are enough, if whoever wants them does more than open what it knows: a shell's * looks at photos
 * and opens none, ls and cp list each folder. */
static gboolean
is_evident (Photos *photos, const Stream *stream)
{
  Walk walk;

  return stream->wanted >= EVIDENCE
         || (stream->wanted >= 2 && stream->opened <= stream->listed && find_walk (photos, stream, 1, &walk));
}

/* ---- what comes next ---- */

static guint
ahead_at_most (const Photos *photos)
{
  return MAX (2 * line_photos (photos), 1);
}

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

  for (guint i = 1; i <= left && stream->unread < ahead_at_most (photos); i++)
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
  gboolean found = find_walk (photos, stream, 1, &walk) || find_walk (photos, stream, CLOSE, &walk);

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
photos_list (Photos *photos, gint64 session)
{
  go_along (photos, session)->listed++;
}

void
photos_want (Photos *photos, BookPerson *person, gboolean size_alone, gboolean is_there, gint64 session)
{
  gboolean foreseen = take_ahead (photos, person);
  Stream *stream = find_stream (photos, session);

  if (!size_alone && stream != NULL)
    stream->opened++;
  if ((is_there && !foreseen) || person->name == NULL || person->gone || person->photo_url == NULL)
    return;
  stream = note (photos, person, size_alone, session);
  if (stream == NULL)
    return;
  /* Of those that made it a stream, none could be foreseen. */
  stream->astray = stream->flows && !foreseen;
  stream->flows = stream->flows || is_evident (photos, stream);
  if (!stream->flows)
    return;
  stream->quota = ahead_at_most (photos);
  read_ahead_go_on (photos);
}
