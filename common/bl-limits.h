// SPDX-License-Identifier: Apache-2.0
/*
 * Limits on what a peer may make us hold or do. A number belongs here when both programs or several rooms
 * need the same one; a limit of one module lives in that module. Sizes are bytes unless the name says
 * otherwise.
 */
#pragma once

#include <glib.h>

/* --- WebSocket and HTTP --- */

/* RFC 6455 section 5.5: a control frame carries at most this much. */
#define BL_WS_MAX_CONTROL_PAYLOAD 125
/* Two fixed bytes, eight of length, four of mask. */
#define BL_WS_MAX_HEADER 14
/* Head of an HTTP answer to our own upgrade or CONNECT request. */
#define BL_HTTP_MAX_RESPONSE_HEAD (16 * 1024)
#define BL_HTTP_MAX_HEADERS 100
/* Path and query of one of our own endpoints. */
#define BL_URL_MAX 4096

/* --- agent channel --- */

/* The longest message before authentication is 2 (AuthVerify): an RSA-4096 certificate with its PKCS#7
 * signature. */
#define BL_AGENT_MAX_HANDSHAKE (16 * 1024)
/* DER of one node or agent-server certificate. */
#define BL_AGENT_MAX_CERT (8 * 1024)
/* Raw RSA signature or PKCS#7 blob. */
#define BL_AGENT_MAX_SIGNATURE (8 * 1024)
/* JSON of an authenticated agent, unless configured otherwise. */
#define BL_AGENT_MAX_JSON (1024 * 1024)
/* Computer name in AuthInfo; DNS allows 253. */
#define BL_AGENT_MAX_NAME 255
/* `agentName`, agent-channel section 3.2. */
#define BL_AGENT_MAX_AGENT_NAME 255
/* Commit date, host info. */
#define BL_AGENT_MAX_TEXT 512
/* Tag text with its ~Server lines. */
#define BL_AGENT_MAX_TAG 4096
/* Command 14: a full block is 65535 with its four-byte header. */
#define BL_AGENT_UPDATE_BLOCK_SIZE 65531
/* Core package including its four-byte prefix. */
#define BL_CORE_MAX (8 * 1024 * 1024)
/* What the agent takes in one message: a core with its header. */
#define BL_AGENT_MAX_FROM_SERVER (BL_CORE_MAX + 64)

/* --- control channel and JSON --- */

#define BL_CONTROL_MAX_JSON (4 * 1024 * 1024)
#define BL_JSON_MAX_DEPTH 32
/* Values in one document, all levels together. */
#define BL_JSON_MAX_VALUES 200000
/* Digits, sign, point and exponent of one number. */
#define BL_JSON_MAX_NUMBER 128
/* `action` of a control message, control-channel.md. */
#define BL_ACTION_MIN 3
#define BL_ACTION_MAX 32

/* --- names and ids --- */

#define BL_ID_MAX 256
#define BL_DOMAIN_MAX 64
#define BL_USER_NAME_MAX 128
#define BL_GROUP_NAME_MAX 128
#define BL_DEVICE_NAME_MAX 256
#define BL_DESCRIPTION_MAX 1024

/* --- settings, cookies --- */

#define BL_MSH_MAX (256 * 1024)
#define BL_MSH_MAX_KEYS 256
#define BL_MSH_MAX_KEY 64
#define BL_COOKIE_MAX 8192
#define BL_TOKEN_MAX 8192

/* --- files and relay --- */

/* One request of the files protocol; upload blocks are limited by BL_FILES_MAX_BLOCK. */
#define BL_FILES_MAX_REQUEST (256 * 1024)
/* Upload block: the page sends 65536, meshctrl up to 65564, plus the escape byte. */
#define BL_FILES_MAX_BLOCK (1024 * 1024)
/* PATH_MAX of Linux, without the NUL. */
#define BL_FILES_MAX_PATH 4095
#define BL_FILES_MAX_NAME 255
/* Names in one rm, copy, move or zip. */
#define BL_FILES_MAX_NAMES 10000
/* Data in one download block: 16384 with its four-byte header. */
#define BL_FILES_DOWNLOAD_BLOCK 16380
/* What a viewer may ask for instead: fewer, larger frames cost less on every hop. */
#define BL_FILES_MAX_DOWNLOAD_BLOCK 65532
/* Text control messages of a tunnel. */
#define BL_TUNNEL_MAX_CONTROL (64 * 1024)
#define BL_TUNNEL_MAX_ID 256
#define BL_TUNNEL_MAX_HOST 253
#define BL_TUNNEL_MAX_COLS 1000
#define BL_TUNNEL_MAX_ROWS 1000
