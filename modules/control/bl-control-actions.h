// SPDX-License-Identifier: Apache-2.0
/** The rows of the control channel, by area; user_data of all is the BlControl. */
#pragma once

#include "bl-control-documents.h"
#include "bl-control-events.h"
#include "bl-control-session.h"
#include "common/bl-rights-bits.h"

G_BEGIN_DECLS

#define BL_CONTROL_ROW(word, bits, text, function)                                                           \
  .struct_size = sizeof (BowlineAction), .flags = (bits), .name = (word), .summary = (text),                 \
  .argument_size = sizeof (BowlineArgument), .run = (function)
#define BL_CONTROL_ARGUMENTS(table) .arguments = (table), .n_arguments = G_N_ELEMENTS (table)

#define BL_CONTROL_NODE(more)                                                                                \
  {                                                                                                          \
    .name = "nodeid", .type = BOWLINE_ARGUMENT_ID, .detail = "node", .flags = (more)                         \
  }
#define BL_CONTROL_NODES                                                                                     \
  {                                                                                                          \
    .name = "nodeids", .type = BOWLINE_ARGUMENT_ID, .detail = "node",                                        \
    .flags = BOWLINE_ARGUMENT_REQUIRED | BOWLINE_ARGUMENT_LIST, .list_max = 10000,                           \
    .problem = "Invalid nodeids"                                                                             \
  }
#define BL_CONTROL_TEXT(word, longest)                                                                       \
  {                                                                                                          \
    .name = (word), .type = BOWLINE_ARGUMENT_STRING, .flags = BOWLINE_ARGUMENT_NULLABLE, .max = (longest)    \
  }
#define BL_CONTROL_NUMBER(word, smallest, largest)                                                           \
  {                                                                                                          \
    .name = (word), .type = BOWLINE_ARGUMENT_INTEGER, .flags = BOWLINE_ARGUMENT_NULLABLE, .min = (smallest), \
    .max = (largest)                                                                                         \
  }

const BowlineAction *bl_control_session_actions (guint *n);
const BowlineAction *bl_control_list_actions (guint *n);
const BowlineAction *bl_control_group_actions (guint *n);
const BowlineAction *bl_control_device_actions (guint *n);
const BowlineAction *bl_control_info_actions (guint *n);
const BowlineAction *bl_control_message_actions (guint *n);
const BowlineAction *bl_control_run_actions (guint *n);
const BowlineAction *bl_control_script_actions (guint *n);
const BowlineAction *bl_control_link_actions (guint *n);
const BowlineAction *bl_control_local_actions (guint *n);
const BowlineAction *bl_control_user_actions (guint *n);
const BowlineAction *bl_control_wake_actions (guint *n);
const BowlineAction *bl_control_user_group_actions (guint *n);
const BowlineAction *bl_control_server_actions (guint *n);
const BowlineAction *bl_control_image_actions (guint *n);
const BowlineAction *bl_control_own_actions (guint *n);
const BowlineAction *bl_control_notify_actions (guint *n);
const BowlineAction *bl_control_account_actions (guint *n);
const BowlineAction *bl_control_share_actions (guint *n);
const BowlineAction *bl_control_invite_actions (guint *n);
const BowlineAction *bl_control_history_actions (guint *n);
const BowlineAction *bl_control_program_actions (guint *n);
const BowlineAction *bl_control_agentless_actions (guint *n);
const BowlineAction *bl_control_report_actions (guint *n);
const BowlineAction *bl_control_detail_actions (guint *n);
const BowlineAction *bl_control_unavailable_actions (guint *n);

/** Registers them all. */
gboolean bl_control_actions_register (BlControl *control, GError **error);

/** The session a call came from. Returns: (transfer none) (nullable) */
BlControlSession *bl_control_call_session (BlControl *control, BowlineActionCall *call);
/** The group that "meshid" or, failing that, @name_argument names, if the caller holds @rights on it;
 * otherwise the caller is told @denied (nullable) and @several when the name is not unique. Returns:
 * (transfer full) (nullable) */
char *bl_control_call_group (BlControl *control,
                             BowlineActionCall *call,
                             const char *name_argument,
                             guint32 rights,
                             const char *denied);
/** The same; when nothing is named that the caller sees, the answer is @unknown. */
char *bl_control_call_group_or (BlControl *control,
                                BowlineActionCall *call,
                                const char *name_argument,
                                guint32 rights,
                                const char *denied,
                                const char *unknown);

#define BL_CONTROL_MAX_EMAIL 256u
/** One "@" between a name and a host, none of the characters that make it more than an address. Pure. */
gboolean bl_control_email_is_valid (const char *text);
/** The caller may not change settings of its own account (site right "locked settings"). */
gboolean bl_control_settings_are_locked (BlControl *control, BowlineActionCall *call);
/**
 * bl_control_run_locally: runs @action (with @request's other members, cleared) as the local administrator in
 * the name of the caller of @call, whose rights the row has checked.
 * @free_data: runs in any case
 * Returns: %FALSE when there is no such action
 */
gboolean bl_control_run_locally (BlControl *control,
                                 BowlineActionCall *call,
                                 const char *action,
                                 GVariantDict *request,
                                 BowlineFrameFunc done,
                                 gpointer data,
                                 GDestroyNotify free_data);

/** Makes a device group; shared by createmesh and group.create. @owners: user ids that get all rights */
typedef struct
{
  const char *name;
  const char *domain;
  const char *description; /* (nullable) */
  gint64 type;
  gint64 flags;
  gint64 consent;
  const char *relay_id; /* (nullable) */
  const char *const *owners;
} BlControlNewGroup;
void bl_control_group_create (BlControl *control, BowlineActionCall *call, const BlControlNewGroup *group);

G_END_DECLS
