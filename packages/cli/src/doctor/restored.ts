/** What the note of the log says of TRIBUTARY_RESTORE_LOST_LOG. */
import { spentSince } from '@tributary/runtime/event-log/lost';
import { notedRestores, type Restores } from '@tributary/runtime/event-log/restores';
import { instant } from '../terminal/figures.ts';
import { type Finding, ok, warn } from './finding.ts';

const CHECK = 'lost log';

/** Nothing of a note that is damaged: roles refuse it, and what else there is to see is worth showing. */
export function restoresIn(dataDir: string): Restores {
  try {
    return notedRestores(dataDir);
  } catch {
    return {};
  }
}

/** undefined: it was never lost. */
export function lossOf({ restoredAt }: Restores): string | undefined {
  return restoredAt === undefined
    ? undefined
    : `created again at ${instant(restoredAt)}: what was acknowledged before and not archived is lost`;
}

export function judgeRestores(restores: Restores): Finding[] {
  const spent = spentSince(restores);
  const lost = lossOf(restores);
  const loss = lost === undefined ? undefined : `the log was ${lost}`;
  if (spent !== null) {
    const isOn = `TRIBUTARY_RESTORE_LOST_LOG has been on since ${instant(spent.since)} (${spent.roles.join(', ')})`;
    const fix = 'Leave the setting out, and start the roles again: it is for one start.';
    return [warn(CHECK, loss === undefined ? isOn : `${loss}; ${isOn}`, fix)];
  }
  return loss === undefined ? [] : [ok(CHECK, loss)];
}
