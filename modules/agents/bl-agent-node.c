// SPDX-License-Identifier: Apache-2.0
/* Documents of devices. */
#include "bl-agent-node.h"

#include <string.h>

#include "common/bl-variant.h"

/* From the handshake come these bits, from the core all others. */
#define CAPS_OF_AGENT (BL_AGENT_CAP_CONSOLE | BL_AGENT_CAP_JAVASCRIPT)

/* Sets a field and keeps the order of the others, so that an unchanged object compares equal. */
static void
set (GVariant **doc, const char *key, GVariant *value)
{
  g_autoptr (GVariant) before = *doc;

  *doc = bl_doc_set (before, key, value);
}

static void
set_int (GVariant **doc, const char *key, gint64 value)
{
  set (doc, key, g_variant_new_int64 (value));
}

static void
unset (GVariant **doc, const char *key)
{
  g_autoptr (GVariant) before = *doc;

  *doc = bl_doc_remove (before, key);
}

static GVariant *
dup_or_new (GVariant *doc)
{
  return doc != NULL ? g_variant_ref (doc) : bl_doc_new ();
}

static GVariant *
make_agent (GVariant *before, const BlAgentAuthInfo *info)
{
  GVariant *agent = dup_or_new (before);
  gint64 caps = info->capabilities;

  /* What its core reported last time holds until the core says otherwise. */
  if (before != NULL)
    caps = (caps & CAPS_OF_AGENT) | (bl_variant_get_int (before, "caps", caps) & ~(gint64) CAPS_OF_AGENT);
  set_int (&agent, "ver", info->agent_version);
  set_int (&agent, "id", info->agent_id);
  set_int (&agent, "caps", caps);
  return agent;
}

GVariant *
bl_agent_node_new (const char *node_id,
                   const char *mesh_id,
                   const BlAgentAuthInfo *info,
                   const char *agent_name,
                   const char *address,
                   gint64 now_ms)
{
  g_autoptr (GVariant) agent = make_agent (NULL, info);
  const char *computer = info->name_len > 0 ? info->name : "(unknown)";
  GVariantBuilder node;

  g_variant_builder_init (&node, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&node, "{sv}", "_id", g_variant_new_string (node_id));
  g_variant_builder_add (&node, "{sv}", "type", g_variant_new_string ("node"));
  g_variant_builder_add (&node, "{sv}", "mtype", g_variant_new_int64 (2));
  g_variant_builder_add (&node, "{sv}", "icon", g_variant_new_int64 (info->platform));
  g_variant_builder_add (&node, "{sv}", "meshid", g_variant_new_string (mesh_id));
  g_variant_builder_add (&node, "{sv}", "name", g_variant_new_string (agent_name != NULL ? agent_name : computer));
  g_variant_builder_add (&node, "{sv}", "rname", g_variant_new_string (computer));
  g_variant_builder_add (&node, "{sv}", "domain", g_variant_new_string (""));
  g_variant_builder_add (&node, "{sv}", "agent", agent);
  g_variant_builder_add (&node, "{sv}", "host", g_variant_new_string (address));
  g_variant_builder_add (&node, "{sv}", "ip", g_variant_new_string (address));
  g_variant_builder_add (&node, "{sv}", "firstconnect", g_variant_new_int64 (now_ms));
  return g_variant_ref_sink (g_variant_builder_end (&node));
}

/* Adds @value (sunk) to @patch if the document has something else. Returns: whether it has. */
static gboolean
put (GVariantDict *patch, GVariant *doc, const char *key, GVariant *value)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autoptr (GVariant) before = bl_variant_get_child (doc, key);

  if (before != NULL && g_variant_equal (before, owned))
    return FALSE;
  g_variant_dict_insert_value (patch, key, owned);
  return TRUE;
}

GVariant *
bl_agent_node_refresh (
    GVariant *node, const BlAgentAuthInfo *info, gboolean sync_name, const char *agent_name, const char *address)
{
  g_autoptr (GVariant) before = bl_variant_get_object (node, "agent");
  g_autoptr (GVariant) agent = make_agent (before, info);
  GVariantDict patch;

  g_variant_dict_init (&patch, NULL);
  put (&patch, node, "agent", agent);
  put (&patch, node, "ip", g_variant_new_string (address));
  put (&patch, node, "host", g_variant_new_string (address));
  if (info->name_len > 0)
    put (&patch, node, "rname", g_variant_new_string (info->name));
  if (sync_name && agent_name != NULL)
    put (&patch, node, "name", g_variant_new_string (agent_name));
  else if (sync_name && info->name_len > 0)
    put (&patch, node, "name", g_variant_new_string (info->name));
  return g_variant_ref_sink (g_variant_dict_end (&patch));
}

/* ---- coreinfo --------------------------------------------------------------------------------------------------- */

static void
tell (GString *what, const char *text)
{
  if (what->len > 0)
    g_string_append (what, ", ");
  g_string_append (what, text);
}

static void
apply_agent (GVariantDict *patch, GVariant *node, GVariant *report)
{
  g_autoptr (GVariant) before = bl_variant_get_object (node, "agent");
  g_autoptr (GVariant) agent = dup_or_new (before);

  if (bl_variant_has (report, "caps"))
    {
      gint64 caps = bl_variant_get_int (report, "caps", 0) & ~(gint64) CAPS_OF_AGENT;
      const char *core = bl_variant_get_string (report, "value");

      caps |= bl_variant_get_int (before, "caps", 0) & CAPS_OF_AGENT;
      set_int (&agent, "caps", caps);
      if (core != NULL)
        set (&agent, "core", g_variant_new_string (core));
      else
        unset (&agent, "core");
    }
  if (bl_variant_has (report, "root"))
    set (&agent, "root", g_variant_new_boolean (bl_variant_get_bool (report, "root", FALSE)));
  put (patch, node, "agent", agent);
}

/* The form the agent reports is not the form that is kept. */
static void
apply_amt (GVariantDict *patch, GVariant *node, GVariant *report, GString *what)
{
  g_autoptr (GVariant) amt = bl_variant_get_object (report, "intelamt");
  g_autoptr (GVariant) versions = amt != NULL ? bl_variant_get_object (amt, "Versions") : NULL;
  g_autoptr (GVariant) before = bl_variant_get_object (node, "intelamt");
  const char *version = bl_variant_get_string (versions, "AMT");
  const char *sku = bl_variant_get_string (versions, "Sku");
  const char *uuid = bl_variant_get_string (amt, "UUID");
  g_autoptr (GVariant) kept = dup_or_new (before);

  if (amt == NULL)
    return;
  if (version != NULL && strlen (version) < 12)
    set (&kept, "ver", g_variant_new_string (version));
  if (sku != NULL)
    set_int (&kept, "sku", g_ascii_strtoll (sku, NULL, 10));
  if (bl_variant_has (amt, "ProvisioningState"))
    set_int (&kept, "state", bl_variant_get_int (amt, "ProvisioningState", 0));
  if (bl_variant_has (amt, "Flags"))
    set_int (&kept, "flags", bl_variant_get_int (amt, "Flags", 0));
  if (uuid != NULL)
    set (&kept, "uuid", g_variant_new_string (uuid));
  if (put (patch, node, "intelamt", kept))
    tell (what, "AMT");
}

GVariant *
bl_agent_node_apply_core_info (GVariant *node, GVariant *report, char **what)
{
  /* Taken over as they are, quietly. */
  static const char *const plain[] = { "users", "lusers", "av", "wsc", "defender", "lastbootuptime", "pmt" };
  g_autoptr (GString) changes = g_string_new (NULL);
  const char *name = bl_variant_get_string (report, "name");
  const char *osdesc = bl_variant_get_string (report, "osdesc");
  GVariantDict patch;

  g_variant_dict_init (&patch, NULL);
  apply_agent (&patch, node, report);
  apply_amt (&patch, node, report, changes);
  if (name != NULL && *name != '\0' && put (&patch, node, "name", g_variant_new_string (name)))
    tell (changes, "name");
  if (osdesc != NULL && put (&patch, node, "osdesc", g_variant_new_string (osdesc)))
    tell (changes, "os desc");
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    {
      g_autoptr (GVariant) value = bl_variant_get_child (report, plain[i]);
      if (value != NULL && !bl_variant_is_null (value))
        put (&patch, node, plain[i], value);
    }
  *what = changes->len > 0 ? g_strdup (changes->str) : NULL;
  return g_variant_ref_sink (g_variant_dict_end (&patch));
}

/* ---- tag -------------------------------------------------------------------------------------------------------- */

#define MAX_TAGS 64u /* one device may have */
#define MAX_TAG_LENGTH 64u

/* Returns: (transfer none) (nullable): what follows @prefix in the first line that has something behind it */
static const char *
find_line (char **lines, const char *prefix)
{
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_has_prefix (lines[i], prefix) && lines[i][strlen (prefix)] != '\0')
      return g_strstrip (lines[i] + strlen (prefix));
  return NULL;
}

static const char *
find_tag (char **lines)
{
  for (guint i = 0; lines[i] != NULL; i++)
    if (lines[i][0] != '\0' && lines[i][0] != '~')
      return lines[i];
  return NULL;
}

static int
compare_tags (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
add_tag (GPtrArray *tags, const char *tag)
{
  if (tags->len < MAX_TAGS && *tag != '\0' && strlen (tag) <= MAX_TAG_LENGTH
      && !g_ptr_array_find_with_equal_func (tags, tag, g_str_equal, NULL))
    g_ptr_array_add (tags, g_strdup (tag));
}

/* Returns: (transfer floating) */
static GVariant *
merge_tags (GVariant *node, const char *asked, gboolean add)
{
  g_autoptr (GPtrArray) tags = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) before = add ? bl_variant_get_strv (node, "tags") : NULL;
  g_auto (GStrv) given = g_strsplit (asked, ",", (gint) MAX_TAGS);
  GVariantBuilder array;

  for (guint i = 0; before != NULL && before[i] != NULL; i++)
    add_tag (tags, before[i]);
  for (guint i = 0; given[i] != NULL; i++)
    add_tag (tags, g_strstrip (given[i]));
  g_ptr_array_sort (tags, compare_tags);
  g_variant_builder_init (&array, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < tags->len; i++)
    g_variant_builder_add (&array, "v", g_variant_new_string (g_ptr_array_index (tags, i)));
  return g_variant_builder_end (&array);
}

static void
apply_asked (GVariantDict *patch, GVariant *node, char **lines, const char *const *allowed)
{
  const char *name = find_line (lines, "~ServerName:");
  const char *description = find_line (lines, "~ServerDesc:");
  const char *tags = find_line (lines, "~ServerTags:");
  const char *described = bl_variant_get_string (node, "desc");
  g_auto (GStrv) tagged = bl_variant_get_strv (node, "tags");
  const gboolean no_text = described == NULL || *described == '\0', no_tags = tagged == NULL || tagged[0] == NULL;

  if (name != NULL && *name != '\0' && strlen (name) <= BL_DEVICE_NAME_MAX && g_strv_contains (allowed, "name"))
    put (patch, node, "name", g_variant_new_string (name));
  if (description != NULL && strlen (description) <= BL_DESCRIPTION_MAX
      && (g_strv_contains (allowed, "description") || (no_text && g_strv_contains (allowed, "description-if-empty"))))
    put (patch, node, "desc", g_variant_new_string (description));
  if (tags != NULL
      && (g_strv_contains (allowed, "tags") || g_strv_contains (allowed, "tags-add")
          || (no_tags && g_strv_contains (allowed, "tags-if-empty"))))
    put (patch, node, "tags", merge_tags (node, tags, !g_strv_contains (allowed, "tags")));
}

GVariant *
bl_agent_node_apply_tag (GVariant *node, const char *text, gsize length, const char *const *allowed)
{
  g_autoptr (GVariant) before = bl_variant_get_object (node, "agent");
  g_autoptr (GVariant) agent = dup_or_new (before);
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) length);
  g_auto (GStrv) lines = NULL;
  const char *tag;
  GVariantDict patch;

  for (char *c = valid; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c) && *c != '\n' && *c != '\r')
      *c = ' ';
  lines = g_strsplit_set (valid, "\r\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    g_strstrip (lines[i]);
  tag = find_tag (lines);
  if (tag != NULL)
    set (&agent, "tag", g_variant_new_string (tag));
  else
    unset (&agent, "tag");
  g_variant_dict_init (&patch, NULL);
  put (&patch, node, "agent", agent);
  apply_asked (&patch, node, lines, allowed);
  return g_variant_ref_sink (g_variant_dict_end (&patch));
}

GVariant *
bl_agent_node_apply_no_core (GVariant *node)
{
  g_autoptr (GVariant) before = bl_variant_get_object (node, "agent");
  g_autoptr (GVariant) agent = dup_or_new (before);
  GVariantDict patch;

  set_int (&agent, "caps", bl_variant_get_int (before, "caps", 0) & CAPS_OF_AGENT);
  unset (&agent, "core");
  g_variant_dict_init (&patch, NULL);
  put (&patch, node, "agent", agent);
  return g_variant_ref_sink (g_variant_dict_end (&patch));
}

/* ---- showing ---------------------------------------------------------------------------------------------------- */

static void
replace_secret (GVariantDict *dict, const char *key)
{
  if (g_variant_dict_contains (dict, key))
    g_variant_dict_insert (dict, key, "x", (gint64) 1);
}

/* Accounts kept for a user become the kind of what is kept: 1 password, 2 key and its pass phrase, 3 key. */
static void
hide_accounts (GVariantDict *safe, GVariant *node, const char *key)
{
  g_autoptr (GVariant) accounts = bl_variant_get_object (node, key);
  GVariantDict hidden;
  GVariantIter iter;
  const char *user;
  GVariant *boxed;

  if (accounts == NULL)
    return;
  g_variant_dict_init (&hidden, NULL);
  g_variant_iter_init (&iter, accounts);
  while (g_variant_iter_loop (&iter, "{&sv}", &user, &boxed))
    {
      gboolean is_object = g_variant_is_of_type (boxed, G_VARIANT_TYPE_VARDICT);
      gint64 kind = 1;

      if (!g_str_has_prefix (user, "user/"))
        continue;
      if (is_object && !bl_variant_has (boxed, "p") && bl_variant_has (boxed, "k"))
        kind = bl_variant_has (boxed, "kp") ? 2 : 3;
      g_variant_dict_insert (&hidden, user, "x", kind);
    }
  g_variant_dict_insert_value (safe, key, g_variant_dict_end (&hidden));
}

GVariant *
bl_agent_node_safe (GVariant *node)
{
  g_autoptr (GVariant) amt = bl_variant_get_object (node, "intelamt");
  GVariantDict safe, safe_amt;

  if (amt == NULL && !bl_variant_has (node, "pmt") && !bl_variant_has (node, "ssh") && !bl_variant_has (node, "rdp"))
    return g_variant_ref (node);
  g_variant_dict_init (&safe, node);
  replace_secret (&safe, "pmt");
  hide_accounts (&safe, node, "ssh");
  hide_accounts (&safe, node, "rdp");
  if (amt != NULL)
    {
      g_variant_dict_init (&safe_amt, amt);
      replace_secret (&safe_amt, "pass");
      replace_secret (&safe_amt, "mpspass");
      g_variant_dict_insert_value (&safe, "intelamt", g_variant_dict_end (&safe_amt));
    }
  return g_variant_ref_sink (g_variant_dict_end (&safe));
}
