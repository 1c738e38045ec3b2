/** CPU and memory of any process of this machine, by /proc. */
import { readFileSync } from 'node:fs';

/** Kernel ticks a second, as Linux reports them to programs on every architecture. */
const TICKS = 100;

/** User and system time of the process and all its threads so far, s. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The most memory that the process has had, MB. */
export function peakMegabytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
