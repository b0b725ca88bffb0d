// SPDX-License-Identifier: Apache-2.0
#include "common/bl-exe.h"

#include <string.h>

#include "common/bl-agent-programs.h"
#include "common/bl-bytes.h"
#include "common/bl-error.h"

#define PE_HEADER 0x80u
#define PE_OPTIONAL (PE_HEADER + 24u)
#define PE_ENTRY (PE_OPTIONAL + 112u + 32u)

static GByteArray *
make_elf (guint8 width, guint8 order, guint16 type, guint16 machine)
{
  GByteArray *file = g_byte_array_new ();

  g_byte_array_set_size (file, 200);
  memset (file->data, 0, file->len);
  memcpy (file->data, "\177ELF", 4);
  file->data[4] = width;
  file->data[5] = order;
  file->data[order == 2 ? 17 : 16] = (guint8)type;
  file->data[order == 2 ? 19 : 18] = (guint8)machine;
  return file;
}

static void
put32 (GByteArray *file, guint32 at, guint32 value)
{
  value = GUINT32_TO_LE (value);
  memcpy (file->data + at, &value, sizeof value);
}

/* @certificate: its length, 0 for an unsigned program; the table follows the content and is padded to eight
 */
static GByteArray *
make_pe (guint16 machine, guint32 certificate)
{
  GByteArray *file = g_byte_array_new ();
  guint32 table = certificate > 0 ? (certificate + 7) / 8 * 8 : 0;

  g_byte_array_set_size (file, 1024 + table);
  for (guint i = 0; i < file->len; i++)
    file->data[i] = (guint8)(i * 7);
  memcpy (file->data, "MZ", 2);
  put32 (file, 60, PE_HEADER);
  memcpy (file->data + PE_HEADER, "PE\0\0", 4);
  file->data[PE_HEADER + 4] = (guint8)machine;
  file->data[PE_HEADER + 5] = (guint8)(machine >> 8);
  put32 (file, PE_HEADER + 20, 240);
  file->data[PE_OPTIONAL] = 0x0b;
  file->data[PE_OPTIONAL + 1] = 0x02;
  put32 (file, PE_OPTIONAL + 108, 16);
  put32 (file, PE_ENTRY, certificate > 0 ? 1024 : 0);
  put32 (file, PE_ENTRY + 4, table);
  if (certificate > 0)
    put32 (file, 1024, certificate);
  return file;
}

static gboolean
read_exe (GByteArray *file, BlExe *exe)
{
  return bl_exe_read (file->data, file->len, file->len, exe, NULL);
}

static void
expect (GByteArray *owned, const char *description)
{
  g_autoptr (GByteArray) file = owned;
  g_autofree char *text = NULL;
  BlExe exe;

  g_assert_true (read_exe (file, &exe));
  text = bl_exe_describe (&exe);
  g_assert_cmpstr (text, ==, description);
}

static void
test_formats (void)
{
  static const guint8 universal[]
      = { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2,  1, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          0,    0,    0,    0,    1, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  static const guint8 arm[] = { 0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1 };
  static const guint8 java[] = { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52 };

  expect (make_elf (2, 1, 2, 62), "ELF x86-64");
  expect (make_elf (2, 1, 3, 183), "ELF ARM64");
  expect (make_elf (1, 1, 2, 3), "ELF x86");
  expect (make_elf (1, 1, 2, 40), "ELF ARM");
  expect (make_elf (1, 2, 2, 8), "ELF MIPS");
  expect (make_elf (1, 1, 2, 8), "ELF MIPS (little endian)");
  expect (make_elf (2, 1, 2, 243), "ELF RISC-V 64");
  expect (make_elf (2, 1, 2, 21), "ELF other");
  expect (make_pe (0x8664, 0), "PE x86-64");
  expect (make_pe (0xaa64, 900), "PE ARM64");
  expect (g_byte_array_append (g_byte_array_new (), universal, sizeof universal), "Mach-O x86-64+ARM64");
  expect (g_byte_array_append (g_byte_array_new (), arm, sizeof arm), "Mach-O ARM64");
  expect (g_byte_array_append (g_byte_array_new (), (const guint8 *)"PK\3\4", 4), "ZIP");
  g_assert_false (bl_exe_read (java, sizeof java, sizeof java, &(BlExe){ 0 }, NULL));
}

static void
test_refused (void)
{
  g_autoptr (GByteArray) library = make_elf (2, 1, 1, 62);
  g_autoptr (GByteArray) program = make_elf (2, 1, 2, 62);
  g_autoptr (GByteArray) pe = make_pe (0x14c, 100);
  g_autoptr (GError) error = NULL;
  BlExe exe;

  g_assert_false (read_exe (library, &exe));
  for (gsize n = 0; n < 20; n++)
    g_assert_false (bl_exe_read (program->data, n, n, &exe, NULL));
  for (gsize n = 0; n < PE_ENTRY + 8; n++)
    g_assert_false (bl_exe_read (pe->data, n, n, &exe, NULL));
  g_assert_true (bl_exe_read (program->data, program->len, BL_EXE_MAX, &exe, NULL));
  g_assert_false (bl_exe_read (program->data, program->len, BL_EXE_MAX + 1, &exe, &error));
  g_assert_error (error, BL_ERROR, BL_ERROR_TOO_LARGE);
  put32 (pe, PE_ENTRY + 4, 105);
  g_assert_false (read_exe (pe, &exe));
  put32 (pe, PE_ENTRY, 8);
  g_assert_false (read_exe (pe, &exe));
}

static void
test_programs (void)
{
  const BlAgentProgram *linux_64 = bl_agent_program_find (6);
  g_autoptr (GByteArray) right = make_elf (2, 1, 2, 62);
  g_autoptr (GByteArray) wrong = make_elf (2, 1, 2, 183);
  g_autoptr (GError) error = NULL;
  BlExe exe;

  g_assert_cmpstr (linux_64->file, ==, "meshagent_x86-64");
  g_assert_true (bl_agent_program_find_file ("MeshService64.exe") == bl_agent_program_find (4));
  g_assert_null (bl_agent_program_find (8));
  g_assert_true (bl_agent_program_is_name ("meshagent_new"));
  g_assert_false (bl_agent_program_is_name ("meshcore.js"));
  g_assert_true (read_exe (right, &exe) && bl_agent_program_check (linux_64, &exe, NULL));
  g_assert_true (read_exe (wrong, &exe));
  g_assert_false (bl_agent_program_check (linux_64, &exe, &error));
  g_assert_cmpstr (error->message, ==, "expected ELF x86-64, found ELF ARM64");
  g_assert_false (bl_agent_program_check (bl_agent_program_find (10005), &exe, NULL));
}

/* What a client gets: the file with its patches, and the tail. */
static GByteArray *
apply (GByteArray *file, const BlExeEmbed *embed)
{
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, file->data, file->len);
  for (guint i = 0; i < embed->n_patches; i++)
    memcpy (out->data + embed->patches[i].pos, embed->patches[i].bytes, 4);
  g_byte_array_append (out, g_bytes_get_data (embed->tail, NULL), (guint)g_bytes_get_size (embed->tail));
  return out;
}

static void
check_embedded (GByteArray *owned)
{
  g_autoptr (GByteArray) file = owned;
  g_autoptr (BlMsh) msh = bl_msh_new ();
  g_autoptr (GByteArray) out = NULL;
  g_autoptr (BlMsh) found = NULL;
  g_auto (BlExeEmbed) embed = { 0 };
  guint8 before[BL_SHA384_SIZE], after[BL_SHA384_SIZE];
  BlExe exe, changed;

  g_assert_true (bl_msh_set (msh, "MeshName", "Test", NULL));
  g_assert_true (read_exe (file, &exe));
  g_assert_null (bl_exe_find_msh (file->data, file->len, NULL));
  g_assert_true (bl_exe_embed_msh (&exe, exe.certificates_pos != 0 ? file->data + exe.certificates_pos : NULL,
                                   msh, &embed, NULL));
  out = apply (file, &embed);
  found = bl_exe_find_msh (out->data, out->len, NULL);
  g_assert_cmpstr (bl_msh_get (found, "MeshName"), ==, "Test");
  g_assert_true (read_exe (out, &changed));
  if (exe.certificates_pos != 0)
    {
      g_assert_cmpuint (changed.certificates_pos, ==, exe.certificates_pos);
      g_assert_cmpuint (changed.certificates_pos + changed.certificates_size, ==, out->len);
      g_assert_cmpuint (changed.certificates_size % 8, ==, 0);
    }
  bl_exe_update_hash (&exe, file->data, file->len, before);
  bl_exe_update_hash (&changed, out->data, out->len, after);
  g_assert_cmpmem (before, sizeof before, after, sizeof after);
}

static void
test_embed (void)
{
  check_embedded (make_elf (2, 1, 2, 62));
  check_embedded (make_pe (0x8664, 0));
  for (guint32 n = 96; n < 112; n++)
    check_embedded (make_pe (0x8664, n));
}

static void
test_embed_refused (void)
{
  g_autoptr (GByteArray) two = make_pe (0x8664, 200);
  g_autoptr (GByteArray) more = make_pe (0x8664, 200);
  g_autoptr (BlMsh) msh = bl_msh_new ();
  g_auto (BlExeEmbed) embed = { 0 };
  BlExe exe;

  put32 (two, 1024, 100);
  g_assert_true (read_exe (two, &exe));
  g_assert_false (bl_exe_embed_msh (&exe, two->data + 1024, msh, &embed, NULL));
  g_assert_false (bl_exe_embed_msh (&exe, NULL, msh, &embed, NULL));
  g_byte_array_append (more, (const guint8 *)"behind", 6);
  g_assert_true (read_exe (more, &exe));
  g_assert_false (bl_exe_embed_msh (&exe, more->data + 1024, msh, &embed, NULL));
}

static void
test_update_hash (void)
{
  g_autoptr (GByteArray) a = make_pe (0x8664, 200);
  g_autoptr (GByteArray) b = make_pe (0x8664, 400);
  guint8 first[BL_SHA384_SIZE], second[BL_SHA384_SIZE];
  BlExe exe;

  put32 (b, PE_OPTIONAL + 64, 77);
  g_assert_true (read_exe (a, &exe));
  bl_exe_update_hash (&exe, a->data, a->len, first);
  g_assert_true (read_exe (b, &exe));
  bl_exe_update_hash (&exe, b->data, b->len, second);
  g_assert_cmpmem (first, sizeof first, second, sizeof second);
  b->data[900] ^= 1;
  bl_exe_update_hash (&exe, b->data, b->len, second);
  g_assert_cmpint (memcmp (first, second, sizeof first), !=, 0);
}

static void
test_script (void)
{
  g_autoptr (GBytes) trailer = bl_exe_script_trailer ("var a;", 6);
  static const guint8 expected[]
      = { 'v',  'a',  'r',  ' ',  'a',  ';',  0,    0,    0,    6,    0xB9, 0x96, 0x01,
          0x58, 0x80, 0x54, 0x4A, 0x19, 0xB7, 0xF7, 0xE9, 0xBE, 0x44, 0x91, 0x4C, 0x18 };

  g_assert_cmpmem (g_bytes_get_data (trailer, NULL), g_bytes_get_size (trailer), expected, sizeof expected);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/exe/formats", test_formats);
  g_test_add_func ("/exe/refused", test_refused);
  g_test_add_func ("/exe/programs", test_programs);
  g_test_add_func ("/exe/embed", test_embed);
  g_test_add_func ("/exe/embed-refused", test_embed_refused);
  g_test_add_func ("/exe/update-hash", test_update_hash);
  g_test_add_func ("/exe/script", test_script);
  return g_test_run ();
}
