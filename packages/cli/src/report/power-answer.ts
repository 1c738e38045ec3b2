/** What `attribution power` says, as JSON and for people. */
import { CAUTIONS } from '@tributary/attribution/uncertainty/caution-codes';
import type { Plan, Power } from '@tributary/attribution/uncertainty/power';
import { COVERS } from '@tributary/attribution/uncertainty/uncertainty';
import { count, fixed } from '../terminal/figures.ts';
import { renderWide } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface PowerAnswer {
  readonly file: string;
  readonly order: number;
  readonly plan: Plan;
  readonly power: Power;
  /** Conversions of the file that have a touch. */
  readonly attributed: number;
  /** That the file covers; null: not known. */
  readonly days: number | null;
}

function daysNeeded({ power, attributed, days }: PowerAnswer): number | null {
  return days === null || attributed === 0 ? null : (power.conversions / attributed) * days;
}

export function powerJson(answer: PowerAnswer): unknown {
  const { file, order, plan, power, attributed, days } = answer;
  const { uncertainty, own, share, conversions, perWitness, like } = power;
  const { unit, level, replicates, seed, cautions } = uncertainty;
  return {
    ...{ file, channel: plan.channel, model: plan.model, order, share, width: plan.width, level },
    needed: { conversions, days: daysNeeded(answer) },
    ...{ perWitness, like },
    inFile: { conversions: attributed, days, converted: own?.converted ?? 0, share: own?.share ?? null },
    ...{ unit, replicates, seed },
    covers: COVERS,
    cautions: cautions.map((code) => ({ code, message: CAUTIONS[code] })),
  };
}

/** Conversions grow with it, for a share and a width. */
function variance(share: number): number {
  return share * (1 - share);
}

export function powerText(answer: PowerAnswer, { width, bold, dim }: Pick<Terminal, 'width' | 'bold' | 'dim'>): string {
  const { plan, power, attributed, days } = answer;
  const { uncertainty, own, share, like } = power;
  const percent = (part: number) => fixed(part * 100, 1);
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const needed = daysNeeded(answer);
  const now = own?.share ?? null;
  const table = {
    columns: [{ title: '' }, right('share'), right('width'), right('conversions'), right('days')],
    rows: [
      [
        'in the file',
        now === null ? '–' : `${percent(now.low)}–${percent(now.high)}`,
        now === null ? '–' : percent(now.high - now.low),
        count(attributed),
        days === null ? '–' : fixed(days, 1),
      ],
      [
        'needed',
        percent(share),
        percent(plan.width),
        count(power.conversions),
        needed === null ? '–' : fixed(Math.ceil(needed), 0),
      ],
    ],
  };
  const level = Number((uncertainty.level * 100).toFixed(6));
  const notes = [
    `${fixed(power.perWitness, 2)} conversions are as certain as one witness${like === plan.channel ? '' : `, as ${like} shows: ${plan.channel} has too few`} (${count(uncertainty.replicates)} resamplings of ${uncertainty.unit === 'user' ? 'users' : 'journeys'}, seed ${uncertainty.seed})`,
    ...(now === null || plan.share !== undefined
      ? []
      : [
          `the share of the file is uncertain itself: if it is ${percent(now.high)} and not ${percent(share)}, it takes about ${count(Math.ceil((power.conversions * variance(now.high)) / variance(share)))} conversions`,
        ]),
    `${COVERS}; users and rate are taken to stay as they are`,
    ...(days === null ? ['the file does not say how many days it covers: name them with --days to see how long it takes'] : []),
    ...uncertainty.cautions.map((code) => `caution: ${CAUTIONS[code]}`),
  ];
  return [
    `${dim(`share of conversions that ${plan.channel} is credited with by ${plan.model}, ${level} % interval in percent`)}\n${renderWide(table, width, bold)}`,
    notes.map(dim).join('\n'),
  ].join('\n\n');
}
