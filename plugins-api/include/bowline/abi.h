/* SPDX-License-Identifier: Apache-2.0 */
/**
 * ABI identity of the Bowline plugin interface, and what each minor version added.
 *
 * Rule: within major 1 nothing is removed, reordered or changed in meaning. Functions are added under a new
 * version node, fields only at the end of a table. A plugin runs on every host whose major is equal and whose
 * minor is not lower than the plugin's `min_host_minor`.
 *
 * Changes:
 *   1.0  first version
 */
#ifndef BOWLINE_ABI_H
#define BOWLINE_ABI_H

#include <glib.h>
#include <gio/gio.h>

#define BOWLINE_ABI_MAJOR 1u
#define BOWLINE_ABI_MINOR 0u

#if defined(__GNUC__)
#define BOWLINE_EXPORT __attribute__ ((visibility ("default")))
#else
#define BOWLINE_EXPORT
#endif

/* Marks the functions of libbowline-plugin-1 with the minor that brought them. */
#define BOWLINE_AVAILABLE_IN_1_0 BOWLINE_EXPORT extern

typedef struct _BowlineHost BowlineHost;
typedef struct _BowlinePrincipal BowlinePrincipal;
typedef struct _BowlineHttpRequest BowlineHttpRequest;
typedef struct _BowlineWebSocket BowlineWebSocket;
typedef struct _BowlineActionCall BowlineActionCall;

#endif
