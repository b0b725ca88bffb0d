/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Extension point "device transport": how messages reach a device, and who is online.
 *
 * A transport (agents, Intel AMT, ...) tells the host when a device came and went; the host keeps the connectivity of
 * every device, emits the `nodeconnect` event and publishes "device.connectivity". Main context.
 */
#ifndef BOWLINE_DEVICE_H
#define BOWLINE_DEVICE_H

#include <bowline/abi.h>

G_BEGIN_DECLS

/* Connectivity bits ("conn") */
#define BOWLINE_CONNECTIVITY_AGENT 1u
#define BOWLINE_CONNECTIVITY_CIRA 2u
#define BOWLINE_CONNECTIVITY_AMT 4u
#define BOWLINE_CONNECTIVITY_RELAY 8u
#define BOWLINE_CONNECTIVITY_MQTT 16u

typedef struct
{
  guint32 struct_size;
  guint32 connectivity; /* the one bit this transport stands for */
  /** Returns: %FALSE when the device is not connected here. @message: (transfer none): a{sv}, sent as JSON */
  gboolean (*send) (gpointer self, const char *node_id, GVariant *message);
  /** Ends the device's connection. */
  void (*disconnect) (gpointer self, const char *node_id);
} BowlineDeviceTransport;

BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_host_register_device_transport (
    BowlineHost *host, const BowlineDeviceTransport *transport, gpointer self, GError **error);

/** A transport reports that the device is there. @power: "pwr" number, 1 on. */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_device_connected (BowlineHost *host, const char *node_id, guint32 connectivity, guint32 power);
BOWLINE_AVAILABLE_IN_1_0 void
bowline_device_disconnected (BowlineHost *host, const char *node_id, guint32 connectivity);

typedef struct
{
  guint32 struct_size;
  guint32 connectivity;   /* OR of the bits, 0 when absent */
  guint32 power;          /* "pwr" */
  guint32 reserved;
  gint64 agent_since_ms;  /* "agct", 0 when not connected */
  gint64 cira_since_ms;   /* "cict" */
} BowlineDeviceState;

/** Fills @state. Returns: %TRUE when the device is connected in any way. */
BOWLINE_AVAILABLE_IN_1_0 gboolean
bowline_device_get_state (BowlineHost *host, const char *node_id, BowlineDeviceState *state);
/** Sends a JSON message by the first transport that takes it. Returns: %FALSE when offline. @message: (transfer floating) */
BOWLINE_AVAILABLE_IN_1_0 gboolean bowline_device_send (BowlineHost *host, const char *node_id, GVariant *message);
/** Ends the connections of a device that was removed or must reconnect. */
BOWLINE_AVAILABLE_IN_1_0 void bowline_device_disconnect (BowlineHost *host, const char *node_id);

/** The live sessions a device reports, by type ("kvm", "terminal", ...): a{sv}; kept in memory while it is connected,
 * and pushed as `devicesessions`. @sessions: (nullable) (transfer floating) */
BOWLINE_AVAILABLE_IN_1_0 void
bowline_device_set_sessions (BowlineHost *host, const char *node_id, const char *type, GVariant *sessions);
/** Returns: (transfer full) (nullable): a{sv} of all types */
BOWLINE_AVAILABLE_IN_1_0 GVariant *bowline_device_dup_sessions (BowlineHost *host, const char *node_id);

/**
 * Service "bowline.agents" (bowline_host_lookup_service()), offered by the module that serves agents: what is done with the
 * programs on devices rather than with the devices.
 */
#define BOWLINE_AGENTS_SERVICE "bowline.agents"
#define BOWLINE_AGENTS_MAJOR 1u

/* Core scripts, for upload_core */
#define BOWLINE_CORE_DEFAULT 1u
#define BOWLINE_CORE_CLEAR 2u /* none */
#define BOWLINE_CORE_RECOVERY 3u
#define BOWLINE_CORE_TINY 4u
#define BOWLINE_CORE_CUSTOM 5u

typedef struct
{
  guint32 struct_size;
  guint32 flags;
  /**
   * upload_core: has a connected agent run another core script until it connects again.
   * @kind: BOWLINE_CORE_*; @script: (nullable) (transfer none): the script, with %BOWLINE_CORE_CUSTOM
   * Returns: %FALSE with %BOWLINE_ERROR_NOT_FOUND (not connected), _NOT_SUPPORTED (no such core here) or _INVALID.
   */
  gboolean (*upload_core) (gpointer self, const char *node_id, guint32 kind, GBytes *script, GError **error);
  /** update: gives a connected agent the program kept here, if it runs another. Errors as above. (nullable) */
  gboolean (*update) (gpointer self, const char *node_id, GError **error);
} BowlineAgents;

G_END_DECLS
#endif
