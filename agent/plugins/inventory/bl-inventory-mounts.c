// SPDX-License-Identifier: Apache-2.0
#include "bl-inventory-mounts.h"

#include <string.h>
#include <sys/statvfs.h>

#define TEXT_MAX 256

static void
mount_free (gpointer data)
{
  BlInventoryMount *mount = data;
  g_free (mount->point);
  g_free (mount->type);
  g_free (mount->source);
  g_free (mount);
}

// ---- the list ------------------------------------------------------------------------------------------------------

// The kernel writes blanks, tabs, line ends and backslashes as three octal digits.
static char *
unescape (const char *text, gboolean valid)
{
  GString *plain = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++)
    {
      if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7'
          && (p[1] != '0' || p[2] != '0' || p[3] != '0'))
        {
          g_string_append_c (plain, (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0')));
          p += 3;
        }
      else
        g_string_append_c (plain, *p);
    }
  if (!valid)
    return g_string_free (plain, FALSE);
  g_autofree char *made = g_utf8_make_valid (plain->str, -1);
  g_string_free (plain, TRUE);
  return g_utf8_substring (made, 0, MIN (g_utf8_strlen (made, -1), TEXT_MAX));
}

static gboolean
is_remote (const char *type)
{
  static const char *const types[] = { "nfs",  "nfs4", "cifs", "smb3",   "smbfs", "ncpfs",     "afs",  "ceph",
                                       "9p",   "coda", "glusterfs", "lustre", "gfs2", "ocfs2", "davfs", "virtiofs", NULL };
  return g_strv_contains (types, type) || g_str_has_prefix (type, "fuse.");
}

// Holds what people keep: a file system on a device, or one of another machine. The kernel's own ones are left out.
static gboolean
is_volume (const char *type, const char *source)
{
  static const char *const types[] = { "zfs", "btrfs", "bcachefs", "fuseblk", NULL };
  static const char *const images[] = { "squashfs", "iso9660", "erofs", "cramfs", NULL };
  if (g_str_equal (type, "fuse.gvfsd-fuse") || g_str_equal (type, "fuse.portal") || g_str_equal (type, "fuse.lxcfs"))
    return FALSE;
  if (is_remote (type) || g_strv_contains (types, type) || g_str_equal (type, "overlay"))
    return TRUE;
  return g_str_has_prefix (source, "/dev/") && !g_strv_contains (images, type);
}

static gboolean
is_inner (const char *point)
{
  return g_str_has_prefix (point, "/var/lib/docker/") || g_str_has_prefix (point, "/var/lib/containers/")
         || g_str_has_prefix (point, "/var/lib/kubelet/") || g_str_has_prefix (point, "/snap/");
}

// id parent major:minor root point options [tags…] - type source options
static BlInventoryMount *
parse_line (const char *line, GHashTable *devices)
{
  g_auto (GStrv) all = g_strsplit (line, " ", 64);
  guint n = g_strv_length (all), dash = 6;
  while (dash < n && !g_str_equal (all[dash], "-"))
    dash++;
  if (dash + 2 >= n || all[4][0] != '/')
    return NULL;
  g_autofree char *type = unescape (all[dash + 1], TRUE);
  g_autofree char *source = unescape (all[dash + 2], TRUE);
  if (!is_volume (type, source) || is_inner (all[4]))
    return NULL;
  // Overlays and subvolumes have a number of their own each; the source tells that they share their space.
  const gboolean own = g_str_has_prefix (source, "/dev/");
  char *key = g_strdup (own ? source : all[2]);
  // A file that is mounted over another one (as containers do) is no volume, nor is a second view of one.
  if (!g_hash_table_add (devices, key) || (g_str_equal (type, "overlay") && !g_str_equal (all[4], "/")))
    return NULL;
  BlInventoryMount *mount = g_new0 (BlInventoryMount, 1);
  mount->point = unescape (all[4], FALSE);
  mount->type = g_steal_pointer (&type);
  mount->source = g_steal_pointer (&source);
  mount->remote = is_remote (mount->type);
  mount->read_only = g_str_equal (all[5], "ro") || g_str_has_prefix (all[5], "ro,");
  return mount;
}

GPtrArray *
bl_inventory_mounts_parse (const char *text)
{
  GPtrArray *mounts = g_ptr_array_new_with_free_func (mount_free);
  g_autoptr (GHashTable) devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lines = text != NULL ? g_strsplit (text, "\n", (gint)BL_INVENTORY_MAX_MOUNT_LINES) : NULL;
  for (guint i = 0; lines != NULL && lines[i] != NULL && mounts->len < BL_INVENTORY_MAX_MOUNTS; i++)
    {
      BlInventoryMount *mount = parse_line (lines[i], devices);
      if (mount != NULL)
        g_ptr_array_add (mounts, mount);
    }
  return mounts;
}

// ---- sizes ---------------------------------------------------------------------------------------------------------

typedef struct
{
  grefcount count; // under the lock
  gboolean remote;
  gboolean done;
  guint n;
  char *points[BL_INVENTORY_MAX_MOUNTS];
  guint64 sizes[BL_INVENTORY_MAX_MOUNTS][3];
} Survey;

static GMutex lock;
static GCond answered;
static Survey *asking[2]; // by kind: whether a thread is still waiting for one of these

static void
survey_unref (Survey *survey)
{
  if (!g_ref_count_dec (&survey->count))
    return;
  for (guint i = 0; i < survey->n; i++)
    g_free (survey->points[i]);
  g_free (survey);
}

static gpointer
survey_thread (gpointer data)
{
  Survey *survey = data;
  for (guint i = 0; i < survey->n; i++)
    {
      struct statvfs space;
      if (statvfs (survey->points[i], &space) != 0)
        continue;
      g_mutex_lock (&lock);
      survey->sizes[i][0] = (guint64)space.f_blocks * space.f_frsize;
      survey->sizes[i][1] = (guint64)(space.f_blocks - MIN (space.f_bfree, space.f_blocks)) * space.f_frsize;
      survey->sizes[i][2] = (guint64)space.f_bavail * space.f_frsize;
      g_mutex_unlock (&lock);
    }
  g_mutex_lock (&lock);
  survey->done = TRUE;
  asking[survey->remote] = NULL;
  g_cond_broadcast (&answered);
  survey_unref (survey);
  g_mutex_unlock (&lock);
  return NULL;
}

// Under the lock. Returns: (nullable): %NULL when there is nothing to ask, or when the last ones still keep a thread
static Survey *
survey_start (GPtrArray *mounts, gboolean remote)
{
  if (asking[remote] != NULL)
    return NULL;
  Survey *survey = g_new0 (Survey, 1);
  g_ref_count_init (&survey->count);
  survey->remote = remote;
  for (guint i = 0; i < mounts->len && i < BL_INVENTORY_MAX_MOUNTS; i++)
    {
      const BlInventoryMount *mount = mounts->pdata[i];
      if (mount->remote == remote)
        survey->points[survey->n++] = g_strdup (mount->point);
    }
  g_ref_count_inc (&survey->count);
  GThread *thread = survey->n > 0 ? g_thread_try_new ("volumes", survey_thread, survey, NULL) : NULL;
  if (thread == NULL)
    {
      survey_unref (survey);
      survey_unref (survey);
      return NULL;
    }
  g_thread_unref (thread);
  asking[remote] = survey;
  return survey;
}

// Under the lock.
static void
take (GPtrArray *mounts, Survey *survey)
{
  guint n = 0;
  for (guint i = 0; i < mounts->len && n < survey->n; i++)
    {
      BlInventoryMount *mount = mounts->pdata[i];
      if (mount->remote != survey->remote)
        continue;
      mount->size = survey->sizes[n][0];
      mount->used = survey->sizes[n][1];
      mount->available = survey->sizes[n][2];
      n++;
    }
}

void
bl_inventory_mounts_measure (GPtrArray *mounts, guint milliseconds)
{
  const gint64 deadline = g_get_monotonic_time () + (gint64)milliseconds * 1000;
  g_mutex_lock (&lock);
  Survey *surveys[2] = { survey_start (mounts, FALSE), survey_start (mounts, TRUE) };
  for (guint i = 0; i < 2; i++)
    {
      if (surveys[i] == NULL)
        continue;
      while (!surveys[i]->done && g_cond_wait_until (&answered, &lock, deadline))
        ;
      take (mounts, surveys[i]);
      survey_unref (surveys[i]);
    }
  g_mutex_unlock (&lock);
}

// ---- description ---------------------------------------------------------------------------------------------------

GVariant *
bl_inventory_mounts_describe (GPtrArray *mounts)
{
  GVariantBuilder list;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < mounts->len; i++)
    {
      const BlInventoryMount *mount = mounts->pdata[i];
      GVariantBuilder item;
      g_autofree char *point = g_utf8_make_valid (mount->point, -1);
      g_variant_builder_init (&item, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&item, "{sv}", "mount_point", g_variant_new_string (point));
      g_variant_builder_add (&item, "{sv}", "type", g_variant_new_string (mount->type));
      g_variant_builder_add (&item, "{sv}", "source", g_variant_new_string (mount->source));
      if (mount->size > 0)
        {
          g_variant_builder_add (&item, "{sv}", "size", g_variant_new_int64 ((gint64)(mount->size / 1024)));
          g_variant_builder_add (&item, "{sv}", "used", g_variant_new_int64 ((gint64)(mount->used / 1024)));
          g_variant_builder_add (&item, "{sv}", "available", g_variant_new_int64 ((gint64)(mount->available / 1024)));
        }
      if (mount->read_only)
        g_variant_builder_add (&item, "{sv}", "readonly", g_variant_new_boolean (TRUE));
      g_variant_builder_add (&list, "v", g_variant_builder_end (&item));
    }
  return g_variant_builder_end (&list);
}
