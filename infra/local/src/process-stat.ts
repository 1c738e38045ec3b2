/** What the system says of a process (proc(5)). */
import { readFileSync } from 'node:fs';

/** The fields of /proc/PID/stat from the state on; null where the process is gone, or the system has no /proc. */
export function processStat(pid: number): readonly string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
