/** Law 9 by the oracle: what counts of the lines of one log, where some say that a user is forgotten. Several partitions may follow each other. */
import type { Event } from '@tributary/model/event';
import { userKeyOf } from '@tributary/model/user-key';

/** An event counts if no erasure of its user comes after it, and none before it is still in force. */
export function naiveUnforgotten(lines: readonly Event[]): Event[] {
  // Most logs erase no user: then all of them count, without a look at each pair of lines.
  if (!lines.some(({ type }) => type === 'tributary.erase' || type === 'tributary.lift')) return [...lines];
  return lines.filter((line, at) => {
    if (line.type === 'tributary.erase' || line.type === 'tributary.lift') return false;
    const said = (from: number, to: number) =>
      lines
        .slice(from, to)
        .filter((other) => userKeyOf(other) === userKeyOf(line))
        .map(({ type }) => type)
        .filter((type) => type === 'tributary.erase' || type === 'tributary.lift');
    return !said(at + 1, lines.length).includes('tributary.erase') && said(0, at).at(-1) !== 'tributary.erase';
  });
}
