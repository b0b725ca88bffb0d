// SPDX-License-Identifier: Apache-2.0
// What the script host may do: compute, and talk on its socket.

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bl-script-host.h"

#ifdef BL_HAVE_SECCOMP
#include <seccomp.h>
#endif

#define NOBODY 65534
#define FILES_MAX 16
// Program, libraries and stacks, besides the script's heap.
#define MEMORY_BASE (256u * 1024 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define BL_UNDER_SANITIZER 1
#else
#define BL_UNDER_SANITIZER 0
#endif

static gboolean
limit (int what, rlim_t soft)
{
  struct rlimit value;

  if (getrlimit ((__rlimit_resource_t) what, &value) != 0)
    return FALSE;
  value.rlim_cur = MIN (value.rlim_max, soft);
  // The agent moves the processor limit on while the script behaves; the rest is final.
  if (what != RLIMIT_CPU)
    value.rlim_max = value.rlim_cur;
  return setrlimit ((__rlimit_resource_t) what, &value) == 0;
}

gboolean
bl_script_sandbox_limits (guint64 memory_bytes, guint cpu_seconds)
{
  if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return FALSE;
  // A sanitizer reserves terabytes of address space.
  if (!BL_UNDER_SANITIZER && !limit (RLIMIT_AS, memory_bytes * 2 + MEMORY_BASE))
    return FALSE;
  return limit (RLIMIT_CPU, cpu_seconds) && limit (RLIMIT_NOFILE, FILES_MAX) && limit (RLIMIT_CORE, 0)
         && limit (RLIMIT_FSIZE, 0);
}

static gboolean
drop_user (void)
{
  if (geteuid () != 0)
    return TRUE;
  return setgroups (0, NULL) == 0 && setresgid (NOBODY, NOBODY, NOBODY) == 0 && setresuid (NOBODY, NOBODY, NOBODY) == 0;
}

#ifdef BL_HAVE_SECCOMP
static gboolean
filter_calls (void)
{
  const int calls[] = { SCMP_SYS (read), SCMP_SYS (write), SCMP_SYS (send), SCMP_SYS (sendto), SCMP_SYS (recv),
                        SCMP_SYS (recvfrom), SCMP_SYS (poll), SCMP_SYS (ppoll), SCMP_SYS (clock_gettime),
                        SCMP_SYS (gettimeofday), SCMP_SYS (time), SCMP_SYS (brk), SCMP_SYS (mmap), SCMP_SYS (munmap),
                        SCMP_SYS (mremap), SCMP_SYS (madvise), SCMP_SYS (futex), SCMP_SYS (getrandom),
                        SCMP_SYS (rt_sigprocmask), SCMP_SYS (rt_sigaction), SCMP_SYS (rt_sigreturn), SCMP_SYS (getpid),
                        SCMP_SYS (gettid), SCMP_SYS (tgkill), SCMP_SYS (sched_yield), SCMP_SYS (restart_syscall),
                        SCMP_SYS (exit), SCMP_SYS (exit_group), SCMP_SYS (close) };
  // Everything else fails with EPERM: a library that looks for something optional goes on.
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ERRNO (EPERM));
  gboolean done = filter != NULL;

  for (guint i = 0; done && i < G_N_ELEMENTS (calls); i++)
    done = seccomp_rule_add (filter, SCMP_ACT_ALLOW, calls[i], 0) == 0;
  if (done)
    done = seccomp_load (filter) == 0;
  if (filter != NULL)
    seccomp_release (filter);
  return done;
}
#else
static gboolean
filter_calls (void)
{
  return TRUE;
}
#endif

gboolean
bl_script_sandbox_enter (void)
{
  // Reads the time zone before files are out of reach.
  tzset ();
  if (!drop_user () || prctl (PR_SET_PDEATHSIG, SIGKILL) != 0)
    return FALSE;
  return BL_UNDER_SANITIZER || filter_calls ();
}
