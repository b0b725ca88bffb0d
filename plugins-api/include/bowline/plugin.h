/* SPDX-License-Identifier: Apache-2.0 */
/** Everything a server plugin needs. Agent plugins include <bowline/agent.h> instead. */
#ifndef BOWLINE_PLUGIN_H
#define BOWLINE_PLUGIN_H

#include <bowline/abi.h>
#include <bowline/action.h>
#include <bowline/auth.h>
#include <bowline/descriptor.h>
#include <bowline/device.h>
#include <bowline/directory.h>
#include <bowline/error.h>
#include <bowline/event.h>
#include <bowline/host.h>
#include <bowline/http.h>
#include <bowline/identity.h>
#include <bowline/principal.h>
#include <bowline/relay.h>
#include <bowline/store.h>

#endif
