// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentBinaries: the agent programs that were imported into DATA/agents. The list beside them says what each must hash to;
 * a file is handed out only after its content was read and found to be that, once for each version of it. Main context; the
 * reading is done in the worker pool.
 */
#pragma once

#include <bowline/plugin.h>

#include "common/bl-agent-programs.h"

G_BEGIN_DECLS

typedef struct _BlAgentBinaries BlAgentBinaries;

/** One checked file. Immutable once it was handed out. */
typedef struct
{
  gint ref_count;
  char *path;
  BlAgentProgramEntry entry;
  BlExe exe;              /* all zero for an archive */
  guint8 certificate[8];  /* of a signed PE: what its certificate table begins with */
  guint32 crc;
  gint64 time;            /* of the file, seconds */
  guint64 inode;
} BlAgentBinary;

BlAgentBinaries *bl_agent_binaries_new (BowlineHost *host);
void bl_agent_binaries_free (BlAgentBinaries *binaries);

/** Returns: TRUE when the list names @file; a new import is seen at once. */
gboolean bl_agent_binaries_has (BlAgentBinaries *binaries, const char *file);
/** Returns: (transfer none) (nullable): the list itself, as bowlinectl writes it */
GVariant *bl_agent_binaries_get_index (BlAgentBinaries *binaries);

/** @binary: (transfer none) (nullable): NULL when there is none, or it is not what it must be */
typedef void (*BlAgentBinaryFunc) (BlAgentBinary *binary, gpointer user_data);
/** Calls @func with @file of the list, at once when it was checked before. Not called after bl_agent_binaries_free(). */
void bl_agent_binaries_get (
    BlAgentBinaries *binaries, const char *file, BlAgentBinaryFunc func, gpointer user_data, GDestroyNotify free_data);

/** Returns: a descriptor of the very file that was checked, or -1 when it was replaced meanwhile */
int bl_agent_binary_open (BlAgentBinary *binary);

BlAgentBinary *bl_agent_binary_ref (BlAgentBinary *binary);
void bl_agent_binary_unref (BlAgentBinary *binary);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentBinary, bl_agent_binary_unref)

G_END_DECLS
