/* Names for what is not taken. */
#define G_LOG_DOMAIN "contactfs"

#include "image/foreign.h"

#include <string.h>

#include "image/walk.h"

#define SAMPLE 512 /* bytes of a text */

/* What one can do with it. */
typedef enum { PICTURE, RAW, DRAWING, DOCUMENT, VIDEO, SOUND, ARCHIVE, OTHER } Sort;

static const char *const advice[OTHER + 1] = {
  [PICTURE] = "save it as JPEG",
  [DRAWING] = "export it as PNG or JPEG",
  [DOCUMENT] = "save the picture in it as JPEG",
  [VIDEO] = "save one frame of it as JPEG",
  [ARCHIVE] = "unpack it first",
};

typedef struct {
  gsize offset;
  const char *magic;
  gsize length;
  Sort sort;
  const char *name;
} Foreign;

/* The literal's own length, so that a magic may contain zero bytes. */
#define MAGIC(literal) literal, sizeof literal - 1

static const Foreign foreigners[] = {
  { 0, MAGIC ("\0\0\0\x0cjP  \r\n\x87\n"), PICTURE, "a JPEG 2000 picture" },
  { 0, MAGIC ("\xff\x4f\xff\x51"), PICTURE, "a JPEG 2000 picture" },
  { 0, MAGIC ("II\xbc\1"), PICTURE, "a JPEG XR picture" },
  { 0, MAGIC ("8BPS\0\1"), PICTURE, "a Photoshop document (PSD)" },
  { 0, MAGIC ("8BPS\0\2"), PICTURE, "a large Photoshop document (PSB)" },
  { 0, MAGIC ("gimp xcf"), PICTURE, "a GIMP picture (XCF)" },
  { 0, MAGIC ("\0\0\1\0"), PICTURE, "an icon (ICO)" },
  { 0, MAGIC ("\0\0\2\0"), PICTURE, "a mouse pointer (CUR)" },
  { 0, MAGIC ("icns"), PICTURE, "an icon (ICNS)" },
  { 0, MAGIC ("v/1\1"), PICTURE, "an OpenEXR picture" },
  { 0, MAGIC ("#?RADIANCE"), PICTURE, "a Radiance picture (HDR)" },
  { 0, MAGIC ("#?RGBE"), PICTURE, "a Radiance picture (HDR)" },
  { 0, MAGIC ("DDS "), PICTURE, "a DirectDraw picture (DDS)" },
  { 0, MAGIC ("qoif"), PICTURE, "a QOI picture" },
  { 0, MAGIC ("FLIF"), PICTURE, "a FLIF picture" },
  { 0, MAGIC ("BPG\xfb"), PICTURE, "a BPG picture" },
  { 0, MAGIC ("\x8aMNG\r\n\x1a\n"), PICTURE, "an MNG animation" },
  { 0, MAGIC ("\x8bJNG\r\n\x1a\n"), PICTURE, "a JNG picture" },
  { 0, MAGIC ("SIMPLE  ="), PICTURE, "a FITS picture" },
  { 128, MAGIC ("DICM"), PICTURE, "a medical picture (DICOM)" },
  { 0, MAGIC ("\x0a\5\1\x08"), PICTURE, "a PCX picture" },
  { 0, MAGIC ("\1\xda\0\1"), PICTURE, "an SGI picture" },
  { 0, MAGIC ("\1\xda\1\1"), PICTURE, "an SGI picture" },
  { 0, MAGIC ("\x59\xa6\x6a\x95"), PICTURE, "a Sun raster picture" },
  { 0, MAGIC ("farbfeld"), PICTURE, "a farbfeld picture" },
  { 0, MAGIC ("/* XPM */"), PICTURE, "an XPM picture" },
  { 0, MAGIC ("AT&TFORM"), DOCUMENT, "a DjVu document" },
  { 0, MAGIC ("IIRO"), RAW, "Olympus ORF" },
  { 0, MAGIC ("IIRS"), RAW, "Olympus ORF" },
  { 0, MAGIC ("MMOR"), RAW, "Olympus ORF" },
  { 0, MAGIC ("IIU\0"), RAW, "Panasonic RW2" },
  { 0, MAGIC ("FUJIFILMCCD-RAW"), RAW, "Fujifilm RAF" },
  { 0, MAGIC ("II\x1a\0\0\0HEAPCCDR"), RAW, "Canon CRW" },
  { 4, MAGIC ("ftypcrx "), RAW, "Canon CR3" },
  { 0, MAGIC ("FOVb"), RAW, "Sigma X3F" },
  { 0, MAGIC ("\0MRM"), RAW, "Minolta MRW" },
  { 0, MAGIC ("ARRI"), RAW, "ARRI ARI" },
  { 0, MAGIC ("%PDF-"), DOCUMENT, "a PDF document" },
  { 0, MAGIC ("%!PS"), DRAWING, "a PostScript drawing (EPS)" },
  { 0, MAGIC ("\xc5\xd0\xd3\xc6"), DRAWING, "a PostScript drawing (EPS)" },
  { 0, MAGIC ("\xd7\xcd\xc6\x9a"), DRAWING, "a Windows metafile (WMF)" },
  { 40, MAGIC (" EMF"), DRAWING, "a Windows metafile (EMF)" },
  { 0, MAGIC ("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), DOCUMENT, "an office document" },
  { 0, MAGIC ("{\\rtf"), DOCUMENT, "a text document (RTF)" },
  { 30, MAGIC ("mimetypeimage/openraster"), PICTURE, "an OpenRaster picture (ORA)" },
  { 30, MAGIC ("mimetypeapplication/x-krita"), PICTURE, "a Krita picture (KRA)" },
  { 0, MAGIC ("PK\3\4"), ARCHIVE, "a ZIP archive or an office document" },
  { 0, MAGIC ("7z\xbc\xaf\x27\x1c"), ARCHIVE, "a 7-Zip archive" },
  { 0, MAGIC ("Rar!\x1a\7"), ARCHIVE, "a RAR archive" },
  { 257, MAGIC ("ustar"), ARCHIVE, "a tar archive" },
  { 0, MAGIC ("\x1f\x8b"), ARCHIVE, "packed by gzip" },
  { 0, MAGIC ("BZh"), ARCHIVE, "packed by bzip2" },
  { 0,
    MAGIC ("\xfd"
           "7zXZ\0"),
    ARCHIVE, "packed by xz" },
  { 0, MAGIC ("\x28\xb5\x2f\xfd"), ARCHIVE, "packed by zstd" },
  { 4, MAGIC ("ftypM4A "), SOUND, "a sound file (M4A)" },
  { 4, MAGIC ("ftypqt  "), VIDEO, "a video (MOV)" },
  { 4, MAGIC ("ftyp"), VIDEO, "a video or sound file" },
  { 4, MAGIC ("moov"), VIDEO, "a video (MOV)" },
  { 4, MAGIC ("mdat"), VIDEO, "a video (MOV)" },
  { 4, MAGIC ("wide"), VIDEO, "a video (MOV)" },
  { 0, MAGIC ("\x1a\x45\xdf\xa3"), VIDEO, "a video (WebM or Matroska)" },
  { 8, MAGIC ("AVI LIST"), VIDEO, "a video (AVI)" },
  { 0, MAGIC ("FLV\1"), VIDEO, "a video (FLV)" },
  { 0, MAGIC ("\x30\x26\xb2\x75\x8e\x66\xcf\x11"), VIDEO, "a video (WMV)" },
  { 0, MAGIC ("\0\0\1\xba"), VIDEO, "a video (MPEG)" },
  { 0, MAGIC ("\0\0\1\xb3"), VIDEO, "a video (MPEG)" },
  { 0, MAGIC ("OggS"), VIDEO, "a video or sound file (Ogg)" },
  { 8, MAGIC ("WAVEfmt "), SOUND, "a sound file (WAV)" },
  { 0, MAGIC ("ID3"), SOUND, "a sound file (MP3)" },
  { 0, MAGIC ("fLaC"), SOUND, "a sound file (FLAC)" },
  { 0, MAGIC ("MZ"), OTHER, "a program for Windows" },
  { 0, MAGIC ("L\0\0\0\1\x14\2\0"), OTHER, "a shortcut, not the picture that it leads to" },
  { 0, MAGIC ("SQLite format 3"), OTHER, "a database" },
  { 0, MAGIC ("bplist00"), OTHER, "a list of settings (plist)" },
};

static const Foreign *
find (const guint8 *data, gsize size)
{
  for (gsize i = 0; i < G_N_ELEMENTS (foreigners); i++) {
    const Foreign *at = &foreigners[i];

    if (size >= at->offset + at->length && memcmp (data + at->offset, at->magic, at->length) == 0)
      return at;
  }
  return NULL;
}

/* P1 to P7, then white space and a number or a comment; PF and Pf with floating point. */
static gboolean
is_pnm (const guint8 *data, gsize size)
{
  return size > 3 && data[0] == 'P' && ((data[1] >= '1' && data[1] <= '7') || data[1] == 'F' || data[1] == 'f')
         && g_ascii_isspace (data[2])
         && (g_ascii_isdigit (data[3]) || g_ascii_isspace (data[3]) || data[3] == '#' || data[1] == '7');
}

/* It has no magic in front: its footer, or a header in which everything fits. */
static gboolean
is_tga (const guint8 *data, gsize size)
{
  static const char footer[] = "TRUEVISION-XFILE.";
  guint8 sort;

  if (size >= 26 && memcmp (data + size - sizeof footer, footer, sizeof footer) == 0)
    return TRUE;
  if (size < 18)
    return FALSE;
  sort = data[2] & ~8; /* 8: packed */
  return data[1] == (sort == 1) && sort >= 1 && sort <= 3 && (data[2] & ~11) == 0
         && (data[1] == 1 || memcmp (data + 3, "\0\0\0\0", 4) == 0) && (data[12] | data[13]) != 0
         && (data[14] | data[15]) != 0
         && (data[16] == 8 || data[16] == 15 || data[16] == 16 || data[16] == 24 || data[16] == 32)
         && (data[17] & 0xc0) == 0;
}

/* ---- text ---- */

static gboolean
begins_with_word (const char *text, gsize size, const char *word)
{
  return size >= strlen (word) && g_ascii_strncasecmp (text, word, strlen (word)) == 0;
}

static gboolean
is_text (const char *text, gsize size)
{
  const char *end;

  for (gsize i = 0; i < size; i++)
    if ((guchar)text[i] < ' ' && !g_ascii_isspace (text[i]))
      return FALSE;
  /* The sample may end inside a character. */
  return g_utf8_validate_len (text, size, &end) || (size > 3 && end > text + size - 4);
}

typedef struct {
  const char *begin;
  const char *words;
} Text;

static const char *
describe_text (const char *text, gsize length)
{
  static const Text texts[] = {
    { "<!doctype html", "HTML); save the picture itself, not the page that shows it" },
    { "<html", "HTML); save the picture itself, not the page that shows it" },
    { "<head", "HTML); save the picture itself, not the page that shows it" },
    { "<svg", "an SVG drawing); export it as PNG or JPEG" },
    { "<?xml", "XML)" },
    { "data:image/", "an address); save the picture itself" },
    { "http://", "an address); save the picture that is there" },
    { "https://", "an address); save the picture that is there" },
    { "[InternetShortcut]", "an address); save the picture that is there" },
  };

  if (length >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0)
    text += 3, length -= 3;
  while (length > 0 && g_ascii_isspace (*text))
    text++, length--;
  if (length == 0)
    return "text)";
  if (*text == '<' && g_strstr_len (text, (gssize)length, "<html") != NULL)
    return texts[0].words;
  if (*text == '<' && g_strstr_len (text, (gssize)length, "<svg") != NULL)
    return "an SVG drawing); export it as PNG or JPEG";
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (begins_with_word (text, length, texts[i].begin))
      return texts[i].words;
  return "text)";
}

/* ---- the sentence ---- */

char *
image_foreign_raw_words (const char *name)
{
  return g_strdup_printf ("is a camera's raw file (%s); export it as JPEG", name);
}

char *
image_foreign_words (gconstpointer bytes, gsize size)
{
  const guint8 *data = bytes;
  gsize length = MIN (size, SAMPLE);
  const Foreign *found = find (data, size);

  if (size == 0)
    return g_strdup ("is empty");
  if (image_is_zero (data, length))
    return g_strdup ("is not a picture (zero bytes)");
  if (is_tga (data, size))
    return g_strdup ("is a TGA picture, which contacts do not take; save it as JPEG");
  if (found != NULL && found->sort == RAW)
    return image_foreign_raw_words (found->name);
  if (found != NULL && found->sort == PICTURE)
    return g_strdup_printf ("is %s, which contacts do not take; %s", found->name, advice[found->sort]);
  if (found != NULL && advice[found->sort] != NULL)
    return g_strdup_printf ("is not a picture (%s); %s", found->name, advice[found->sort]);
  if (found != NULL)
    return g_strdup_printf ("is not a picture (%s)", found->name);
  if (is_pnm (data, size))
    return g_strdup ("is a PNM picture, which contacts do not take; save it as JPEG");
  if (is_text ((const char *)data, length))
    return g_strconcat ("is not a picture (", describe_text ((const char *)data, length), NULL);
  return g_strdup ("is not a picture (unknown binary data)");
}
