/** What the note of the log says of TRIBUTARY_RESTORE_LOST_LOG. */
import type { Restores } from '@tributary/runtime/event-log/note';
import { instant } from '../terminal/figures.ts';
import { type Finding, ok, warn } from './finding.ts';

const CHECK = 'lost log';

export function judgeRestores({ restoreSpentAt, restoredAt }: Restores): Finding[] {
  const loss =
    restoredAt === undefined
      ? undefined
      : `the log was created again at ${instant(restoredAt)}: what was acknowledged before and not archived is lost`;
  if (restoreSpentAt !== undefined) {
    const isOn = `TRIBUTARY_RESTORE_LOST_LOG is on since ${instant(restoreSpentAt)}`;
    const fix = 'Leave the setting out, and start the roles again: it is for one start.';
    return [warn(CHECK, loss === undefined ? isOn : `${loss}; ${isOn}`, fix)];
  }
  return loss === undefined ? [] : [ok(CHECK, loss)];
}
