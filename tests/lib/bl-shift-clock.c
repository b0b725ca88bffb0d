// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: a machine that slept, and a clock that was set. The file that BL_SHIFT_CLOCK names holds
// two 64-bit numbers of seconds, read at each look at a clock: how long the machine slept (CLOCK_BOOTTIME and
// the time of day), and by how much the time of day was set. The monotonic clock is left alone, as both leave
// it.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define PRELOADED __attribute__ ((visibility ("default")))

static volatile const int64_t *shifts;

__attribute__ ((constructor)) static void
open_shifts (void)
{
  const char *path = getenv ("BL_SHIFT_CLOCK");
  const int fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *mapped;

  if (fd < 0)
    return;
  mapped = mmap (NULL, 2 * sizeof *shifts, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED)
    shifts = mapped;
  close (fd);
}

PRELOADED int
clock_gettime (clockid_t id, struct timespec *now)
{
  const int result = (int)syscall (SYS_clock_gettime, id, now);

  if (result != 0 || shifts == NULL)
    return result;
  if (id == CLOCK_BOOTTIME || id == CLOCK_BOOTTIME_ALARM)
    now->tv_sec += shifts[0];
  else if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_REALTIME_ALARM)
    now->tv_sec += shifts[0] + shifts[1];
  return result;
}

PRELOADED int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec full;
  const int result = clock_gettime (CLOCK_REALTIME, &full);

  (void)zone; // obsolete, and never set
  now->tv_sec = full.tv_sec;
  now->tv_usec = full.tv_nsec / 1000;
  return result;
}

PRELOADED time_t
time (time_t *now)
{
  struct timespec full = { 0 };

  (void)clock_gettime (CLOCK_REALTIME, &full); // the clock exists
  if (now != NULL)
    *now = full.tv_sec;
  return full.tv_sec;
}
