/** Which processes run, for tests that nothing is left. A zombie does not run: it waits until its new parent looks. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

interface Running {
  readonly pid: number;
  readonly group: number;
}

function running(): Running[] {
  return existsSync('/proc/self/stat') ? fromProc() : fromPs();
}

export function groupOf(leader: number): number[] {
  return running().flatMap(({ pid, group }) => (group === leader ? [pid] : []));
}

export function isRunning(pid: number): boolean {
  return running().some((one) => one.pid === pid);
}

/** /proc/<pid>/stat: pid (name) state ppid pgrp …; see proc(5). */
function fromProc(): Running[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' || state === 'X' ? [] : [{ pid: Number(pid), group: Number(group) }];
    } catch {
      return []; // ended meanwhile
    }
  });
}

function fromPs(): Running[] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,pgid=,stat='], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((row) => row.trim().split(/\s+/));
  return rows.flatMap(([pid, group, state = 'Z']) => (state.startsWith('Z') ? [] : [{ pid: Number(pid), group: Number(group) }]));
}
