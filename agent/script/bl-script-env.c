// SPDX-License-Identifier: Apache-2.0
// BlScriptEnv: what the runner's own operations share, the table of these operations, and
// the script's data store (texts by key, kept by the agent for it).

#include "bl-script-private.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "common/bl-variant.h"

#define DATA_GROUP "data"
#define DATA_KEYS_MAX 1000
#define DATA_VALUE_MAX (64u * 1024)

static void
close_file (gpointer fd)
{
  close (GPOINTER_TO_INT (fd));
}

BlScriptEnv *
bl_script_env_new (const char *state_dir)
{
  BlScriptEnv *env = g_new0 (BlScriptEnv, 1);

  env->files = g_hash_table_new_full (NULL, NULL, NULL, close_file);
  env->next_file = 1;
  env->accepted = g_hash_table_new_full (NULL, NULL, NULL, close_file);
  env->data_path = state_dir != NULL ? g_build_filename (state_dir, "script-data", NULL) : NULL;
  return env;
}

void
bl_script_env_free (BlScriptEnv *env)
{
  g_hash_table_unref (env->files);
  g_hash_table_unref (env->accepted);
  g_clear_pointer (&env->data, g_key_file_unref);
  g_free (env->data_path);
  g_free (env);
}

gint
bl_script_env_add_accepted (BlScriptEnv *env, int fd)
{
  if (g_hash_table_size (env->accepted) >= BL_SCRIPT_ACCEPTED_MAX || env->next_accepted == G_MAXINT)
    {
      close (fd);
      return 0;
    }
  env->next_accepted++;
  g_hash_table_insert (env->accepted, GINT_TO_POINTER (env->next_accepted), GINT_TO_POINTER (fd));
  return env->next_accepted;
}

int
bl_script_env_take_accepted (BlScriptEnv *env, gint64 number)
{
  gpointer fd = NULL;

  if (number < 1 || number > G_MAXINT
      || !g_hash_table_steal_extended (env->accepted, GINT_TO_POINTER ((gint) number), NULL, &fd))
    return -1;
  return GPOINTER_TO_INT (fd);
}

const char *
bl_script_arg_string (GVariant *args, const char *key, GError **error)
{
  const char *value = bl_variant_get_string (args, key);

  if (value == NULL)
    g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "argument \"%s\": a text is expected", key);
  return value;
}

gint64
bl_script_arg_int (GVariant *args, const char *key, gint64 otherwise)
{
  return bl_variant_get_int (args, key, otherwise);
}

BlScriptOperation
bl_script_operation_find (const char *name)
{
  const BlScriptOperationEntry *tables[] = { bl_script_fs_operations, bl_script_os_operations, bl_script_db_operations };

  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const BlScriptOperationEntry *entry = tables[i]; entry->name != NULL; entry++)
      if (strcmp (entry->name, name) == 0)
        return entry->run;
  return NULL;
}

// --- data store -------------------------------------------------------------------------

static GKeyFile *
get_data (BlScriptEnv *env)
{
  if (env->data != NULL)
    return env->data;
  env->data = g_key_file_new ();
  // A missing or damaged file is an empty store.
  if (env->data_path != NULL)
    g_key_file_load_from_file (env->data, env->data_path, G_KEY_FILE_NONE, NULL);
  return env->data;
}

static gboolean
save_data (BlScriptEnv *env, GError **error)
{
  g_autofree char *text = NULL;
  gsize size;

  if (env->data_path == NULL)
    return TRUE;
  text = g_key_file_to_data (env->data, &size, NULL);
  return g_file_set_contents_full (env->data_path, text, (gssize) size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static char *
data_key (GVariant *args, GError **error)
{
  const char *key = bl_script_arg_string (args, "key", error);

  if (key == NULL)
    return NULL;
  if (*key == '\0' || strlen (key) > 256)
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "argument \"key\": 1 to 256 bytes are expected");
      return NULL;
    }
  return g_uri_escape_string (key, NULL, FALSE);
}

static GVariant *
empty_result (void)
{
  return g_variant_new ("a{sv}", NULL);
}

static GVariant *
db_put (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autofree char *key = data_key (args, error);
  const char *value = key != NULL ? bl_script_arg_string (args, "value", error) : NULL;
  g_auto (GStrv) keys = g_key_file_get_keys (get_data (env), DATA_GROUP, NULL, NULL);

  if (value == NULL)
    return NULL;
  if (strlen (value) > DATA_VALUE_MAX || (keys != NULL && g_strv_length (keys) >= DATA_KEYS_MAX))
    {
      g_set_error (error, BL_SCRIPT_ERROR, BL_SCRIPT_ERROR_FAILED, "the data store takes %d keys of at most %u bytes",
                   DATA_KEYS_MAX, DATA_VALUE_MAX);
      return NULL;
    }
  g_key_file_set_string (env->data, DATA_GROUP, key, value);
  return save_data (env, error) ? empty_result () : NULL;
}

static GVariant *
db_get (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autofree char *key = data_key (args, error);
  g_autofree char *value = key != NULL ? g_key_file_get_string (get_data (env), DATA_GROUP, key, NULL) : NULL;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  if (key == NULL)
    return NULL;
  if (value != NULL)
    g_variant_dict_insert (&dict, "value", "s", value);
  return g_variant_dict_end (&dict);
}

static GVariant *
db_delete (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_autofree char *key = data_key (args, error);

  if (key == NULL)
    return NULL;
  g_key_file_remove_key (get_data (env), DATA_GROUP, key, NULL);
  return save_data (env, error) ? empty_result () : NULL;
}

static GVariant *
db_keys (BlScriptEnv *env, GVariant *args, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (get_data (env), DATA_GROUP, NULL, NULL);
  GVariantBuilder builder;
  g_auto (GVariantDict) dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; keys != NULL && keys[i] != NULL; i++)
    {
      g_autofree char *key = g_uri_unescape_string (keys[i], NULL);

      if (key != NULL)
        g_variant_builder_add (&builder, "s", key);
    }
  g_variant_dict_insert_value (&dict, "keys", g_variant_builder_end (&builder));
  return g_variant_dict_end (&dict);
}

const BlScriptOperationEntry bl_script_db_operations[] = {
  { "db.put", db_put }, { "db.get", db_get }, { "db.delete", db_delete }, { "db.keys", db_keys }, { NULL, NULL },
};
