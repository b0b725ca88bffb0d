// SPDX-License-Identifier: Apache-2.0
/* MeshAgent's builds. */
#include "common/bl-agent-programs.h"

#include <string.h>

#include "common/bl-error.h"
#include "common/bl-variant.h"

static const BlAgentProgram programs[] = {
  { 1, "MeshConsole.exe", "meshconsole32.exe", BL_EXE_PE, BL_EXE_X86 },
  { 2, "MeshConsole64.exe", "meshconsole64.exe", BL_EXE_PE, BL_EXE_X86_64 },
  { 3, "MeshService.exe", "meshagent32.exe", BL_EXE_PE, BL_EXE_X86 },
  { 4, "MeshService64.exe", "meshagent64.exe", BL_EXE_PE, BL_EXE_X86_64 },
  { 5, "meshagent_x86", "meshagent", BL_EXE_ELF, BL_EXE_X86 },
  { 6, "meshagent_x86-64", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 7, "meshagent_mips", "meshagent", BL_EXE_ELF, BL_EXE_MIPS | BL_EXE_MIPSEL },
  { 9, "meshagent_arm", "meshagent", BL_EXE_ELF, BL_EXE_ARM },
  { 13, "meshagent_pogo", "meshagent", BL_EXE_ELF, BL_EXE_ARM },
  { 14, "meshagent_android.apk", "meshandroid.apk", BL_EXE_ZIP, 0 },
  { 15, "meshagent_poky", "meshagent", BL_EXE_ELF, BL_EXE_X86 },
  { 16, "meshagent_osx-x86-64", "meshagent", BL_EXE_MACHO, BL_EXE_X86_64 },
  { 18, "meshagent_poky64", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 19, "meshagent_x86_nokvm", "meshagent", BL_EXE_ELF, BL_EXE_X86 },
  { 20, "meshagent_x86-64_nokvm", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 24, "meshagent_arm-linaro", "meshagent", BL_EXE_ELF, BL_EXE_ARM },
  { 25, "meshagent_armhf", "meshagent", BL_EXE_ELF, BL_EXE_ARM },
  { 26, "meshagent_aarch64", "meshagent", BL_EXE_ELF, BL_EXE_ARM64 },
  { 27, "meshagent_armhf2", "meshagent", BL_EXE_ELF, BL_EXE_ARM },
  { 28, "meshagent_mips24kc", "meshagent", BL_EXE_ELF, BL_EXE_MIPS },
  { 29, "meshagent_osx-arm-64", "meshagent", BL_EXE_MACHO, BL_EXE_ARM64 },
  { 30, "meshagent_freebsd_x86-64", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 32, "meshagent_aarch64", "meshagent", BL_EXE_ELF, BL_EXE_ARM64 },
  { 33, "meshagent_openwrt_x86_64", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 35, "meshagent_linux-armada370-hf", "meshagent", BL_EXE_ELF, BL_EXE_ARM },
  { 36, "meshagent_openwrt_x86_64", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 37, "meshagent_openbsd_x86-64", "meshagent", BL_EXE_ELF, BL_EXE_X86_64 },
  { 40, "meshagent_mipsel24kc", "meshagent", BL_EXE_ELF, BL_EXE_MIPSEL },
  { 41, "meshagent_aarch64-cortex-a53", "meshagent", BL_EXE_ELF, BL_EXE_ARM64 },
  { 42, "MeshConsoleARM64.exe", "meshconsolearm64.exe", BL_EXE_PE, BL_EXE_ARM64 },
  { 43, "MeshServiceARM64.exe", "meshagentarm64.exe", BL_EXE_PE, BL_EXE_ARM64 },
  { 45, "meshagent_riscv64", "meshagent", BL_EXE_ELF, BL_EXE_RISCV64 },
  { 10003, "MeshService.exe", "meshagent32.exe", BL_EXE_PE, BL_EXE_X86 },
  { 10004, "MeshService64.exe", "meshagent64.exe", BL_EXE_PE, BL_EXE_X86_64 },
  { 10005, "meshagent_osx-universal-64", "meshagent", BL_EXE_MACHO, BL_EXE_X86_64 | BL_EXE_ARM64 },
  { 10006, "MeshCentralAssistant.exe", "MeshCentralAssistant.exe", BL_EXE_PE, BL_EXE_X86 | BL_EXE_X86_64 },
};

const BlAgentProgram *
bl_agent_program_find (guint id)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    if (programs[i].id == id)
      return &programs[i];
  return NULL;
}

const BlAgentProgram *
bl_agent_program_find_file (const char *file)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    if (strcmp (programs[i].file, file) == 0)
      return &programs[i];
  return NULL;
}

const BlAgentProgram *
bl_agent_programs (guint *n)
{
  *n = G_N_ELEMENTS (programs);
  return programs;
}

gboolean
bl_agent_program_is_name (const char *file)
{
  return g_str_has_prefix (file, "meshagent_")
         || (g_str_has_suffix (file, ".exe")
             && (g_str_has_prefix (file, "MeshService") || g_str_has_prefix (file, "MeshConsole")))
         || bl_agent_program_find_file (file) != NULL;
}

gboolean
bl_agent_program_check (const BlAgentProgram *program, const BlExe *exe, GError **error)
{
  const BlExe wanted = { .format = program->format, .machines = program->machines };
  g_autofree char *expected = NULL;
  g_autofree char *found = NULL;

  if (exe->format == program->format
      && (program->machines == 0
          || ((exe->machines & program->machines) != 0 && (exe->machines & ~program->machines) == 0)))
    return TRUE;
  expected = bl_exe_describe (&wanted);
  found = bl_exe_describe (exe);
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "expected %s, found %s", expected, found);
  return FALSE;
}

static gboolean
read_hash (GVariant *object, const char *key, guint8 hash[BL_SHA384_SIZE])
{
  const char *hex = bl_variant_get_string (object, key);

  return hex != NULL && bl_hex_decode (hex, strlen (hex), hash, BL_SHA384_SIZE);
}

gboolean
bl_agent_program_entry_read (GVariant *index, const char *file, BlAgentProgramEntry *entry)
{
  g_autoptr (GVariant) all = bl_variant_get_object (index, "programs");
  g_autoptr (GVariant) object = all != NULL ? bl_variant_get_object (all, file) : NULL;
  gint64 size = bl_variant_get_int (object, "size", -1);

  if (size < 0 || size > BL_EXE_MAX || !read_hash (object, "sha384", entry->hash)
      || !read_hash (object, "updatehash", entry->update_hash))
    return FALSE;
  entry->size = (guint64)size;
  return TRUE;
}

GVariant *
bl_agent_program_entry_new (const BlAgentProgramEntry *entry,
                            const char *format,
                            const char *source,
                            gint64 time_ms)
{
  g_autofree char *hash = bl_hex_encode (entry->hash, BL_SHA384_SIZE, FALSE);
  g_autofree char *update = bl_hex_encode (entry->update_hash, BL_SHA384_SIZE, FALSE);
  GVariantDict object;

  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "size", "x", (gint64)entry->size);
  g_variant_dict_insert (&object, "sha384", "s", hash);
  g_variant_dict_insert (&object, "updatehash", "s", update);
  g_variant_dict_insert (&object, "format", "s", format);
  g_variant_dict_insert (&object, "source", "s", source);
  g_variant_dict_insert (&object, "imported", "x", time_ms);
  return g_variant_ref_sink (g_variant_dict_end (&object));
}
