/* Times as names. */
#define G_LOG_DOMAIN "contactfs"

#include "photo/archive-name.h"

#include <stdio.h>
#include <string.h>

#include "image/image.h"

gint64
archive_name_time (const char *name)
{
  static const char shape[] = "0000-00-00T00-00-00.000000Z.";
  int year, month, day, hour, minute, second, microsecond;
  g_autoptr (GDateTime) time = NULL;
  const char *extension = name;

  for (const char *s = shape; *s; s++, extension++)
    if (*s == '0' ? !g_ascii_isdigit (*extension) : *s != *extension)
      return -1;
  if (!*extension)
    return -1;
  for (; *extension; extension++)
    if (!g_ascii_isalnum (*extension))
      return -1;
  /* NOLINTNEXTLINE(cert-err34-c): the widths bound the numbers, the count says that all are there */
  if (sscanf (name, "%4d-%2d-%2dT%2d-%2d-%2d.%6dZ", &year, &month, &day, &hour, &minute, &second, &microsecond) != 7)
    return -1;
  time = g_date_time_new_utc (year, month, day, hour, minute, second);
  return time ? g_date_time_to_unix (time) * G_TIME_SPAN_SECOND + microsecond : -1;
}

char *
archive_name_of (gint64 time, const char *extension)
{
  g_autoptr (GDateTime) seconds = g_date_time_new_from_unix_utc (time / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format (seconds, "%Y-%m-%dT%H-%M-%S");

  return g_strdup_printf ("%s.%06dZ%s", text, (int)(time % G_USEC_PER_SEC), extension);
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
archive_names_list (const char *folder, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_prefix (name, prefix) && archive_name_time (name + strlen (prefix)) >= 0)
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return names;
}

char *
archive_name_next (const char *folder, GBytes *bytes)
{
  g_autoptr (GPtrArray) names = archive_names_list (folder, "");
  const char *extension = image_kind_extension (image_kind (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)));
  gint64 newest = names->len > 0 ? archive_name_time (names->pdata[names->len - 1]) : -1;

  return archive_name_of (MAX (g_get_real_time (), newest + 1), *extension ? extension : ".bin");
}
