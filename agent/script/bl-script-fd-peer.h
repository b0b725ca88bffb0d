// SPDX-License-Identifier: Apache-2.0
// BlScriptFdPeer: a stream of a script that ends in file descriptors of this process.

#pragma once

#include "bl-script-private.h"

G_BEGIN_DECLS

typedef struct _BlScriptFdPeer BlScriptFdPeer;

typedef struct
{
  // Nothing more can be read; the owner closes the stream when it is time.
  void (*ended) (BlScriptFdPeer *peer, gpointer owner);
  void (*control) (BlScriptFdPeer *peer, GVariant *args, gpointer owner); // nullable
  // The stream is gone; the descriptors are closed after it. Frees OWNER.
  void (*closed) (gpointer owner);
} BlScriptFdPeerEvents;

// Takes the descriptors (made non-blocking). EXTRA (-1: none) is read as text-flagged data;
// OUTPUT may equal INPUT. Binds STREAM.
BlScriptFdPeer *bl_script_fd_peer_new (BlScriptStream *stream,
                                       int input,
                                       int extra,
                                       int output,
                                       const BlScriptFdPeerEvents *events,
                                       gpointer owner);

BlScriptStream *bl_script_fd_peer_get_stream (BlScriptFdPeer *peer);
int bl_script_fd_peer_get_input (BlScriptFdPeer *peer);
// Reads what is there already, also while paused: before telling that a child has ended.
void bl_script_fd_peer_drain (BlScriptFdPeer *peer);
// Closes the output once everything queued has left.
void bl_script_fd_peer_end_output (BlScriptFdPeer *peer);

G_END_DECLS
