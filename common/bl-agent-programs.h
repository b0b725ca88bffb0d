// SPDX-License-Identifier: Apache-2.0
/*
 * MeshAgent's builds: their numbers (agent-channel.md section 6), file names, and what their headers must
 * say. Pure; any thread.
 */
#pragma once

#include "common/bl-exe.h"

G_BEGIN_DECLS

/* The list of what was imported, in the folder beside the programs. */
#define BL_AGENT_PROGRAMS_INDEX "index.json"
#define BL_AGENT_PROGRAMS_MAX_INDEX (256u * 1024u)

/* What the list says about one file. */
typedef struct
{
  guint64 size;
  guint8 hash[BL_SHA384_SIZE];        /* of the file */
  guint8 update_hash[BL_SHA384_SIZE]; /* bl_exe_update_hash() */
} BlAgentProgramEntry;

typedef struct
{
  guint id;
  const char *file;  /* in MeshCentral's folder, and in ours */
  const char *given; /* what a client is told to call it */
  BlExeFormat format;
  guint32 machines;
} BlAgentProgram;

/** bl_agent_program_find: Returns: (nullable): build number @id */
const BlAgentProgram *bl_agent_program_find (guint id);
/** bl_agent_program_find_file: Returns: (nullable): the first build with this file name; several numbers can
 * share one */
const BlAgentProgram *bl_agent_program_find_file (const char *file);
/** bl_agent_programs: Returns: (array length=n): all, by number */
const BlAgentProgram *bl_agent_programs (guint *n);
/** bl_agent_program_is_name: TRUE when @file is called like a MeshAgent, known or not. */
gboolean bl_agent_program_is_name (const char *file);

/** bl_agent_program_check: FALSE with %BL_ERROR_INVALID when @exe is for another system or processor than
 * @program. */
gboolean bl_agent_program_check (const BlAgentProgram *program, const BlExe *exe, GError **error);

/**
 * bl_agent_program_entry_read: looks @file up in the list, an object from JSON with a member "programs".
 * Returns: FALSE when it is not there, or what is there has another form
 */
gboolean bl_agent_program_entry_read (GVariant *index, const char *file, BlAgentProgramEntry *entry);

/** bl_agent_program_entry_new: Returns: (transfer full): @entry as an object for the list */
GVariant *bl_agent_program_entry_new (const BlAgentProgramEntry *entry,
                                      const char *format,
                                      const char *source,
                                      gint64 time_ms);

G_END_DECLS
