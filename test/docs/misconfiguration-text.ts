/** What a command printed, as the page shows it: without the folders and ports of this machine, keys and times. */
export interface ShownAs {
  /** A folder, and what is written for it. */
  readonly places: Readonly<Record<string, string>>;
  /** The first of the platform; 7400 is written for it. */
  readonly port: number;
  readonly redisPort: number;
  readonly lines: number;
}

const LONGEST = 330;
/** What a start says whatever is wrong, and what a shell says of its jobs. */
const NOISE = /^\s*$|^Tributary, with its data in|^npm (?:warn|notice)|Terminated|^\[\d+\]|^─+$/;

export function shownLines(output: string, { places, port, redisPort, lines }: ShownAs): string[] {
  const own = Object.entries(places).sort(([a], [b]) => b.length - a.length);
  const shown = output
    .split('\n')
    .map((text) => text.replace(/^.*[\r\0]/, ''))
    .map(spoken)
    .filter((text) => text !== undefined)
    .map((text) => own.reduce((all, [place, name]) => all.replaceAll(place, name), text))
    .map((text) =>
      text
        .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '…')
        .replace(/\b(t[a-z])_[0-9a-f]{12}_[0-9a-f]{48}\b/g, '$1_…')
        .replace(/\b\d{5}\b/g, (digits) => portOf(Number(digits))),
    )
    .filter((text) => !NOISE.test(text))
    .map((text) => text.trim().replace(/ {2,}/g, '  '))
    .map((text) => (text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text));
  return shown.filter((text, i) => text !== shown[i - 1]).slice(0, lines);

  function portOf(number: number): string {
    if (number === redisPort) return '6379';
    return number >= port && number < port + 6 ? String(7_400 + number - port) : String(number);
  }
}

/** What a role's log ended with. */
function spoken(text: string): string | undefined {
  if (!text.startsWith('{"level":')) return text;
  const { level, msg, fix } = JSON.parse(text) as { level: number; msg: string; fix?: string };
  return level >= 60 ? [msg, ...(fix === undefined ? [] : [fix])].join('. ') : undefined;
}
