// SPDX-License-Identifier: Apache-2.0
/* Bits of rights and consent as they stand on the wire (control-channel.md section 5). Unsigned 32 bits. */
#pragma once

#include <glib.h>

/* Device groups and devices, section 5.2. */
#define BL_RIGHT_EDIT_GROUP 0x00000001u
#define BL_RIGHT_MANAGE_USERS 0x00000002u
#define BL_RIGHT_MANAGE_DEVICES 0x00000004u
#define BL_RIGHT_REMOTE_CONTROL 0x00000008u
#define BL_RIGHT_CONSOLE 0x00000010u
#define BL_RIGHT_SERVER_FILES 0x00000020u
#define BL_RIGHT_WAKE 0x00000040u
#define BL_RIGHT_NOTES 0x00000080u
#define BL_RIGHT_VIEW_ONLY 0x00000100u      /* restriction */
#define BL_RIGHT_NO_TERMINAL 0x00000200u    /* restriction */
#define BL_RIGHT_NO_FILES 0x00000400u       /* restriction */
#define BL_RIGHT_NO_AMT 0x00000800u         /* restriction */
#define BL_RIGHT_LIMITED_INPUT 0x00001000u  /* restriction */
#define BL_RIGHT_LIMITED_EVENTS 0x00002000u /* restriction */
#define BL_RIGHT_CHAT 0x00004000u
#define BL_RIGHT_UNINSTALL 0x00008000u
#define BL_RIGHT_NO_DESKTOP 0x00010000u /* restriction */
#define BL_RIGHT_COMMANDS 0x00020000u
#define BL_RIGHT_POWER 0x00040000u
#define BL_RIGHT_GUEST_SHARING 0x00080000u
#define BL_RIGHT_DETAILS 0x00100000u
#define BL_RIGHT_RELAY 0x00200000u
#define BL_RIGHT_ALL 0xFFFFFFFFu

#define BL_RIGHT_RESTRICTIONS                                                                                \
  (BL_RIGHT_VIEW_ONLY | BL_RIGHT_NO_TERMINAL | BL_RIGHT_NO_FILES | BL_RIGHT_NO_AMT | BL_RIGHT_LIMITED_INPUT  \
   | BL_RIGHT_LIMITED_EVENTS | BL_RIGHT_NO_DESKTOP)

/* What an account's removeRights may take away, and which restrictions it may add. */
#define BL_RIGHT_REMOVABLE                                                                                   \
  (BL_RIGHT_REMOTE_CONTROL | BL_RIGHT_CONSOLE | BL_RIGHT_WAKE | BL_RIGHT_UNINSTALL | BL_RIGHT_COMMANDS       \
   | BL_RIGHT_POWER)
#define BL_RIGHT_ADDABLE (BL_RIGHT_VIEW_ONLY | BL_RIGHT_NO_TERMINAL | BL_RIGHT_NO_FILES | BL_RIGHT_NO_DESKTOP)
/* What "everything" becomes before removeRights is applied. */
#define BL_RIGHT_ALL_EXPANDED 0x001EC0EFu

/* Accounts (`siteadmin`), section 5.1. Test for FULL by equality before testing bits. */
#define BL_SITE_BACKUP 0x00000001u
#define BL_SITE_MANAGE_USERS 0x00000002u
#define BL_SITE_RESTORE 0x00000004u
#define BL_SITE_FILES 0x00000008u
#define BL_SITE_UPDATE 0x00000010u
#define BL_SITE_LOCKED 0x00000020u
#define BL_SITE_NO_NEW_GROUPS 0x00000040u
#define BL_SITE_NO_TOOLS 0x00000080u
#define BL_SITE_USER_GROUPS 0x00000100u
#define BL_SITE_RECORDINGS 0x00000200u
#define BL_SITE_LOCKED_SETTINGS 0x00000400u
#define BL_SITE_ALL_EVENTS 0x00000800u
#define BL_SITE_NO_NEW_DEVICES 0x00001000u
#define BL_SITE_FULL 0xFFFFFFFFu

/* Consent, section 5.3: the OR of domain, group, device, user and user groups. */
#define BL_CONSENT_DESKTOP_NOTIFY 0x01u
#define BL_CONSENT_TERMINAL_NOTIFY 0x02u
#define BL_CONSENT_FILES_NOTIFY 0x04u
#define BL_CONSENT_DESKTOP_PROMPT 0x08u
#define BL_CONSENT_TERMINAL_PROMPT 0x10u
#define BL_CONSENT_FILES_PROMPT 0x20u
#define BL_CONSENT_DESKTOP_TOOLBAR 0x40u
#define BL_CONSENT_ALL 0x7Fu

/* Group types (`mtype`), connection bits (`conn`), power states (`pwr`), section 5.4. */
#define BL_MESH_TYPE_AMT 1
#define BL_MESH_TYPE_AGENT 2
#define BL_MESH_TYPE_LOCAL 3
#define BL_MESH_TYPE_KVM 4
#define BL_CONN_AGENT 1u
#define BL_CONN_CIRA 2u
#define BL_CONN_AMT 4u
#define BL_CONN_RELAY 8u
#define BL_CONN_MQTT 16u
#define BL_POWER_UNKNOWN 0
#define BL_POWER_ON 1

/**
 * bl_rights_from_json: the mask in a JSON number: JavaScript's bit operations make negative ones, -1 is
 * everything.
 */
static inline guint32
bl_rights_from_json (gint64 value)
{
  if (value < G_MININT32 || value > (gint64)G_MAXUINT32)
    return 0;
  return (guint32)value;
}
