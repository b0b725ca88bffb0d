// SPDX-License-Identifier: Apache-2.0
#include "bl-import-convert.h"

#include "bl-directory-private.h"
#include "bl-document-index.h"
#include "bl-event-log.h"
#include "common/bl-ids.h"
#include "common/bl-nedb.h"
#include "common/bl-variant.h"

#include <gnutls/crypto.h>
#include <string.h>

#define KEY_DIGITS 160u
/* MeshCentral's form of a password (migration.md section 5). */
#define PBKDF2_ROUNDS 12000u
#define PBKDF2_BYTES 128u
#define OTHER_DOMAIN "of another domain than the default one, and Bowline serves one domain"
#define BAD_ID "its id is not one that Bowline can keep"
#define DAY_MS (G_GINT64_CONSTANT (86400) * 1000)

static const char *const kind_names[BL_IMPORT_N_KINDS] = {
  [BL_IMPORT_KEY] = "key",
  [BL_IMPORT_USER] = "account",
  [BL_IMPORT_USER_GROUP] = "user group",
  [BL_IMPORT_DEVICE_GROUP] = "device group",
  [BL_IMPORT_DEVICE] = "device",
  [BL_IMPORT_LAST_CONNECTION] = "last connection",
  [BL_IMPORT_NETWORK] = "network information",
  [BL_IMPORT_SYSTEM] = "system information",
  [BL_IMPORT_NOTE] = "note",
  [BL_IMPORT_LOGIN_TOKEN] = "login token",
  [BL_IMPORT_SHARE] = "device share",
  [BL_IMPORT_PAGE_STATE] = "page state",
  [BL_IMPORT_PICTURE] = "account picture",
  [BL_IMPORT_OTHER] = "other document",
};

const char *
bl_import_kind_name (BlImportKind kind)
{
  return kind_names[kind];
}

gboolean
bl_import_kind_has_links (BlImportKind kind)
{
  return kind >= BL_IMPORT_USER && kind <= BL_IMPORT_DEVICE;
}

void
bl_import_document_clear (BlImportDocument *document)
{
  g_clear_pointer (&document->document, g_variant_unref);
  g_clear_pointer (&document->owner, g_free);
  g_clear_pointer (&document->second_owner, g_free);
}

/* ---- small steps
 * ------------------------------------------------------------------------------------------------ */

/* Takes the reference in *@document and puts the new one there. */
static void
take (GVariant **document, GVariant *changed)
{
  g_variant_unref (*document);
  *document = changed;
}

static void
remove_members (GVariant **document, const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    take (document, bl_doc_remove (*document, names[i]));
}

static void
set_text (GVariant **document, const char *name, const char *text)
{
  if (g_strcmp0 (bl_variant_get_string (*document, name), text) != 0)
    take (document, bl_doc_set_string (*document, name, text));
}

/* Returns: why an id of @kinds cannot be taken; %NULL when it can */
static const char *
check_id (const char *id, guint kinds)
{
  BlId parsed;

  if (!bl_id_parse (id, kinds, &parsed, NULL))
    return g_str_has_prefix (id, "user//~") ? "internal, or of an identity provider: it has no password here"
                                            : BAD_ID;
  return parsed.domain_len > 0 ? OTHER_DOMAIN : NULL;
}

/* ---- accounts
 * --------------------------------------------------------------------------------------------------- */

/* A password that was never hashed gets MeshCentral's usual form, and Bowline's own at the next login. */
static void
hash_plain_password (GVariant **account)
{
  guint8 salt[128], key[PBKDF2_BYTES];
  g_autofree char *password = g_strdup (bl_variant_get_string (*account, "hash"));

  if (password == NULL || bl_variant_get_int (*account, "passtype", -1) != 0)
    return;
  bl_random_bytes (salt, sizeof salt);
  g_autofree char *salt_text = g_base64_encode (salt, sizeof salt);
  gnutls_datum_t password_datum = { (guint8 *)password, (unsigned)strlen (password) };
  gnutls_datum_t salt_datum = { (guint8 *)salt_text, (unsigned)strlen (salt_text) };
  if (gnutls_pbkdf2 (GNUTLS_MAC_SHA384, &password_datum, &salt_datum, PBKDF2_ROUNDS, key, sizeof key) < 0)
    {
      /* Without a hash nobody logs in; the plain text must not stay. */
      take (account, bl_doc_remove (*account, "hash"));
      return;
    }
  g_autofree char *hash = g_base64_encode (key, sizeof key);
  take (account, bl_doc_set_string (*account, "hash", hash));
  take (account, bl_doc_set_string (*account, "salt", salt_text));
  take (account, bl_doc_remove (*account, "passtype"));
}

/* Keys of the old U2F kind, which no browser takes any more, go. */
static void
filter_security_keys (GVariant **account)
{
  g_autoptr (GVariant) keys = bl_variant_get_array (*account, "otphkeys");
  GVariantBuilder kept;

  if (keys == NULL)
    return;
  g_variant_builder_init (&kept, G_VARIANT_TYPE ("av"));
  for (gsize i = 0; i < g_variant_n_children (keys); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (keys, i);
      g_autoptr (GVariant) key = g_variant_get_variant (boxed);

      if (g_variant_is_of_type (key, G_VARIANT_TYPE_VARDICT) && bl_variant_get_int (key, "type", 0) != 1)
        g_variant_builder_add (&kept, "v", key);
    }
  take (account, bl_doc_set (*account, "otphkeys", g_variant_builder_end (&kept)));
}

static const char *
convert_user (const char *id, GVariant **account)
{
  static const char *const pending[] = { "subscriptions", "otpsms", "otpmsg", NULL };
  const char *why = check_id (id, BL_ID_USER);
  g_autoptr (GVariant) mail_code = bl_variant_get_object (*account, "otpekey");

  if (why != NULL)
    return why;
  remove_members (account, pending);
  if (mail_code != NULL && g_variant_n_children (mail_code) > 0) /* a code under way */
    {
      g_autoptr (GVariant) none = bl_doc_new ();
      take (account, bl_doc_set (*account, "otpekey", none));
    }
  filter_security_keys (account);
  hash_plain_password (account);
  if (bl_variant_get_string (*account, "name") == NULL)
    set_text (account, "name", id + strlen ("user//"));
  return NULL;
}

/* ---- groups and devices
 * ----------------------------------------------------------------------------------------- */

static const char *
convert_group (const char *id, GVariant **group, guint kind)
{
  const char *why = check_id (id, kind);

  if (why == NULL && bl_variant_get_string (*group, "name") == NULL)
    set_text (group, "name", "");
  return why;
}

static const char *
convert_device (const char *id, BlImportDocument *result)
{
  /* What was true while the device was connected. */
  static const char *const live[] = { "conn", "pwr", "agct", "cict", "sessions", NULL };
  const char *group = bl_variant_get_string (result->document, "meshid");
  const char *why = check_id (id, BL_ID_NODE);

  if (why != NULL)
    return why;
  if (group == NULL || !bl_id_is_valid (group, BL_ID_MESH))
    return "it is in no device group";
  result->owner = g_strdup (group);
  remove_members (&result->document, live);
  if (bl_variant_get_string (result->document, "name") == NULL)
    set_text (&result->document, "name", "");
  return NULL;
}

/* ---- the rest
 * --------------------------------------------------------------------------------------------------- */

static const char *
convert_key (GVariant **key)
{
  const char *digits = bl_variant_get_string (*key, "key");

  if (digits == NULL || strlen (digits) != KEY_DIGITS
      || strspn (digits, "0123456789abcdefABCDEF") != KEY_DIGITS)
    return "it is not 160 hex digits";
  return NULL;
}

static const char *
convert_login_token (BlImportDocument *result, gint64 now_ms)
{
  const char *user = bl_variant_get_string (result->document, "userid");
  gint64 expire = bl_nedb_parse_time (result->document, "expire", 0);
  const char *why = user != NULL ? check_id (user, BL_ID_USER) : BAD_ID;

  if (why != NULL)
    return why;
  if (expire != 0 && expire <= now_ms)
    return "expired";
  result->owner = g_strdup (user);
  return NULL;
}

static const char *
convert_share (BlImportDocument *result, gint64 now_ms)
{
  const char *node = bl_variant_get_string (result->document, "nodeid");
  const char *user = bl_variant_get_string (result->document, "userid");
  gint64 expire = bl_nedb_parse_time (result->document, "expireTime", 0);
  const char *why = node != NULL ? check_id (node, BL_ID_NODE) : BAD_ID;

  if (why == NULL)
    why = user != NULL ? check_id (user, BL_ID_USER) : "nobody answers for it";
  if (why != NULL)
    return why;
  if (expire != 0 && expire <= now_ms && bl_variant_get_int (result->document, "recurring", 0) == 0)
    return "expired";
  result->owner = g_strdup (node);
  result->second_owner = g_strdup (user);
  return NULL;
}

static const char *
convert_owned (const char *owner, BlImportDocument *result, guint kinds)
{
  const char *why = check_id (owner, kinds);

  if (why == NULL)
    result->owner = g_strdup (owner);
  return why;
}

/* Documents that are told by the beginning of their id. */
static const struct
{
  const char *prefix;
  BlImportKind kind;
  const char *type; /* ours; NULL: as it was */
  guint owners;     /* the rest of the id names one of these */
  const char *left; /* never taken over, because... */
} forms[] = {
  { "user/", BL_IMPORT_USER, "user", 0, NULL },
  { "ugrp/", BL_IMPORT_USER_GROUP, "ugrp", 0, NULL },
  { "mesh/", BL_IMPORT_DEVICE_GROUP, "mesh", 0, NULL },
  { "node/", BL_IMPORT_DEVICE, "node", 0, NULL },
  { "lcnode/", BL_IMPORT_LAST_CONNECTION, "lastconnect", BL_ID_NODE, NULL },
  { "ifnode/", BL_IMPORT_NETWORK, "ifinfo", BL_ID_NODE, NULL },
  { "sinode/", BL_IMPORT_SYSTEM, "sysinfo", BL_ID_NODE, NULL },
  { "ntnode/", BL_IMPORT_NOTE, "note", BL_ID_NODE, NULL },
  { "ntmesh/", BL_IMPORT_NOTE, "note", BL_ID_MESH, NULL },
  { "ntuser/", BL_IMPORT_NOTE, "note", BL_ID_USER, NULL },
  { "ntpuser/", BL_IMPORT_NOTE, "note", BL_ID_USER, NULL },
  { "wsuser/", BL_IMPORT_PAGE_STATE, "webstate", BL_ID_USER, NULL },
  { "imuser/", BL_IMPORT_PICTURE, "image", BL_ID_USER, NULL },
  { "logintoken-~t:", BL_IMPORT_LOGIN_TOKEN, "logintoken", 0, NULL },
  { "deviceshare-", BL_IMPORT_SHARE, "deviceshare", 0, NULL },
  { "LoginCookieEncryptionKey", BL_IMPORT_KEY, "server", 0, NULL },
  { "InvitationLinkEncryptionKey", BL_IMPORT_KEY, "server", 0, NULL },
  { "MailCookieEncryptionKey", BL_IMPORT_KEY, "server", 0, NULL },
  { "danode/", BL_IMPORT_OTHER, NULL, BL_ID_NODE, NULL },
  { "ranode/", BL_IMPORT_OTHER, NULL, BL_ID_NODE, NULL },
  { "alnode/", BL_IMPORT_OTHER, NULL, BL_ID_NODE, NULL },
  { "cfile/", BL_IMPORT_OTHER, NULL, 0,
    "configuration file kept in the database: settings come from config.json" },
  { "iploc_", BL_IMPORT_OTHER, NULL, 0, "cache of locations" },
  { "LastAutoBackupTime", BL_IMPORT_OTHER, NULL, 0, "state of the other server's back-up" },
  { "GoogleDriveBackup", BL_IMPORT_OTHER, NULL, 0, "state of the other server's back-up" },
  { "WebDAVBackup", BL_IMPORT_OTHER, NULL, 0, "state of the other server's back-up" },
  { "SchemaVersion", BL_IMPORT_OTHER, NULL, 0, "version of the other server's database" },
  { "dbconfig", BL_IMPORT_OTHER, NULL, 0, "version of the other server's database" },
};

static const char *
convert_form (const char *id, guint form, gint64 now_ms, BlImportDocument *result)
{
  switch (forms[form].kind)
    {
    case BL_IMPORT_USER:
      return convert_user (id, &result->document);
    case BL_IMPORT_USER_GROUP:
      return convert_group (id, &result->document, BL_ID_UGRP);
    case BL_IMPORT_DEVICE_GROUP:
      return convert_group (id, &result->document, BL_ID_MESH);
    case BL_IMPORT_DEVICE:
      return convert_device (id, result);
    case BL_IMPORT_LOGIN_TOKEN:
      return convert_login_token (result, now_ms);
    case BL_IMPORT_SHARE:
      return convert_share (result, now_ms);
    case BL_IMPORT_KEY:
      return convert_key (&result->document);
    default:
      break;
    }
  if (forms[form].left != NULL || forms[form].owners == 0)
    return forms[form].left;
  /* "lc" + "node//..." and the like: the prefix in the table ends behind the first part of the owner's id. */
  const char *slash = strchr (id, '/');
  const char *owner = slash - strlen ("node");
  return convert_owned (owner, result, forms[form].owners);
}

/* Whatever else there is stays, but never as one of the kinds that rights hang on. */
static const char *
convert_unknown (const char *id, BlImportDocument *result)
{
  const char *type = bl_variant_get_string (result->document, "type");
  const char *domain = bl_variant_get_string (result->document, "domain");

  if (domain != NULL && *domain != '\0')
    return OTHER_DOMAIN;
  if (type != NULL
      && (g_str_equal (type, "power") || g_str_equal (type, "event") || g_str_equal (type, "smbios")))
    return "history from before it had a file of its own";
  if (type != NULL && bl_directory_is_hot_type (type))
    return "its id does not fit its type";
  set_text (&result->document, "type",
            type != NULL && *type != '\0' && strlen (type) <= 64 ? type : "meshcentral");
  return NULL;
}

void
bl_import_convert (GVariant *source, gint64 now_ms, BlImportDocument *result)
{
  const char *id = bl_variant_get_string (source, "_id");
  guint form = 0;

  memset (result, 0, sizeof *result);
  result->kind = BL_IMPORT_OTHER;
  result->document = g_variant_ref (source);
  while (form < G_N_ELEMENTS (forms) && (id == NULL || !g_str_has_prefix (id, forms[form].prefix)))
    form++;
  if (id == NULL || !bl_document_check_id (id, NULL))
    result->why = BAD_ID;
  else if (form == G_N_ELEMENTS (forms))
    result->why = convert_unknown (id, result);
  else
    {
      result->kind = forms[form].kind;
      result->why = convert_form (id, form, now_ms, result);
      if (result->why == NULL && forms[form].type != NULL)
        set_text (&result->document, "type", forms[form].type);
      else if (result->why == NULL)
        result->why = convert_unknown (id, result);
    }
  if (result->why == NULL && bl_import_kind_has_links (result->kind))
    set_text (&result->document, "domain", "");
  if (result->why == NULL && !bl_document_check (result->document, NULL))
    result->why = "larger than what Bowline keeps as one document";
  if (result->why != NULL)
    bl_import_document_clear (result);
}

/* ---- events
 * ----------------------------------------------------------------------------------------------------- */

GVariant *
bl_import_convert_event (GVariant *source, gint64 now_ms, char ***targets, gint64 *time_ms, const char **why)
{
  static const char *const left_out[] = { "_id", "node", "time", NULL };
  const char *domain = bl_variant_get_string (source, "domain");
  g_auto (GStrv) ids = bl_variant_get_strv (source, "ids");
  g_autoptr (GVariant) event = NULL;

  *time_ms = bl_nedb_parse_time (source, "time", *time_ms);
  *why = NULL;
  if (domain != NULL && *domain != '\0')
    *why = OTHER_DOMAIN;
  else if (*time_ms <= 0 || *time_ms > now_ms + DAY_MS)
    *why = "it has no time, or one to come";
  else if (bl_variant_get_string (source, "action") == NULL)
    *why = "it does not say what happened";
  else if (ids == NULL || g_strv_length (ids) > BL_EVENT_LOG_MAX_TARGETS)
    *why = "it does not say who may see it";
  else if (g_variant_get_size (source) > BL_EVENT_LOG_MAX_EVENT)
    *why = "larger than what Bowline keeps as one event";
  if (*why != NULL)
    return NULL;
  event = bl_nedb_unescape (source);
  remove_members (&event, left_out);
  set_text (&event, "domain", "");
  g_autofree char *time = bl_event_log_format_time (*time_ms);
  take (&event, bl_doc_set_string (event, "time", time));
  *targets = g_steal_pointer (&ids);
  return g_steal_pointer (&event);
}

/* Numbers of control-channel.md section 8; what a device can be in. */
#define MAX_POWER 8

GVariant *
bl_import_convert_power (GVariant *source, gint64 now_ms, char ***targets, gint64 *time_ms, const char **why)
{
  const char *node_id = bl_variant_get_string (source, "nodeid");
  const gint64 power = bl_variant_get_int (source, "power", -1);
  const gint64 before = bl_variant_get_int (source, "oldPower", 0);
  BlDocBuilder builder;

  *time_ms = bl_nedb_parse_time (source, "time", *time_ms);
  *why = NULL;
  if (g_strcmp0 (node_id, "*") == 0)
    *why = "about the other server";
  else if (node_id == NULL || check_id (node_id, BL_ID_NODE) != NULL)
    *why = BAD_ID;
  else if (*time_ms <= 0 || *time_ms > now_ms + DAY_MS)
    *why = "it has no time, or one to come";
  else if (power < 0 || power > MAX_POWER || before < 0 || before > MAX_POWER)
    *why = "not a state of power";
  if (*why != NULL)
    return NULL;
  g_autofree char *time = bl_event_log_format_time (*time_ms);
  bl_doc_builder_init (&builder, 256);
  bl_doc_builder_add_string (&builder, "action", "power");
  bl_doc_builder_add_string (&builder, "etype", "power");
  bl_doc_builder_add_string (&builder, "nodeid", node_id);
  bl_doc_builder_add_string (&builder, "domain", "");
  bl_doc_builder_add_int (&builder, "power", power);
  bl_doc_builder_add_int (&builder, "oldPower", before);
  bl_doc_builder_add_string (&builder, "time", time);
  bl_doc_builder_add (&builder, "ids", g_variant_new_array (G_VARIANT_TYPE_VARIANT, NULL, 0));
  *targets = g_new0 (char *, 1);
  return bl_doc_builder_end (&builder);
}
