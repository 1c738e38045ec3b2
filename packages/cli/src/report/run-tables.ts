/** The answer of `attribution run` for people: one table a question, the models side by side. */

import { basename } from 'node:path';
import type { OrderChoice } from '@tributary/attribution/data-driven/order-choice';
import type { Sampling } from '@tributary/attribution/data-driven/shapley';
import { modelInfo } from '@tributary/attribution/models/catalogue';
import { CAUTIONS } from '@tributary/attribution/uncertainty/caution-codes';
import { type RunAnswer, samplingOf } from '@tributary/attribution-files/models/answer';
import { handsOut } from '@tributary/attribution-files/models/models';
import { CREDIT_IS } from '@tributary/model/credit-is';
import { conversions, count, counted, percent } from '../terminal/figures.ts';
import { renderWide, type Table } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { amount } from './channel-lines.ts';
import { cpaTable, creditTable, factsTable, roasTable } from './credit-tables.ts';
import { lossTable, positionsTable } from './effect-tables.ts';
import { intervalNotes, intervalTables } from './interval-tables.ts';

export function runText(answer: RunAnswer, { width, bold, dim }: Pick<Terminal, 'width' | 'bold' | 'dim'>): string {
  const money = answer.currency === undefined ? '' : `, ${answer.currency}`;
  const withCosts = answer.channels.some(({ costMinor }) => costMinor !== null);
  const hasConversions = answer.rewards.includes('conversions');
  const hasValue = answer.rewards.includes('value');
  const sections: [string, Table | null][] = [
    ['journeys by channel', factsTable(answer)],
    ['conversions by channel', hasConversions ? creditTable(answer, 'creditMicros', conversions) : null],
    [`value by channel${money}`, hasValue ? creditTable(answer, 'valueMinor', (minor) => amount(minor, answer.decimals)) : null],
    ['ROAS by channel: value for each unit of cost', hasValue && withCosts ? roasTable(answer) : null],
    [`CPA by channel: cost of a conversion${money}`, hasConversions && withCosts ? cpaTable(answer) : null],
    [
      `on modelled paths through the channel (Markov removal effects, order ${answer.order}): not what would be lost without it`,
      lossTable(answer, withCosts),
    ],
    ['conversions by channel and position in the path (ordered Shapley)', positionsTable(answer)],
    ...intervalTables(answer),
  ];
  const shown = sections.filter((section): section is [string, Table] => section[1] !== null);
  return [
    ...shown.map(([title, table]) => `${dim(title)}\n${renderWide(table, width, bold)}`),
    [summary(answer), ...modelNotes(answer), CREDIT_IS, ...intervalNotes(answer)].map(dim).join('\n'),
  ].join('\n\n');
}

function summary({ facts, channels, file }: RunAnswer): string {
  const { unattributed } = facts;
  return [
    `${file === '-' ? 'standard input' : basename(file)}: ${counted(facts.journeys, 'journey')} over ${counted(channels.length, 'channel')}`,
    `${count(facts.conversions)} converted`,
    `${count(facts.nulls)} did not`,
    `${counted(facts.paths, 'different path')}, the longest of ${counted(facts.longest, 'touch', 'touches')}`,
    ...(unattributed.conversions > 0 ? [`${counted(unattributed.conversions, 'conversion')} without a touch`] : []),
  ].join(' · ');
}

function modelNotes({ models, rewards, order, choice, decimals }: RunAnswer): string[] {
  const ofOrder = models.map(({ model }) => model).filter((model) => modelInfo(model).parameters.includes('order'));
  return [
    ...(ofOrder.length > 0 ? [`${ofOrder.join(', ')}: order ${order}${choice === null ? '' : chosenBy(choice)}`] : []),
    ...models.flatMap((answer) =>
      rewards
        .filter((reward) => !handsOut(answer, reward))
        .map((reward) => `${answer.model}, ${reward}: ${CAUTIONS.outside_of_whole}; --json has the effects`),
    ),
    ...models.flatMap((answer) =>
      [...answer.sampling.keys()].map((reward) => {
        const { pairs, seed, epsilon, delta } = samplingOf(answer, reward, decimals) as Sampling;
        return `${answer.model}: estimated from ${count(2 * pairs)} orders of the channels (seed ${seed}); every effect on ${reward} is within ${epsilon.toPrecision(2)} with ${percent(1 - delta)} probability`;
      }),
    ),
  ];
}

function chosenBy({ fits }: OrderChoice): string {
  return `, the best of ${fits.map((fit) => `${fit.order} (${fit.penalisedAuc.toFixed(3)})`).join(', ')} by penalised AUC`;
}
