/** What the start command shows to people: on a terminal a line that moves, elsewhere a line now and then. */
import { DAY_MS } from '@tributary/model/time';
import type { Platform } from './launch.ts';

export interface Screen {
  line(text?: string): void;
  /** A heading that lasts, e.g. "Loading 30 days of history"; `done` finishes its line. */
  task(name: string): Task;
}

export interface Task {
  progress(part: number, whole: number): void;
  done(result: string): void;
}

const NAME_WIDTH = 30;
const BAR_WIDTH = 24;

export function createScreen(out: { write(text: string): unknown; readonly isTTY?: boolean }): Screen {
  const isTerminal = out.isTTY === true;
  const dim = (text: string) => (isTerminal ? `\u001b[2m${text}\u001b[0m` : text);
  let shown = '';
  /** Redraws the moving line, if there is one, below what is written meanwhile. */
  const show = (text: string) => {
    shown = text;
    out.write(`\r\u001b[K${text}`);
  };
  return {
    line: (text = '') => out.write(shown === '' ? `${text}\n` : `\r\u001b[K${text}\n${shown}`),
    task(name) {
      const label = `  ${name.padEnd(NAME_WIDTH)}`;
      let tenths = 0;
      if (isTerminal) show(`${label}${dim('…')}`);
      return {
        progress(part, whole) {
          const share = whole === 0 ? 1 : part / whole;
          if (isTerminal) show(`${label}${dim(bar(share))} ${count(part)} of ${count(whole)}`);
          else if (Math.floor(share * 10) > tenths) {
            tenths = Math.floor(share * 10);
            out.write(`${label}${count(part)} of ${count(whole)}\n`);
          }
        },
        done(result) {
          shown = '';
          out.write(`${isTerminal ? '\r\u001b[K' : ''}${label}${result}\n`);
        },
      };
    },
  };
}

/** 60412 → "60 412". */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function bar(share: number): string {
  const filled = Math.round(Math.min(1, share) * BAR_WIDTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
}

/** Addresses, keys, and commands that work as they stand. */
export function welcome(
  { collectorUrl, apiUrl, redisUrl, dataDir, keys }: Pick<Platform, 'collectorUrl' | 'apiUrl' | 'redisUrl' | 'dataDir' | 'keys'>,
  shownDataDir: string,
  consoleLink: string,
  nowMs: number,
): string {
  // Ranges are half-open: up to the end of today.
  const tomorrow = new Date(nowMs + DAY_MS).toISOString().slice(0, 10);
  const monthAgo = new Date(nowMs - 30 * DAY_MS).toISOString().slice(0, 10);
  const cli = shownDataDir === '.tributary' ? 'npx tributary' : `npx tributary --data-dir ${shownDataDir}`;
  const rows = (pairs: readonly (readonly [string, string])[]) => pairs.map(([name, value]) => `  ${name.padEnd(12)}${value}`);
  return [
    '',
    ...rows([
      ['Collector', `${collectorUrl}   events go in here`],
      ['API', `${apiUrl}   answers come from here; ${apiUrl}/docs describes them`],
      ['Console', consoleLink],
      ['Redis', `${redisUrl.replace(/\/\/[^@/]*@/, '//')}   its password is in keys.local.json of the data folder`],
      ['Data, logs', `${dataDir}, ${dataDir}/logs`],
    ]),
    '',
    ...rows([
      ['Write key', keys.write],
      ['Read key', keys.read],
      ['Admin key', keys.admin],
    ]),
    '',
    '  Try, in another terminal, in this folder:',
    '',
    `    curl -s ${collectorUrl}/v1/events -H 'Authorization: Bearer ${keys.write}' \\`,
    `      -d '{"type":"ad_click","userId":"ada","channel":"paid-search","campaign":"brand"}'`,
    `    curl -s ${apiUrl}/v1/users/ada/signals -H 'Authorization: Bearer ${keys.read}'`,
    `    curl -s '${apiUrl}/v1/attribution?model=linear&by=channel&from=${monthAgo}&to=${tomorrow}' -H 'Authorization: Bearer ${keys.read}'`,
    '',
    `    ${cli} status`,
    `    ${cli} attribution report --model timeDecay --by channel`,
    `    ${cli} batch run --wait`,
    `    ${cli} reconcile show`,
    '',
  ].join('\n');
}
