/** Stops a process (SIGSTOP) and waits until it stands still: its threads run on for a while after the signal, on a busy machine for 200 ms. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_EVERY_MS = 1;

/** Where the kernel does not show threads, only the signal is sent. */
export async function stopProcess(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  while (runs(`/proc/${pid}/task`)) await sleep(POLL_EVERY_MS);
}

function runs(tasks: string): boolean {
  if (!existsSync(tasks)) return false;
  return readdirSync(tasks).some((thread) => !/^[TtZX]/.test(stateOf(`${tasks}/${thread}/stat`)));
}

/** The letter behind the name, which is in parentheses and may hold any; X of a thread that ended meanwhile. */
function stateOf(stat: string): string {
  try {
    const text = readFileSync(stat, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2);
  } catch {
    return 'X';
  }
}
