/**
 * `tributary attribution power`: how many conversions, and days, until the interval of a channel's share is as narrow as asked for.
 *
 *   file → users → as they would be at that share → resampled → conversions for that width → days at the file's rate
 */
import { FEWEST_TO_PLAN, type NoPlan, type Plan, powerOf } from '@tributary/attribution/uncertainty/power';
import type { Sample } from '@tributary/attribution/uncertainty/units';
import type { PathFile } from '@tributary/attribution-files/files/path-file';
import { journeyFacts } from '@tributary/attribution-files/models/channel-facts';
import { nearestName } from '@tributary/runtime/config/nearest-name';
import type { Context } from '../context.ts';
import { CommandError, EXIT, type ExitCode, UsageError } from '../exit.ts';
import { definitionsOf, readRunFile } from '../flags/run-input.ts';
import { planOf, type RunFlags } from '../flags/run-plan.ts';
import { powerJson, powerText } from '../report/power-answer.ts';
import { putText } from '../report/record-output.ts';
import { printableJson } from '../terminal/table.ts';

export interface PowerFlags extends Omit<RunFlags, 'models' | 'alpha'> {
  readonly channel: string;
  readonly share?: string;
  readonly width: string;
  readonly model: string;
  readonly days?: string;
}

const DAY_MS = 86_400_000;

export async function attributionPower(context: Context, flags: PowerFlags): Promise<ExitCode> {
  const width = points('--width', flags.width);
  const share = flags.share === undefined ? undefined : points('--share', flags.share);
  const options: RunFlags = { ...flags, models: flags.model, alpha: '0.5' };
  const plan = await planOf(options, (path) => definitionsOf(context, path));
  const { order } = plan;
  if (order === 'auto')
    throw new UsageError(
      '--order must be a number from 1 to 10 here (got auto, which chooses by the data). Give the order that you will use.',
    );
  const [model, ...more] = plan.models;
  if (model === undefined || more.length > 0) throw new UsageError(`--model must be one model (got "${flags.model}")`);
  // A share of conversions needs no money.
  const file = await readRunFile(context, options, plan, [], true);
  const days = daysOf(flags.days, file);
  const { conversions, unattributed } = journeyFacts(file.paths);
  sayIfUnknown(flags.channel, share, file, plan.file, context);
  const wanted: Plan = { model, channel: flags.channel, share, width };
  const { shape, alpha, seed, replicates, level } = plan;
  const power = powerOf(file.sample as Sample, wanted, { shape, order, alpha, seed, replicates, level });
  if (typeof power === 'string') throw noPlan(power, plan.file, wanted);
  const answer = { file: plan.file, order, plan: wanted, power, attributed: conversions - unattributed.conversions, days };
  await putText(
    context,
    context.json ? printableJson(JSON.stringify(powerJson(answer), null, 2)) : powerText(answer, context.terminal),
    undefined,
  );
  return EXIT.ok;
}

/** A channel that is still to come has a --share; of any other, one that no path has is mistyped. */
function sayIfUnknown(
  channel: string,
  share: number | undefined,
  { paths }: PathFile,
  file: string,
  { terminal }: Context,
): void {
  const known = new Set(paths.flatMap(({ path }) => path));
  if (known.has(channel)) return;
  // Names of another length are not alike, and a file may have thousands.
  const alike = [...known].filter((name) => Math.abs(name.length - channel.length) <= channel.length / 3);
  const nearest = channel.length > 64 || alike.length > 1_000 ? undefined : nearestName(channel, new Set(alike));
  const meant = nearest === undefined ? undefined : `Did you mean "${nearest}"?`;
  if (share === undefined)
    throw new UsageError(
      `--channel must be a channel of ${file}, or come with the share that it will have (got "${channel}"). ${meant ?? 'Add --share 5, or name one that the file has.'}`,
    );
  const lead = `note: no path of ${file} has the channel "${channel}": it is planned as one that is still to come`;
  terminal.say(meant === undefined ? lead : `${lead}. ${meant}`);
}

function points(flag: string, text: string): number {
  const value = /^\d{1,3}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value < 100) return value / 100;
  throw new UsageError(`${flag} must be in percent, above 0 and below 100, such as 5 (got "${text}")`);
}

/** null: the file does not say when, or all of it is of one day. */
function daysOf(text: string | undefined, { spanMs }: PathFile): number | null {
  if (text === undefined) return spanMs === null || spanMs < DAY_MS ? null : spanMs / DAY_MS;
  const days = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  if (days > 0) return days;
  throw new UsageError(`--days must be a number above 0, such as 30 (got "${text}")`);
}

function noPlan(reason: NoPlan, file: string, { channel, share = 0 }: Plan): CommandError {
  const [message, fix] = {
    too_few_conversions: [
      `${file} has no channel with ${FEWEST_TO_PLAN} converting users or more: how much one conversion says cannot be learned from it`,
      'Give a file with more conversions, of a longer time.',
    ],
    unknown_share: [
      `"${channel}" has none or all of the conversions of ${file}`,
      'Say which share it is expected to have, in percent: --share 5.',
    ],
    few_users_decide: [
      `a few users make up most of the conversions of ${file}: how certain others are cannot be learned from it`,
      'Leave these users out.',
    ],
    out_of_reach: [
      `"${channel}" would not have ${Number((share * 100).toFixed(6))} % even if only users came who meet it`,
      'Give a smaller --share.',
    ],
  }[reason] as [string, string];
  return new CommandError({ code: reason, message, fix, exitCode: EXIT.usage });
}
