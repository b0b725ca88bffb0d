// SPDX-License-Identifier: Apache-2.0
/* Device shares: links for guests. Follows control-channel 7.6 */
#include "bl-control-actions.h"
#include "bl-control-shares.h"

#include "common/bl-ids.h"
#include "common/bl-share.h"

#include <string.h>

#define MAX_GUEST_NAME 128
#define MAX_MINUTES (100 * 366 * 24 * 60)
#define MAX_SECONDS G_GINT64_CONSTANT (253402300799) /* the end of the year 9999 */
#define MAX_SHARES 1000u                             /* of one account */
#define MINUTE_MS G_GINT64_CONSTANT (60000)

static gboolean
is_restricted (BowlinePrincipal *who)
{
  BowlinePrincipalInfo info = { .struct_size = sizeof info };

  bowline_principal_get_info (who, &info);
  return info.only_node != NULL || info.rights_ceiling != BL_RIGHT_ALL || info.rights_added != 0;
}

/* Whoever may not share is told so here; who may not see the device was told by the dispatcher. */
static gboolean
may_share (BlControl *control, BowlineActionCall *call, guint32 protocols)
{
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *node_id = bl_variant_get_string (bowline_action_call_get_arguments (call), "nodeid");
  guint32 rights = bowline_rights (control->host, who, node_id);
  g_autoptr (GError) error = NULL;

  /* A share has the account's rights, not those of a narrower credential it was made with. */
  if (bl_share_allowed (rights) && bl_share_protocols_allowed (rights, protocols) && !is_restricted (who))
    return TRUE;
  error = g_error_new_literal (BOWLINE_ERROR, BOWLINE_ERROR_DENIED, "Access denied");
  bowline_action_call_fail (call, error);
  return FALSE;
}

/* ---- createDeviceShareLink
 * ----------------------------------------------------------------------------------------- */

typedef struct
{
  char *node_id;
  char *guest;
  GVariant *answer;
  gint64 start_ms;
  gint64 expire_ms;
  gint64 recurring;
} NewShare;

static void
new_share_free (gpointer data)
{
  NewShare *share = data;

  g_free (share->node_id);
  g_free (share->guest);
  g_variant_unref (share->answer);
  g_free (share);
}

static void
emit_added (BlControl *control, BowlinePrincipal *who, const NewShare *share)
{
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, share->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  g_autofree char *from = g_strdup_printf ("DATETIME:%" G_GINT64_FORMAT, share->start_ms);
  g_autofree char *until = g_strdup_printf ("DATETIME:%" G_GINT64_FORMAT, share->expire_ms);
  gboolean ranged = share->recurring == 0 && share->start_ms != 0;
  const char *arguments[] = { share->guest, ranged ? from : NULL, until, NULL };
  GVariantDict event;

  if (mesh_id == NULL)
    return;
  bl_control_event_init (&event, control, who, "node", "addedDeviceShare");
  g_variant_dict_insert (&event, "nodeid", "s", share->node_id);
  g_variant_dict_insert (&event, "meshid", "s", mesh_id);
  if (share->recurring != 0)
    bl_control_event_message (&event, share->recurring == BL_SHARE_DAILY ? 138 : 139, arguments,
                              g_strdup_printf ("Added device share %s recurring %s.", share->guest,
                                               share->recurring == BL_SHARE_DAILY ? "daily" : "weekly"));
  else if (ranged)
    bl_control_event_message (&event, 101, arguments,
                              g_strdup_printf ("Added device share: %s.", share->guest));
  else
    bl_control_event_message (&event, 131, arguments,
                              g_strdup_printf ("Added device share %s with unlimited time.", share->guest));
  bl_control_event_emit (control, &event, mesh_id, share->node_id, bowline_principal_get_user_id (who), NULL);
}

static void
on_created (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const NewShare *share = data;

  bowline_action_call_answer (call, share->answer);
  emit_added (control, bowline_action_call_get_principal (call), share);
  bl_control_shares_announce (control, share->node_id);
}

/* Twelve letters and digits, as MeshCentral has them. */
static char *
make_public_id (void)
{
  guint8 bytes[9];
  g_autofree char *text = NULL;

  bl_random_bytes (bytes, sizeof bytes);
  text = bl_base64_encode (bytes, sizeof bytes, FALSE);
  return g_strdelimit (g_strdelimit (g_steal_pointer (&text), "@", 'a'), "$", 'b');
}

/* Returns: (transfer full) (nullable): the address a guest opens */
static char *
make_url (BlControl *control, const char *public_id, gint64 expire_ms)
{
  BowlineAuth auth = { .struct_size = sizeof auth };
  g_autofree char *cookie = NULL;
  gpointer self;
  GVariantDict object;

  if (!bowline_host_get_auth (control->host, &auth, &self))
    return NULL;
  g_variant_dict_init (&object, NULL);
  g_variant_dict_insert (&object, "a", "x", (gint64)6);
  g_variant_dict_insert (&object, "pid", "s", public_id);
  if (expire_ms != 0)
    g_variant_dict_insert (&object, "e", "x", expire_ms);
  cookie = auth.cookie_issue (self, BOWLINE_COOKIE_INVITATION, g_variant_dict_end (&object));
  return cookie == NULL
             ? NULL
             : g_strdup_printf ("https://%s:%u/sharing?c=%s", bowline_identity_get_name (control->host),
                                bowline_identity_get_port (control->host), cookie);
}

/* What is wrong with the times as a whole. Returns: (nullable) */
static const char *
check_times (GVariant *arguments)
{
  gboolean has_start = bl_variant_has (arguments, "start");
  gboolean has_end = bl_variant_has (arguments, "end");
  gboolean has_expire = bl_variant_has (arguments, "expire");
  gint64 recurring = bl_variant_get_int (arguments, "recurring", 0);

  if (recurring != 0)
    return has_end || !has_start || bl_variant_get_int (arguments, "expire", 0) == 0
               ? "Invalid recurring command"
               : NULL;
  if (has_expire)
    return NULL;
  if (!has_start || !has_end
      || bl_variant_get_int (arguments, "start", 0) > bl_variant_get_int (arguments, "end", 0))
    return "No time specified";
  return NULL;
}

static void
set_times (NewShare *share, GVariant *arguments, GVariantDict *document)
{
  gint64 minutes = bl_variant_get_int (arguments, "expire", 0);

  share->recurring = bl_variant_get_int (arguments, "recurring", 0);
  if (share->recurring == 0 && bl_variant_has (arguments, "expire"))
    {
      share->start_ms = minutes != 0 ? g_get_real_time () / 1000 : 0;
      share->expire_ms = minutes != 0 ? share->start_ms + minutes * MINUTE_MS : 0;
    }
  else
    {
      share->start_ms = bl_variant_get_int (arguments, "start", 0) * 1000;
      share->expire_ms = share->recurring == 0 ? bl_variant_get_int (arguments, "end", 0) * 1000 : 0;
    }
  if (share->start_ms != 0)
    g_variant_dict_insert (document, "startTime", "x", share->start_ms);
  if (share->expire_ms != 0)
    g_variant_dict_insert (document, "expireTime", "x", share->expire_ms);
  if (share->recurring == 0)
    return;
  g_variant_dict_insert (document, "duration", "x", minutes);
  g_variant_dict_insert (document, "recurring", "x", share->recurring);
}

/* The answer is the request and what was made of it. */
static GVariant *
make_answer (GVariant *arguments, const NewShare *share, const char *url, const char *public_id)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, arguments);
  if (share->start_ms != 0)
    g_variant_dict_insert (&answer, "start", "x", share->start_ms);
  if (share->expire_ms != 0)
    g_variant_dict_insert (&answer, "expire", "x", share->expire_ms);
  else if (share->recurring == 0)
    g_variant_dict_remove (&answer, "expire");
  g_variant_dict_insert (&answer, "url", "s", url);
  g_variant_dict_insert (&answer, "publicid", "s", public_id);
  g_variant_dict_insert (&answer, "result", "s", "OK");
  return g_variant_ref_sink (g_variant_dict_end (&answer));
}

static void
init_document (GVariantDict *document, GVariant *node, GVariant *arguments, const char *user_id)
{
  const char *domain = bl_variant_get_string (node, "domain");
  const char *mesh_id = bl_variant_get_string (node, "meshid");

  g_variant_dict_init (document, NULL);
  g_variant_dict_insert (document, "type", "s", "deviceshare");
  g_variant_dict_insert (document, "domain", "s", domain != NULL ? domain : "");
  g_variant_dict_insert (document, "nodeid", "s", bl_variant_get_string (arguments, "nodeid"));
  if (mesh_id != NULL)
    g_variant_dict_insert (document, "xmeshid", "s", mesh_id);
  g_variant_dict_insert (document, "userid", "s", user_id);
  g_variant_dict_insert (document, "guestName", "s", bl_variant_get_string (arguments, "guestname"));
  g_variant_dict_insert (document, "p", "x", bl_variant_get_int (arguments, "p", 0));
  g_variant_dict_insert (document, "consent", "x", bl_variant_get_int (arguments, "consent", 0));
}

static void
put_share (BlControl *control, BowlineActionCall *call, GVariant *node, gboolean view_only)
{
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *user_id = bowline_principal_get_user_id (bowline_action_call_get_principal (call));
  g_autofree char *public_id = make_public_id ();
  g_autofree char *document_id = g_strconcat (BL_SHARE_PREFIX, public_id, NULL);
  g_autofree char *url = NULL;
  NewShare *share = g_new0 (NewShare, 1);
  BlControlChange change;
  GVariantDict document;

  init_document (&document, node, arguments, user_id);
  set_times (share, arguments, &document);
  url = make_url (control, public_id, share->expire_ms);
  if (url == NULL)
    {
      g_variant_dict_clear (&document);
      g_free (share);
      bowline_action_call_result (call, "Unable to generate sharing cookie");
      return;
    }
  g_variant_dict_insert (&document, "_id", "s", document_id);
  g_variant_dict_insert (&document, "publicid", "s", public_id);
  g_variant_dict_insert (&document, "url", "s", url);
  if (view_only)
    g_variant_dict_insert (&document, "viewOnly", "b", TRUE);
  share->node_id = g_strdup (bl_variant_get_string (arguments, "nodeid"));
  share->guest = g_strdup (bl_variant_get_string (arguments, "guestname"));
  share->answer = make_answer (arguments, share, url, public_id);
  bl_control_change_init (&change);
  bl_control_change_put (&change, g_variant_ref_sink (g_variant_dict_end (&document)));
  bl_control_commit (control, &change, call, on_created, share, new_share_free);
}

typedef struct
{
  const char *user_id;
  guint n;
} Count;

static gboolean
count_own (const char *id, GVariant *share, gpointer user_data)
{
  Count *count = user_data;

  count->n += g_strcmp0 (bl_variant_get_string (share, "userid"), count->user_id) == 0;
  return count->n < MAX_SHARES;
}

static void
run_create (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  guint32 protocols = (guint32)bl_variant_get_int (arguments, "p", 0);
  guint32 rights = bowline_rights (control->host, who, node_id);
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, node_id);
  const char *problem = check_times (arguments);
  Count count = { bowline_principal_get_user_id (who), 0 };

  if (problem == NULL && (protocols & (BL_SHARE_HTTP | BL_SHARE_HTTPS)) != 0)
    problem = "Sharing web pages of a device is not available";
  if (problem != NULL)
    {
      bowline_action_call_result (call, problem);
      return;
    }
  if (!may_share (control, call, protocols))
    return;
  bowline_directory_foreach (control->host, "deviceshare", NULL, count_own, &count);
  if (count.n >= MAX_SHARES)
    {
      bowline_action_call_result (call, "Too many device shares");
      return;
    }
  put_share (control, call, node,
             bl_variant_get_bool (arguments, "viewOnly", FALSE)
                 || (rights != BL_RIGHT_ALL && (rights & BL_RIGHT_VIEW_ONLY) != 0));
}

/* ---- lists
 * -------------------------------------------------------------------------------------------------------- */

static void
answer_list (BlControl *control, BowlineActionCall *call, const char *argument)
{
  const char *id = bl_variant_get_string (bowline_action_call_get_arguments (call), argument);
  const char *user_id = bowline_principal_get_user_id (bowline_action_call_get_principal (call));
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  g_variant_dict_insert (&answer, argument, "s", id);
  g_variant_dict_insert_value (&answer, "deviceShares", bl_control_shares_list (control, id, user_id));
  bowline_action_call_answer (call, g_variant_dict_end (&answer));
}

static void
run_list (BowlineActionCall *call, gpointer user_data)
{
  if (may_share (user_data, call, 0))
    answer_list (user_data, call, "nodeid");
}

static void
run_list_group (BowlineActionCall *call, gpointer user_data)
{
  answer_list (user_data, call, "meshid");
}

/* ---- removeDeviceShare
 * -------------------------------------------------------------------------------------------- */

typedef struct
{
  char *node_id;
  char *public_id;
  char *guest;
} OldShare;

static void
old_share_free (gpointer data)
{
  OldShare *share = data;

  g_free (share->node_id);
  g_free (share->public_id);
  g_free (share->guest);
  g_free (share);
}

static void
on_share_removed (BlControl *control, BowlineActionCall *call, gpointer data)
{
  const OldShare *share = data;
  g_autoptr (GVariant) node = bowline_directory_dup (control->host, share->node_id);
  const char *mesh_id = bl_variant_get_string (node, "meshid");
  BowlinePrincipal *who = bowline_action_call_get_principal (call);
  const char *arguments[] = { share->guest, NULL };
  GVariantDict event;

  bowline_action_call_result (call, "OK");
  if (mesh_id == NULL)
    return;
  bl_control_event_init (&event, control, who, "node", "removedDeviceShare");
  g_variant_dict_insert (&event, "nodeid", "s", share->node_id);
  g_variant_dict_insert (&event, "publicid", "s", share->public_id);
  bl_control_event_message (&event, 102, arguments, g_strdup ("Removed Device Share"));
  bl_control_event_emit (control, &event, mesh_id, share->node_id, bowline_principal_get_user_id (who), NULL);
  bl_control_shares_announce (control, share->node_id);
}

static void
run_remove_share (BowlineActionCall *call, gpointer user_data)
{
  BlControl *control = user_data;
  GVariant *arguments = bowline_action_call_get_arguments (call);
  const char *node_id = bl_variant_get_string (arguments, "nodeid");
  const char *public_id = bl_variant_get_string (arguments, "publicid");
  g_autofree char *document_id = g_strconcat (BL_SHARE_PREFIX, public_id, NULL);
  g_autoptr (GVariant) document = NULL;
  BlControlChange change;
  OldShare *share;

  if (!may_share (control, call, 0))
    return;
  document = bowline_directory_dup (control->host, document_id);
  if (document == NULL || g_strcmp0 (bl_variant_get_string (document, "nodeid"), node_id) != 0)
    {
      bowline_action_call_result (call, "Invalid device share identifier.");
      return;
    }
  share = g_new0 (OldShare, 1);
  share->node_id = g_strdup (node_id);
  share->public_id = g_strdup (public_id);
  share->guest = g_strdup (bl_variant_get_string (document, "guestName"));
  if (share->guest == NULL)
    share->guest = g_strdup ("");
  bl_control_change_init (&change);
  bl_control_change_delete (&change, "", document_id);
  bl_control_commit (control, &change, call, on_share_removed, share, old_share_free);
}

#define SHARE_NODE                                                                                           \
  {                                                                                                          \
    .name = "nodeid", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = BOWLINE_ARGUMENT_REQUIRED,     \
    .problem = "Invalid node id"                                                                             \
  }
#define SHARE_NUMBER(word, more, smallest, largest, text)                                                    \
  {                                                                                                          \
    .name = (word), .type = BOWLINE_ARGUMENT_INTEGER, .flags = (more), .min = (smallest), .max = (largest),  \
    .problem = (text)                                                                                        \
  }

const BowlineAction *
bl_control_share_actions (guint *n)
{
  static const BowlineArgument create[] = {
    SHARE_NODE,
    { .name = "guestname",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = MAX_GUEST_NAME,
      .problem = "Invalid guest name" },
    SHARE_NUMBER ("expire", BOWLINE_ARGUMENT_NULLABLE, 0, MAX_MINUTES, "Invalid expire time"),
    SHARE_NUMBER ("start", BOWLINE_ARGUMENT_NULLABLE, 1, MAX_SECONDS, "Invalid start time"),
    SHARE_NUMBER ("end", BOWLINE_ARGUMENT_NULLABLE, 1, MAX_SECONDS, "Invalid end time"),
    SHARE_NUMBER ("consent", BOWLINE_ARGUMENT_REQUIRED, 0, 256, "Invalid flags"),
    SHARE_NUMBER ("p", BOWLINE_ARGUMENT_REQUIRED, 1, 31, "Invalid protocol"),
    SHARE_NUMBER ("recurring", BOWLINE_ARGUMENT_NULLABLE, 1, 2, "Invalid recurring value"),
    SHARE_NUMBER ("port", BOWLINE_ARGUMENT_NULLABLE, 1, 65535, "Invalid port value"),
    { .name = "viewOnly", .type = BOWLINE_ARGUMENT_BOOLEAN, .flags = BOWLINE_ARGUMENT_NULLABLE },
  };
  static const BowlineArgument list[] = { SHARE_NODE };
  static const BowlineArgument group[] = {
    { .name = "meshid",
      .type = BOWLINE_ARGUMENT_ID,
      .detail = "mesh",
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .problem = "Invalid device group id" },
  };
  static const BowlineArgument remove[] = {
    SHARE_NODE,
    { .name = "publicid",
      .type = BOWLINE_ARGUMENT_STRING,
      .flags = BOWLINE_ARGUMENT_REQUIRED,
      .min = 1,
      .max = 128,
      .problem = "Invalid public id" },
  };
  static const BowlineAction actions[] = {
    { BL_CONTROL_ROW ("createDeviceShareLink", BOWLINE_ACTION_CHANGES, "Makes a link for a guest to a device",
                      run_create),
      BL_CONTROL_ARGUMENTS (create), .object = "nodeid", .denied = "Invalid node id" },
    { BL_CONTROL_ROW ("deviceShares", 0, "Lists the guest links of a device", run_list),
      BL_CONTROL_ARGUMENTS (list), .object = "nodeid", .denied = "Invalid node id" },
    { BL_CONTROL_ROW ("deviceMeshShares", 0, "Lists the guest links of a device group", run_list_group),
      BL_CONTROL_ARGUMENTS (group), .object = "meshid", .denied = "Invalid device group id" },
    { BL_CONTROL_ROW ("removeDeviceShare", BOWLINE_ACTION_CHANGES, "Takes a guest link back",
                      run_remove_share),
      BL_CONTROL_ARGUMENTS (remove), .object = "nodeid", .denied = "Invalid node id" },
  };

  *n = G_N_ELEMENTS (actions);
  return actions;
}
