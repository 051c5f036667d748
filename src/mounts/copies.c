/* /proc/PID/mountinfo of every process whose mount namespace has not been looked at yet. */
#define G_LOG_DOMAIN "contactfs"

#include "mounts/copies.h"

#include <string.h>

#include "net/json.h"
#include "net/text.h"

typedef struct {
  guint64 pid; /* the lowest that is in there */
  guint more;  /* others */
} Namespace;

static guint64
pid_of (const char *name)
{
  guint64 pid = 0;
  return g_ascii_string_to_unsigned (name, 10, 1, G_MAXINT32, &pid, NULL) ? pid : 0;
}

static void
note_process (GHashTable *namespaces, guint64 pid)
{
  g_autofree char *link = g_strdup_printf ("/proc/%" G_GUINT64_FORMAT "/ns/mnt", pid);
  g_autofree char *name = g_file_read_link (link, NULL); /* "mnt:[4026531841]" */
  if (name == NULL)
    return;
  Namespace *known = g_hash_table_lookup (namespaces, name);
  if (known == NULL) {
    known = g_new0 (Namespace, 1);
    known->pid = pid;
    g_hash_table_insert (namespaces, g_steal_pointer (&name), known);
    return;
  }
  known->pid = MIN (known->pid, pid);
  known->more++;
}

/* By the link's text. */
static GHashTable *
list_namespaces (void)
{
  GHashTable *namespaces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  if (proc == NULL)
    return namespaces;
  for (const char *name; (name = g_dir_read_name (proc)) != NULL;)
    if (pid_of (name) != 0)
      note_process (namespaces, pid_of (name));
  return namespaces;
}

static char *
describe (const Namespace *found)
{
  g_autofree char *file = g_strdup_printf ("/proc/%" G_GUINT64_FORMAT "/comm", found->pid);
  g_autofree char *raw = NULL;
  g_file_get_contents (file, &raw, NULL, NULL);
  g_autofree char *name = text_clean (raw);
  GString *words = g_string_new (NULL);
  g_string_append_printf (words, "“%s” (PID %" G_GUINT64_FORMAT ")", name != NULL ? name : "a program", found->pid);
  if (found->more > 0)
    g_string_append_printf (words, " and %u more", found->more);
  g_string_append (words, " in a mount namespace of its own");
  return g_string_free (words, FALSE);
}

/* Where the process has the mount, and the daemon still answers there: the kernel gives the number of a file system that is
 * gone to the next one. */
static char *
place_in (const Mount *mount, const char *process, gint64 daemon)
{
  g_autofree char *place = mounts_place_in (mount, process);
  if (place == NULL)
    return NULL;
  g_autofree char *path = g_build_filename ("/proc", process, "root", place, NULL);
  const Mount there = { .mountpoint = path };
  g_autofree char *text = mounts_read_status (&there, NULL);
  g_autoptr (JsonValue) status = text != NULL ? json_parse (text, strlen (text), NULL) : NULL;
  return status != NULL && json_int (status, "pid") == daemon ? g_steal_pointer (&place) : NULL;
}

char *
mounts_find_copy (const Mount *mount, gint64 daemon)
{
  g_autofree char *ours = g_file_read_link ("/proc/self/ns/mnt", NULL);
  g_autofree char *other_folder = place_in (mount, "self", daemon);
  if (other_folder != NULL)
    return g_strdup_printf ("the folder %s, which it is bound to", other_folder);

  g_autoptr (GHashTable) namespaces = list_namespaces ();
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init (&iter, namespaces);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    if (g_strcmp0 (key, ours) == 0)
      continue;
    g_autofree char *process = g_strdup_printf ("%" G_GUINT64_FORMAT, ((Namespace *)value)->pid);
    g_autofree char *place = place_in (mount, process, daemon);
    if (place != NULL)
      return describe (value);
  }
  return NULL;
}
