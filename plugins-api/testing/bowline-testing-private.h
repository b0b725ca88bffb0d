// SPDX-License-Identifier: Apache-2.0
/* The state of the test host, shared by its sources. */
#pragma once

#include "bowline-testing.h"

typedef struct
{
  guint64 number;
  char *topic;
  BowlineTopicFunc func;
  gpointer user_data;
} BlTestSubscription;

typedef struct
{
  guint64 number;
  BowlineEndpoint endpoint;
  gpointer user_data;
} BlTestEndpoint;

typedef struct
{
  BowlineAction action;
  gpointer user_data;
} BlTestAction;

struct _BlTestHost
{
  BowlineHost host;
  char *data_dir;
  GHashTable *settings; /* key -> text */
  GHashTable *lists;    /* key -> GStrv */
  GPtrArray *log;
  GPtrArray *published;
  GPtrArray *events;
  GPtrArray *audit;
  GPtrArray *audit_users;
  GPtrArray *device_messages;
  GHashTable *services;     /* "NAME/MAJOR" -> BlTestService */
  GPtrArray *subscriptions; /* BlTestSubscription */
  guint64 last_number;
  GHashTable *documents; /* id -> GVariant */
  gboolean fail_commits;
  GHashTable *grants;   /* "USER OBJECT" -> rights */
  GPtrArray *actions;   /* BlTestAction */
  GPtrArray *endpoints; /* BlTestEndpoint */
  GHashTable *online;   /* node id -> connectivity */
  GHashTable *sessions; /* node id -> a{sv} */
  GHashTable *tickets;  /* text -> (sa{sv}) */
  BowlineStore store;
  gpointer store_self;
  BowlineAuth auth;
  gpointer auth_self;
  BowlineRelay relay;
  gpointer relay_self;
  BowlineDeviceTransport transport;
  gpointer transport_self;
};

static inline BlTestHost *
bl_test_host_from (BowlineHost *host)
{
  g_assert_cmpuint (host->magic, ==, BOWLINE_HOST_MAGIC);
  return host->priv;
}

void bl_test_install_host (void);
void bl_test_install_documents (void);
void bl_test_install_principals (void);
void bl_test_install_actions (void);
void bl_test_install_http (void);
void bl_test_install_websocket (void);
void bl_test_install_tables (void);

/** Returns: (transfer full): the request object alone, without calling a handler */
BowlineHttpRequest *bl_test_request_new (const BlTestRequest *request);
