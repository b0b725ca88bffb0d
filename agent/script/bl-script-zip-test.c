// SPDX-License-Identifier: Apache-2.0
// zip-reader and zip-writer: archives that others read and made, and those made to do harm.

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bl-script-testing.h"

typedef struct
{
  BlScriptAgent *agent;
  char *directory;
} World;

static void
set_up (World *world, gconstpointer data)
{
  BlScriptOptions options = { 0 };
  g_autofree char *set = NULL;

  world->agent = bl_script_agent_new (&options, NULL);
  world->directory = g_dir_make_tmp ("bl-script-zip-XXXXXX", NULL);
  bl_script_agent_push (world->agent, BL_SCRIPT_TEST_EVALUATOR);
  set = g_strdup_printf ("var dir = '%s', fs = require('fs'), P = require('promise'), reader = require('zip-reader');"
                         "function open(name) { return P.wait(reader.read(dir + '/' + name)); }"
                         "function all(name) { return P.wait(open(name).extractAll(dir + '/out')); } fs.mkdirSync(dir + '/out'); 1", world->directory);
  bl_script_agent_expect (world->agent, set, "1");
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (World *world, gconstpointer data)
{
  bl_script_agent_free (world->agent);
  remove_tree (world->directory);
  g_free (world->directory);
}

// Runs a program for Python in the folder. Returns: (transfer full): what it printed
static char *
python (World *world, const char *program)
{
  const char *argv[] = { "python3", "-c", program, NULL };
  char *output = NULL;
  int status = 1;
  g_autoptr (GError) error = NULL;

  g_spawn_sync (world->directory, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return output;
}

static void
test_write (World *world, gconstpointer data)
{
  g_autofree char *read = NULL;

  bl_script_agent_expect (world->agent, "fs.mkdirSync(dir + '/in'); fs.writeFileSync(dir + '/in/a.txt', 'alpha'); fs.writeFileSync(dir + '/in/b.txt', new Array(50001).join('b')); fs.writeFileSync(dir + '/\\u00e9', '');"
                                        "var names = [], z = require('zip-writer').write({ files: [dir + '/in/a.txt', dir + '/in/b.txt', dir + '/\\u00e9'], basePath: dir });"
                                        "z.on('progress', function (n) { names.push(n); }); P.wait(new P(function (ok, fail) { z.on('error', fail); z.on('end', ok); z.pipe(fs.createWriteStream(dir + '/made.zip')); })); names.length", "3");
  read = python (world, "import zipfile; z = zipfile.ZipFile('made.zip'); print(z.testzip(), z.namelist(), z.read('in/a.txt'), len(z.read('in/b.txt')), z.getinfo('in/b.txt').compress_size < 1000)");
  g_assert_cmpstr (read, ==, "None ['in/a.txt', 'in/b.txt', '\xc3\xa9'] b'alpha' 50000 True\n");
  bl_script_agent_expect (world->agent, "reader.isZip(dir + '/made.zip') + ':' + reader.isZip(dir + '/in/a.txt') + ':' + reader.isZip(dir)", "true:false:false");
  bl_script_agent_expect (world->agent, "var zip = open('made.zip'); zip.files.join() + zip.crc('in/a.txt').toString(16)", "in/a.txt,in/b.txt,\xc3\xa9" "d0e0396a");
  bl_script_agent_expect (world->agent, "P.wait(new P(function (ok) { var t = ''; var s = zip.getStream('in/b.txt'); s.on('data', function (d) { t += d; }); s.on('end', function () { ok(t.length); }); }))", "50000");
  bl_script_agent_expect (world->agent, "zip.close(); all('made.zip'); fs.readFileSync(dir + '/out/in/a.txt').toString()", "alpha");
  bl_script_agent_expect (world->agent, "var w = require('zip-writer').write({ files: [dir + '/none'] }); P.wait(new P(function (ok) { w.on('error', function (e) { ok(/No such file/.test(e.message)); }); }))", "true");
}

static void
test_read (World *world, gconstpointer data)
{
  g_autofree char *made = python (world, "import zipfile; z = zipfile.ZipFile('theirs.zip', 'w'); z.writestr('d/e/', ''); z.writestr('d/f', 'x' * 1000, zipfile.ZIP_DEFLATED); z.writestr('g', 'kept'); z.comment = b'c' * 300; z.close()"
                                         "; zipfile.ZipFile('empty.zip', 'w').close(); z = zipfile.ZipFile('other.zip', 'w'); z.writestr('h', 'x' * 99, zipfile.ZIP_BZIP2); z.close()");

  bl_script_agent_expect (world->agent, "all('theirs.zip'); fs.readFileSync(dir + '/out/d/f').length + fs.readFileSync(dir + '/out/g').toString() + fs.statSync(dir + '/out/d/e').isDirectory()", "1000kepttrue");
  bl_script_agent_expect (world->agent, "open('empty.zip').files.length", "0");
  bl_script_agent_expect (world->agent, "all('other.zip')", "threw Error: h is packed in another way");
  bl_script_agent_expect (world->agent, "open('theirs.zip').getStream('none')", "threw Error: the archive has no none");
}

static void
test_hostile (World *world, gconstpointer data)
{
  g_autofree char *made = python (world,
      "import zipfile, struct\n"
      "def make(name, *files):\n"
      "    with zipfile.ZipFile(name, 'w', zipfile.ZIP_DEFLATED) as z:\n"
      "        for n, data in files: z.writestr(n, data)\n"
      "    return bytearray(open(name, 'rb').read())\n"
      "def save(name, data): open(name, 'wb').write(data)\n"
      "make('up.zip', ('../evil', 'x')); make('root.zip', ('/evil', 'x')); make('back.zip', ('a\\\\..\\\\b', 'x')); make('dot.zip', ('a/./b', 'x'))\n"
      "def claim(name, size, *files):\n"
      "    data = make(name, *files); at = -1\n"
      "    while (at := data.find(b'PK\\x01\\x02', at + 1)) >= 0: data[at + 24:at + 28] = struct.pack('<I', size)\n"
      "    save(name, data)\n"
      "claim('large.zip', 40 << 20, ('zeros', 'x')); claim('many.zip', 30 << 20, *[(str(i), 'x') for i in range(10)])\n"
      "link = zipfile.ZipInfo('link'); link.external_attr = 0xA1FF << 16; make('link.zip', (link, '/etc'))\n"
      "make('through.zip', ('sub/evil', 'x'))\n"
      "claim('bomb.zip', 10, ('zeros', bytes(1 << 20)))\n"
      "wrong = make('wrong.zip', ('a', 'hello')); at = wrong.index(b'PK\\x01\\x02'); wrong[at + 16] ^= 1; save('wrong.zip', wrong)\n"
      "cut = make('cut.zip', ('a', 'hello' * 99)); end = cut.index(b'PK\\x05\\x06'); cut[end + 10:end + 12] = b'\\xff\\x20'; save('cut.zip', cut)\n"
      "lost = make('lost.zip', ('a', 'hello')); at = lost.index(b'PK\\x01\\x02'); lost[at + 42:at + 46] = b'\\xff\\xff\\xff\\x7f'; save('lost.zip', lost)\n"
      "end = make('count.zip', ('a', '')); at = end.index(b'PK\\x05\\x06'); end[at + 10:at + 12] = b'\\xff\\xff'; save('count.zip', end)\n");
  static const char *const cases[][2] = {
    { "up.zip", "not below the folder: ../evil" }, { "root.zip", "not below the folder: /evil" }, { "dot.zip", "not below the folder: a/./b" },
    { "link.zip", "not below the folder: link" }, { "large.zip", "zeros has more than 33554432 bytes" },
    { "many.zip", "the archive would become more than 268435456 bytes" }, { "wrong.zip", "a is damaged" },
    { "cut.zip", "the directory of the archive is damaged" }, { "lost.zip", "the archive is cut off" },
    { "count.zip", "the archive has more than 10000 files" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expression = g_strdup_printf ("all('%s')", cases[i][0]);
      g_autofree char *expected = g_strdup_printf ("threw Error: %s", cases[i][1]);

      bl_script_agent_expect (world->agent, expression, expected);
    }
  bl_script_agent_expect (world->agent, "/not below the folder/.test(run(\"all('back.zip')\"))", "true");
  bl_script_agent_expect (world->agent, "all('bomb.zip')", "threw RangeError: no deflated data, or more than 10 bytes");
  // A link that was there before is no way out either.
  made = (g_free (made), python (world, "import os; os.symlink('/tmp', 'out/sub')"));
  bl_script_agent_expect (world->agent, "/is no folder/.test(run(\"all('through.zip')\"))", "true");
  bl_script_agent_expect (world->agent, "fs.existsSync('/evil') || fs.existsSync('/tmp/evil') || fs.existsSync(dir + '/evil')", "false");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/script/zip/write", World, NULL, set_up, test_write, tear_down);
  g_test_add ("/script/zip/read", World, NULL, set_up, test_read, tear_down);
  g_test_add ("/script/zip/hostile", World, NULL, set_up, test_hostile, tear_down);
  return g_test_run ();
}
