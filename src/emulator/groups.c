/* The labels of one address book. */
#define G_LOG_DOMAIN "contactfs"

#include "emulator/groups.h"

static void
group_free (gpointer data)
{
  Group *self = data;

  g_free (self->id);
  g_free (self->name);
  g_free (self);
}

static Group *
add (GPtrArray *self, const char *id, const char *name, gboolean user)
{
  Group *group = g_new0 (Group, 1);

  group->id = g_strdup (id);
  group->name = g_strdup (name);
  group->user = user;
  g_ptr_array_add (self, group);
  return group;
}

GPtrArray *
groups_new (void)
{
  static const char *const system[]
      = { "myContacts", "starred", "friends", "family", "coworkers", "blocked", "chatBuddies", "all" };
  GPtrArray *self = g_ptr_array_new_with_free_func (group_free);

  for (guint i = 0; i < G_N_ELEMENTS (system); i++)
    add (self, system[i], system[i], FALSE);
  add (self, GROUP_CHOIR, "Choir", TRUE);
  add (self, GROUP_NEIGHBOURS, "Neighbours", TRUE);
  return self;
}

Group *
groups_find (GPtrArray *self, const char *id)
{
  for (guint i = 0; i < self->len; i++)
    if (g_strcmp0 (((Group *)self->pdata[i])->id, id) == 0)
      return self->pdata[i];
  return NULL;
}

guint64
groups_revision (GPtrArray *self)
{
  guint64 revision = 0;

  for (guint i = 0; i < self->len; i++)
    revision = MAX (revision, ((Group *)self->pdata[i])->revision);
  return revision;
}

void
groups_put (GPtrArray *self, const char *id, const char *name)
{
  guint64 revision = groups_revision (self) + 1;
  Group *group = groups_find (self, id);

  if (group == NULL)
    group = add (self, id, name, TRUE);
  g_free (group->name);
  group->name = g_strdup (name);
  group->deleted = FALSE;
  group->revision = revision;
}

gboolean
groups_delete (GPtrArray *self, const char *id)
{
  Group *group = groups_find (self, id);

  if (group == NULL || !group->user || group->deleted)
    return FALSE;
  group->deleted = TRUE;
  group->revision = groups_revision (self) + 1;
  return TRUE;
}
