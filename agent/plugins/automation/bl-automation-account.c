// SPDX-License-Identifier: Apache-2.0
#include "bl-automation-account.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define PATH_OF_ALL "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static void
add (GStrvBuilder *builder, const char *name, const char *value)
{
  g_autofree char *text = g_strconcat (name, "=", value, NULL);
  g_strv_builder_add (builder, text);
}

// @session: (nullable): the session on the screen
static GStrv
make_environment (const struct passwd *entry, const char *session)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *language = g_getenv ("LANG");
  add (builder, "PATH", PATH_OF_ALL);
  add (builder, "HOME", entry->pw_dir);
  add (builder, "USER", entry->pw_name);
  add (builder, "LOGNAME", entry->pw_name);
  add (builder, "SHELL", entry->pw_shell != NULL && entry->pw_shell[0] == '/' ? entry->pw_shell : "/bin/sh");
  add (builder, "LANG", language != NULL ? language : "C.UTF-8");
  if (session != NULL)
    {
      g_autofree char *runtime = g_strdup_printf ("/run/user/%u", (guint)entry->pw_uid);
      g_autofree char *bus = g_strconcat ("unix:path=", runtime, "/bus", NULL);
      char *display = NULL;
      add (builder, "XDG_RUNTIME_DIR", runtime);
      add (builder, "DBUS_SESSION_BUS_ADDRESS", bus);
      if (sd_session_get_display (session, &display) >= 0 && display != NULL)
        add (builder, "DISPLAY", display);
      free (display);
    }
  return g_strv_builder_end (builder);
}

static BlAutomationAccount *
look_up (uid_t uid, const char *session, GError **error)
{
  struct passwd entry, *found = NULL;
  char buffer[16384];
  if (getpwuid_r (uid, &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "There is no account with the number %u", (guint)uid);
      return NULL;
    }
  BlAutomationAccount *account = g_new0 (BlAutomationAccount, 1);
  account->uid = entry.pw_uid;
  account->gid = entry.pw_gid;
  account->home = g_strdup (entry.pw_dir);
  account->environment = make_environment (&entry, session);
  account->n_groups = BL_AUTOMATION_MAX_GROUPS;
  if (getgrouplist (entry.pw_name, entry.pw_gid, account->groups, &account->n_groups) < 0)
    account->n_groups = BL_AUTOMATION_MAX_GROUPS; // more than fit: the first ones count
  return account;
}

BlAutomationAccount *
bl_automation_account_new (gint64 run_as, GError **error)
{
  char *session = NULL;
  uid_t uid;
  BlAutomationAccount *account = NULL;
  if (run_as != 0 && sd_seat_get_active ("seat0", &session, &uid) >= 0)
    {
      if (geteuid () == 0 || geteuid () == uid)
        account = look_up (uid, session, error);
      else
        g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                             "The agent does not run as root and cannot act as another user");
    }
  else if (run_as == 0 || run_as == 1)
    account = look_up (geteuid (), NULL, error);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No user is signed in");
  free (session);
  return account;
}

void
bl_automation_account_free (BlAutomationAccount *account)
{
  if (account == NULL)
    return;
  g_free (account->home);
  g_strfreev (account->environment);
  g_free (account);
}

gboolean
bl_automation_account_become (const BlAutomationAccount *account)
{
  if (geteuid () != 0 || account->uid == 0)
    return TRUE;
  return setgroups ((size_t)account->n_groups, account->groups) == 0 && setgid (account->gid) == 0
         && setuid (account->uid) == 0;
}
