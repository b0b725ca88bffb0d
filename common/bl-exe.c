// SPDX-License-Identifier: Apache-2.0
/* Headers of programs. */
#include "common/bl-exe.h"

#include <string.h>

#include "common/bl-bytes.h"
#include "common/bl-error.h"

#define PE_CERTIFICATE_ENTRY 4u /* which entry of the data directory */

static const guint8 script_guid[16]
    = { 0xB9, 0x96, 0x01, 0x58, 0x80, 0x54, 0x4A, 0x19, 0xB7, 0xF7, 0xE9, 0xBE, 0x44, 0x91, 0x4C, 0x18 };

static gboolean
invalid (GError **error, const char *what)
{
  g_set_error (error, BL_ERROR, BL_ERROR_INVALID, "program: %s", what);
  return FALSE;
}

/* ---- ELF
 * -------------------------------------------------------------------------------------------------------- */

static BlExeMachine
elf_machine (guint16 machine, gboolean big)
{
  switch (machine)
    {
    case 3:
      return BL_EXE_X86;
    case 8:
      return big ? BL_EXE_MIPS : BL_EXE_MIPSEL;
    case 40:
      return BL_EXE_ARM;
    case 62:
      return BL_EXE_X86_64;
    case 183:
      return BL_EXE_ARM64;
    case 243:
      return BL_EXE_RISCV64;
    default:
      return BL_EXE_OTHER;
    }
}

static gboolean
read_elf (BlReader *r, BlExe *exe, GError **error)
{
  guint8 width, order;
  guint16 type, machine;

  bl_reader_skip (r, 4);
  width = bl_reader_u8 (r);
  order = bl_reader_u8 (r);
  bl_reader_skip (r, 10);
  type = order == 2 ? bl_reader_u16be (r) : bl_reader_u16le (r);
  machine = order == 2 ? bl_reader_u16be (r) : bl_reader_u16le (r);
  if (!bl_reader_ok (r) || width < 1 || width > 2 || order < 1 || order > 2)
    return invalid (error, "the ELF header is damaged");
  if (type != 2 && type != 3)
    return invalid (error, "an ELF file, but nothing that can be started");
  exe->format = BL_EXE_ELF;
  exe->machines = elf_machine (machine, order == 2);
  return TRUE;
}

/* ---- PE
 * ---------------------------------------------------------------------------------------------------------
 */

static BlExeMachine
pe_machine (guint16 machine)
{
  switch (machine)
    {
    case 0x14c:
      return BL_EXE_X86;
    case 0x8664:
      return BL_EXE_X86_64;
    case 0xaa64:
      return BL_EXE_ARM64;
    default:
      return BL_EXE_OTHER;
    }
}

/* @optional: where the optional header begins */
static gboolean
read_pe_optional (BlReader *r, BlExe *exe, guint32 optional, guint16 optional_size, GError **error)
{
  guint16 magic = bl_reader_u16le (r);
  guint32 directory = optional + (magic == 0x20b ? 112 : 96);
  guint32 entry = directory + PE_CERTIFICATE_ENTRY * 8;
  guint32 n_entries;
  BlReader at;

  if (!bl_reader_ok (r) || (magic != 0x10b && magic != 0x20b) || entry + 8 > optional + optional_size)
    return invalid (error, "the PE header has no place for a certificate table");
  bl_reader_init (&at, r->data, r->len);
  bl_reader_skip (&at, directory - 4);
  n_entries = bl_reader_u32le (&at);
  bl_reader_skip (&at, PE_CERTIFICATE_ENTRY * 8);
  exe->certificates_pos = bl_reader_u32le (&at);
  exe->certificates_size = bl_reader_u32le (&at);
  if (!bl_reader_ok (&at) || n_entries <= PE_CERTIFICATE_ENTRY)
    return invalid (error, "the PE header has no place for a certificate table");
  if (exe->certificates_pos != 0
      && (exe->certificates_pos < entry + 8
          || (guint64)exe->certificates_pos + exe->certificates_size > exe->file_size))
    return invalid (error, "its certificate table is outside the file");
  if (exe->certificates_pos == 0)
    exe->certificates_size = 0;
  exe->checksum_pos = optional + 64;
  exe->entry_pos = entry;
  return TRUE;
}

static gboolean
read_pe (BlReader *r, BlExe *exe, GError **error)
{
  guint32 header;
  guint16 machine, optional_size;
  const guint8 *magic;

  bl_reader_skip (r, 60);
  header = bl_reader_u32le (r);
  if (!bl_reader_ok (r) || header >= r->len)
    return invalid (error, "the DOS header is damaged");
  bl_reader_init (r, r->data, r->len);
  bl_reader_skip (r, header);
  magic = bl_reader_bytes (r, 4);
  machine = bl_reader_u16le (r);
  bl_reader_skip (r, 14);
  optional_size = bl_reader_u16le (r);
  bl_reader_skip (r, 2);
  if (!bl_reader_ok (r) || memcmp (magic, "PE\0\0", 4) != 0)
    return invalid (error, "a DOS program, but none for Windows");
  exe->format = BL_EXE_PE;
  exe->machines = pe_machine (machine);
  return read_pe_optional (r, exe, header + 24, optional_size, error);
}

/* ---- Mach-O
 * ----------------------------------------------------------------------------------------------------- */

static BlExeMachine
macho_machine (guint32 cpu)
{
  switch (cpu)
    {
    case 7:
      return BL_EXE_X86;
    case 0x01000007:
      return BL_EXE_X86_64;
    case 0x0100000c:
      return BL_EXE_ARM64;
    default:
      return BL_EXE_OTHER;
    }
}

static gboolean
read_macho (BlReader *r, BlExe *exe, GError **error)
{
  bl_reader_skip (r, 4);
  exe->format = BL_EXE_MACHO;
  exe->machines = macho_machine (bl_reader_u32le (r));
  return bl_reader_ok (r) || invalid (error, "the Mach-O header is damaged");
}

static gboolean
read_universal (BlReader *r, BlExe *exe, GError **error)
{
  guint32 n;

  bl_reader_skip (r, 4);
  n = bl_reader_u32be (r);
  /* Java classes begin with the same four bytes; their version follows, which is larger. */
  if (n == 0 || n > BL_EXE_MAX_SLICES)
    return invalid (error, "a universal program has from 1 to 16 parts");
  exe->format = BL_EXE_MACHO;
  for (guint32 i = 0; i < n; i++)
    {
      exe->machines |= macho_machine (bl_reader_u32be (r));
      bl_reader_skip (r, 16);
    }
  return bl_reader_ok (r) || invalid (error, "the header of the universal program is damaged");
}

/* ---- all
 * -------------------------------------------------------------------------------------------------------- */

gboolean
bl_exe_read (const guint8 *head, gsize len, guint64 file_size, BlExe *exe, GError **error)
{
  BlReader r;

  memset (exe, 0, sizeof *exe);
  exe->file_size = file_size;
  if (file_size > BL_EXE_MAX)
    {
      g_set_error (error, BL_ERROR, BL_ERROR_TOO_LARGE,
                   "program: expected at most %u bytes, found %" G_GUINT64_FORMAT, BL_EXE_MAX, file_size);
      return FALSE;
    }
  bl_reader_init (&r, head, len);
  if (len >= 4 && memcmp (head, "\177ELF", 4) == 0)
    return read_elf (&r, exe, error);
  if (len >= 4 && memcmp (head, "MZ", 2) == 0)
    return read_pe (&r, exe, error);
  if (len >= 4 && memcmp (head, "\xcf\xfa\xed\xfe", 4) == 0)
    return read_macho (&r, exe, error);
  if (len >= 4 && memcmp (head, "\xca\xfe\xba\xbe", 4) == 0)
    return read_universal (&r, exe, error);
  if (len >= 4 && memcmp (head, "PK\3\4", 4) == 0)
    {
      exe->format = BL_EXE_ZIP;
      return TRUE;
    }
  return invalid (error, "neither ELF, PE, Mach-O nor ZIP");
}

char *
bl_exe_describe (const BlExe *exe)
{
  static const char *const formats[] = { "ELF", "PE", "Mach-O", "ZIP" };
  static const char *const machines[]
      = { "x86", "x86-64", "ARM", "ARM64", "MIPS", "MIPS (little endian)", "RISC-V 64", "other" };
  GString *text = g_string_new (formats[exe->format]);

  for (guint i = 0, n = 0; i < G_N_ELEMENTS (machines); i++)
    if ((exe->machines & (1u << i)) != 0)
      g_string_append_printf (text, "%s%s", n++ == 0 ? " " : "+", machines[i]);
  return g_string_free (text, FALSE);
}

/* Where settings behind the program begin; its end when there are none. */
static gsize
end_of_program (const guint8 *data, gsize len)
{
  guint64 offset;
  guint32 length;

  return len >= BL_MSH_TRAILER && bl_msh_find_trailer (data, len, len, &offset, &length) ? (gsize)offset
                                                                                         : len;
}

void
bl_exe_update_hash (const BlExe *exe, const guint8 *data, gsize len, guint8 hash[BL_SHA384_SIZE])
{
  static const guint8 zeros[8];
  gsize end = exe->certificates_pos != 0 ? exe->certificates_pos : end_of_program (data, len);
  gsize after_sum = exe->checksum_pos + 4, after_entry = exe->entry_pos + 8;

  if (exe->format != BL_EXE_PE || after_entry > end || end > len)
    {
      bl_sha384 (data, MIN (end, len), hash);
      return;
    }
  const BlSlice parts[] = {
    { data, exe->checksum_pos },
    { zeros, 4 },
    { data + after_sum, exe->entry_pos - after_sum },
    { zeros, 8 },
    { data + after_entry, end - after_entry },
  };
  bl_sha384_parts (parts, G_N_ELEMENTS (parts), hash);
}

/* ---- putting something in
 * --------------------------------------------------------------------------------------- */

static void
set_patch (BlExeEmbed *embed, guint32 pos, guint32 value)
{
  guint i = embed->n_patches++;

  embed->patches[i].pos = pos;
  value = GUINT32_TO_LE (value);
  memcpy (embed->patches[i].bytes, &value, sizeof value);
}

gboolean
bl_exe_embed_msh (const BlExe *exe, const guint8 *certificate, BlMsh *msh, BlExeEmbed *embed, GError **error)
{
  g_autoptr (GBytes) trailer = bl_msh_build_trailer (msh);
  gsize size = g_bytes_get_size (trailer);
  guint32 length, padding, grown;
  BlReader r;
  BlWriter w;

  memset (embed, 0, sizeof *embed);
  if (exe->format != BL_EXE_PE || exe->certificates_pos == 0)
    {
      embed->tail = g_steal_pointer (&trailer);
      return TRUE;
    }
  bl_reader_init (&r, certificate, certificate != NULL ? 8 : 0);
  length = bl_reader_u32le (&r);
  /* One certificate, and nothing behind it: only then is the end of the file a part of it. */
  if (!bl_reader_ok (&r) || (guint64)exe->certificates_pos + exe->certificates_size != exe->file_size
      || length > exe->certificates_size || exe->certificates_size - length >= 8)
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_UNSUPPORTED,
                           "program: expected one certificate at its end, found another form");
      return FALSE;
    }
  padding = (8 - (exe->certificates_size + size) % 8) % 8;
  grown = exe->certificates_size + padding + (guint32)size;
  set_patch (embed, exe->entry_pos + 4, grown);
  set_patch (embed, exe->certificates_pos, grown);
  bl_writer_init (&w, padding + size);
  bl_writer_zeros (&w, padding);
  bl_writer_bytes (&w, g_bytes_get_data (trailer, NULL), size);
  embed->tail = bl_writer_end (&w);
  return TRUE;
}

void
bl_exe_embed_clear (BlExeEmbed *embed)
{
  g_clear_pointer (&embed->tail, g_bytes_unref);
  embed->n_patches = 0;
}

GBytes *
bl_exe_script_trailer (const char *script, gsize len)
{
  BlWriter w;

  g_return_val_if_fail (len <= BL_EXE_MAX_SCRIPT, NULL);
  bl_writer_init (&w, len + BL_MSH_TRAILER);
  bl_writer_bytes (&w, script, len);
  bl_writer_u32be (&w, (guint32)len);
  bl_writer_bytes (&w, script_guid, sizeof script_guid);
  return bl_writer_end (&w);
}

BlMsh *
bl_exe_find_msh (const guint8 *data, gsize len, GError **error)
{
  guint64 offset;
  guint32 length;

  if (len < BL_MSH_TRAILER || !bl_msh_find_trailer (data, len, len, &offset, &length))
    {
      g_set_error_literal (error, BL_ERROR, BL_ERROR_NOT_FOUND, "program: there are no settings in it");
      return NULL;
    }
  return bl_msh_parse ((const char *)data + offset, length, error);
}
