/** What each channel cost: `name=amount,…` on the command line, or a file with a row a channel. */

import { InputError } from '@tributary/importing/failures';
import { inflated } from '@tributary/importing/files/lines';
import { type InputSource, openInput } from '@tributary/importing/files/open-input';
import { type Decimal, parseDecimal } from './decimal.ts';
import { rowsOf } from './whole-file.ts';

export type Costs = ReadonlyMap<string, Decimal>;

const CHANNEL = ['channel', 'channel_name', 'name'];
const COST = ['cost', 'total_cost', 'costs', 'spend', 'amount'];
const MAX_CHANNELS = 10_000;

/** `a=7,b=5`, or the name of a CSV file with the columns channel and cost. Input errors name the place. */
export async function readCosts(source: InputSource, flag: string, text: string | undefined): Promise<Costs> {
  if (text === undefined) return new Map();
  return text.includes('=') ? listed(flag, text) : fromFile(source, flag, text);
}

/** A list only: a cost per touch is short. */
export function listedCosts(flag: string, text: string | undefined): Costs {
  return text === undefined ? new Map() : listed(flag, text);
}

function listed(flag: string, text: string): Costs {
  const costs = new Map<string, Decimal>();
  for (const pair of text.split(',')) {
    const at = pair.lastIndexOf('=');
    const read = parseDecimal(pair.slice(at + 1).trim());
    if (at < 1 || !read.ok)
      throw new InputError(
        `${flag} must be CHANNEL=AMOUNT, separated by commas (got "${pair}")${read.ok || at < 1 ? '' : `: the amount ${read.reason}`}`,
      );
    add(costs, pair.slice(0, at).trim(), read.value, flag);
  }
  return costs;
}

async function fromFile(source: InputSource, flag: string, file: string): Promise<Costs> {
  const costs = new Map<string, Decimal>();
  let columns: { channel: number; cost: number } | undefined;
  const refuse = ({ line, reason }: { readonly line: number; readonly reason: string }) => {
    throw new InputError(`${file} must be CSV like its header (got line ${line}: ${reason}). Correct it there.`);
  };
  for await (const { line, fields } of rowsOf(inflated(openInput(source, file), file), undefined, refuse)) {
    if (columns === undefined) {
      columns = columnsOf(file, fields);
      continue;
    }
    const channel = fields[columns.channel]?.trim() ?? '';
    const read = parseDecimal(fields[columns.cost]?.trim() ?? '');
    if (channel === '')
      throw new InputError(`${file}, line ${line} must name a channel (got an empty cell). Write its name there.`);
    if (!read.ok) throw new InputError([`${file}, line ${line}: cost`, read.reason].join(' '));
    add(costs, channel, read.value, `${file}, line ${line}`);
  }
  if (costs.size === 0)
    throw new InputError(
      `${flag} must name a file with costs (got ${file}, which has none). Begin it with the header "channel,cost", then write a row a channel.`,
    );
  return costs;
}

function columnsOf(file: string, header: readonly string[]): { channel: number; cost: number } {
  const lower = header.map((title) => title.trim().toLowerCase());
  const channel = lower.findIndex((title) => CHANNEL.includes(title));
  const cost = lower.findIndex((title) => COST.includes(title));
  if (channel < 0 || cost < 0)
    throw new InputError(
      `${file} must have the columns channel and cost (got ${header.join(', ')}). Name them so in its first line.`,
    );
  return { channel, cost };
}

function add(costs: Map<string, Decimal>, channel: string, cost: Decimal, place: string): void {
  if (costs.has(channel))
    throw new InputError(`${place} must name each channel once (got "${channel}" twice). Add up its costs.`);
  if (costs.size >= MAX_CHANNELS)
    throw new InputError(`${place} must have at most ${MAX_CHANNELS} channels (got more). Leave out the smallest.`);
  costs.set(channel, cost);
}
