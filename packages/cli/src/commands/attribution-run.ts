/**
 * `tributary attribution run`: the models over a file of paths or of events, without a platform.
 *
 *   file → journeys → transformed → models (→ intervals) → tables, JSON or rows
 */
import { chooseOrder } from '@tributary/attribution/data-driven/order-choice';
import { transitionsOfPaths } from '@tributary/attribution/data-driven/path-counts';
import { orderedShapley } from '@tributary/attribution/paths/ordered-shapley';
import { gathered } from '@tributary/attribution/paths/weighted-path';
import { listedCosts, readCosts } from '@tributary/attribution-files/files/costs';
import type { PathFile } from '@tributary/attribution-files/files/path-file';
import { byCredit, channelLines, type RunAnswer } from '@tributary/attribution-files/models/answer';
import { attribute, attributeAtBestOrder, changed, changeOf } from '@tributary/attribution-files/models/attribute';
import { costsByChannel } from '@tributary/attribution-files/models/channel-costs';
import { journeyFacts } from '@tributary/attribution-files/models/channel-facts';
import { uncertaintyOfFile } from '@tributary/attribution-files/models/intervals';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { idleFlags } from '../flags/idle-flags.ts';
import { definitionsOf, readRunFile, rewardsOf } from '../flags/run-input.ts';
import { planOf, type RunFlags } from '../flags/run-plan.ts';
import { formatOf, putRecords, putText } from '../report/record-output.ts';
import { runJson, runRecords } from '../report/run-records.ts';
import { runText } from '../report/run-tables.ts';
import { counted } from '../terminal/figures.ts';
import { printable, printableJson } from '../terminal/table.ts';

/** `auto` compares the orders up to this one. */
const AUTO_ORDERS = 4;

export async function attributionRun(context: Context, options: RunFlags): Promise<ExitCode> {
  const { terminal } = context;
  const format = formatOf(context, options);
  const plan = await planOf(options, (path) => definitionsOf(context, path));
  const costs = await readCosts(context.shell, '--costs', options.costs);
  const touchCosts = listedCosts('--touch-costs', options.touchCosts);
  const file = await readRunFile(context, options, plan, [...costs.values(), ...touchCosts.values()]);
  const rewards = rewardsOf(options.value, file);
  const change = changeOf(file.paths, plan.transform, plan.top);
  const paths = gathered(changed(file.paths, change));
  const choice = plan.order === 'auto' ? chooseOrder(transitionsOfPaths(paths, AUTO_ORDERS), AUTO_ORDERS) : undefined;
  const { order, answers, leftOut, refused } =
    choice === undefined
      ? { ...attribute(paths, { ...plan, order: plan.order as number, rewards }), order: plan.order as number, refused: [] }
      : attributeAtBestOrder(paths, choice.fits, { ...plan, rewards });
  if (refused.length > 0)
    terminal.say(
      `note: order ${refused.join(' and ')} fitted better, with too many states for these models: order ${order} is used`,
    );
  const uncertainty = uncertaintyOfFile(file.sample, change, answers, { ...plan, order, rewards }, (text) =>
    terminal.progress(text),
  );
  terminal.progressEnd();

  const known = costsByChannel({ paths: file.paths, decimals: file.decimals, costs, touchCosts, own: file.costs });
  for (const channel of known.unseen) terminal.say(printable(`warning: "${channel}" has a cost but no touch in ${plan.file}`));
  const answer: RunAnswer = {
    file: plan.file,
    decimals: file.decimals,
    currency: file.currency,
    rewards,
    order,
    choice: choice === undefined ? null : { ...choice, order },
    facts: journeyFacts(paths),
    channels: byCredit(channelLines(paths, known.costs, plan.top), answers[0]),
    models: answers,
    leftOut,
    positions: options.positions === true ? orderedShapley(paths) : null,
    uncertainty,
  };
  for (const note of idleFlags(options, plan, file.unseenMilestones)) terminal.say(printable(`note: ${note}`));
  tellOddities(context, file, answer);
  if (format === 'table') await putText(context, runText(answer, terminal), options.out);
  else if (format === 'json') await putText(context, printableJson(JSON.stringify(runJson(answer), null, 2)), options.out);
  else await putRecords(context, runRecords(answer), format, options.out);
  return EXIT.ok;
}

/** What a careful reader would want to know, on stderr. */
function tellOddities({ terminal }: Context, file: PathFile, { facts, leftOut, models }: RunAnswer): void {
  if (file.rounded > 0)
    terminal.say(
      `${counted(file.rounded, 'value')} ${file.rounded === 1 ? 'has more than six decimals and was' : 'have more than six decimals and were'} rounded to six`,
    );
  if (file.refunds > 0)
    terminal.say(
      `${counted(file.refunds, 'conversion')} ${file.refunds === 1 ? 'has' : 'have'} a value below zero (refunds): it is taken from the value of the channels of ${file.refunds === 1 ? 'its path' : 'their paths'}, as on the platform`,
    );
  if (file.repeated > 0)
    terminal.say(
      `warning: ${counted(file.repeated, 'row')} ${file.repeated === 1 ? 'has' : 'have'} more than one conversion of one journey: intervals count each as a journey of its own; name the column of users (--map user=COLUMN)`,
    );
  if (file.nullsByRow && facts.nulls > 0)
    terminal.say('the file has no column of nulls: each row without a conversion counts as one journey that did not convert');
  if (facts.conversions === 0) terminal.say('warning: no journey with a touch converted: there is nothing to attribute');
  else if (facts.nulls === 0 && models.some(({ effects }) => effects.size > 0))
    terminal.say('warning: the file knows no journey without a conversion (nulls): data-driven models see successes only');
  for (const { model, reason } of leftOut) terminal.say(`${model} is left out: ${reason}`);
}
