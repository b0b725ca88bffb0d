// SPDX-License-Identifier: Apache-2.0
// From the configuration to the front's options.
#pragma once

#include "bl-config.h"
#include "bl-http-front.h"

G_BEGIN_DECLS

/** Fills @options; strings and lists are the configuration's own and live as long as it. */
void bl_front_options_from_config (BlFrontOptions *options, BlConfig *config);

G_END_DECLS
