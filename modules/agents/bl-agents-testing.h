// SPDX-License-Identifier: Apache-2.0
/**
 * Invented devices against the module, on a host in memory: what its tests share.
 */
#pragma once

#include "bl-agent-session.h"
#include "bl-fake-agent.h"
#include "bowline-testing.h"

G_BEGIN_DECLS

#define BL_AGENTS_TESTING_CAPS (BL_AGENT_CAP_CONSOLE | BL_AGENT_CAP_JAVASCRIPT | BL_AGENT_CAP_COMPRESSION)
#define BL_AGENTS_TESTING_CORE "var core = 'good';"

/** RSA keys take seconds: all tests share two moduli. The server's keys are identities of one of them. */
typedef struct
{
  BlFakeModulus *modulus;        /* 3072 bits */
  BlFakeModulus *small_modulus;  /* 2048 */
  BlFakeIdentity *server;
  BlFakeIdentity *former_server; /* whose devices were taken over */
  guint8 web_hash[48];
  guint8 mesh_id[48];
  guint n_signatures;
  gboolean refuse_signatures;
} BlAgentsTesting;

extern BlAgentsTesting bl_agents_testing;

void bl_agents_testing_begin (void);
void bl_agents_testing_end (void);

#define BL_AGENTS_TESTING_PE_SIZE 1024

/** Returns: (transfer full): a 64-bit Windows program without a signature */
GByteArray *bl_agents_testing_make_pe (void);

/** The module on its host; a fixture of g_test_add(). With data, it is not activated yet. */
typedef struct
{
  BlTestHost *test;
  char *core_path;
  char *mesh;
} BlAgentsEnv;

void bl_agents_env_set_up (BlAgentsEnv *env, gconstpointer data);
void bl_agents_env_tear_down (BlAgentsEnv *env, gconstpointer data);
void bl_agents_env_activate (BlAgentsEnv *env);
void bl_agents_env_put_mesh (BlAgentsEnv *env, const char *id, gint64 flags);
/** Returns: (transfer full): where an imported program is */
char *bl_agents_env_program_path (BlAgentsEnv *env, const char *file);
/** As an import does; @listed: what the list says is in it, as long as @data */
void bl_agents_env_put_program (BlAgentsEnv *env, const char *file, const void *data, gsize size, const void *listed);
gboolean bl_agents_env_has_event (BlAgentsEnv *env, const char *action);

/** One device with its socket. */
typedef struct
{
  BlFakeAgentOptions options;
  BlFakeIdentity *identity;
  BlFakeAgent *agent;
  BowlineWebSocket *socket;
  const char *key; /* (nullable): in its address */
  guint read; /* messages of the server it has taken */
} BlAgentsDevice;

void bl_agents_device_init (BlAgentsDevice *device, BlFakeModulus *of, guint index);
void bl_agents_device_clear (BlAgentsDevice *device);
void bl_agents_device_open (BlAgentsEnv *env, BlAgentsDevice *device);
void bl_agents_device_close (BlAgentsDevice *device);
/** Moves messages both ways until nobody has more to say. */
void bl_agents_device_talk (BlAgentsDevice *device);
gboolean bl_agents_device_wait_for (BlAgentsDevice *device, gboolean (*is) (BlFakeAgent *agent));
GVariant *bl_agents_device_dup_node (BlAgentsEnv *env, BlAgentsDevice *device);
/** A refused device gets no answer and no end: its socket stays open and silent. */
void bl_agents_device_assert_held (BlAgentsEnv *env, BlAgentsDevice *device, const char *why);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BlAgentsDevice, bl_agents_device_clear)

G_END_DECLS
