// SPDX-License-Identifier: Apache-2.0
/* The keys of MeshCentral's config.json and what becomes of each; for bl-mesh-config.c only. */
#pragma once

#include <glib.h>

typedef enum
{
  BL_MESH_KEY_NONE, /* nothing to say: Bowline does so anyway, or it has no meaning here */
  BL_MESH_KEY_INT,
  BL_MESH_KEY_TEXT,
  BL_MESH_KEY_LIST,
  BL_MESH_KEY_SECRETS, /* a list that is not shown */
  BL_MESH_KEY_BOOL,    /* true; what is off is off without a setting */
  BL_MESH_KEY_OFFLOAD,
  BL_MESH_KEY_TRUSTED,
  BL_MESH_KEY_FRAMING,
  BL_MESH_KEY_CERT_URL,
  BL_MESH_KEY_INVALID_LOGIN,
  BL_MESH_KEY_IP_CHECK,
  BL_MESH_KEY_COOKIE_KEY,
  BL_MESH_KEY_EXPIRE,
  BL_MESH_KEY_PEOPLE,
  BL_MESH_KEY_CUSTOMIZATION,
  BL_MESH_KEY_WARN_SET, /* the note is a warning whenever the key is there */
  BL_MESH_KEY_WARN_TRUE,
  BL_MESH_KEY_WARN_FALSE,
} BlMeshKeyRule;

typedef struct
{
  const char *name;
  BlMeshKeyRule rule;
  const char *section;
  const char *setting;
  gint64 minimum, maximum; /* of the setting; of texts the length */
  gint64 factor;           /* from the key's unit to the setting's; 0 is 1 */
  const char *note;
} BlMeshKey;

/* Both end with a NULL name. */
extern const BlMeshKey bl_mesh_config_settings_keys[];
extern const BlMeshKey bl_mesh_config_domain_keys[];
gboolean bl_mesh_config_top_is_known (const char *name);
