/** Which three letters are a currency. All 17 576 of them would be as many names that views keep, for each day and channel. */

/** Unicode's list: what ISO 4217 names, and what it named once, for history. */
const NAMES = new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });

/** Looking a name up takes longer than the rest of an event. At most 26³ entries. */
const known = new Map<string, boolean>();

export function isCurrency(code: string): boolean {
  if (!/^[A-Z]{3}$/.test(code)) return false;
  const answer = known.get(code) ?? NAMES.of(code) !== undefined;
  known.set(code, answer);
  return answer;
}
