// SPDX-License-Identifier: Apache-2.0
// What only a start or a session needed is given back to the kernel.
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * bl_agent_memory_rest: returns the free heap, and lets the kernel have the pages of programs and libraries that are
 * only read; those that are used come back from its cache one by one. Main thread; some hundred microseconds.
 */
void bl_agent_memory_rest (void);

/** bl_agent_memory_rest_later: does that in some seconds; calls in the meantime put it off. Main context. */
void bl_agent_memory_rest_later (void);

/** bl_agent_memory_stop: not any more. Main context. */
void bl_agent_memory_stop (void);

G_END_DECLS
