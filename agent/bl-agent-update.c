// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-update.h"

#include "bl-agent-release.h"
#include "common/bl-error.h"
#include "common/bl-ids.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define ARCHIVE_NAME "incoming.tar.gz"
#define UNPACK_NAME "releases/.incoming"
#define TOP_NAME "bowline-agent" // the one folder in an archive
#define NAME_DIGITS 16

typedef enum
{
  IDLE,
  TAKING,    // blocks come
  UNPACKING,
  STARTING,  // the new program is asked for its version
  DONE,
} State;

struct _BlAgentUpdate
{
  BlAgentChannel *channel;
  char *root;
  gboolean disabled;
  void (*restart) (gpointer user_data);
  gpointer user_data;
  State state;
  int fd;
  guint64 size;
  guint8 hash[BL_SHA384_SIZE];
  guint trial_id;
  GCancellable *cancellable;
};

static char *
below (BlAgentUpdate *self, const char *name)
{
  return g_build_filename (self->root, name, NULL);
}

// Forgets what was begun. WHY: (nullable): said when given
static void
discard (BlAgentUpdate *self, const char *why)
{
  g_autofree char *archive = below (self, ARCHIVE_NAME), *unpacked = below (self, UNPACK_NAME);
  if (why != NULL)
    g_warning ("a new program of the server was not taken: %s", why);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->state = IDLE;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  (void)g_unlink (archive); // it may not exist yet
  g_autoptr (GError) error = NULL;
  if (g_file_test (unpacked, G_FILE_TEST_EXISTS) && !bl_agent_release_remove_tree (unpacked, &error))
    g_warning ("%s", error->message);
}

// ---- after the archive is here -------------------------------------------------------------------------------------

static void
put_in_place (BlAgentUpdate *self)
{
  g_autofree char *directory = g_build_filename (self->root, UNPACK_NAME, TOP_NAME, NULL);
  g_autofree char *hex = bl_hex_encode (self->hash, BL_SHA384_SIZE, FALSE);
  g_autoptr (GError) error = NULL;
  hex[NAME_DIGITS] = '\0';
  if (!bl_agent_release_take (self->root, directory, hex, self->hash, TRUE, &error))
    {
      discard (self, error->message);
      return;
    }
  discard (self, NULL);
  self->state = DONE;
  g_message ("a new program is in place; starting it");
  self->restart (self->user_data);
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  const gboolean good = g_subprocess_wait_check_finish (G_SUBPROCESS (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; // SELF may be gone
  BlAgentUpdate *self = user_data;
  if (good)
    put_in_place (self);
  else
    discard (self, "it does not start on this machine");
}

static void
unpacked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  const gboolean good = g_subprocess_wait_check_finish (G_SUBPROCESS (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; // SELF may be gone
  BlAgentUpdate *self = user_data;
  if (!good)
    {
      discard (self, "it is not an archive");
      return;
    }
  g_autofree char *program = g_build_filename (self->root, UNPACK_NAME, TOP_NAME, "bin", "bowline-agent", NULL);
  g_autofree char *marker = g_build_filename (self->root, UNPACK_NAME, TOP_NAME, BL_AGENT_ARCHIVE_MARKER, NULL);
  g_autoptr (GSubprocess) process
      = g_file_test (marker, G_FILE_TEST_EXISTS)
            ? g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, NULL, program, "--version", NULL)
            : NULL;
  if (process == NULL)
    {
      discard (self, "it is not an archive of this agent");
      return;
    }
  self->state = STARTING;
  g_subprocess_wait_check_async (process, self->cancellable, started_cb, self);
}

static gboolean
check_archive (BlAgentUpdate *self, const char *path, const guint8 *hash)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new (path, FALSE, NULL);
  if (file == NULL || g_mapped_file_get_length (file) != self->size || self->size == 0)
    return FALSE;
  bl_sha384 (g_mapped_file_get_contents (file), self->size, self->hash);
  return bl_equal_ct (self->hash, hash, BL_SHA384_SIZE);
}

static void
finish (BlAgentUpdate *self, const guint8 *hash)
{
  g_autofree char *archive = below (self, ARCHIVE_NAME), *directory = below (self, UNPACK_NAME);
  g_autoptr (GError) error = NULL;
  if (fsync (self->fd) != 0 || !check_archive (self, archive, hash))
    {
      discard (self, "its hash is not the one the server named");
      return;
    }
  if (bl_agent_release_is_refused (self->root, hash))
    {
      discard (self, "it did not reach the server when it was tried before");
      return;
    }
  if (g_mkdir_with_parents (directory, 0755) != 0)
    {
      discard (self, g_strerror (errno));
      return;
    }
  g_autoptr (GSubprocess) process
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "tar", "--extract", "--gzip", "--no-same-owner",
                          "--no-same-permissions", "--file", archive, "--directory", directory, TOP_NAME, NULL);
  if (process == NULL)
    {
      discard (self, error->message);
      return;
    }
  self->state = UNPACKING;
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  g_subprocess_wait_check_async (process, self->cancellable, unpacked_cb, self);
}

// ---- blocks --------------------------------------------------------------------------------------------------------

static void
begin (BlAgentUpdate *self)
{
  g_autofree char *archive = below (self, ARCHIVE_NAME);
  discard (self, NULL);
  self->size = 0;
  self->fd = open (archive, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (self->fd >= 0)
    self->state = TAKING;
  else
    g_warning ("a new program of the server cannot be taken: %s: %s", archive, g_strerror (errno));
}

static gboolean
write_all (int fd, const guint8 *data, gsize length)
{
  while (length > 0)
    {
      const ssize_t n = write (fd, data, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize)n;
    }
  return TRUE;
}

// No answer tells the server to stop.
static void
take_block (BlAgentUpdate *self, const BlAgentMsg *message)
{
  if (self->state != TAKING)
    return;
  if (message->block.len > BL_AGENT_UPDATE_MAX - self->size)
    discard (self, "it is larger than 64 MiB");
  else if (!write_all (self->fd, message->block.data, message->block.len))
    discard (self, g_strerror (errno));
  else
    {
      self->size += message->block.len;
      g_autoptr (GBytes) next = bl_agent_write_update_block (message->request_id, NULL, 0);
      bl_agent_channel_send (self->channel, BL_WS_BINARY, next);
    }
}

static void
answer_hash (BlAgentUpdate *self, guint16 request_id)
{
  guint8 hash[BL_SHA384_SIZE] = { 0 }; // zero: updates come another way, or not at all
  if (self->root != NULL && !self->disabled && !bl_agent_release_get_hash (self->root, hash))
    memset (hash, 0xFF, sizeof hash); // nobody knows what runs here: send what is right
  g_autoptr (GBytes) frame = bl_agent_write_hash (BL_AGENT_AGENT_HASH, request_id, hash);
  bl_agent_channel_send (self->channel, BL_WS_BINARY, frame);
}

gboolean
bl_agent_update_command (BlAgentUpdate *self, const BlAgentMsg *message)
{
  const gboolean open = self->root != NULL && !self->disabled && self->state != DONE;
  switch (message->command)
    {
    case BL_AGENT_AGENT_HASH:
      answer_hash (self, message->request_id);
      return TRUE;
    case BL_AGENT_UPDATE:
      if (open && message->hash.kind == BL_AGENT_HASH_NONE && (self->state == IDLE || self->state == TAKING))
        begin (self);
      else if (open && message->hash.kind == BL_AGENT_HASH_VALUE && self->state == TAKING)
        finish (self, message->hash.hash);
      return TRUE;
    case BL_AGENT_UPDATE_BLOCK:
      if (open)
        take_block (self, message);
      return TRUE;
    default:
      return FALSE;
    }
}

// ---- the trial -----------------------------------------------------------------------------------------------------

static gboolean
trial_over_cb (gpointer user_data)
{
  BlAgentUpdate *self = user_data;
  g_autoptr (GError) error = NULL;
  self->trial_id = 0;
  g_warning ("this program did not reach the server in time; the previous one is started again");
  if (bl_agent_release_roll_back (self->root, &error))
    {
      self->state = DONE;
      self->restart (self->user_data);
    }
  else
    g_warning ("%s", error->message);
  return G_SOURCE_REMOVE;
}

BlAgentUpdate *
bl_agent_update_new (const BlAgentUpdateOptions *options)
{
  BlAgentUpdate *self = g_new0 (BlAgentUpdate, 1);
  self->channel = options->channel;
  self->root = g_strdup (options->root);
  self->disabled = options->disabled;
  self->restart = options->restart;
  self->user_data = options->user_data;
  self->fd = -1;
  if (self->root != NULL && bl_agent_release_is_on_trial (self->root))
    self->trial_id
        = g_timeout_add_seconds (options->trial_seconds > 0 ? options->trial_seconds : BL_AGENT_RELEASE_TRIAL_SECONDS,
                                 trial_over_cb, self);
  return self;
}

void
bl_agent_update_free (BlAgentUpdate *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->trial_id, g_source_remove);
  if (self->root != NULL)
    discard (self, NULL);
  g_free (self->root);
  g_free (self);
}

void
bl_agent_update_set_connected (BlAgentUpdate *self, gboolean connected)
{
  if (!connected && self->state == TAKING)
    discard (self, NULL); // the next connection begins anew
  if (!connected || self->root == NULL || !bl_agent_release_is_on_trial (self->root))
    return;
  g_clear_handle_id (&self->trial_id, g_source_remove);
  bl_agent_release_confirm (self->root);
  g_message ("the new program reached the server and stays");
}
