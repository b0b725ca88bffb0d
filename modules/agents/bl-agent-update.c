// SPDX-License-Identifier: Apache-2.0
/* New programs for agents. */
#include "bl-agent-update.h"

#include <string.h>
#include <unistd.h>

#include "bl-agent-session.h"
#include "common/bl-ids.h"
#include "common/bl-variant.h"

/* Windows agents older than 7 February 2021 cannot replace themselves the native way. */
#define OLD_WINDOWS_MS G_GINT64_CONSTANT (1612740413000)
#define REQUEST_ID 1
#define TICKET_PURPOSE "agent-program"
#define TICKET_SECONDS 3600

typedef enum
{
  ASKED,   /* 12 was sent */
  WAITING, /* it differs; too many others are at it, or somebody works on the device. Its core runs meanwhile. */
  SENDING, /* blocks are on their way */
  SCRIPT,  /* the recovery core does it */
  SENT,    /* it has everything and should start again */
} State;

struct _BlAgentUpdate
{
  BlAgentSession *session;
  BlAgentBinary *binary;
  BlAgentDeadline deadline;
  GList link; /* in updates->waiting */
  State state;
  gboolean ordered; /* somebody asked for it */
  gboolean by_script;
  int fd;
  guint64 sent;
};

struct _BlAgentUpdates
{
  BlAgents *agents;
  guint running;
  GQueue waiting;
  BlAgentDeadlines due;
  GHashTable *attempts; /* node id -> Attempts */
};

/* How often a device was sent one program. Another program begins anew. */
typedef struct
{
  guint count;
  guint8 hash[BL_SHA384_SIZE];
} Attempts;

/* ---- the whole ---------------------------------------------------------------------------------------------------- */

BlAgentUpdates *
bl_agent_updates_new (BlAgents *agents)
{
  BlAgentUpdates *updates = g_new0 (BlAgentUpdates, 1);

  updates->agents = agents;
  updates->attempts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  bl_agent_deadlines_init (&updates->due, agents->settings.update_seconds);
  return updates;
}

void
bl_agent_updates_free (BlAgentUpdates *updates)
{
  g_hash_table_unref (updates->attempts);
  g_free (updates);
}

static guint
count_attempts (BlAgentUpdates *updates, const char *node_id, const guint8 *hash)
{
  const Attempts *attempts = g_hash_table_lookup (updates->attempts, node_id);

  return attempts != NULL && memcmp (attempts->hash, hash, BL_SHA384_SIZE) == 0 ? attempts->count : 0;
}

static void
count_attempt (BlAgentUpdates *updates, const char *node_id, const guint8 *hash)
{
  Attempts *attempts = g_new0 (Attempts, 1);

  attempts->count = count_attempts (updates, node_id, hash) + 1;
  memcpy (attempts->hash, hash, BL_SHA384_SIZE);
  g_hash_table_replace (updates->attempts, g_strdup (node_id), attempts);
}

static void
set_state (BlAgentUpdate *update, State state)
{
  BlAgentUpdates *updates = update->session->agents->updates;
  gboolean was_running = update->state > WAITING, is_running = state > WAITING;

  if (update->state == WAITING && state != WAITING)
    g_queue_unlink (&updates->waiting, &update->link);
  updates->running += is_running && !was_running ? 1 : 0;
  updates->running -= was_running && !is_running ? 1 : 0;
  update->state = state;
  if (state == WAITING)
    {
      bl_agent_deadline_clear (&update->deadline);
      g_queue_push_tail_link (&updates->waiting, &update->link);
    }
  else
    bl_agent_deadline_set (&update->deadline, &updates->due, update->session, g_get_monotonic_time ());
}

void
bl_agent_update_drop (BlAgentSession *session)
{
  BlAgentUpdate *update = g_steal_pointer (&session->update);

  if (update == NULL)
    return;
  if (update->state == WAITING)
    g_queue_unlink (&session->agents->updates->waiting, &update->link);
  else if (update->state > WAITING)
    session->agents->updates->running--;
  bl_agent_deadline_clear (&update->deadline);
  if (update->fd >= 0)
    close (update->fd);
  bl_agent_binary_unref (update->binary);
  g_free (update);
}

static void
give_up (BlAgentSession *session, const char *why)
{
  bowline_host_log (session->host, BOWLINE_LOG_WARNING, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                    "the program of a device was not replaced: %s", why);
  session->core_kind = BL_AGENT_CORE_DEFAULT;
  bl_agent_update_drop (session);
  bl_agent_push_begin (session);
}

/* ---- sending it --------------------------------------------------------------------------------------------------- */

static void
send_block (BlAgentSession *session)
{
  BlAgentUpdate *update = session->update;
  g_autofree guint8 *block = NULL;
  gssize n;

  if (update->sent == update->binary->entry.size)
    {
      /* What the device compares is the hash of what counts in the file, as in 12. */
      bl_agent_session_send (session,
                             bl_agent_write_hash (BL_AGENT_UPDATE, 0, update->binary->entry.update_hash));
      bowline_host_log (session->host, BOWLINE_LOG_INFO, g_variant_new_parsed ("{'node': <%s>}", session->node_id),
                        "a device got a new program");
      set_state (update, SENT);
      return;
    }
  block = g_malloc (BL_AGENT_UPDATE_BLOCK_SIZE);
  n = pread (update->fd, block, BL_AGENT_UPDATE_BLOCK_SIZE, (off_t) update->sent);
  if (n <= 0)
    {
      give_up (session, "the file cannot be read");
      return;
    }
  update->sent += (guint64) n;
  bl_agent_session_send (session, bl_agent_write_update_block (REQUEST_ID, block, (gsize) n));
  set_state (update, SENDING);
}

/* A core that runs would be in the way, and ends anyhow. */
static void
start (BlAgentSession *session)
{
  BlAgentUpdate *update = session->update;
  BlAgentUpdates *updates = session->agents->updates;

  count_attempt (updates, session->node_id, update->binary->entry.hash);
  bl_agent_deadline_clear (&session->deadline);
  session->stable = FALSE;
  bl_agent_session_send (session, bl_agent_write_core_clear ());
  if (update->by_script)
    {
      set_state (update, SCRIPT);
      session->core_kind = BL_AGENT_CORE_RECOVERY;
      session->pushes = 0;
      bl_agent_push_begin (session);
      return;
    }
  update->fd = bl_agent_binary_open (update->binary);
  set_state (update, SENDING);
  if (update->fd < 0)
    {
      give_up (session, "another one was imported meanwhile");
      return;
    }
  bl_agent_session_send (session, bl_agent_write_hash (BL_AGENT_UPDATE, 0, NULL));
  send_block (session);
}

/* A person who works on the device is not thrown out. */
static gboolean
is_free (BlAgentSession *session)
{
  g_autoptr (GVariant) sessions = NULL;

  if (session->update->ordered)
    return TRUE;
  sessions = bowline_device_dup_sessions (session->host, session->node_id);
  return sessions == NULL || g_variant_n_children (sessions) == 0;
}

static void
start_waiting (BlAgentUpdates *updates)
{
  GList *next;

  for (GList *link = updates->waiting.head;
       link != NULL && updates->running < updates->agents->settings.max_updates; link = next)
    {
      BlAgentSession *session = link->data;

      next = link->next;
      if (is_free (session))
        start (session);
    }
}

/* What was asked or sent was not answered. */
static void
run_out (BlAgentSession *session)
{
  if (session->state != BL_AGENT_STATE_READY)
    return;
  switch (session->update->state)
    {
    case ASKED:
      bl_agent_update_drop (session);
      bl_agent_push_begin (session);
      break;
    case SENDING:
      give_up (session, "it stopped taking it");
      break;
    case SCRIPT:
      give_up (session, "its recovery core did not fetch it");
      break;
    case SENT:
      give_up (session, "it did not start again with it");
      break;
    case WAITING:
      break;
    }
}

void
bl_agent_updates_tick (BlAgentUpdates *updates, gint64 now_us)
{
  BlAgentSession *session;

  while ((session = bl_agent_deadlines_take_due (&updates->due, now_us)) != NULL)
    run_out (session);
  start_waiting (updates);
}

/* ---- asking ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  BlAgentSession *session;
  gboolean ordered;
} Question;

static void
question_free (gpointer data)
{
  Question *question = data;

  bl_agent_session_unref (question->session);
  g_free (question);
}

static void
go_on (Question *question)
{
  if (!question->ordered)
    bl_agent_push_begin (question->session);
}

static void
found_cb (BlAgentBinary *binary, gpointer user_data)
{
  Question *question = user_data;
  BlAgentSession *session = question->session;
  BlAgentUpdate *update;

  if (session->state != BL_AGENT_STATE_READY || session->update != NULL)
    return;
  if (binary == NULL)
    {
      go_on (question);
      return;
    }
  update = g_new0 (BlAgentUpdate, 1);
  update->session = session;
  update->binary = bl_agent_binary_ref (binary);
  update->ordered = question->ordered;
  update->link.data = session;
  update->fd = -1;
  session->update = update;
  set_state (update, ASKED);
  bl_agent_session_send (session, bl_agent_write_hash (BL_AGENT_AGENT_HASH, 0, NULL));
}

const char *
bl_agent_update_own_file (guint32 id)
{
  static const struct
  {
    guint32 id;
    const char *file;
  } archives[] = { { 6, "bowline-agent-linux-x86_64.tar.gz" },
                   { 26, "bowline-agent-linux-aarch64.tar.gz" },
                   { 25, "bowline-agent-linux-armv7l.tar.gz" },
                   { 45, "bowline-agent-linux-riscv64.tar.gz" } };

  for (guint i = 0; i < G_N_ELEMENTS (archives); i++)
    if (archives[i].id == id)
      return archives[i].file;
  return NULL;
}

gboolean
bl_agent_update_is_own (const char *text, gsize length)
{
  return length > strlen ("Bowline ") && memcmp (text, "Bowline ", strlen ("Bowline ")) == 0;
}

static const char *
find_own_file (BlAgentSession *session)
{
  const char *file = bl_agent_update_own_file (session->agent_id);

  return file != NULL && !session->recovery && bl_agent_binaries_has (session->agents->binaries, file) ? file : NULL;
}

static const char *
find_file (BlAgentSession *session)
{
  const BlAgentProgram *program = bl_agent_program_find (session->agent_id);

  if (session->own)
    return find_own_file (session);
  /* An Android package is installed by people. */
  if (program == NULL || program->format == BL_EXE_ZIP || session->recovery
      || !bl_agent_binaries_has (session->agents->binaries, program->file))
    return NULL;
  return program->file;
}

static void
ask (BlAgentSession *session, const char *file, gboolean ordered)
{
  Question *question = g_new0 (Question, 1);

  question->session = bl_agent_session_ref (session);
  question->ordered = ordered;
  bl_agent_binaries_get (session->agents->binaries, file, found_cb, question, question_free);
}

static gboolean
is_wanted (BlAgentSession *session)
{
  const BlAgentsSettings *settings = &session->agents->settings;
  const char *const *groups = bowline_host_get_list (session->host, "agent-update-groups");
  g_autoptr (GVariant) node = NULL;
  const char *mesh_id;

  if (!settings->updates || session->temporary || session->recovery)
    return FALSE;
  if (groups[0] == NULL)
    return TRUE;
  node = bowline_directory_dup (session->host, session->node_id);
  mesh_id = node != NULL ? bl_variant_get_string (node, "meshid") : NULL;
  return mesh_id != NULL && (g_strv_contains (groups, mesh_id) || g_strv_contains (groups, strrchr (mesh_id, '/') + 1));
}

void
bl_agent_update_begin (BlAgentSession *session)
{
  const char *file = is_wanted (session) ? find_file (session) : NULL;

  if (file != NULL)
    ask (session, file, FALSE);
  else
    bl_agent_push_begin (session);
}

gboolean
bl_agent_update_order (BlAgentSession *session)
{
  const char *file = session->state == BL_AGENT_STATE_READY ? find_file (session) : NULL;

  if (file == NULL)
    return FALSE;
  if (session->update == NULL)
    ask (session, file, TRUE);
  else
    session->update->ordered = TRUE;
  return TRUE;
}

/* ---- its answers -------------------------------------------------------------------------------------------------- */

static gboolean
needs_script (BlAgentSession *session)
{
  const BlAgentBinary *binary = session->update->binary;

  if ((session->caps & BL_AGENT_CAP_JAVASCRIPT) == 0 || binary->exe.format != BL_EXE_PE)
    return FALSE;
  return session->agent_id == 3 || (session->agent_id == 4 && session->commit_ms < OLD_WINDOWS_MS);
}

void
bl_agent_update_hash (BlAgentSession *session, const BlAgentMsg *message)
{
  BlAgentUpdate *update = session->update;
  const BlAgentProgramEntry *entry;
  gboolean differs, ordered;

  if (update == NULL || update->state != ASKED)
    return;
  entry = &update->binary->entry;
  ordered = update->ordered;
  differs = message->hash.kind == BL_AGENT_HASH_ONES
            || (message->hash.kind == BL_AGENT_HASH_VALUE
                && memcmp (message->hash.hash, entry->update_hash, BL_SHA384_SIZE) != 0
                && memcmp (message->hash.hash, entry->hash, BL_SHA384_SIZE) != 0);
  if (!differs)
    g_hash_table_remove (session->agents->updates->attempts, session->node_id);
  /* One that did not take it, or went back to its old one, is left alone. */
  if (!differs
      || (!ordered
          && count_attempts (session->agents->updates, session->node_id, entry->hash) >= BL_AGENT_UPDATE_ATTEMPTS))
    {
      bl_agent_update_drop (session);
      if (!ordered)
        bl_agent_push_begin (session);
      return;
    }
  update->by_script = needs_script (session);
  set_state (update, WAITING);
  start_waiting (session->agents->updates);
  /* It waits for its turn with a core. */
  if (!ordered && session->update != NULL && session->update->state == WAITING)
    bl_agent_push_begin (session);
}

void
bl_agent_update_next (BlAgentSession *session, const BlAgentMsg *message)
{
  if (session->update != NULL && session->update->state == SENDING && message->request_id == REQUEST_ID)
    send_block (session);
}

gboolean
bl_agent_update_is_running (BlAgentSession *session)
{
  return session->update != NULL && (session->update->state == SENDING || session->update->state == SENT);
}

/* ---- by a script -------------------------------------------------------------------------------------------------- */

static void
tell_where (BlAgentSession *session, const BlAgentProgram *program, const BlAgentProgramEntry *entry, const char *for_session)
{
  g_autofree char *ticket = bowline_ticket_seal (session->host, TICKET_PURPOSE,
                                                 g_variant_new_parsed ("{'file': <%s>}", program->file), TICKET_SECONDS);
  g_autofree char *escaped = g_uri_escape_string (ticket, NULL, FALSE);
  g_autofree char *url = g_strdup_printf ("*/meshagents?id=%u&auth=%s", program->id, escaped);
  g_autofree char *hash = bl_hex_encode (entry->hash, BL_SHA384_SIZE, FALSE);
  g_autoptr (GBytes) web = bowline_identity_dup_certificate (session->host, BOWLINE_CERTIFICATE_WEB);
  GVariantDict message;

  g_variant_dict_init (&message, NULL);
  g_variant_dict_insert (&message, "action", "s", "agentupdate");
  g_variant_dict_insert (&message, "url", "s", url);
  g_variant_dict_insert (&message, "hash", "s", hash);
  if (web != NULL)
    {
      guint8 seen[BL_SHA384_SIZE];
      g_autofree char *seen_hex = NULL;

      bl_certhash (g_bytes_get_data (web, NULL), g_bytes_get_size (web), seen);
      seen_hex = bl_hex_encode (seen, sizeof seen, FALSE);
      g_variant_dict_insert (&message, "servertlshash", "s", seen_hex);
    }
  if (for_session != NULL)
    g_variant_dict_insert (&message, "sessionid", "s", for_session);
  bl_agent_session_send_json (session, g_variant_dict_end (&message));
}

gboolean
bl_agent_update_core_runs (BlAgentSession *session)
{
  BlAgentUpdate *update = session->update;

  if (update == NULL || update->state != SCRIPT)
    return FALSE;
  tell_where (session, bl_agent_program_find (session->agent_id), &update->binary->entry, NULL);
  set_state (update, SCRIPT);
  return TRUE;
}

void
bl_agent_update_fetched (BlAgentSession *session)
{
  if (session->update != NULL && session->update->state == SCRIPT)
    set_state (session->update, SENT);
}

typedef struct
{
  BlAgentSession *session;
  char *for_session;
} Where;

static void
where_free (gpointer data)
{
  Where *where = data;

  bl_agent_session_unref (where->session);
  g_free (where->for_session);
  g_free (where);
}

static void
where_cb (BlAgentBinary *binary, gpointer user_data)
{
  Where *where = user_data;

  if (binary != NULL && where->session->state == BL_AGENT_STATE_READY)
    tell_where (where->session, bl_agent_program_find (where->session->agent_id), &binary->entry, where->for_session);
}

void
bl_agent_update_tell (BlAgentSession *session, const char *for_session)
{
  const char *file = find_file (session);
  Where *where;

  /* Our own agent is no single file that a script could replace. */
  if (file == NULL || session->own)
    return;
  where = g_new0 (Where, 1);
  where->session = bl_agent_session_ref (session);
  where->for_session = g_strdup (for_session);
  bl_agent_binaries_get (session->agents->binaries, file, where_cb, where, where_free);
}

/* ---- the date of a program ------------------------------------------------------------------------------------------ */

static guint
find_month (const char *name)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

  for (guint i = 0; i < 12; i++)
    if (g_ascii_strncasecmp (months + 3 * i, name, 3) == 0)
      return i + 1;
  return 0;
}

/* Reads digits up to @stop, or the end for NUL. */
static gboolean
take_number (const char **at, char stop, gint max, gint *number)
{
  const char *c = *at;

  *number = 0;
  for (; g_ascii_isdigit (*c) && *number <= max; c++)
    *number = *number * 10 + (*c - '0');
  if (c == *at || *c != stop || *number > max)
    return FALSE;
  *at = c + (stop != '\0' ? 1 : 0);
  return TRUE;
}

gint64
bl_agent_update_parse_date (const char *text, gsize length)
{
  g_autofree char *copy = g_strndup (text, MIN (length, 64));
  g_autoptr (GDateTime) when = NULL;
  const char *at = copy;
  gint year, day, hour, minute, second, zone, minutes;
  guint month;
  char *sign;

  if (!take_number (&at, '-', 9999, &year) || strlen (at) < 4 || at[3] != '-')
    return 0;
  month = find_month (at);
  at += 4;
  sign = strpbrk (at, "+-");
  if (sign == NULL || strlen (sign) != 5)
    return 0;
  zone = *sign == '-' ? -1 : 1;
  *sign = '\0';
  if (month == 0 || !take_number (&at, ' ', 31, &day) || !take_number (&at, ':', 23, &hour)
      || !take_number (&at, ':', 59, &minute) || !take_number (&at, '\0', 60, &second))
    return 0;
  at = sign + 1;
  if (!take_number (&at, '\0', 2359, &minutes))
    return 0;
  when = g_date_time_new_utc (year, (gint) month, day, hour, minute, MIN (second, 59));
  if (when == NULL)
    return 0;
  return (g_date_time_to_unix (when) - zone * (minutes / 100 * 3600 + minutes % 100 * 60)) * 1000;
}
