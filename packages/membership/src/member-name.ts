/**
 * Members are named so that others on the same machine can see whether one is dead: a worker that was killed and started
 * again need not wait for the lease of its former process. `<id>@<pid>@<place>`; no name is ever used twice.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface MemberName {
  readonly id: string;
  readonly pid: number;
  readonly place: string;
}

export function nameOf({ id, pid, place }: MemberName): string {
  return `${id}@${pid}@${place}`;
}

export function parseMemberName(name: string): MemberName | undefined {
  const [, id, pid, place] = /^([^@]+)@(\d+)@(.+)$/.exec(name) ?? [];
  return id === undefined || place === undefined ? undefined : { id, pid: Number(pid), place };
}

/**
 * Where process ids mean the same thing: a host since it was last booted, and on Linux the container (process id namespace)
 * on it. Two hosts of one name are never taken for one where there is a boot id.
 */
export function placeOfThisProcess(): string {
  const parts = [hostname(), read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 13))];
  parts.push(read(() => readlinkSync('/proc/self/ns/pid')));
  return parts.join('.').replace(/[^\w.-]+/g, '-');
}

function read(of: () => string): string {
  try {
    return of();
  } catch {
    return '';
  }
}

/**
 * Whether `name` is certainly dead: its process ran where `self` runs, and has ended. A process id that was given to
 * another process meanwhile makes it seem alive: then its lease has to run out.
 */
export function isCertainlyGone(name: string, self: MemberName, runs: (pid: number) => boolean): boolean {
  const other = parseMemberName(name);
  if (other === undefined || other.place !== self.place || other.id === self.id) return false;
  return other.pid === self.pid || !runs(other.pid);
}
