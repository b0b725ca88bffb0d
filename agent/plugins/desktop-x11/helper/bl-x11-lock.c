// SPDX-License-Identifier: Apache-2.0
#include "bl-x11-lock.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/xinput.h>

#define DEVICES_MAX 64

/* One entry of a change of the hierarchy; both kinds have this size. */
typedef union
{
  xcb_input_detach_slave_t detach;
  xcb_input_attach_slave_t attach;
} Change;

typedef struct
{
  Change changes[DEVICES_MAX];
  guint n;
  xcb_input_device_id_t pointer, keyboard; /* the first masters */
} Changes;

static gboolean
is_ours (const xcb_input_xi_device_info_t *info)
{
  const int length = xcb_input_xi_device_info_name_length (info);

  return memmem (xcb_input_xi_device_info_name (info), (gsize)length, "XTEST", 5) != NULL;
}

static gboolean
has_keys (const xcb_input_xi_device_info_t *info)
{
  for (xcb_input_device_class_iterator_t i = xcb_input_xi_device_info_classes_iterator (info); i.rem > 0;
       xcb_input_device_class_next (&i))
    {
      if (i.data->type == XCB_INPUT_DEVICE_CLASS_TYPE_KEY)
        return TRUE;
    }
  return FALSE;
}

static void
add_detach (Changes *changes, xcb_input_device_id_t device)
{
  Change *change = &changes->changes[changes->n++];

  memset (change, 0, sizeof *change);
  change->detach.type = XCB_INPUT_HIERARCHY_CHANGE_TYPE_DETACH_SLAVE;
  change->detach.len = sizeof (xcb_input_detach_slave_t) / 4;
  change->detach.deviceid = device;
}

static void
add_attach (Changes *changes, xcb_input_device_id_t device, xcb_input_device_id_t master)
{
  Change *change = &changes->changes[changes->n++];

  memset (change, 0, sizeof *change);
  change->attach.type = XCB_INPUT_HIERARCHY_CHANGE_TYPE_ATTACH_SLAVE;
  change->attach.len = sizeof (xcb_input_attach_slave_t) / 4;
  change->attach.deviceid = device;
  change->attach.master = master;
}

static void
consider (Changes *changes, const xcb_input_xi_device_info_t *info, gboolean locked)
{
  const gboolean attached = info->type == XCB_INPUT_DEVICE_TYPE_SLAVE_POINTER
                            || info->type == XCB_INPUT_DEVICE_TYPE_SLAVE_KEYBOARD;

  if (changes->n == DEVICES_MAX || is_ours (info))
    return;
  if (locked && attached)
    add_detach (changes, info->deviceid);
  else if (!locked && info->type == XCB_INPUT_DEVICE_TYPE_FLOATING_SLAVE)
    add_attach (changes, info->deviceid, has_keys (info) ? changes->keyboard : changes->pointer);
}

gboolean
bl_x11_lock_set (xcb_connection_t *connection, gboolean locked)
{
  const xcb_query_extension_reply_t *extension = xcb_get_extension_data (connection, &xcb_input_id);
  xcb_input_xi_query_device_reply_t *reply;
  Changes changes = { .n = 0 };

  if (extension == NULL || !extension->present)
    return FALSE;
  free (xcb_input_xi_query_version_reply (connection, xcb_input_xi_query_version (connection, 2, 0), NULL));
  reply = xcb_input_xi_query_device_reply (
      connection, xcb_input_xi_query_device (connection, XCB_INPUT_DEVICE_ALL), NULL);
  if (reply == NULL)
    return FALSE;
  /* Masters come first, but nothing promises it. */
  for (xcb_input_xi_device_info_iterator_t i = xcb_input_xi_query_device_infos_iterator (reply); i.rem > 0;
       xcb_input_xi_device_info_next (&i))
    {
      if (i.data->type == XCB_INPUT_DEVICE_TYPE_MASTER_POINTER && changes.pointer == 0)
        changes.pointer = i.data->deviceid;
      else if (i.data->type == XCB_INPUT_DEVICE_TYPE_MASTER_KEYBOARD && changes.keyboard == 0)
        changes.keyboard = i.data->deviceid;
    }
  for (xcb_input_xi_device_info_iterator_t i = xcb_input_xi_query_device_infos_iterator (reply); i.rem > 0;
       xcb_input_xi_device_info_next (&i))
    consider (&changes, i.data, locked);
  if (changes.n > 0)
    xcb_input_xi_change_hierarchy (connection, (guint8)changes.n,
                                   (const xcb_input_hierarchy_change_t *)(const void *)changes.changes);
  xcb_flush (connection);
  free (reply);
  return locked;
}
