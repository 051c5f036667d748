/* What a program counted is written when it ends by exit(). Ours end by _exit() where a library must not have a last word: the
 * linker leads those calls here (tests/instruments.sh). */
#include <stdlib.h>
#include <unistd.h>

void __gcov_dump (void);
void __real__exit (int status) __attribute__ ((noreturn));
void __wrap__exit (int status) __attribute__ ((noreturn));

void
__wrap__exit (int status)
{
  __gcov_dump ();
  __real__exit (status);
}

/* A program that is killed while it writes damages a file of counts. Those that follow would say so on stderr, where tests look. */
__attribute__ ((constructor)) static void
be_quiet (void)
{
  setenv ("GCOV_ERROR_FILE", "/dev/null", 0);
}
