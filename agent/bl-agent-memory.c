// SPDX-License-Identifier: Apache-2.0
#include "bl-agent-memory.h"

#include "bl-agent-wire.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#define LATER_SECONDS 10

static guint later_id;

// The kernel maps sixteen pages around each that is touched, and at the start nearly all are. Mapped, they count as ours and
// are the last to be reclaimed. Pages that may have been written are none of these: they would lose what was written.
static int
release_segments (struct dl_phdr_info *info, size_t size, void *user_data)
{
  const guintptr page = (guintptr)sysconf (_SC_PAGESIZE);
  for (guint i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *segment = &info->dlpi_phdr[i];
      if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) != 0)
        continue;
      const guintptr start = (info->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
      const guintptr end = (info->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
      if (end > start)
        (void)madvise ((void *)start, end - start, MADV_DONTNEED); // an advice; not taken, nothing changes
    }
  return 0;
}

void
bl_agent_memory_rest (void)
{
  bl_agent_wire_rest ();
  malloc_trim (0);
  dl_iterate_phdr (release_segments, NULL);
}

static gboolean
later_cb (gpointer user_data)
{
  later_id = 0;
  bl_agent_memory_rest ();
  return G_SOURCE_REMOVE;
}

void
bl_agent_memory_rest_later (void)
{
  bl_agent_memory_stop ();
  later_id = g_timeout_add_seconds (LATER_SECONDS, later_cb, NULL);
}

void
bl_agent_memory_stop (void)
{
  g_clear_handle_id (&later_id, g_source_remove);
}
