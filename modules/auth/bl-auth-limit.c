// SPDX-License-Identifier: Apache-2.0
#include "bl-auth-limit.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_KEYS 100000u
#define KNOWN_FAILURES 20u
#define KNOWN_MAX_WAIT 5u

typedef struct
{
  char *key;
  guint count;
  gint64 last_us;
  gint64 free_at_us;
  GList link; /* in self->recent, newest first */
} Entry;

struct _BlAuthLimit
{
  BlAuthLimitRule account;
  BlAuthLimitRule address;
  BlAuthLimitRule known;
  GHashTable *entries;
  GQueue recent;
};

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->key);
  g_free (entry);
}

BlAuthLimit *
bl_auth_limit_new (const BlAuthLimitRule *account, const BlAuthLimitRule *address)
{
  BlAuthLimit *self = g_new0 (BlAuthLimit, 1);

  self->account = *account;
  self->address = *address;
  self->known = (BlAuthLimitRule){ KNOWN_FAILURES, account->window, KNOWN_MAX_WAIT };
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  g_queue_init (&self->recent);
  return self;
}

void
bl_auth_limit_free (BlAuthLimit *self)
{
  g_hash_table_unref (self->entries);
  g_free (self);
}

guint
bl_auth_limit_get_size (BlAuthLimit *self)
{
  return g_hash_table_size (self->entries);
}

char *
bl_auth_limit_key_of_address (const char *address)
{
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address != NULL ? address : "");
  g_autoptr (GInetAddress) network = NULL;
  guint8 bytes[16];

  if (parsed == NULL || g_inet_address_get_family (parsed) != G_SOCKET_FAMILY_IPV6)
    return g_strdup (address != NULL ? address : "");
  memcpy (bytes, g_inet_address_to_bytes (parsed), sizeof bytes);
  memset (bytes + 8, 0, 8);
  network = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  return g_inet_address_to_string (network);
}

static void
forget (BlAuthLimit *self, Entry *entry)
{
  g_queue_unlink (&self->recent, &entry->link);
  g_hash_table_remove (self->entries, entry->key);
}

static Entry *
find (BlAuthLimit *self, const char *key, const BlAuthLimitRule *rule, gint64 now_us)
{
  Entry *entry = g_hash_table_lookup (self->entries, key);

  if (entry == NULL || now_us - entry->last_us <= (gint64)rule->window * G_USEC_PER_SEC
      || now_us < entry->free_at_us)
    return entry;
  forget (self, entry);
  return NULL;
}

static guint
wait_of (BlAuthLimit *self, const char *key, const BlAuthLimitRule *rule, gint64 now_us)
{
  Entry *entry = find (self, key, rule, now_us);

  if (entry == NULL || entry->free_at_us <= now_us)
    return 0;
  return (guint)((entry->free_at_us - now_us + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

static void
count (BlAuthLimit *self, const char *key, const BlAuthLimitRule *rule, gint64 now_us)
{
  Entry *entry = find (self, key, rule, now_us);

  if (entry == NULL)
    {
      if (g_hash_table_size (self->entries) >= MAX_KEYS)
        forget (self, self->recent.tail->data);
      entry = g_new0 (Entry, 1);
      entry->key = g_strdup (key);
      entry->link.data = entry;
      g_hash_table_insert (self->entries, entry->key, entry);
    }
  else
    g_queue_unlink (&self->recent, &entry->link);
  g_queue_push_head_link (&self->recent, &entry->link);
  entry->count++;
  entry->last_us = now_us;
  if (entry->count >= rule->failures)
    {
      guint doublings = MIN (entry->count - rule->failures, 20u);
      guint wait = MIN (1u << doublings, rule->max_wait);

      entry->free_at_us = now_us + (gint64)wait * G_USEC_PER_SEC;
    }
}

typedef struct
{
  char *account;
  char *address;
  char *pair;
} Keys;

/* Programs on this machine share their address with everybody else on it. */
static gboolean
is_loopback (const char *address)
{
  g_autoptr (GInetAddress) parsed = g_inet_address_new_from_string (address != NULL ? address : "");

  return parsed != NULL && g_inet_address_get_is_loopback (parsed);
}

static void
make_keys (Keys *keys, const char *account, const char *address)
{
  g_autofree char *network = bl_auth_limit_key_of_address (address);

  keys->account = g_strconcat ("account ", account, NULL);
  keys->address = g_strconcat ("address ", network, NULL);
  keys->pair = g_strconcat ("pair ", network, " ", account, NULL);
}

static void
clear_keys (Keys *keys)
{
  g_free (keys->account);
  g_free (keys->address);
  g_free (keys->pair);
}

guint
bl_auth_limit_wait (
    BlAuthLimit *self, const char *account, const char *address, gboolean known, gint64 now_us)
{
  Keys keys;
  guint wait;

  make_keys (&keys, account, address);
  if (known)
    wait = wait_of (self, keys.pair, &self->known, now_us);
  else
    wait = MAX (wait_of (self, keys.account, &self->account, now_us),
                is_loopback (address) ? 0 : wait_of (self, keys.address, &self->address, now_us));
  clear_keys (&keys);
  return wait;
}

void
bl_auth_limit_failed (
    BlAuthLimit *self, const char *account, const char *address, gboolean known, gint64 now_us)
{
  Keys keys;

  make_keys (&keys, account, address);
  if (known)
    count (self, keys.pair, &self->known, now_us);
  count (self, keys.account, &self->account, now_us);
  if (!is_loopback (address))
    count (self, keys.address, &self->address, now_us);
  clear_keys (&keys);
}

void
bl_auth_limit_succeeded (BlAuthLimit *self, const char *account, const char *address)
{
  Keys keys;
  Entry *entry;

  make_keys (&keys, account, address);
  entry = g_hash_table_lookup (self->entries, keys.account);
  if (entry != NULL)
    forget (self, entry);
  entry = g_hash_table_lookup (self->entries, keys.pair);
  if (entry != NULL)
    forget (self, entry);
  clear_keys (&keys);
}
