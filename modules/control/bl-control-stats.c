// SPDX-License-Identifier: Apache-2.0
/* Follows control-channel 7.7 (serverstats, servertimelinestats) */
#include "bl-control-stats.h"

#include "common/bl-variant.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_SAMPLES (BL_CONTROL_STATS_HOURS * 3600 / BL_CONTROL_STATS_SECONDS)

typedef struct
{
  gint64 time_ms;
  GVariant *document;
} Sample;

struct _BlControlStats
{
  BlControl *control;
  GQueue samples; /* of Sample, oldest first; since the start of the server */
};

static void
sample_free (gpointer data)
{
  Sample *sample = data;

  g_variant_unref (sample->document);
  g_free (sample);
}

BlControlStats *
bl_control_stats_new (BlControl *control)
{
  BlControlStats *self = g_new0 (BlControlStats, 1);

  self->control = control;
  g_queue_init (&self->samples);
  return self;
}

void
bl_control_stats_free (BlControlStats *self)
{
  g_queue_clear_full (&self->samples, sample_free);
  g_free (self);
}

/* ---- the numbers
 * -------------------------------------------------------------------------------------------------- */

typedef struct
{
  BowlineHost *host;
  gint64 agents;
  gint64 cira;
} Devices;

static gboolean
count_device (const char *id, GVariant *node, gpointer user_data)
{
  Devices *devices = user_data;
  BowlineDeviceState state = { .struct_size = sizeof state };

  if (!bowline_device_get_state (devices->host, id, &state))
    return TRUE;
  devices->agents += (state.connectivity & BOWLINE_CONNECTIVITY_AGENT) != 0;
  devices->cira += (state.connectivity & BOWLINE_CONNECTIVITY_CIRA) != 0;
  return TRUE;
}

static Devices
count_devices (BlControl *control)
{
  Devices devices = { control->host, 0, 0 };

  bowline_directory_foreach (control->host, "node", NULL, count_device, &devices);
  return devices;
}

static GVariant *
relay_status (BlControl *control)
{
  BowlineRelay relay = { .struct_size = sizeof relay };
  gpointer self;

  if (!bowline_host_get_relay (control->host, &relay, &self) || relay.status == NULL)
    return bl_doc_new ();
  return relay.status (self);
}

/* Bytes that /proc/meminfo gives for @name, which ends in ":". */
static gint64
memory (const char *text, const char *name)
{
  const char *at = text != NULL ? g_strstr_len (text, -1, name) : NULL;

  return at != NULL ? g_ascii_strtoll (at + strlen (name), NULL, 10) * 1024 : 0;
}

static gint64
resident_bytes (void)
{
  g_autofree char *text = NULL;
  const char *second;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  second = strchr (text, ' ');
  return second != NULL ? g_ascii_strtoll (second, NULL, 10) * sysconf (_SC_PAGESIZE) : 0;
}

static GVariant *
load_averages (void)
{
  double loads[3] = { 0, 0, 0 };
  GVariantBuilder list;

  if (getloadavg (loads, 3) < 0)
    loads[0] = loads[1] = loads[2] = 0;
  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (guint i = 0; i < 3; i++)
    g_variant_builder_add (&list, "v", g_variant_new_double (loads[i]));
  return g_variant_builder_end (&list);
}

GVariant *
bl_control_stats_frame (BlControl *control)
{
  Devices devices = count_devices (control);
  g_autoptr (GVariant) relay = relay_status (control);
  g_autofree char *info = NULL;
  GVariantDict state, values, frame;

  (void)g_file_get_contents ("/proc/meminfo", &info, NULL, NULL); /* without it the numbers are 0 */
  g_variant_dict_init (&state, NULL);
  g_variant_dict_insert (&state, "UserAccounts", "x",
                         (gint64)bowline_directory_count (control->host, "user"));
  g_variant_dict_insert (&state, "DeviceGroups", "x",
                         (gint64)bowline_directory_count (control->host, "mesh"));
  g_variant_dict_insert (&state, "AgentSessions", "x", devices.agents);
  g_variant_dict_insert (&state, "ConnectedUsers", "x", (gint64)g_hash_table_size (control->users));
  g_variant_dict_insert (&state, "UsersSessions", "x", (gint64)g_hash_table_size (control->sessions));
  g_variant_dict_insert (&state, "RelaySessions", "x", bl_variant_get_int (relay, "sessions", 0));
  g_variant_dict_insert (&state, "RelayCount", "x", bl_variant_get_int (relay, "total", 0));
  g_variant_dict_insert (&state, "ConnectedIntelAMT", "x", devices.cira);
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert_value (&values, "ServerState", g_variant_dict_end (&state));
  g_variant_dict_init (&frame, NULL);
  g_variant_dict_insert (&frame, "action", "s", "serverstats");
  g_variant_dict_insert (&frame, "totalmem", "x", memory (info, "MemTotal:"));
  g_variant_dict_insert (&frame, "freemem", "x", memory (info, "MemFree:"));
  g_variant_dict_insert (&frame, "availablemem", "x", memory (info, "MemAvailable:"));
  g_variant_dict_insert_value (&frame, "cpuavg", load_averages ());
  g_variant_dict_insert_value (&frame, "values", g_variant_dict_end (&values));
  return g_variant_dict_end (&frame);
}

/* ---- over time
 * ---------------------------------------------------------------------------------------------------- */

static GVariant *
make_sample (BlControl *control)
{
  Devices devices = count_devices (control);
  g_autoptr (GVariant) relay = relay_status (control);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format_iso8601 (now);
  GVariantDict connections, memory_use, sample;

  g_variant_dict_init (&connections, NULL);
  g_variant_dict_insert (&connections, "ca", "x", devices.agents);
  g_variant_dict_insert (&connections, "cu", "x", (gint64)g_hash_table_size (control->users));
  g_variant_dict_insert (&connections, "us", "x", (gint64)g_hash_table_size (control->sessions));
  g_variant_dict_insert (&connections, "rs", "x", bl_variant_get_int (relay, "sessions", 0));
  g_variant_dict_insert (&connections, "am", "x", devices.cira);
  g_variant_dict_init (&memory_use, NULL);
  g_variant_dict_insert (&memory_use, "rss", "x", resident_bytes ());
  g_variant_dict_init (&sample, NULL);
  g_variant_dict_insert (&sample, "time", "s", time);
  g_variant_dict_insert_value (&sample, "mem", g_variant_dict_end (&memory_use));
  g_variant_dict_insert_value (&sample, "conn", g_variant_dict_end (&connections));
  g_variant_dict_insert_value (&sample, "cpu", load_averages ());
  return g_variant_ref_sink (g_variant_dict_end (&sample));
}

void
bl_control_stats_sample (BlControlStats *self)
{
  static const char *const targets[] = { "*", NULL };
  Sample *sample = g_new (Sample, 1);
  GVariantDict event;

  *sample = (Sample){ g_get_real_time () / 1000, make_sample (self->control) };
  g_queue_push_tail (&self->samples, sample);
  if (g_queue_get_length (&self->samples) > MAX_SAMPLES)
    sample_free (g_queue_pop_head (&self->samples));
  g_variant_dict_init (&event, NULL);
  g_variant_dict_insert (&event, "etype", "s", "server");
  g_variant_dict_insert (&event, "action", "s", "servertimelinestats");
  g_variant_dict_insert_value (&event, "data", sample->document);
  g_variant_dict_insert (&event, "nolog", "x", (gint64)1);
  bowline_event_emit (self->control->host, targets, g_variant_dict_end (&event));
}

GVariant *
bl_control_stats_history (BlControlStats *self, gint64 hours)
{
  gint64 since = g_get_real_time () / 1000 - hours * 3600 * 1000;
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("av"));
  for (GList *l = self->samples.head; l != NULL; l = l->next)
    {
      const Sample *sample = l->data;

      if (sample->time_ms >= since)
        g_variant_builder_add (&list, "v", sample->document);
    }
  return g_variant_builder_end (&list);
}
