// SPDX-License-Identifier: Apache-2.0
/*
 * The binary commands of the agent channel, both directions (agent-channel.md sections 3 and 4). Parsers
 * borrow from the message, writers give GBytes; no state, no I/O; any thread.
 */
#pragma once

#include <glib.h>
#include "common/bl-hash.h"
#include "common/bl-ids.h"
#include "common/bl-limits.h"

G_BEGIN_DECLS

typedef enum
{
  BL_AGENT_AUTH_REQUEST = 1,
  BL_AGENT_AUTH_VERIFY = 2,
  BL_AGENT_AUTH_INFO = 3,
  BL_AGENT_AUTH_CONFIRM = 4,
  BL_AGENT_SERVER_ID = 5,
  BL_AGENT_CORE_MODULE = 10,
  BL_AGENT_CORE_HASH = 11,
  BL_AGENT_AGENT_HASH = 12,
  BL_AGENT_UPDATE = 13,
  BL_AGENT_UPDATE_BLOCK = 14,
  BL_AGENT_TAG = 15,
  BL_AGENT_CORE_OK = 16,
  BL_AGENT_COMPRESSED_CORE = 20,
  BL_AGENT_COMMIT_DATE = 30,
  BL_AGENT_HOST_INFO = 31,
  /* From here on commands belong to the core script. */
  BL_AGENT_SCRIPT_FIRST = 1000,
} BlAgentCommand;

/* Capabilities in AuthInfo and coreinfo, section 5. */
typedef enum
{
  BL_AGENT_CAP_DESKTOP = 0x01,
  BL_AGENT_CAP_TERMINAL = 0x02,
  BL_AGENT_CAP_FILES = 0x04,
  BL_AGENT_CAP_CONSOLE = 0x08,
  BL_AGENT_CAP_JAVASCRIPT = 0x10,
  BL_AGENT_CAP_TEMPORARY = 0x20,
  BL_AGENT_CAP_RECOVERY = 0x40,
  BL_AGENT_CAP_COMPRESSION = 0x100,
} BlAgentCaps;

/* Platform type in AuthInfo, kept as the device's icon. */
typedef enum
{
  BL_AGENT_PLATFORM_DESKTOP = 1,
  BL_AGENT_PLATFORM_LAPTOP = 2,
  BL_AGENT_PLATFORM_MOBILE = 3,
  BL_AGENT_PLATFORM_SERVER = 4,
  BL_AGENT_PLATFORM_DISK = 5,
  BL_AGENT_PLATFORM_ROUTER = 6,
  BL_AGENT_PLATFORM_PI = 7,
  BL_AGENT_PLATFORM_VIRTUAL = 8,
} BlAgentPlatform;

typedef struct
{
  guint32 info_version;
  guint32 agent_id; /* section 6 */
  guint32 agent_version;
  guint32 platform; /* 1..8; anything else was read as 1 */
  guint32 capabilities;
  guint8 mesh_id[BL_ID48_SIZE];
  const char *name; /* not terminated; empty in the old 70-byte form */
  gsize name_len;
} BlAgentAuthInfo;

/* What a hash in 11, 12 or 13 says. */
typedef enum
{
  BL_AGENT_HASH_NONE, /* empty: a question, or "no core" */
  BL_AGENT_HASH_ZERO, /* local core, or updates disabled */
  BL_AGENT_HASH_ONES, /* update forced */
  BL_AGENT_HASH_VALUE,
} BlAgentHashKind;

typedef struct
{
  guint16 command;
  guint16 request_id; /* commands >= 10 except 15, 30, 31 */
  union
  {
    /* 1: from the agent hash and its nonce; from the server accepted hash and its nonce */
    struct
    {
      const guint8 *web_hash; /* 48 */
      const guint8 *nonce;    /* 48 */
    } auth_request;
    /* 2 */
    struct
    {
      const guint8 *cert;
      gsize cert_len;
      const guint8 *signature;
      gsize signature_len;
    } auth_verify;
    BlAgentAuthInfo auth_info; /* 3 */
    const guint8 *server_id;   /* 5: 48 bytes; a 32-byte id is zero padded */
    /* 15, 30, 31: text without trailing NULs, not terminated, maybe not UTF-8 */
    struct
    {
      const char *text;
      gsize len;
    } text;
    /* 11, 12, 13 */
    struct
    {
      BlAgentHashKind kind;
      const guint8 *hash; /* 48, or NULL with BL_AGENT_HASH_NONE */
    } hash;
    /* 10, 20 to the agent; hash NULL and no data: delete the core */
    struct
    {
      const guint8 *hash;
      const guint8 *data; /* 10: prefix and script; 20: raw deflate of the same */
      gsize len;
    } core;
    /* 14 to the agent: file bytes; from the agent empty. Commands >= 1000: payload. */
    struct
    {
      const guint8 *data;
      gsize len;
    } block;
  };
} BlAgentMsg;

/** bl_agent_msg_is_json: TRUE when the first byte says JSON, whatever the WebSocket opcode. */
gboolean bl_agent_msg_is_json (gconstpointer data, gsize len);

/**
 * bl_agent_msg_parse_from_agent:
 * @msg: (out caller-allocated): pointers borrow from @data
 *
 * Returns: FALSE with %BL_ERROR_UNKNOWN for a command an agent does not send, %BL_ERROR_INVALID or
 *   %BL_ERROR_TOO_LARGE for a malformed one
 */
gboolean bl_agent_msg_parse_from_agent (gconstpointer data, gsize len, BlAgentMsg *msg, GError **error);

/** bl_agent_msg_parse_from_server: the agent's side of bl_agent_msg_parse_from_agent(). */
gboolean bl_agent_msg_parse_from_server (gconstpointer data, gsize len, BlAgentMsg *msg, GError **error);

/* Writers, (transfer full) each. Hashes and nonces are 48 bytes. */
GBytes *bl_agent_write_auth_request (const guint8 *web_hash, const guint8 *nonce);
GBytes *
bl_agent_write_auth_verify (gconstpointer cert, gsize cert_len, gconstpointer signature, gsize signature_len);
GBytes *bl_agent_write_auth_info (const BlAgentAuthInfo *info);
GBytes *bl_agent_write_auth_confirm (void);
GBytes *bl_agent_write_server_id (const guint8 *server_id);
GBytes *bl_agent_write_tag (const char *tag);
/** bl_agent_write_text: @command is 30 or 31. */
GBytes *bl_agent_write_text (BlAgentCommand command, const char *text);
/** bl_agent_write_hash: @command is 11, 12 or 13; @hash (nullable): NULL asks, or says "none". */
GBytes *bl_agent_write_hash (BlAgentCommand command, guint16 request_id, const guint8 *hash);
/** bl_agent_write_core_clear: command 10 without a core: stop and forget it. */
GBytes *bl_agent_write_core_clear (void);
/** bl_agent_write_core: @package from bl_core_package(); its SHA-384 is computed here. */
GBytes *bl_agent_write_core (GBytes *package);
/**
 * bl_agent_write_core_deflated: command 20; @hash of the uncompressed package, @deflated raw deflate data.
 */
GBytes *bl_agent_write_core_deflated (const guint8 *hash, gconstpointer deflated, gsize len);
GBytes *bl_agent_write_core_ok (void);
/**
 * bl_agent_write_update_block: at most BL_AGENT_UPDATE_BLOCK_SIZE bytes to the agent; @data NULL from the
 * agent (next).
 */
GBytes *bl_agent_write_update_block (guint16 request_id, gconstpointer data, gsize len);

/** bl_core_package: Returns: (transfer full): four zero bytes and @script (js-runtime.md section 2) */
GBytes *bl_core_package (gconstpointer script, gsize len);

/**
 * bl_core_package_open:
 * Returns: FALSE with %BL_ERROR_INVALID when @hash is not that of @package, or there is no prefix.
 *   @script borrows from @package.
 */
gboolean bl_core_package_open (const guint8 *package,
                               gsize len,
                               const guint8 *hash,
                               const char **script,
                               gsize *script_len,
                               GError **error);

G_END_DECLS
