// SPDX-License-Identifier: Apache-2.0
/* Programs: headers lie inside the file; settings that were put in are found again, and do not change what
 * runs. */
#include "fuzz.h"

#include <string.h>

#include "common/bl-agent-programs.h"

static void
embed_and_find (const BlExe *exe, const guint8 *data, gsize size)
{
  const guint8 *certificate = size - exe->certificates_pos >= 8 ? data + exe->certificates_pos : NULL;
  g_autoptr (BlMsh) msh = bl_msh_new ();
  g_autoptr (BlMsh) found = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_auto (BlExeEmbed) embed = { 0 };
  BlExe changed;

  g_assert_true (bl_msh_set (msh, "MeshName", "fuzz", NULL));
  if (!bl_exe_embed_msh (exe, certificate, msh, &embed, NULL))
    return;
  g_byte_array_append (out, data, (guint)size);
  for (guint i = 0; i < embed.n_patches; i++)
    {
      g_assert_cmpuint (embed.patches[i].pos, <=, size - 4);
      memcpy (out->data + embed.patches[i].pos, embed.patches[i].bytes, 4);
    }
  g_byte_array_append (out, g_bytes_get_data (embed.tail, NULL), (guint)g_bytes_get_size (embed.tail));
  found = bl_exe_find_msh (out->data, out->len, NULL);
  g_assert_cmpstr (bl_msh_get (found, "MeshName"), ==, "fuzz");
  g_assert_true (bl_exe_read (out->data, MIN (out->len, BL_EXE_HEAD), out->len, &changed, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  guint n;
  const BlAgentProgram *programs = bl_agent_programs (&n);
  guint8 hash[BL_SHA384_SIZE];
  BlExe exe;

  if (data == NULL)
    return 0;
  g_autoptr (BlMsh) inside = bl_exe_find_msh (data, size, NULL);
  if (!bl_exe_read (data, MIN (size, BL_EXE_HEAD), size, &exe, NULL))
    return 0;
  g_autofree char *text = bl_exe_describe (&exe);
  for (guint i = 0; i < n; i++)
    (void)bl_agent_program_check (&programs[i], &exe, NULL);
  g_assert_cmpuint ((guint64)exe.certificates_pos + exe.certificates_size, <=, size);
  bl_exe_update_hash (&exe, data, size, hash);
  embed_and_find (&exe, data, size);
  return 0;
}
