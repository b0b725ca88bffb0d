// SPDX-License-Identifier: Apache-2.0
/* Imported agent programs. */
#include "bl-agent-binaries.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bl-agent-zip.h"
#include "common/bl-json.h"

#define FOLDER "agents"

struct _BlAgentBinaries
{
  BowlineHost *host;
  GVariant *index; /* NULL when there is none */
  struct timespec index_time;
  guint64 index_inode;
  GHashTable *checked; /* file -> BlAgentBinary */
  GHashTable *waiting; /* file -> GPtrArray of Waiter, while it is being checked */
  gboolean *alive;     /* shared with running checks */
};

typedef struct
{
  BlAgentBinaryFunc func;
  gpointer data;
  GDestroyNotify free_data;
} Waiter;

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  if (waiter->free_data != NULL)
    waiter->free_data (waiter->data);
  g_free (waiter);
}

BlAgentBinary *
bl_agent_binary_ref (BlAgentBinary *binary)
{
  g_atomic_int_inc (&binary->ref_count);
  return binary;
}

void
bl_agent_binary_unref (BlAgentBinary *binary)
{
  if (!g_atomic_int_dec_and_test (&binary->ref_count))
    return;
  g_free (binary->path);
  g_free (binary);
}

BlAgentBinaries *
bl_agent_binaries_new (BowlineHost *host)
{
  BlAgentBinaries *binaries = g_new0 (BlAgentBinaries, 1);

  binaries->host = host;
  binaries->checked
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) bl_agent_binary_unref);
  binaries->waiting = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  binaries->alive = g_rc_box_new0 (gboolean);
  *binaries->alive = TRUE;
  return binaries;
}

void
bl_agent_binaries_free (BlAgentBinaries *binaries)
{
  *binaries->alive = FALSE;
  g_rc_box_release (binaries->alive);
  g_hash_table_unref (binaries->waiting);
  g_hash_table_unref (binaries->checked);
  g_clear_pointer (&binaries->index, g_variant_unref);
  g_free (binaries);
}

/* ---- the list --------------------------------------------------------------------------------------------------- */

static char *
make_path (BlAgentBinaries *binaries, const char *file)
{
  return g_build_filename (bowline_host_get_data_dir (binaries->host), FOLDER, file, NULL);
}

/* Reads all of a small file that has @st. Returns: (nullable) */
static char *
read_small (int fd, const struct stat *st)
{
  g_autofree char *text = g_malloc ((gsize) st->st_size + 1);

  if (pread (fd, text, (gsize) st->st_size, 0) != st->st_size)
    return NULL;
  text[st->st_size] = '\0';
  return g_steal_pointer (&text);
}

/* One look at the file a call: it is small, and an import must be seen at once. */
static void
refresh (BlAgentBinaries *binaries)
{
  g_autofree char *path = make_path (binaries, BL_AGENT_PROGRAMS_INDEX);
  g_autofree char *text = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;

  if (fd < 0 || fstat (fd, &st) != 0 || !S_ISREG (st.st_mode) || st.st_size > (off_t) BL_AGENT_PROGRAMS_MAX_INDEX)
    {
      if (fd >= 0)
        close (fd);
      g_clear_pointer (&binaries->index, g_variant_unref);
      binaries->index_inode = 0;
      return;
    }
  if (st.st_ino != binaries->index_inode || memcmp (&st.st_mtim, &binaries->index_time, sizeof st.st_mtim) != 0)
    {
      g_autoptr (GError) error = NULL;

      text = read_small (fd, &st);
      g_clear_pointer (&binaries->index, g_variant_unref);
      if (text != NULL)
        binaries->index = bl_json_parse_object (text, (gsize) st.st_size, NULL, BL_JSON_DEFAULT, &error);
      if (binaries->index == NULL)
        bowline_host_log (binaries->host, BOWLINE_LOG_WARNING, NULL, "%s: %s", path,
                          error != NULL ? error->message : "it cannot be read");
      binaries->index_inode = st.st_ino;
      binaries->index_time = st.st_mtim;
    }
  close (fd);
}

gboolean
bl_agent_binaries_has (BlAgentBinaries *binaries, const char *file)
{
  BlAgentProgramEntry entry;

  refresh (binaries);
  return binaries->index != NULL && bl_agent_program_entry_read (binaries->index, file, &entry);
}

GVariant *
bl_agent_binaries_get_index (BlAgentBinaries *binaries)
{
  refresh (binaries);
  return binaries->index;
}

/* ---- the check -------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlAgentBinaries *binaries;
  gboolean *alive;
  char *file;
  BlAgentBinary *binary;
  const char *problem; /* (nullable) */
} Check;

static int
open_regular (const char *path, struct stat *st)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

  if (fd >= 0 && (fstat (fd, st) != 0 || !S_ISREG (st->st_mode)))
    {
      close (fd);
      return -1;
    }
  return fd;
}

static const char *
examine (BlAgentBinary *binary, const guint8 *data, gsize size)
{
  guint8 hash[BL_SHA384_SIZE];

  bl_sha384 (data, size, hash);
  if (memcmp (hash, binary->entry.hash, sizeof hash) != 0)
    return "it is not the file that was imported";
  binary->crc = bl_agent_zip_crc (data, size);
  if (!bl_exe_read (data, MIN (size, BL_EXE_HEAD), size, &binary->exe, NULL))
    memset (&binary->exe, 0, sizeof binary->exe);
  else if (binary->exe.certificates_pos != 0 && binary->exe.certificates_size >= sizeof binary->certificate)
    memcpy (binary->certificate, data + binary->exe.certificates_pos, sizeof binary->certificate);
  return NULL;
}

static void
check_work (gpointer user_data)
{
  Check *check = user_data;
  BlAgentBinary *binary = check->binary;
  g_autofree guint8 *data = NULL;
  struct stat st;
  int fd = open_regular (binary->path, &st);
  gsize length = 0;

  check->problem = "it cannot be read";
  if (fd < 0)
    return;
  if ((guint64) st.st_size == binary->entry.size)
    {
      data = g_malloc (binary->entry.size);
      for (gssize n = 1; n > 0 && length < binary->entry.size; length += n > 0 ? (gsize) n : 0)
        n = read (fd, data + length, binary->entry.size - length);
    }
  close (fd);
  binary->time = st.st_mtim.tv_sec;
  binary->inode = st.st_ino;
  if (data == NULL || length != binary->entry.size)
    check->problem = "its size is not that of the file that was imported";
  else
    check->problem = examine (binary, data, length);
}

static void
check_done (gpointer user_data)
{
  Check *check = user_data;
  BlAgentBinaries *binaries = check->binaries;
  g_autoptr (GPtrArray) waiters = NULL;
  BlAgentBinary *found = check->problem == NULL ? check->binary : NULL;

  if (!*check->alive)
    return;
  waiters = g_hash_table_lookup (binaries->waiting, check->file);
  if (waiters != NULL)
    g_ptr_array_ref (waiters);
  g_hash_table_remove (binaries->waiting, check->file);
  if (found != NULL)
    g_hash_table_replace (binaries->checked, g_strdup (check->file), bl_agent_binary_ref (found));
  else
    bowline_host_log (binaries->host, BOWLINE_LOG_ERROR, NULL, "agent program %s: %s; import it again", check->binary->path,
                      check->problem);
  for (guint i = 0; waiters != NULL && i < waiters->len && *check->alive; i++)
    {
      Waiter *waiter = g_ptr_array_index (waiters, i);
      waiter->func (found, waiter->data);
    }
}

static void
check_free (gpointer user_data)
{
  Check *check = user_data;

  g_rc_box_release (check->alive);
  bl_agent_binary_unref (check->binary);
  g_free (check->file);
  g_free (check);
}

/* What was checked counts as long as the list and the file are the same. */
static BlAgentBinary *
find_checked (BlAgentBinaries *binaries, const char *file, const BlAgentProgramEntry *entry)
{
  BlAgentBinary *binary = g_hash_table_lookup (binaries->checked, file);
  struct stat st;

  if (binary == NULL || memcmp (&binary->entry, entry, sizeof *entry) != 0 || lstat (binary->path, &st) != 0
      || st.st_ino != binary->inode || st.st_mtim.tv_sec != binary->time || (guint64) st.st_size != entry->size)
    return NULL;
  return binary;
}

static gboolean
start_check (BlAgentBinaries *binaries, const char *file, const BlAgentProgramEntry *entry)
{
  Check *check = g_new0 (Check, 1);

  check->binaries = binaries;
  check->alive = g_rc_box_acquire (binaries->alive);
  check->file = g_strdup (file);
  check->binary = g_new0 (BlAgentBinary, 1);
  check->binary->ref_count = 1;
  check->binary->path = make_path (binaries, file);
  check->binary->entry = *entry;
  if (bowline_host_offload (binaries->host, check_work, check_done, check, check_free))
    return TRUE;
  check_free (check);
  return FALSE;
}

void
bl_agent_binaries_get (
    BlAgentBinaries *binaries, const char *file, BlAgentBinaryFunc func, gpointer user_data, GDestroyNotify free_data)
{
  BlAgentProgramEntry entry;
  BlAgentBinary *checked;
  GPtrArray *waiters;
  Waiter *waiter = g_new0 (Waiter, 1);

  *waiter = (Waiter){ func, user_data, free_data };
  refresh (binaries);
  if (binaries->index == NULL || !bl_agent_program_entry_read (binaries->index, file, &entry))
    {
      func (NULL, user_data);
      waiter_free (waiter);
      return;
    }
  checked = find_checked (binaries, file, &entry);
  waiters = checked == NULL ? g_hash_table_lookup (binaries->waiting, file) : NULL;
  if (waiters != NULL)
    {
      g_ptr_array_add (waiters, waiter);
      return;
    }
  if (checked != NULL || !start_check (binaries, file, &entry))
    {
      func (checked, user_data);
      waiter_free (waiter);
      return;
    }
  waiters = g_ptr_array_new_with_free_func (waiter_free);
  g_ptr_array_add (waiters, waiter);
  g_hash_table_insert (binaries->waiting, g_strdup (file), waiters);
}

int
bl_agent_binary_open (BlAgentBinary *binary)
{
  struct stat st;
  int fd = open_regular (binary->path, &st);

  if (fd >= 0
      && (st.st_ino != binary->inode || st.st_mtim.tv_sec != binary->time || (guint64) st.st_size != binary->entry.size))
    {
      close (fd);
      return -1;
    }
  return fd;
}
