# shellcheck shell=sh disable=SC2154 # root, caller and python are the caller's
# Part of ./dev: what looks for the next mistake, and takes too long for each change.

posix_packages='autoconf automake make openssl python3'
coverage_packages='gcovr'
mutant_packages='git rsync'

posix() {
  [ $# -gt 0 ] || die 'usage: ./dev posix DIR [SUITE…]'
  case $1 in
  /*) folder=$1 ;;
  *) folder=$caller/$1 ;;
  esac
  shift
  # shellcheck disable=SC2086 # a list of words
  deps build $posix_packages
  build_programs
  fuse_device
  CONTACTFS_BUILD="$root/build" "$python" tests/posix/run.py "$folder" "$@"
}

mutants() {
  deps
  install_packages "$mutant_packages"
  fuse_device
  "$python" tests/mutants/run.py "$@"
}

# The short run is in ./dev test.
faults() {
  deps
  build build
  fuse_device
  CONTACTFS_BUILD="$root/build" PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest -p no:cacheprovider -q -n 4 \
    -m 'long or not long' "$@" tests/mount/test_fault_matrix.py
}

load() {
  deps
  build build-release --buildtype=release
  fuse_device
  CONTACTFS_BUILD="$root/build-release" "$python" tests/bench/load.py "$@"
}

# What GLib's macros ask beside our own conditions: no program goes both ways.
uncounted_branches='.*(G_DEFINE_AUTO|g_task_set_source_tag|g_once_init_enter|g_assert|g_return_).*'

# coverage [TESTS…]. The counts of a program that is killed are lost, and the sandbox has a door in this build
# (src/convert/sandbox.h): a test that fails for that is no reason to stop. Programs of other users write their counts, too: so
# the files are there before, for all to write.
coverage() {
  deps
  install_packages "$coverage_packages"
  mkdir -p build-coverage
  cc -O1 -c -o build-coverage/exit.o tests/coverage/exit.c
  build build-coverage -Db_coverage=true --buildtype=debug \
    "-Dc_link_args=['--coverage', '$root/build-coverage/exit.o', '-Wl,--wrap=_exit']"
  fuse_device
  find build-coverage -name '*.gcda' -delete
  find build-coverage -name '*.gcno' | sed 's/gcno$/gcda/' | xargs touch
  find build-coverage -name '*.gcda' -exec chmod 666 {} +
  [ $# -gt 0 ] || set -- tests/mount
  meson test -C build-coverage --no-rebuild --timeout-multiplier 6 --suite unit || :
  CONTACTFS_BUILD="$root/build-coverage" PYTHONDONTWRITEBYTECODE=1 "$python" -m pytest -p no:cacheprovider -q -n 4 "$@" || :
  find build-coverage -name '*.gcda' -empty -delete
  gcovr --root . --object-directory build-coverage --filter 'fs/' --filter 'src/' --exclude 'src/emulator/' --exclude-throw-branches \
    --exclude-branches-by-pattern "$uncounted_branches" \
    --gcov-ignore-parse-errors --sort-uncovered --print-summary --txt build-coverage/coverage.txt --html-details build-coverage/coverage.html
  tail -n 24 build-coverage/coverage.txt
  say 'all of it: build-coverage/coverage.txt, build-coverage/coverage.html'
}

# valgrind [TESTS…]: errors alone; leaks are LeakSanitizer's to find. Left out: what enters the sandbox, which valgrind needs open, and
# what measures its own memory.
valgrind_tests() {
  deps
  install_packages valgrind
  build build
  if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046 # a list of words
    set -- $(meson test -C build --no-rebuild --list --suite unit | sed -n 's/.* \/ //p' | grep -v -x -e sandbox -e picture -e image)
  fi
  G_SLICE=always-malloc meson test -C build --no-rebuild --num-processes 2 --timeout-multiplier 30 --print-errorlogs \
    --wrapper "valgrind -q --error-exitcode=99 --leak-check=no --suppressions=/usr/share/glib-2.0/valgrind/glib.supp" "$@"
}

# What hand-over.c wraps.
tsan_wraps='g_mutex_lock g_mutex_unlock g_async_queue_push g_async_queue_pop g_task_run_in_thread g_task_return_boolean g_task_return_int
  g_task_return_pointer g_task_return_error g_task_return_new_error g_task_propagate_boolean g_task_propagate_int
  g_task_propagate_pointer'
tsan_tests='tests/mount/test_reading.py tests/mount/test_writing.py tests/mount/test_sync.py tests/mount/test_names.py tests/mount/test_removal.py
  tests/mount/test_waiting_rename.py tests/mount/test_unmount.py tests/mount/test_offline.py'

# tsan [TESTS…]: ThreadSanitizer on the notifier, the workers and the loop. Pictures are decoded by gcc's contactfs-convert: it has one thread,
# and its sandbox has no room for a sanitizer. fuzz-requests has a wrap of its own of a function that hand-over.c wraps, and keeps it.
tsan() {
  deps
  build_programs
  mkdir -p build-tsan
  # shellcheck disable=SC2046 # lists of words
  clang -fsanitize=thread -g -O1 -c -o build-tsan/hand-over.o tests/tsan/hand-over.c $(pkg-config --cflags gio-2.0)
  # shellcheck disable=SC2086 # a list of words
  CC=clang build build-tsan -Db_sanitize=thread -Db_lundef=false \
    "-Dc_link_args=['-fsanitize=thread', '$root/build-tsan/hand-over.o', '-lgio-2.0', '-lgobject-2.0', '-lglib-2.0', '-Wl,--allow-multiple-definition'$(printf ", '-Wl,--wrap=%s'" $tsan_wraps)]"
  cp build/src/convert/contactfs-convert build-tsan/src/convert/contactfs-convert
  fuse_device
  if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046 # a list of words
    meson test -C build-tsan --no-rebuild --num-processes 2 --timeout-multiplier 30 --print-errorlogs \
      $(meson test -C build-tsan --no-rebuild --list --suite unit | sed -n 's/.* \/ //p' | grep -v -x -e sandbox -e picture)
    # shellcheck disable=SC2086 # a list of words
    set -- $tsan_tests
  fi
  CONTACTFS_BUILD="$root/build-tsan" PEOPLE_EMULATOR="$root/build/src/emulator/people-emulator" PYTHONDONTWRITEBYTECODE=1 \
    "$python" -m pytest -p no:cacheprovider -q -n 3 "$@"
}
