// SPDX-License-Identifier: Apache-2.0
#include "bl-mc-options.h"

static BlMcOptions options;

static char *
parse (const char *line)
{
  static char **kept; // the options borrow from it
  g_autoptr (GError) error = NULL;
  g_strfreev (kept);
  kept = g_strsplit (line, " ", -1);
  if (*line == '\0')
    g_clear_pointer (&kept[0], g_free);
  return bl_mc_options_parse ((const char *const *)kept, &options, &error) ? NULL : g_strdup (error->message);
}

static void
test_commands (void)
{
  g_assert_null (parse (""));
  g_assert_cmpint (options.command, ==, BL_MC_START);
  g_assert_null (parse ("--logintokenkey"));
  g_assert_cmpint (options.command, ==, BL_MC_LOGIN_TOKEN_KEY);
  g_assert_null (parse ("--CreateAccount Ann --pass x=y --email=a@b.example --name Ann"));
  g_assert_cmpint (options.command, ==, BL_MC_CREATE_ACCOUNT);
  g_assert_cmpstr (options.operand, ==, "Ann");
  g_assert_cmpstr (options.password, ==, "x=y");
  g_assert_cmpstr (options.email, ==, "a@b.example");
  g_assert_null (parse ("--dbexport"));
  g_assert_null (options.operand);
  g_assert_null (parse ("--dbexport /tmp/x --datapath /y"));
  g_assert_cmpstr (options.operand, ==, "/tmp/x");
  g_assert_cmpstr (options.data_path, ==, "/y");
  g_assert_null (parse ("--port 4430 --aliasport=443"));
  g_assert_cmpint (options.command, ==, BL_MC_START);
  g_assert_cmpstr (options.alias_port, ==, "443");
}

static void
test_refusals (void)
{
  static const char *const lines[][2] = {
    { "--nothing", "Invalid argument \"nothing\", use --help." },
    { "start", "Invalid argument \"start\", use --help." },
    { "--createaccount", "Usage: --createaccount *" },
    { "--createaccount a", "Usage: --createaccount *" },
    { "--createaccount a --pass b --hashpass c,d", "Usage: --createaccount *" },
    { "--createaccount a --hashpass cd", "Usage: --hashpass *" },
    { "--resetaccount a", "Usage: --resetaccount *" },
    { "--adminaccount --pass x", "Usage: --adminaccount *" },
    { "--logintokenkey=1", "--logintokenkey takes no value." },
    { "--logintokenkey --listuserids", "Two commands at once, the second is \"listuserids\"." },
    { "--pass=", "Usage: --pass *" },
    { "--", "Invalid argument \"\", use --help." },
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_autofree char *message = parse (lines[i][0]);
      g_assert_nonnull (message);
      if (!g_pattern_match_simple (lines[i][1], message))
        g_error ("%s: %s", lines[i][0], message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mc-options/commands", test_commands);
  g_test_add_func ("/mc-options/refusals", test_refusals);
  return g_test_run ();
}
