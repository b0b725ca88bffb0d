// SPDX-License-Identifier: Apache-2.0
/**
 * BlAgentBody: an answer made of parts of a checked file and of bytes between them, sent in pieces as the client takes
 * them. Equal parts give equal bytes and an equal tag. Main context.
 */
#pragma once

#include "bl-agent-binaries.h"

G_BEGIN_DECLS

typedef struct _BlAgentBody BlAgentBody;

/** Returns: (nullable): NULL when the file was replaced since it was checked */
BlAgentBody *bl_agent_body_new (BlAgentBinary *binary);
void bl_agent_body_free (BlAgentBody *body);
/** Adds the file from @from to @to. */
void bl_agent_body_add_file (BlAgentBody *body, guint64 from, guint64 to);
/** @bytes: (transfer none) */
void bl_agent_body_add_bytes (BlAgentBody *body, GBytes *bytes);
/**
 * Answers @request: 304 when the client has it already.
 * @body: (transfer full); @name: what the client is told to call it
 */
void bl_agent_body_send (BlAgentBody *body, BowlineHttpRequest *request, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BlAgentBody, bl_agent_body_free)

G_END_DECLS
