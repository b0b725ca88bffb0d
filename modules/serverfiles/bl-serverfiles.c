// SPDX-License-Identifier: Apache-2.0
#include "bl-serverfiles.h"

#include "bl-server-download.h"
#include "bl-server-tree.h"
#include "bl-serverfiles-work.h"
#include "common/bl-ids.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "files" /* of the data directory; also the import's */
#define MAX_PATH BL_SERVER_TREE_MAX_DEPTH
#define MAX_NAME 255
#define MAX_NAMES 1000
#define MAX_SHORT (200u * 1024u) /* bytes of a file that goes over the control channel */
#define MAX_SHORT_TEXT (280 * 1024) /* of such a file in base64 */
#define MAX_PIECE (1024u * 1024u)
#define MAX_SIZE (G_GUINT64_CONSTANT (1) << 40)
#define PART_DIGITS 32

struct _BlServerFiles
{
  BowlineHost *host;
  BlServerWork *work;
  guint64 subscription;
  int root;
};

typedef struct
{
  char *id;
  char *name;
  gint64 type;  /* 1: account, 4: device group (control-channel 7.2) */
  gint64 quota; /* bytes; -1: no limit */
} Owner;

typedef struct _Job Job;

struct _Job
{
  BlServerFiles *self;
  BowlineActionCall *call;     /* one of the two */
  BowlineHttpRequest *request;
  gboolean (*run) (Job *job, GError **error);
  char **path;
  char **from; /* (nullable): where `names` are copied or moved from */
  char **names;
  char *new_name;
  char *part;
  GBytes *content;
  guint64 offset;
  guint64 size;
  gboolean recursive;
  gint64 quota; /* of the owner of `path` */
  GPtrArray *owners; /* Owner: for the list */
  /* what came of it */
  GVariant *tree;
  int fd;
  GError *error;
};

static void
owner_free (gpointer data)
{
  Owner *owner = data;

  g_free (owner->id);
  g_free (owner->name);
  g_free (owner);
}

static void
job_free (gpointer data)
{
  Job *job = data;

  g_clear_pointer (&job->call, bowline_action_call_unref);
  g_clear_pointer (&job->request, bowline_http_request_unref);
  g_strfreev (job->path);
  g_strfreev (job->from);
  g_strfreev (job->names);
  g_free (job->new_name);
  g_free (job->part);
  g_clear_pointer (&job->content, g_bytes_unref);
  g_clear_pointer (&job->owners, g_ptr_array_unref);
  g_clear_pointer (&job->tree, g_variant_unref);
  g_clear_error (&job->error);
  if (job->fd >= 0)
    close (job->fd);
  g_free (job);
}

/* ---- who may what --------------------------------------------------------------------------------------------------- */

static gint64
quota_of (BlServerFiles *self, BowlinePrincipal *who, const char *id)
{
  if (!g_str_has_prefix (id, "user/"))
    return bowline_host_get_int (self->host, "group-quota");
  return bowline_site_rights (self->host, who) == BL_SITE_FULL ? -1 : bowline_host_get_int (self->host, "user-quota");
}

/* Whether these are the principal's own files, or those of a group it may change the files of. */
static gboolean
may_enter (BlServerFiles *self, BowlinePrincipal *who, const char *id)
{
  if (id == NULL || (bowline_site_rights (self->host, who) & BL_SITE_FILES) == 0)
    return FALSE;
  if (g_str_has_prefix (id, "mesh/"))
    return bowline_may (self->host, who, id, BL_RIGHT_SERVER_FILES);
  return g_str_equal (id, bowline_principal_get_user_id (who));
}

typedef struct
{
  BlServerFiles *self;
  BowlinePrincipal *who;
  GPtrArray *owners;
} Search;

static void
add_owner (Search *search, const char *id, const char *name, gint64 type)
{
  Owner *owner = g_new (Owner, 1);

  *owner = (Owner){ g_strdup (id), g_strdup (name), type, quota_of (search->self, search->who, id) };
  g_ptr_array_add (search->owners, owner);
}

static gboolean
add_group_cb (const char *id, GVariant *document, gpointer user_data)
{
  Search *search = user_data;

  if (!bl_variant_has (document, "deleted") && may_enter (search->self, search->who, id))
    add_owner (search, id, bl_variant_get_string (document, "name"), 4);
  return TRUE;
}

static GPtrArray *
find_owners (BlServerFiles *self, BowlinePrincipal *who)
{
  Search search = { self, who, g_ptr_array_new_with_free_func (owner_free) };

  add_owner (&search, bowline_principal_get_user_id (who), "My Files", 1);
  bowline_directory_foreach (self->host, "mesh", NULL, add_group_cb, &search);
  return search.owners;
}

/* ---- in the thread -------------------------------------------------------------------------------------------------- */

/* Every owner, an empty folder where there is none yet. */
static void
make_tree (Job *job)
{
  GVariantBuilder folders, root, tree;

  g_variant_builder_init (&folders, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < job->owners->len; i++)
    {
      const Owner *owner = job->owners->pdata[i];
      const char *path[] = { owner->id, NULL };
      int folder = bl_server_tree_open (job->self->root, path, FALSE, NULL);
      BlServerTreeUse use = { 0 };
      GVariantBuilder entry;

      g_variant_builder_init (&entry, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&entry, "{sv}", "t", g_variant_new_int64 (owner->type));
      g_variant_builder_add (&entry, "{sv}", "n", g_variant_new_string (owner->name != NULL ? owner->name : ""));
      if (owner->quota >= 0)
        g_variant_builder_add (&entry, "{sv}", "maxbytes", g_variant_new_int64 (owner->quota));
      if (folder >= 0)
        {
          g_autoptr (GVariant) inside = bl_server_tree_list (folder, &use);

          g_variant_builder_add (&entry, "{sv}", "f", inside);
          close (folder);
        }
      else
        g_variant_builder_add (&entry, "{sv}", "f", g_variant_new ("a{sv}", NULL));
      g_variant_builder_add (&folders, "{sv}", owner->id, g_variant_builder_end (&entry));
    }
  g_variant_builder_init (&root, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&root, "{sv}", "n", g_variant_new_string ("Root"));
  g_variant_builder_add (&root, "{sv}", "f", g_variant_builder_end (&folders));
  g_variant_builder_init (&tree, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&tree, "{sv}", "filetree", g_variant_builder_end (&root));
  job->tree = g_variant_ref_sink (g_variant_builder_end (&tree));
}

/* @more: bytes that are to come; @entries: names that are */
static gboolean
has_room (Job *job, guint64 more, guint entries, GError **error)
{
  const char *path[] = { job->path[0], NULL };
  BlServerTreeUse use = { 0 };
  int folder = bl_server_tree_open (job->self->root, path, FALSE, NULL);

  if (folder >= 0)
    {
      bl_server_tree_measure (folder, &use);
      close (folder);
    }
  if (use.entries + entries > BL_SERVER_TREE_MAX_ENTRIES)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "more than %u files and folders", BL_SERVER_TREE_MAX_ENTRIES);
  else if (job->quota >= 0 && use.bytes + more > (guint64)job->quota)
    g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT,
                 "not enough room: %" G_GUINT64_FORMAT " of %" G_GINT64_FORMAT " bytes are used", use.bytes, job->quota);
  else
    return TRUE;
  return FALSE;
}

static gboolean
run_make (Job *job, GError **error)
{
  int folder = has_room (job, 0, 1, error)
                   ? bl_server_tree_open (job->self->root, (const char *const *)job->path, TRUE, error)
                   : -1;
  const gboolean ok = folder >= 0 && bl_server_tree_make (folder, job->new_name, error);

  if (folder >= 0)
    close (folder);
  return ok;
}

static gboolean
run_remove (Job *job, GError **error)
{
  int folder = bl_server_tree_open (job->self->root, (const char *const *)job->path, FALSE, error);
  gboolean ok = folder >= 0;

  for (guint i = 0; ok && job->names[i] != NULL; i++)
    ok = bl_server_tree_remove (folder, job->names[i], job->recursive, error);
  if (folder >= 0)
    close (folder);
  return ok;
}

static gboolean
run_rename (Job *job, GError **error)
{
  int folder = bl_server_tree_open (job->self->root, (const char *const *)job->path, FALSE, error);
  const gboolean ok = folder >= 0 && bl_server_tree_move (folder, job->names[0], folder, job->new_name, error);

  if (folder >= 0)
    close (folder);
  return ok;
}

/* What a file or folder holds that is to be copied or moved. */
static void
measure_entry (int folder, const char *name, BlServerTreeUse *use)
{
  struct stat info;
  int inner;

  if (!bl_server_tree_name_is_valid (name) || fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  use->entries++;
  use->bytes += S_ISREG (info.st_mode) ? (guint64)info.st_size : 0;
  inner = S_ISDIR (info.st_mode) ? openat (folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (inner >= 0)
    {
      bl_server_tree_measure (inner, use);
      close (inner);
    }
}

static gboolean
transfer (Job *job, gboolean move, GError **error)
{
  const gboolean stays = move && g_str_equal (job->path[0], job->from[0]);
  int from = bl_server_tree_open (job->self->root, (const char *const *)job->from, FALSE, error);
  int to = from >= 0 ? bl_server_tree_open (job->self->root, (const char *const *)job->path, TRUE, error) : -1;
  BlServerTreeUse use = { 0 };
  gboolean ok = to >= 0;

  for (guint i = 0; ok && !stays && job->names[i] != NULL; i++)
    measure_entry (from, job->names[i], &use);
  ok = ok && (stays || has_room (job, use.bytes, use.entries, error));
  for (guint i = 0; ok && job->names[i] != NULL; i++)
    ok = move ? bl_server_tree_move (from, job->names[i], to, job->names[i], error)
              : bl_server_tree_copy (from, to, job->names[i], error);
  if (from >= 0)
    close (from);
  if (to >= 0)
    close (to);
  return ok;
}

static gboolean
run_copy (Job *job, GError **error)
{
  return transfer (job, FALSE, error);
}

static gboolean
run_move (Job *job, GError **error)
{
  return transfer (job, TRUE, error);
}

/* Opens the file that `names` names; its size is in `size`. */
static gboolean
run_open (Job *job, GError **error)
{
  int folder = bl_server_tree_open (job->self->root, (const char *const *)job->path, FALSE, error);
  struct stat info;

  if (folder < 0)
    return FALSE;
  job->fd = bl_server_tree_open_file (folder, job->names[0], &info, error);
  close (folder);
  if (job->fd < 0)
    return FALSE;
  job->size = (guint64)info.st_size;
  return TRUE;
}

static gboolean
run_get (Job *job, GError **error)
{
  g_autofree guint8 *data = NULL;
  gsize length = 0;
  ssize_t n = 1;

  if (!run_open (job, error))
    return FALSE;
  if (job->size >= MAX_SHORT)
    {
      g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_LIMIT, "%s: larger than %u bytes", job->names[0], MAX_SHORT);
      return FALSE;
    }
  data = g_malloc (job->size + 1);
  while (length < job->size && (n = read (job->fd, data + length, job->size - length)) > 0)
    length += (gsize)n;
  job->content = g_bytes_new_take (g_steal_pointer (&data), length);
  return TRUE;
}

static gboolean
run_set (Job *job, GError **error)
{
  int folder = has_room (job, g_bytes_get_size (job->content), 1, error)
                   ? bl_server_tree_open (job->self->root, (const char *const *)job->path, TRUE, error)
                   : -1;
  const gboolean ok = folder >= 0 && bl_server_tree_write (folder, job->names[0], job->content, error);

  if (folder >= 0)
    close (folder);
  return ok;
}

/* The whole file must fit before its first piece is taken. */
static gboolean
run_append (Job *job, GError **error)
{
  int folder;
  gboolean ok;

  if (!has_room (job, job->size - MIN (job->size, job->offset), 1, error))
    return FALSE;
  folder = bl_server_tree_open (job->self->root, (const char *const *)job->path, TRUE, error);
  ok = folder >= 0
       && bl_server_tree_append (folder, job->names[0], job->part, job->offset, job->size, job->content, error);
  if (folder >= 0)
    close (folder);
  return ok;
}

static gboolean
run_list (Job *job, GError **error)
{
  return TRUE;
}

static void
run_job (gpointer data)
{
  Job *job = data;

  (void)job->run (job, &job->error); /* the caller is told by the error */
  if (job->owners != NULL)
    make_tree (job);
}

/* ---- actions -------------------------------------------------------------------------------------------------------- */

/* Other pages of those whose files these are ask anew. */
static void
announce (Job *job)
{
  const char *targets[] = { job->path[0], NULL };
  GVariantBuilder event;

  g_variant_builder_init (&event, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&event, "{sv}", "etype", g_variant_new_string (g_str_has_prefix (job->path[0], "mesh/") ? "mesh" : "user"));
  g_variant_builder_add (&event, "{sv}", "action", g_variant_new_string ("updatefiles"));
  g_variant_builder_add (&event, "{sv}", "nolog", g_variant_new_int64 (1));
  bowline_event_emit (job->self->host, targets, g_variant_builder_end (&event));
}

static void
list_done (gpointer data)
{
  Job *job = data;

  bowline_action_call_answer (job->call, job->tree);
}

static void
push_tree (Job *job)
{
  g_autoptr (GVariant) frame = bl_doc_set_string (job->tree, "action", "files");

  bowline_action_call_push (job->call, frame);
}

static void
change_done (gpointer data)
{
  Job *job = data;

  if (job->error != NULL)
    bowline_action_call_fail (job->call, job->error);
  else
    bowline_action_call_result (job->call, "ok");
  push_tree (job); /* also after a failure: something may have changed before it */
  announce (job);
}

/* The request itself comes back, with the file in it. */
static void
get_done (gpointer data)
{
  Job *job = data;
  g_autofree char *text = NULL;
  g_autoptr (GVariant) answer = NULL;
  GVariant *arguments = bowline_action_call_get_arguments (job->call);
  gsize size;
  const guint8 *bytes;

  if (job->error != NULL)
    {
      bowline_action_call_fail (job->call, job->error);
      return;
    }
  bytes = g_bytes_get_data (job->content, &size);
  text = g_base64_encode (bytes, size);
  answer = bl_doc_set_string (arguments, "data", text);
  bowline_action_call_answer (job->call, answer);
}

static void
push (Job *job, BlServerWorkFunc done)
{
  g_autoptr (GError) error = NULL;

  if (bl_server_work_push (job->self->work, run_job, done, job_free, job))
    return;
  error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_THROTTLED, "Too much is being done, try again");
  if (job->call != NULL)
    bowline_action_call_fail (job->call, error);
  else
    bowline_http_request_respond (job->request, 503, NULL, NULL);
  job_free (job);
}

static Job *
job_new (BlServerFiles *self, BowlineActionCall *call)
{
  Job *job = g_new0 (Job, 1);

  job->self = self;
  job->fd = -1;
  if (call != NULL)
    {
      job->call = bowline_action_call_ref (call);
      job->owners = find_owners (self, bowline_action_call_get_principal (call));
    }
  return job;
}

static void
run_files (BowlineActionCall *call, gpointer user_data)
{
  Job *job = job_new (user_data, call);

  job->run = run_list;
  push (job, list_done);
}

static void
take_one (Job *job, const char *name)
{
  const char *names[] = { name, NULL };

  job->names = g_strdupv ((char **)names);
}

static gboolean
take_content (Job *job, const char *data)
{
  gsize length;
  guchar *bytes = data != NULL ? g_base64_decode (data, &length) : NULL;

  if (bytes == NULL)
    return FALSE;
  job->content = g_bytes_new_take (bytes, length);
  return length < MAX_SHORT;
}

/* Which operation it is. Returns: FALSE when one of its arguments is missing */
static gboolean
choose (Job *job, GVariant *arguments, BlServerWorkFunc *done)
{
  const char *op = bl_variant_get_string (arguments, "fileop");

  *done = change_done;
  if (g_str_equal (op, "createfolder"))
    {
      job->run = run_make;
      job->new_name = g_strdup (bl_variant_get_string (arguments, "newfolder"));
      return job->new_name != NULL;
    }
  if (g_str_equal (op, "delete"))
    {
      job->run = run_remove;
      job->recursive = bl_variant_get_bool (arguments, "rec", FALSE);
      job->names = bl_variant_get_strv (arguments, "delfiles");
    }
  else if (g_str_equal (op, "rename"))
    {
      job->run = run_rename;
      take_one (job, bl_variant_get_string (arguments, "oldname"));
      job->new_name = g_strdup (bl_variant_get_string (arguments, "newname"));
      return job->names[0] != NULL && job->new_name != NULL;
    }
  else if (g_str_equal (op, "copy") || g_str_equal (op, "move"))
    {
      job->run = g_str_equal (op, "copy") ? run_copy : run_move;
      job->names = bl_variant_get_strv (arguments, "names");
      return job->names != NULL && job->names[0] != NULL && job->from != NULL;
    }
  else
    {
      take_one (job, bl_variant_get_string (arguments, "file"));
      job->run = g_str_equal (op, "get") ? run_get : run_set;
      if (g_str_equal (op, "get"))
        *done = get_done;
      else if (!take_content (job, bl_variant_get_string (arguments, "data")))
        return FALSE;
    }
  return job->names != NULL && job->names[0] != NULL;
}

static void
run_operation (BowlineActionCall *call, gpointer user_data)
{
  BlServerFiles *self = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  Job *job = job_new (self, call);
  g_autoptr (GError) error = NULL;
  BlServerWorkFunc done = NULL;

  job->path = bl_variant_get_strv (arguments, "path");
  job->from = bl_variant_get_strv (arguments, "scpath");
  if (!may_enter (self, who, job->path[0]) || (job->from != NULL && !may_enter (self, who, job->from[0])))
    error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_DENIED, "Access denied");
  else if (!choose (job, arguments, &done))
    error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "Invalid arguments");
  if (error != NULL)
    {
      bowline_action_call_fail (call, error);
      job_free (job);
      return;
    }
  job->quota = quota_of (self, who, job->path[0]);
  push (job, done);
}

/* ---- HTTP ----------------------------------------------------------------------------------------------------------- */

/* An id and names, with "/" between them: "user//name/folder/file". Returns: (transfer full) (nullable): id, then names */
static char **
split_link (const char *link)
{
  g_auto (GStrv) parts = link != NULL && strlen (link) <= MAX_PATH * (MAX_NAME + 1) ? g_strsplit (link, "/", -1) : NULL;
  g_autoptr (GStrvBuilder) path = NULL;
  g_autofree char *id = NULL;

  if (parts == NULL || g_strv_length (parts) < 3 || g_strv_length (parts) > MAX_PATH + 3)
    return NULL;
  path = g_strv_builder_new ();
  id = g_strjoin ("/", parts[0], parts[1], parts[2], NULL);
  g_strv_builder_add (path, id);
  for (guint i = 3; parts[i] != NULL; i++)
    g_strv_builder_add (path, parts[i]);
  return g_strv_builder_end (path);
}

static void
answer (BowlineHttpRequest *request, guint32 status, const char *text)
{
  g_autoptr (GBytes) body = text != NULL ? g_bytes_new (text, strlen (text)) : NULL;

  bowline_http_request_add_header (request, "Cache-Control", "no-store");
  bowline_http_request_respond (request, status, text != NULL ? "text/plain; charset=utf-8" : NULL, body);
}

/* The folder and the name of a request that is allowed, or an answer that it is not. */
static Job *
request_job (BlServerFiles *self, BowlineHttpRequest *request)
{
  BowlinePrincipal *who = bowline_http_request_get_principal (request);
  g_auto (GStrv) path = split_link (bowline_http_request_get_query (request, "link"));
  guint n = path != NULL ? g_strv_length (path) : 0;
  Job *job;

  if (who == NULL || n < 2 || bowline_principal_get_kind (who) == BOWLINE_PRINCIPAL_GUEST || !may_enter (self, who, path[0]))
    {
      answer (request, 404, NULL);
      return NULL;
    }
  job = job_new (self, NULL);
  job->request = bowline_http_request_ref (request);
  take_one (job, path[n - 1]);
  g_clear_pointer (&path[n - 1], g_free);
  job->path = g_steal_pointer (&path);
  job->quota = quota_of (self, who, job->path[0]);
  return job;
}

static void
download_done (gpointer data)
{
  Job *job = data;

  if (job->error != NULL)
    answer (job->request, 404, NULL);
  else
    bl_server_download (job->request, g_steal_fd (&job->fd), job->size, job->names[0]);
}

static void
download_cb (BowlineHttpRequest *request, gpointer user_data)
{
  Job *job = request_job (user_data, request);

  if (job == NULL)
    return;
  job->run = run_open;
  push (job, download_done);
}

static void
upload_done (gpointer data)
{
  Job *job = data;

  if (job->error == NULL)
    {
      answer (job->request, 200, NULL);
      if (job->offset + g_bytes_get_size (job->content) == job->size)
        announce (job);
      return;
    }
  answer (job->request,
          job->error->code == BOWLINE_ERROR_LIMIT || job->error->code == BOWLINE_ERROR_STORAGE ? 507 : 409, job->error->message);
}

static gboolean
query_number (BowlineHttpRequest *request, const char *name, guint64 *value)
{
  const char *text = bowline_http_request_get_query (request, name);

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, MAX_SIZE, value, NULL);
}

static void
upload_cb (BowlineHttpRequest *request, gpointer user_data)
{
  BlServerFiles *self = user_data;
  const char *part = bowline_http_request_get_query (request, "part");
  Job *job = request_job (self, request);

  if (job == NULL)
    return;
  if (!query_number (request, "offset", &job->offset) || !query_number (request, "size", &job->size) || part == NULL
      || strlen (part) != PART_DIGITS || strspn (part, "0123456789abcdef") != PART_DIGITS)
    {
      answer (request, 400, "expected offset, size, and part: 32 hex digits");
      job_free (job);
      return;
    }
  if (job->offset == 0)
    bowline_audit (self->host, bowline_http_request_get_principal (request), "files.upload", job->path[0], TRUE, NULL);
  job->run = run_append;
  job->part = g_strdup (part);
  job->content = g_bytes_ref (bowline_http_request_get_body (request));
  push (job, upload_done);
}

/* ---- accounts and groups that go ------------------------------------------------------------------------------------- */

static gboolean
run_forget (Job *job, GError **error)
{
  return bl_server_tree_forget (job->self->root, job->path[0], error);
}

static void
forget_done (gpointer data)
{
  Job *job = data;

  if (job->error != NULL)
    bowline_host_log (job->self->host, BOWLINE_LOG_WARNING, NULL, "files of %s stay: %s", job->path[0], job->error->message);
}

static gboolean
is_gone (BlServerFiles *self, const char *id, const char *kind)
{
  g_autoptr (GVariant) document = NULL;

  if (!g_str_has_prefix (id, "user/") && !g_str_has_prefix (id, "mesh/"))
    return FALSE;
  if (g_strcmp0 (kind, "delete") == 0)
    return TRUE;
  document = bowline_directory_dup (self->host, id);
  return document != NULL && bl_variant_has (document, "deleted"); /* of a group the name is kept */
}

static void
directory_changed_cb (const char *topic, GVariant *payload, gpointer user_data)
{
  BlServerFiles *self = user_data;
  const char *path[] = { NULL, NULL };
  const char *kind;
  Job *job;

  g_variant_get (payload, "(&sm&s)", &path[0], &kind);
  if (!is_gone (self, path[0], kind))
    return;
  job = job_new (self, NULL);
  job->run = run_forget;
  job->path = g_strdupv ((char **)path);
  if (bl_server_work_push (self->work, run_job, forget_done, job_free, job))
    return;
  bowline_host_log (self->host, BOWLINE_LOG_WARNING, NULL, "files of %s stay: too much is being done", path[0]);
  job_free (job);
}

/* ---- registration --------------------------------------------------------------------------------------------------- */

#define TEXT(word, bits, longest)                                                                                      \
  {                                                                                                                    \
    .name = (word), .type = BOWLINE_ARGUMENT_STRING, .flags = (bits), .max = (longest)                                 \
  }
#define NAMES(word, bits, most)                                                                                        \
  {                                                                                                                    \
    .name = (word), .type = BOWLINE_ARGUMENT_STRING, .flags = (bits) | BOWLINE_ARGUMENT_LIST, .min = 1,                \
    .max = MAX_NAME, .list_max = (most)                                                                                \
  }

static gboolean
register_actions (BlServerFiles *self, GError **error)
{
  static const BowlineArgument arguments[] = {
    { .name = "fileop",
      .type = BOWLINE_ARGUMENT_CHOICE,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .detail = "createfolder|delete|rename|copy|move|get|set" },
    NAMES ("path", BOWLINE_ARGUMENT_REQUIRED, MAX_PATH),
    NAMES ("scpath", BOWLINE_ARGUMENT_NULLABLE, MAX_PATH),
    NAMES ("delfiles", BOWLINE_ARGUMENT_NULLABLE, MAX_NAMES),
    NAMES ("names", BOWLINE_ARGUMENT_NULLABLE, MAX_NAMES),
    TEXT ("newfolder", BOWLINE_ARGUMENT_NULLABLE, MAX_NAME),
    TEXT ("oldname", BOWLINE_ARGUMENT_NULLABLE, MAX_NAME),
    TEXT ("newname", BOWLINE_ARGUMENT_NULLABLE, MAX_NAME),
    TEXT ("file", BOWLINE_ARGUMENT_NULLABLE, MAX_NAME),
    TEXT ("data", BOWLINE_ARGUMENT_NULLABLE | BOWLINE_ARGUMENT_SECRET, MAX_SHORT_TEXT),
    { .name = "rec", .type = BOWLINE_ARGUMENT_BOOLEAN, .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineAction actions[] = {
    { .struct_size = sizeof actions[0],
      .name = "files",
      .summary = "Files kept on the server",
      .argument_size = sizeof (BowlineArgument),
      .site_rights = BL_SITE_FILES,
      .run = run_files },
    { .struct_size = sizeof actions[0],
      .flags = BOWLINE_ACTION_CHANGES,
      .name = "fileoperation",
      .summary = "Makes, removes, renames, copies, moves, reads or writes a file kept on the server",
      .arguments = arguments,
      .n_arguments = G_N_ELEMENTS (arguments),
      .argument_size = sizeof (BowlineArgument),
      .site_rights = BL_SITE_FILES,
      .run = run_operation },
  };

  return bowline_host_register_actions (self->host, actions, G_N_ELEMENTS (actions), self, error);
}

static gboolean
open_root (BlServerFiles *self, GError **error)
{
  g_autofree char *path = g_build_filename (bowline_host_get_data_dir (self->host), FOLDER, NULL);

  if (g_mkdir_with_parents (path, 0700) == 0)
    self->root = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->root >= 0)
    return TRUE;
  g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_STORAGE, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

BlServerFiles *
bl_server_files_new (BowlineHost *host, GError **error)
{
  const BowlineEndpoint endpoints[] = {
    { .struct_size = sizeof endpoints[0],
      .flags = BOWLINE_ENDPOINT_COOKIE,
      .path = "/downloadfile.ashx",
      .methods = "GET",
      .request = download_cb },
    { .struct_size = sizeof endpoints[0],
      .flags = BOWLINE_ENDPOINT_COOKIE,
      .path = "/api/files",
      .methods = "PUT",
      .max_body = MAX_PIECE,
      .request = upload_cb },
  };
  BlServerFiles *self = g_new0 (BlServerFiles, 1);
  gboolean ok;

  self->host = host;
  self->root = -1;
  ok = open_root (self, error) && register_actions (self, error);
  for (guint i = 0; ok && i < G_N_ELEMENTS (endpoints); i++)
    ok = bowline_host_register_endpoint (host, &endpoints[i], self, error) != 0;
  if (ok)
    {
      self->work = bl_server_work_new (bowline_host_get_main_context (host));
      self->subscription = bowline_topic_subscribe (host, "directory.changed", directory_changed_cb, self);
      return self;
    }
  bl_server_files_free (self);
  return NULL;
}

void
bl_server_files_free (BlServerFiles *self)
{
  if (self->subscription != 0)
    bowline_topic_unsubscribe (self->host, self->subscription);
  if (self->work != NULL)
    bl_server_work_stop (self->work);
  if (self->root >= 0)
    close (self->root);
  g_free (self);
}
