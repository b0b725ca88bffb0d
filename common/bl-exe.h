// SPDX-License-Identifier: Apache-2.0
/*
 * BlExe: what the headers of a program say (ELF, PE, Mach-O, and the ZIP of an Android package), and how
 * settings are put into one (web-http.md section 4.2). Pure functions over bytes; any thread.
 */
#pragma once

#include "common/bl-hash.h"
#include "common/bl-msh.h"

G_BEGIN_DECLS

/* So much of the beginning of a file is enough. */
#define BL_EXE_HEAD 4096u
/* A program larger than this is none of ours. */
#define BL_EXE_MAX (64u * 1024u * 1024u)
/* Processors in one universal program. */
#define BL_EXE_MAX_SLICES 16u
/* Script and length and GUID behind a program: see bl_exe_script_trailer(). */
#define BL_EXE_MAX_SCRIPT (1024u * 1024u)

typedef enum
{
  BL_EXE_ELF,
  BL_EXE_PE,
  BL_EXE_MACHO,
  BL_EXE_ZIP,
} BlExeFormat;

/* Processors, as bits: a universal program is for several. */
typedef enum
{
  BL_EXE_X86 = 1,
  BL_EXE_X86_64 = 2,
  BL_EXE_ARM = 4,
  BL_EXE_ARM64 = 8,
  BL_EXE_MIPS = 16,
  BL_EXE_MIPSEL = 32,
  BL_EXE_RISCV64 = 64,
  BL_EXE_OTHER = 128,
} BlExeMachine;

typedef struct
{
  BlExeFormat format;
  guint32 machines;
  guint64 file_size;
  /* PE only: where in the file the check sum and the entry of the certificate table are; the table itself, 0
   * if unsigned */
  guint32 checksum_pos;
  guint32 entry_pos;
  guint32 certificates_pos;
  guint32 certificates_size;
} BlExe;

/**
 * bl_exe_read:
 * @head: the first @len bytes of the file, at least %BL_EXE_HEAD of a longer one
 *
 * Returns: FALSE with %BL_ERROR_INVALID when it is no program, %BL_ERROR_TOO_LARGE beyond %BL_EXE_MAX
 */
gboolean bl_exe_read (const guint8 *head, gsize len, guint64 file_size, BlExe *exe, GError **error);

/** bl_exe_describe: Returns: (transfer full): for people, for example "ELF x86-64" */
char *bl_exe_describe (const BlExe *exe);

/**
 * bl_exe_update_hash: the hash a MeshAgent that runs this file reports (agent-channel.md command 12): without
 * settings behind it; of a PE without check sum, certificate table and its entry.
 * @data: the whole file
 */
void bl_exe_update_hash (const BlExe *exe, const guint8 *data, gsize len, guint8 hash[BL_SHA384_SIZE]);

/* What makes a program with settings in it: four bytes at two places, and what follows the file. */
typedef struct
{
  struct
  {
    guint32 pos;
    guint8 bytes[4];
  } patches[2]; /* in the order of the file */
  guint n_patches;
  GBytes *tail;
} BlExeEmbed;

/**
 * bl_exe_embed_msh: puts settings behind a program; into the certificate table of a signed PE, whose
 * signature then still holds.
 * @certificate: (nullable): of a signed PE, the first eight bytes at certificates_pos
 * @embed: (out caller-allocated): clear with bl_exe_embed_clear()
 *
 * Returns: FALSE with %BL_ERROR_UNSUPPORTED when its certificate table has another form
 */
gboolean
bl_exe_embed_msh (const BlExe *exe, const guint8 *certificate, BlMsh *msh, BlExeEmbed *embed, GError **error);
void bl_exe_embed_clear (BlExeEmbed *embed);

/**
 * bl_exe_script_trailer: what makes a MeshAgent run @script at its start: script, length, GUID, to append to
 * it. Returns: (transfer full)
 */
GBytes *bl_exe_script_trailer (const char *script, gsize len);

/**
 * bl_exe_find_msh: the settings in a program.
 * @data: the whole file
 * Returns: (transfer full) (nullable): NULL with %BL_ERROR_NOT_FOUND when there are none
 */
BlMsh *bl_exe_find_msh (const guint8 *data, gsize len, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlExeEmbed, bl_exe_embed_clear)

G_END_DECLS
