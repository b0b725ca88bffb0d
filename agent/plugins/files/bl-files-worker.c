// SPDX-License-Identifier: Apache-2.0
#include "bl-files-worker.h"

#include "bl-files-disk.h"
#include "bl-files-io.h"
#include "bl-files-pack.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHOLE_BLOCK 65536

typedef struct
{
  GVariant *id;
  int fd; // -1: of a pack
  BlFilesPack *pack;
  gsize block_size;
} Download;

struct _BlFilesWorker
{
  char *program;
  BlFilesReply reply;
  BlFilesNote note;
  gpointer user_data;
  int upload_fd; // -1: none
  int upload_dir;
  char *upload_name;
  char *upload_path;
  GVariant *upload_reqid;
  GPtrArray *downloads; // Download
};

static void
download_free (gpointer data)
{
  Download *download = data;
  if (download->fd >= 0)
    close (download->fd);
  bl_files_pack_free (download->pack);
  g_variant_unref (download->id);
  g_free (download);
}

BlFilesWorker *
bl_files_worker_new (const char *program, BlFilesReply reply, BlFilesNote note, gpointer user_data)
{
  BlFilesWorker *worker = g_new0 (BlFilesWorker, 1);
  worker->program = g_strdup (program);
  worker->reply = reply;
  worker->note = note;
  worker->user_data = user_data;
  worker->upload_fd = worker->upload_dir = -1;
  worker->downloads = g_ptr_array_new_with_free_func (download_free);
  return worker;
}

static void
end_upload (BlFilesWorker *worker)
{
  if (worker->upload_fd >= 0)
    close (worker->upload_fd);
  if (worker->upload_dir >= 0)
    close (worker->upload_dir);
  worker->upload_fd = worker->upload_dir = -1;
  g_clear_pointer (&worker->upload_name, g_free);
  g_clear_pointer (&worker->upload_path, g_free);
  g_clear_pointer (&worker->upload_reqid, g_variant_unref);
}

void
bl_files_worker_free (BlFilesWorker *worker)
{
  if (worker == NULL)
    return;
  end_upload (worker);
  g_ptr_array_unref (worker->downloads);
  g_free (worker->program);
  g_free (worker);
}

static void
reply_text (BlFilesWorker *worker, char *json, gboolean text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (json, strlen (json));
  worker->reply (bytes, text, worker->user_data);
}

// The protocol has no error answer for most requests; the viewer's console line says what went wrong.
static void
reply_problem (BlFilesWorker *worker, const GError *error)
{
  reply_text (worker, bl_files_answer_dialog ("error", NULL, error->message), FALSE);
}

static void
note_path (BlFilesWorker *worker, guint32 msgid, const char *what, const char *path, const char *name)
{
  g_autofree char *full = name != NULL ? g_build_filename (path, name, NULL) : g_strdup (path);
  g_autofree char *text = g_strdup_printf ("%s: \"%s\"", what, full);
  worker->note (msgid, text, full, worker->user_data);
}

// ---- upload --------------------------------------------------------------------------------------------------------

static void
fail_upload (BlFilesWorker *worker, const char *what)
{
  g_autofree char *problem = g_strdup_printf ("%s: %s", what, g_strerror (errno));
  reply_text (worker, bl_files_answer ("uploaderror", worker->upload_reqid), FALSE);
  reply_text (worker, bl_files_answer_dialog ("error", worker->upload_name, problem), FALSE);
  end_upload (worker);
}

static void
start_upload (BlFilesWorker *worker, const BlFilesRequest *request)
{
  end_upload (worker);
  worker->upload_reqid = request->reqid != NULL ? g_variant_ref (request->reqid) : NULL;
  worker->upload_name = g_strdup (request->name);
  worker->upload_path = g_strdup (request->path);
  worker->upload_dir = bl_files_open_directory (request->path, NULL);
  // A link of that name is not followed: it could lead out of the folder the viewer looks at.
  worker->upload_fd
      = worker->upload_dir >= 0
            ? openat (worker->upload_dir, request->name,
                      O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (request->append ? O_APPEND : O_TRUNC),
                      0644)
            : -1;
  struct stat info;
  if (worker->upload_fd < 0 || fstat (worker->upload_fd, &info) != 0)
    {
      fail_upload (worker, request->name);
      return;
    }
  if (!S_ISREG (info.st_mode))
    {
      errno = EINVAL;
      fail_upload (worker, request->name);
      return;
    }
  reply_text (worker, bl_files_answer ("uploadstart", request->reqid), FALSE);
}

static void
write_block (BlFilesWorker *worker, const guint8 *data, gsize length)
{
  if (worker->upload_fd < 0)
    return;
  while (length > 0)
    {
      const ssize_t n = write (worker->upload_fd, data, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          fail_upload (worker, worker->upload_name); // what is there can be resumed
          return;
        }
      data += n;
      length -= (gsize)n;
    }
  reply_text (worker, bl_files_answer ("uploadack", worker->upload_reqid), FALSE);
}

static void
finish_upload (BlFilesWorker *worker, const BlFilesRequest *request)
{
  if (worker->upload_fd < 0)
    return;
  // Some file systems report a full disk only now.
  if (fsync (worker->upload_fd) != 0)
    {
      fail_upload (worker, worker->upload_name);
      return;
    }
  note_path (worker, 105, "Upload", worker->upload_path, worker->upload_name);
  reply_text (worker, bl_files_answer ("uploaddone", worker->upload_reqid), FALSE);
  end_upload (worker);
}

static void
cancel_upload (BlFilesWorker *worker, const BlFilesRequest *request)
{
  if (worker->upload_fd >= 0)
    unlinkat (worker->upload_dir, worker->upload_name, 0);
  reply_text (worker, bl_files_answer ("uploadcancel", worker->upload_reqid), FALSE);
  end_upload (worker);
}

static void
hash_upload (BlFilesWorker *worker, const BlFilesRequest *request)
{
  guint8 hash[48];
  // The viewer's tag says how much of its file it compares: s bytes.
  gint64 length = 0;
  if (request->tag != NULL && g_variant_is_of_type (request->tag, G_VARIANT_TYPE_VARDICT))
    length = MAX (0, bl_variant_get_int (request->tag, "s", 0));
  const gboolean found = bl_files_hash (request->path, request->name, 0, hash)
                         || (length > 0 && bl_files_hash (request->path, request->name, (guint64)length, hash));
  reply_text (worker, bl_files_answer_uploadhash (request, found ? hash : NULL), FALSE);
}

// ---- download ------------------------------------------------------------------------------------------------------

static guint
find_download (BlFilesWorker *worker, GVariant *id)
{
  guint i = 0;
  while (i < worker->downloads->len
         && (id == NULL || !g_variant_equal (((Download *)worker->downloads->pdata[i])->id, id)))
    i++;
  return i;
}

static int
open_regular (const char *path)
{
  struct stat info;
  const int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return -1;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode))
    return fd;
  close (fd);
  return -1;
}

static void
cancel_download (BlFilesWorker *worker, GVariant *id, const GError *error)
{
  if (error != NULL)
    reply_problem (worker, error);
  reply_text (worker, bl_files_answer_download ("cancel", id), TRUE);
}

// Where the viewer's part of the file ends, if it may be continued there.
static gint64
seek_download (int fd, gint64 offset)
{
  struct stat info;
  return offset > 0 && fstat (fd, &info) == 0 && offset <= info.st_size && lseek (fd, offset, SEEK_SET) == offset ? offset : 0;
}

static void
start_download (BlFilesWorker *worker, const BlFilesRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlFilesPack) pack = NULL;
  int fd = -1;
  gint64 offset = 0;
  if (request->path != NULL && request->ask == NULL && worker->downloads->len < BL_FILES_MAX_DOWNLOADS && request->id != NULL)
    {
      if (request->names != NULL)
        pack = bl_files_pack_new (worker->program, request->path, (const char *const *)request->names, -1, &error);
      else
        fd = open_regular (request->path);
    }
  if (fd < 0 && pack == NULL)
    {
      cancel_download (worker, request->id, error);
      return;
    }
  const guint old = find_download (worker, request->id);
  if (old < worker->downloads->len)
    g_ptr_array_remove_index (worker->downloads, old);
  if (fd >= 0)
    offset = seek_download (fd, request->offset);
  Download *download = g_new0 (Download, 1);
  download->fd = fd;
  download->pack = g_steal_pointer (&pack);
  download->id = g_variant_ref (request->id);
  download->block_size = BL_FILES_DOWNLOAD_BLOCK;
  g_ptr_array_add (worker->downloads, download);
  note_path (worker, 106, "Download", request->path, NULL);
  reply_text (worker, bl_files_answer_download_start (request->id, offset), TRUE);
}

// Returns: FALSE when that was the last block.
static gboolean
send_block (BlFilesWorker *worker, guint index)
{
  Download *download = worker->downloads->pdata[index];
  g_autofree guint8 *block = g_malloc (BL_FILES_DOWNLOAD_HEADER + download->block_size);
  g_autoptr (GError) error = NULL;
  guint8 *data = block + BL_FILES_DOWNLOAD_HEADER;
  const gssize length = download->pack != NULL ? bl_files_pack_read (download->pack, data, download->block_size)
                                               : bl_files_read_full (download->fd, data, download->block_size);
  const gboolean last = length >= 0 && (gsize)length < download->block_size;
  // An archive without its end must not look like a whole one.
  if (length < 0 || (last && download->pack != NULL && !bl_files_pack_wait (download->pack, NULL, NULL, NULL, NULL, &error)))
    {
      cancel_download (worker, download->id, error);
      g_ptr_array_remove_index (worker->downloads, index);
      return FALSE;
    }
  bl_files_download_header (block, last);
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&block), BL_FILES_DOWNLOAD_HEADER + (gsize)length);
  worker->reply (bytes, FALSE, worker->user_data);
  if (last)
    g_ptr_array_remove_index (worker->downloads, index);
  return !last;
}

static void
continue_download (BlFilesWorker *worker, const BlFilesRequest *request)
{
  const guint index = find_download (worker, request->id);
  if (index >= worker->downloads->len)
    return;
  guint blocks = 1;
  if (request->op == BL_FILES_DOWNLOAD_STARTACK)
    ((Download *)worker->downloads->pdata[index])->block_size = request->block_size;
  if (request->op == BL_FILES_DOWNLOAD_STARTACK)
    blocks = CLAMP (request->ack, 1, BL_FILES_MAX_WINDOW);
  while (blocks-- > 0 && send_block (worker, index))
    ;
}

static void
stop_download (BlFilesWorker *worker, const BlFilesRequest *request)
{
  const guint index = find_download (worker, request->id);
  if (index < worker->downloads->len)
    g_ptr_array_remove_index (worker->downloads, index);
}

void
bl_files_worker_send_whole (BlFilesWorker *worker, const char *path, gboolean (*more) (gpointer), gpointer user_data)
{
  struct stat info;
  const int fd = open_regular (path);
  if (fd < 0 || fstat (fd, &info) != 0)
    {
      if (fd >= 0)
        close (fd);
      reply_text (worker, g_strdup ("{\"op\":\"cancel\"}"), TRUE);
      return;
    }
  note_path (worker, 106, "Download", path, NULL);
  reply_text (worker, g_strdup_printf ("{\"op\":\"ok\",\"size\":%" G_GINT64_FORMAT "}", (gint64)info.st_size), TRUE);
  for (gint64 left = info.st_size; left > 0 && more (user_data);)
    {
      g_autofree guint8 *block = g_malloc (WHOLE_BLOCK);
      const gssize n = bl_files_read_full (fd, block, (gsize)MIN (left, WHOLE_BLOCK));
      if (n <= 0)
        break; // the server notices the short body
      g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&block), (gsize)n);
      worker->reply (bytes, FALSE, worker->user_data);
      left -= n;
    }
  close (fd);
}

// ---- everything else -----------------------------------------------------------------------------------------------

typedef struct
{
  BlFilesWorker *worker;
  GVariant *reqid;
} Finding;

static void
found_cb (const char *relative, gpointer user_data)
{
  const Finding *finding = user_data;
  reply_text (finding->worker, bl_files_answer_found (relative, finding->reqid), FALSE);
}

static void
find (BlFilesWorker *worker, const BlFilesRequest *request, GCancellable *cancellable)
{
  Finding finding = { worker, request->reqid };
  bl_files_find (request->path, request->filter != NULL ? request->filter : "*", cancellable, found_cb, &finding);
  reply_text (worker, bl_files_answer_found (NULL, request->reqid), FALSE);
}

static void
packing_cb (const char *path, gpointer user_data)
{
  reply_text (user_data, bl_files_answer_dialog ("zippingFile", path, NULL), FALSE);
}

static void
unpacking_cb (const char *path, gpointer user_data)
{
  reply_text (user_data, bl_files_answer_dialog ("unzipping", path, NULL), FALSE);
}

// The end of packing and unpacking as the protocol tells it: the message goes away, and the folder is looked at again.
static void
end_pack (BlFilesWorker *worker, const char *failure, guint left_out, const GError *error)
{
  g_autofree char *some = left_out > 0 ? g_strdup_printf ("%u files or links were left out", left_out) : NULL;
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    reply_text (worker, bl_files_answer_dialog (failure, NULL, error->message), FALSE);
  else
    reply_text (worker, bl_files_answer_dialog (NULL, NULL, error == NULL ? some : NULL), FALSE);
  reply_text (worker, bl_files_answer_refresh (), FALSE);
}

static void
zip (BlFilesWorker *worker, const BlFilesRequest *request, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BlFilesPack) pack = NULL;
  guint left_out = 0;
  reply_text (worker, bl_files_answer_dialog ("zipping", NULL, NULL), FALSE);
  const int directory = bl_files_open_directory (request->path, &error);
  const int output = directory >= 0 ? bl_files_create (directory, request->name, &error) : -1;
  if (output >= 0)
    {
      note_path (worker, 53, "Pack", request->path, request->name);
      pack = bl_files_pack_new (worker->program, request->path, (const char *const *)request->names, output, &error);
      if (pack == NULL || !bl_files_pack_wait (pack, cancellable, packing_cb, worker, &left_out, &error))
        unlinkat (directory, request->name, 0);
      close (output);
    }
  if (directory >= 0)
    close (directory);
  end_pack (worker, "error", left_out, error);
}

static void
unzip (BlFilesWorker *worker, const BlFilesRequest *request, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  guint left_out = 0;
  reply_text (worker, bl_files_answer_dialog ("unzipping", NULL, NULL), FALSE);
  g_autoptr (BlFilesPack) pack = bl_files_pack_new_unpack (worker->program, request->path, request->target, &error);
  if (pack != NULL)
    {
      note_path (worker, 54, "Unpack", request->path, NULL);
      (void)bl_files_pack_wait (pack, cancellable, unpacking_cb, worker, &left_out, &error); // told below
    }
  end_pack (worker, "unziperror", left_out, error);
}

static gboolean
change_disk (BlFilesWorker *worker, const BlFilesRequest *request, GCancellable *cancellable, GError **error)
{
  const char *const *names = (const char *const *)request->names;
  switch (request->op)
    {
    case BL_FILES_MKDIR:
      if (!bl_files_make_directory (request->path, error))
        return FALSE;
      note_path (worker, 44, "Create folder", request->path, NULL);
      return TRUE;
    case BL_FILES_RM:
      for (guint i = 0; names[i] != NULL; i++)
        note_path (worker, 45, "Delete", request->path, names[i]);
      return bl_files_remove (request->path, names, request->recursive, error);
    case BL_FILES_RENAME:
      note_path (worker, 48, "Rename", request->path, request->name);
      return bl_files_rename (request->path, request->name, request->new_name, error);
    case BL_FILES_COPY:
    case BL_FILES_MOVE:
      note_path (worker, request->op == BL_FILES_COPY ? 51 : 52, request->op == BL_FILES_COPY ? "Copy" : "Move",
                 request->path, NULL);
      return bl_files_transfer (request->path, request->target, names, request->op == BL_FILES_MOVE, cancellable, error);
    default:
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "this agent cannot do that");
      return FALSE;
    }
}

void
bl_files_worker_run (BlFilesWorker *worker, const BlFilesRequest *request, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  switch (request->op)
    {
    case BL_FILES_BLOCK:
      write_block (worker, request->block, request->block_len);
      break;
    case BL_FILES_LS:
      reply_text (worker, bl_files_list (request->path, request->reqid), FALSE);
      break;
    case BL_FILES_FINDFILE:
      find (worker, request, cancellable);
      break;
    case BL_FILES_ZIP:
      zip (worker, request, cancellable);
      break;
    case BL_FILES_UNZIP:
      unzip (worker, request, cancellable);
      break;
    case BL_FILES_UPLOAD:
      start_upload (worker, request);
      break;
    case BL_FILES_UPLOADDONE:
      finish_upload (worker, request);
      break;
    case BL_FILES_UPLOADCANCEL:
      cancel_upload (worker, request);
      break;
    case BL_FILES_UPLOADHASH:
      hash_upload (worker, request);
      break;
    case BL_FILES_DOWNLOAD_START:
      start_download (worker, request);
      break;
    case BL_FILES_DOWNLOAD_STARTACK:
    case BL_FILES_DOWNLOAD_ACK:
      continue_download (worker, request);
      break;
    case BL_FILES_DOWNLOAD_STOP:
      stop_download (worker, request);
      break;
    case BL_FILES_CANCEL:
    case BL_FILES_CANCELFINDFILE:
    case BL_FILES_CONTROL:
      break;
    default:
      if (!change_disk (worker, request, cancellable, &error))
        reply_problem (worker, error);
      break;
    }
}
