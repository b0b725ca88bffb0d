// SPDX-License-Identifier: Apache-2.0
#define G_LOG_DOMAIN "bowline-agent"

#include "bl-agent-features.h"

#include "bl-table.h"
#include "common/bl-rights-bits.h"
#include "common/bl-variant.h"

#include <string.h>

#define PROTOCOLS_MAX 64u

typedef struct
{
  BowlineHost *owner;
  BowlineAgentFeature table;
  gpointer user_data;
} Feature;

struct _BlAgentFeatures
{
  GPtrArray *list;       // Feature
  GHashTable *protocols; // number -> Feature
  GHashTable *messages;  // "action" or "msg/type" -> Feature
  BlAgentChannel *channel;
  guint calls;
};

struct _BowlineMessageCall
{
  gatomicrefcount count;
  GVariant *message;
  gboolean is_local; // this agent asked, not the server
  BlAgentFeaturesAnswered answered;
  gpointer user_data;
};

static BlAgentFeatures *installed;

BlAgentFeatures *
bl_agent_features_new (void)
{
  BlAgentFeatures *features = g_new0 (BlAgentFeatures, 1);
  features->list = g_ptr_array_new_with_free_func (g_free);
  features->protocols = g_hash_table_new (NULL, NULL);
  features->messages = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return features;
}

void
bl_agent_features_free (BlAgentFeatures *features)
{
  if (features == NULL)
    return;
  if (installed == features)
    installed = NULL;
  g_hash_table_unref (features->protocols);
  g_hash_table_unref (features->messages);
  g_ptr_array_unref (features->list);
  g_free (features);
}

void
bl_agent_features_set_channel (BlAgentFeatures *features, BlAgentChannel *channel)
{
  features->channel = channel;
}

// ---- registration --------------------------------------------------------------------------------------------------

static gboolean
check_free (BlAgentFeatures *features, const BowlineAgentFeature *table, GError **error)
{
  for (guint i = 0; table->protocols != NULL && table->protocols[i] != G_MAXUINT32; i++)
    {
      if (i >= PROTOCOLS_MAX || g_hash_table_contains (features->protocols, GUINT_TO_POINTER (table->protocols[i])))
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS,
                       "feature %s: tunnel protocol %u is served by another feature", table->name, table->protocols[i]);
          return FALSE;
        }
    }
  for (guint i = 0; table->messages != NULL && table->messages[i] != NULL; i++)
    {
      if (g_hash_table_contains (features->messages, table->messages[i]))
        {
          g_set_error (error, BOWLINE_ERROR, BOWLINE_ERROR_EXISTS,
                       "feature %s: message %s is served by another feature", table->name, table->messages[i]);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
register_feature (BowlineHost *host, const BowlineAgentFeature *feature, gpointer user_data, GError **error)
{
  BlAgentFeatures *features = installed;
  g_autofree Feature *entry = g_new0 (Feature, 1);
  if (!bl_table_copy (&entry->table, sizeof entry->table, feature, sizeof entry->table, "feature", error))
    return FALSE;
  entry->owner = host;
  entry->user_data = user_data;
  if (entry->table.name == NULL)
    {
      g_set_error_literal (error, BOWLINE_ERROR, BOWLINE_ERROR_INVALID, "feature: name: expected a text, found nothing");
      return FALSE;
    }
  if (!check_free (features, &entry->table, error))
    return FALSE;
  for (guint i = 0; entry->table.protocols != NULL && entry->table.protocols[i] != G_MAXUINT32; i++)
    g_hash_table_insert (features->protocols, GUINT_TO_POINTER (entry->table.protocols[i]), entry);
  for (guint i = 0; entry->table.messages != NULL && entry->table.messages[i] != NULL; i++)
    g_hash_table_insert (features->messages, g_strdup (entry->table.messages[i]), entry);
  g_ptr_array_add (features->list, g_steal_pointer (&entry));
  return TRUE;
}

static gboolean
owned_by (gpointer key, gpointer value, gpointer user_data)
{
  return ((Feature *)value)->owner == user_data;
}

void
bl_agent_features_remove_owner (BlAgentFeatures *features, BowlineHost *owner)
{
  g_hash_table_foreach_remove (features->protocols, owned_by, owner);
  g_hash_table_foreach_remove (features->messages, owned_by, owner);
  for (guint i = features->list->len; i > 0; i--)
    {
      if (((Feature *)features->list->pdata[i - 1])->owner == owner)
        g_ptr_array_remove_index (features->list, i - 1);
    }
}

// ---- use -----------------------------------------------------------------------------------------------------------

guint32
bl_agent_features_get_capabilities (BlAgentFeatures *features)
{
  guint32 capabilities = 0;
  for (guint i = 0; i < features->list->len; i++)
    capabilities |= ((Feature *)features->list->pdata[i])->table.capabilities;
  return capabilities;
}

gboolean
bl_agent_features_serves_protocol (BlAgentFeatures *features, guint32 protocol)
{
  return g_hash_table_contains (features->protocols, GUINT_TO_POINTER (protocol));
}

gboolean
bl_agent_features_open_tunnel (BlAgentFeatures *features, guint32 protocol, BowlineTunnel *tunnel)
{
  Feature *feature = g_hash_table_lookup (features->protocols, GUINT_TO_POINTER (protocol));
  if (feature == NULL || feature->table.tunnel_opened == NULL)
    return FALSE;
  feature->table.tunnel_opened (tunnel, feature->user_data);
  return TRUE;
}

gboolean
bl_agent_features_dispatch (BlAgentFeatures *features, GVariant *message)
{
  return bl_agent_features_call (features, message, NULL, NULL);
}

gboolean
bl_agent_features_call (BlAgentFeatures *features, GVariant *message, BlAgentFeaturesAnswered answered, gpointer user_data)
{
  const char *action = bl_variant_get_string (message, "action"), *type = bl_variant_get_string (message, "type");
  if (action == NULL)
    return FALSE;
  g_autofree char *name = g_str_equal (action, "msg") ? g_strconcat ("msg/", type != NULL ? type : "", NULL)
                                                      : g_strdup (action);
  Feature *feature = g_hash_table_lookup (features->messages, name);
  if (feature == NULL || feature->table.message == NULL)
    return FALSE;
  if (features->calls >= BL_AGENT_MAX_CALLS)
    {
      g_warning ("%s: %u messages are being worked on already; this one is dropped", name, features->calls);
      if (answered != NULL)
        answered (NULL, user_data);
      return TRUE;
    }
  BowlineMessageCall *call = g_new0 (BowlineMessageCall, 1);
  g_atomic_ref_count_init (&call->count);
  call->message = g_variant_ref (message);
  call->is_local = answered != NULL;
  call->answered = answered;
  call->user_data = user_data;
  features->calls++;
  feature->table.message (call, feature->user_data);
  bowline_message_call_unref (call);
  return TRUE;
}

void
bl_agent_features_connected (BlAgentFeatures *features)
{
  for (guint i = 0; i < features->list->len; i++)
    {
      Feature *feature = features->list->pdata[i];
      if (feature->table.connected != NULL)
        feature->table.connected (feature->user_data);
    }
}

void
bl_agent_features_disconnected (BlAgentFeatures *features)
{
  for (guint i = 0; i < features->list->len; i++)
    {
      Feature *feature = features->list->pdata[i];
      if (feature->table.disconnected != NULL)
        feature->table.disconnected (feature->user_data);
    }
}

// ---- behind <bowline/agent.h> --------------------------------------------------------------------------------------

static gboolean
send_message (BowlineHost *host, GVariant *message)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (message);
  return installed != NULL && installed->channel != NULL && bl_agent_channel_send_json (installed->channel, owned);
}

static gboolean
is_connected (BowlineHost *host)
{
  return installed != NULL && installed->channel != NULL && bl_agent_channel_is_connected (installed->channel);
}

static guint32
get_capabilities (BowlineHost *host)
{
  return installed != NULL ? bl_agent_features_get_capabilities (installed) : 0;
}

static BowlineMessageCall *
call_ref (BowlineMessageCall *call)
{
  g_atomic_ref_count_inc (&call->count);
  return call;
}

static void
tell_answer (BowlineMessageCall *call, GVariant *answer)
{
  const BlAgentFeaturesAnswered answered = g_steal_pointer (&call->answered);
  if (answered != NULL)
    answered (answer, call->user_data);
}

static void
call_unref (BowlineMessageCall *call)
{
  if (!g_atomic_ref_count_dec (&call->count))
    return;
  tell_answer (call, NULL);
  if (installed != NULL)
    installed->calls--;
  g_variant_unref (call->message);
  g_free (call);
}

static GVariant *
call_get_message (BowlineMessageCall *call)
{
  return call->message;
}

static guint32
call_get_rights (BowlineMessageCall *call)
{
  // The server itself sends no rights; what a user asked for always carries them.
  const gint64 rights = bl_variant_get_int (call->message, "rights", -1);
  if (rights >= 0 && rights <= G_MAXUINT32)
    return (guint32)rights;
  return bl_variant_has (call->message, "rights") || bl_variant_has (call->message, "userid") ? 0 : BL_RIGHT_ALL;
}

static void
call_answer (BowlineMessageCall *call, GVariant *answer)
{
  static const char *const repeated[] = { "action", "type", "sessionid", "responseid", "tag" };
  g_autoptr (GVariant) owned = g_variant_ref_sink (answer);
  GVariantBuilder frame;
  if (call->is_local)
    {
      tell_answer (call, owned);
      return;
    }
  g_variant_builder_init (&frame, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < G_N_ELEMENTS (repeated); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (call->message, repeated[i]);
      if (value != NULL && !bl_variant_has (owned, repeated[i]))
        g_variant_builder_add (&frame, "{sv}", repeated[i], value);
    }
  GVariantIter iter;
  const char *key;
  GVariant *value;
  g_variant_iter_init (&iter, owned);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_builder_add (&frame, "{sv}", key, value);
  send_message (NULL, g_variant_builder_end (&frame));
}

void
bl_agent_features_install (BlAgentFeatures *features)
{
  static const BowlineAgentFeatureOps feature_ops
      = { .register_agent_feature = register_feature, .send = send_message, .is_connected = is_connected,
          .get_capabilities = get_capabilities };
  static const BowlineMessageCallOps call_ops = {
    .ref = call_ref, .unref = call_unref, .get_message = call_get_message, .get_rights = call_get_rights,
    .answer = call_answer,
  };
  installed = features;
  bowline_private_install_agent_feature_ops (&feature_ops);
  bowline_private_install_message_call_ops (&call_ops);
}
