/** Answers of the API as they would be if each text in them came from somebody who means harm. */

/** In each text, so that a page is known to show one. */
export const MARK = 'ran=1';

/** What the program itself goes by: no sender can choose it. */
const OF_THE_PROGRAM = new Set([
  ...['status', 'state', 'kind', 'code', 'mode', 'view', 'layer', 'action', 'basis', 'scope', 'outcome', 'stage', 'fullBecause'],
  ...['day', 'fromDay', 'toDay', 'since', 'date', 'currency', 'layout', 'band', 'cell', 'touches', 'nextCursor', 'family'],
  ...['reasons', 'models', 'baseline', 'model', 'by', 'parameters', 'required', 'timeZone', 'version', 'promote', 'reward'],
]);
/** Named as those are, but written by people. */
const OF_PEOPLE = new Set(['publications.by', 'erasures.by', 'schedules.by', 'cancelled.by']);

export function harmful(body: string, text: string): string {
  let i = 0;
  const walk = (value: unknown, name: string, within: string): unknown => {
    if (typeof value === 'string') {
      if (OF_THE_PROGRAM.has(name) && !OF_PEOPLE.has(`${within}.${name}`)) return value;
      // Numbers as texts, instants and the like stay: pages compute with them.
      if (/^[\d.:TZ+-]*$/.test(value)) return value;
      return `${text} ${i++}`;
    }
    // Notes of an answer quote what others named.
    if (name === 'warnings') return [`${text} ${i++}`];
    if (Array.isArray(value)) return value.map((one) => walk(one, name, name));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, key, within === '' ? name : within)]));
  };
  return JSON.stringify(walk(JSON.parse(body), '', ''));
}
