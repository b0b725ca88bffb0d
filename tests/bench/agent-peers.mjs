// SPDX-License-Identifier: Apache-2.0
// The two agents that are compared, on the same server and the same screens, and what the kernel knows about their processes.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, end, start, until } from '../integration/lib.mjs';

const TICKS = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
const NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

function read(path) { try { return readFileSync(path, 'utf8'); } catch { return ''; } }

/** A process and all below it that belong to an agent: not the shells and commands it runs for others. */
function family(pid) {
  const found = [];
  const visit = (id) => {
    const name = read(`/proc/${id}/comm`);
    if (name.startsWith('meshagent') || name.startsWith('bowline')) found.push(id);
    for (const task of existsSync(`/proc/${id}/task`) ? readdirSync(`/proc/${id}/task`) : []) {
      for (const child of read(`/proc/${id}/task/${task}/children`).trim().split(' ').filter(Boolean)) visit(Number(child));
    }
  };
  visit(pid);
  return found;
}

/** One screen for both agents: MeshAgent takes the X server it finds among the processes it sees, so it sees only this one. */
export class Screen {
  static number = 700 + process.pid % 200;

  constructor(size) {
    this.size = size;
    this.number = Screen.number++;
    this.name = `:${this.number}`;
    this.env = { ...process.env, DISPLAY: this.name };
    this.wrap = [...NAMESPACE, 'sh', '-c',
      `Xvfb :${this.number} -screen 0 ${size}x24 -nolisten tcp -noreset >/dev/null 2>&1 & exec "$@"`, 'sh'];
  }

  /** For a screen that no MeshAgent brings. */
  async startAlone() {
    this.process = start('Xvfb', [this.name, '-screen', '0', `${this.size}x24`, '-nolisten', 'tcp', '-noreset'], { stdio: 'ignore' });
    await this.ready();
  }

  async ready() {
    await until('the screen', () => spawnSync('xset', ['q'], { env: this.env, stdio: 'ignore' }).status === 0);
    this.run('xsetroot', '-solid', '#3060c0');
  }

  run(program, ...args) { return spawnSync(program, args, { env: this.env, encoding: 'utf8' }).stdout; }

  start(program, ...args) { return start(program, args, { env: this.env, stdio: 'ignore' }); }

  async stop() { if (this.process) await end(this.process, 'SIGKILL'); }
}

class Agent {
  constructor(bowline, group) {
    this.bowline = bowline;
    this.group = group;
  }

  get pids() { return family(this.child.pid); }

  /** Processor time in seconds of all that is the agent and still runs. */
  cpu() {
    return this.pids.reduce((sum, pid) => {
      const fields = read(`/proc/${pid}/stat`).split(') ').at(-1).split(' ');
      return sum + (fields.length > 12 ? (Number(fields[11]) + Number(fields[12])) / TICKS : 0);
    }, 0);
  }

  /** Resident bytes of the agent itself; proportional bytes of it and its helpers. */
  memory() {
    const field = (pid, name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
    const pids = this.pids;
    return { resident: field(pids[0], 'Rss'), all: pids.reduce((sum, pid) => sum + field(pid, 'Pss'), 0) };
  }

  /** Times that a thread of the agent went to sleep or was put aside. */
  switches() {
    let sum = 0;
    for (const pid of this.pids) {
      for (const task of existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : []) {
        for (const [, n] of read(`/proc/${pid}/task/${task}/status`).matchAll(/voluntary_ctxt_switches:\s+(\d+)/g)) sum += Number(n);
      }
    }
    return sum;
  }

  async halt() {
    for (const pid of this.pids) { try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ } }
    await end(this.child, 'SIGKILL');
  }
}

export class BowlineAgent extends Agent {
  name = 'Bowline';

  async create() {
    this.dir = mkdtempSync(join(this.bowline.dir, 'ours-'));
    writeFileSync(join(this.dir, 'a.msh'), await this.bowline.settings(this.group));
  }

  begin({ screen, wrap = [], env = {}, settings = 'a.msh' } = {}) {
    const log = openSync(join(this.dir, 'agent.log'), 'a');
    const [program, ...args] = [...wrap, join(BUILD, 'bin', 'bowline-agent'), '--foreground', '--state-dir', this.dir, '--config', join(this.dir, settings)];
    this.child = start(program, args, { stdio: ['ignore', log, log], cwd: this.dir,
      env: { PATH: process.env.PATH, HOME: this.dir, BOWLINE_AGENT_PLUGIN_PATH: join(BUILD, 'agent', 'plugins'),
        BOWLINE_SCRIPT_HOST: join(BUILD, 'agent', 'script', 'bowline-script-host'), ...(screen ? { DISPLAY: screen.name } : {}), ...env } });
    closeSync(log);
  }

  /** Starts it so that it looks for its server far more often than it would. */
  hurry() {
    writeFileSync(join(this.dir, 'hurry.conf'), `[agent]\nmsh=${join(this.dir, 'a.msh')}\nreconnect-delay=10\nreconnect-delay-max=10\n`);
    this.begin({ settings: 'hurry.conf' });
  }
}

export class MeshAgent extends Agent {
  name = 'MeshAgent';

  constructor(bowline, group, program) {
    super(bowline, group);
    this.program = program;
  }

  async create() {
    this.dir = mkdtempSync(join(this.bowline.dir, 'theirs-'));
    spawnSync('cp', [this.program, join(this.dir, 'meshagent')]);
    spawnSync('chmod', ['755', join(this.dir, 'meshagent')]);
    writeFileSync(join(this.dir, 'meshagent.msh'), await this.bowline.settings(this.group));
  }

  begin({ screen, wrap = [], env = {} } = {}) {
    const log = openSync(join(this.dir, 'agent.log'), 'a');
    const [program, ...args] = [...(screen?.wrap ?? []), ...wrap, join(this.dir, 'meshagent'), 'run'];
    this.child = start(program, args, { stdio: ['ignore', log, log], cwd: this.dir,
      env: { PATH: process.env.PATH, HOME: this.dir, DISPLAY: screen?.name ?? ':9999', XAUTHORITY: '/nonexistent', ...env } });
    closeSync(log);
  }

  /** Its delays cannot be set; its clock can run faster. */
  hurry() { this.begin({ wrap: ['faketime', '-f', '+0 x120'] }); }
}
