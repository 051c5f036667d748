/* JSON around base64, any part of it at any time. */
#define G_LOG_DOMAIN "contactfs"

#include "people/photo-body.h"

#include <string.h>

#include "people/people.h"

static const char head[] = "{\"photoBytes\":\"";
static const char tail[] = "\",\"personFields\":\"" PEOPLE_PERSON_FIELDS "\"}";

/* base64 goes by groups: four characters for three bytes. */
static gsize
base64_size (gsize size)
{
  return (size + 2) / 3 * 4;
}

gsize
photo_body_size (GBytes *photo)
{
  return strlen (head) + base64_size (g_bytes_get_size (photo)) + strlen (tail);
}

/* How many of text's bytes from offset on were copied. */
static gsize
copy_text (const char *text, gsize offset, char *out, gsize room)
{
  gsize n = MIN (strlen (text) - offset, room);

  memcpy (out, text + offset, n);
  return n;
}

/* The group at data, of which left bytes are there, padded if that is less than three. */
static void
encode_last (const guint8 *data, gsize left, char out[8])
{
  int state = 0, save = 0;
  gsize n = g_base64_encode_step (data, MIN (left, 3), FALSE, out, &state, &save);

  g_base64_encode_close (FALSE, out + n, &state, &save);
}

/* Whole groups at once, and one by itself where the buffer begins or ends inside, or it is padded. */
static gsize
copy_base64 (const guint8 *data, gsize size, gsize offset, char *out, gsize room)
{
  gsize done = 0, whole = size / 3 * 4, wanted = MIN (base64_size (size) - offset, room);

  while (done < wanted) {
    gsize at = offset + done, group = at / 4 * 3, inside = at % 4;
    gsize n = at < whole ? MIN (wanted - done, whole - at) / 4 : 0;

    if (inside == 0 && n > 0) {
      int state = 0, save = 0;

      done += g_base64_encode_step (data + group, n * 3, FALSE, out + done, &state, &save);
    } else {
      char text[8];

      encode_last (data + group, size - group, text);
      n = MIN (4 - inside, wanted - done);
      memcpy (out + done, text + inside, n);
      done += n;
    }
  }
  return done;
}

gsize
photo_body_make (GBytes *photo, gsize offset, gpointer buffer, gsize room)
{
  gsize size, done = 0;
  const guint8 *data = g_bytes_get_data (photo, &size);
  gsize before = strlen (head), behind = before + base64_size (size);
  char *out = buffer;

  if (offset < before)
    done += copy_text (head, offset, out, room);
  if (offset + done >= before && offset + done < behind)
    done += copy_base64 (data, size, offset + done - before, out + done, room - done);
  if (offset + done >= behind)
    done += copy_text (tail, offset + done - behind, out + done, room - done);
  return done;
}
