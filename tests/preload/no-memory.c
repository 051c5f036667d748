/*
 * A computer without memory for files: LD_PRELOADed into contactfs, it lets memfd_create fail as the file $NO_MEMORY says. There is
 * a number in it, of calls that still succeed; each call counts it down. Without the file there is memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef int (*MemfdCreate) (const char *name, unsigned int flags);

static int
is_there_memory (void)
{
  const char *path = getenv ("NO_MEMORY");
  FILE *file = path != NULL ? fopen (path, "r+e") : NULL;
  char line[32] = "";
  long left;

  if (file == NULL)
    return 1;
  left = fgets (line, sizeof line, file) != NULL ? strtol (line, NULL, 10) : 0;
  rewind (file);
  if (left > 0)
    fprintf (file, "%ld\n", left - 1);
  fclose (file);
  return left > 0;
}

int
memfd_create (const char *name, unsigned int flags)
{
  MemfdCreate real;

  if (!is_there_memory ()) {
    errno = ENOMEM;
    return -1;
  }
  *(void **)&real = dlsym (RTLD_NEXT, "memfd_create");
  return real (name, flags);
}
