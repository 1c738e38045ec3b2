/**
 * How sure a model is: its shares over resampled counts, any data-driven model and any kind of counts.
 *
 * Poisson bootstrap (Chamandy et al. 2012): every count is replaced by a Poisson draw of that mean, as if each journey had
 * occurred 0, 1, 2, … times. Over paths and coalitions this resamples journeys. Over transitions it resamples edges one by
 * one, as if journeys were not whole: prefer paths where they are at hand, or draw the rows of the chain (`dirichletDraw`).
 */
import { byCodePoint, type ChannelEffect, type Coalition, type PathCount, type Transition } from './counts.ts';
import { createRandom, gamma, poisson, type Random } from './random.ts';

type Counted = Coalition | Transition | PathCount;
type Draw<Row> = (rows: readonly Row[], random: Random) => Row[];

export interface ChannelInterval {
  readonly channel: string;
  /** Share of the model on the counts as they are. */
  readonly share: number;
  /** The share lies in `[low, high]` in the fraction `level` of the replicates (equal tails). */
  readonly low: number;
  readonly high: number;
  /** 1 is the largest share; equal shares rank by channel. */
  readonly rank: number;
  /** Fraction of the replicates in which the channel has this rank. */
  readonly rankStability: number;
}

export interface BootstrapOptions<Row> {
  /** Models computed, default 200. */
  readonly replicates?: number;
  /** Default 1. The same seed and counts give the same intervals, whatever the order of the rows. */
  readonly seed?: number;
  /** Default 0.9. */
  readonly level?: number;
  /** Default `poissonDraw`. */
  readonly draw?: Draw<Row>;
  /** Ranks of the model's channels that the replicates are held against; default: by the model's own shares. */
  readonly ranks?: readonly number[];
  /** Told after each replicate how many are done. */
  readonly onReplicate?: ((done: number) => void) | undefined;
}

/** Intervals of the shares of `model`, sorted by channel. A channel that a replicate lost has the share 0 in it. */
export function bootstrap<Row extends Counted>(
  rows: readonly Row[],
  model: (rows: readonly Row[]) => readonly ChannelEffect[],
  { replicates = 200, seed = 1, level = 0.9, draw = poissonDraw, ...rest }: BootstrapOptions<Row> = {},
): ChannelInterval[] {
  if (!(replicates >= 1)) throw new RangeError(`A bootstrap of ${replicates} replicates has no interval; ask for at least 1.`);
  const point = model(rows);
  const ranks = rest.ranks ?? ranksOf(point);
  const place = new Map(point.map(({ channel }, i) => [channel, i]));
  const samples = point.map(() => new Float64Array(replicates));
  const kept = point.map(() => 0);
  // Rows that cancelled to nothing leave no trace, also in the draws.
  const counted = rows.filter(({ conversions, nulls }) => conversions + nulls > 0);
  const sorted = counted.toSorted((a, b) => byCodePoint(keyOf(a), keyOf(b)));
  const random = createRandom(seed);
  for (let replicate = 0; replicate < replicates; replicate++) {
    const shares = point.map(() => 0);
    for (const { channel, share } of model(draw(sorted, random))) shares[place.get(channel) as number] = share;
    for (const [i, rank] of ranksOf(shares.map((share) => ({ share }))).entries()) {
      (samples[i] as Float64Array)[replicate] = shares[i] as number;
      if (rank === ranks[i]) kept[i] = (kept[i] as number) + 1;
    }
    rest.onReplicate?.(replicate + 1);
  }
  const tail = (1 - level) / 2;
  return point.map(({ channel, share }, i) => {
    const sample = (samples[i] as Float64Array).sort();
    const [low, high] = [quantile(sample, tail), quantile(sample, 1 - tail)];
    return { channel, share, low, high, rank: ranks[i] as number, rankStability: (kept[i] as number) / replicates };
  });
}

/** Every count a Poisson draw of itself; value goes with its conversions. */
export function poissonDraw<Row extends Counted>(rows: readonly Row[], random: Random): Row[] {
  return rows.map((row) => {
    const conversions = poisson(row.conversions, random);
    const nulls = poisson(row.nulls, random);
    return { ...row, conversions, nulls, value: valueOfDraw(row, conversions) };
  });
}

/**
 * Transitions out of each state as a Dirichlet draw around their counts (each plus `prior`), times what leaves the state.
 * Counts become fractional. Edges that never occurred stay out.
 */
export function dirichletDraw(prior = 0.1): Draw<Transition> {
  const weight = (count: number, random: Random) => (count > 0 ? gamma(count + prior, random) : 0);
  return (rows, random) =>
    [...Map.groupBy(rows, ({ from }) => JSON.stringify(from)).values()].flatMap((edges) => {
      const drawn = edges.map((edge) => {
        const { conversions, nulls, to } = edge;
        // At the end, conversion and null are two edges; before it, the journeys that will convert walk the same one.
        if (to.length === 0) return { edge, won: weight(conversions, random), lost: weight(nulls, random) };
        const part = weight(conversions + nulls, random) / (conversions + nulls) || 0;
        return { edge, won: conversions * part, lost: nulls * part };
      });
      const leaving = edges.reduce((sum, { conversions, nulls }) => sum + conversions + nulls, 0);
      const scale = leaving === 0 ? 0 : leaving / drawn.reduce((sum, { won, lost }) => sum + won + lost, 0);
      return drawn.map(({ edge, won, lost }) => {
        const conversions = won * scale;
        return { ...edge, conversions, nulls: lost * scale, value: valueOfDraw(edge, conversions) };
      });
    });
}

function valueOfDraw({ conversions, value }: Counted, drawn: number): number {
  return conversions > 0 ? (value / conversions) * drawn : 0;
}

function keyOf(row: Counted): string {
  return JSON.stringify('channels' in row ? row.channels : 'path' in row ? row.path : [row.from, row.to]);
}

/** 1 is the largest share; equal ones rank in their order. */
export function ranksOf(channels: readonly { readonly share: number }[]): number[] {
  const ranks = new Array<number>(channels.length);
  const order = [...channels.entries()].sort(([a, x], [b, y]) => y.share - x.share || a - b);
  for (const [rank, [i]] of order.entries()) ranks[i] = rank + 1;
  return ranks;
}

/** Linear between the sorted samples (type 7 of Hyndman and Fan). */
function quantile(sorted: Float64Array, part: number): number {
  const at = part * (sorted.length - 1);
  const below = Math.floor(at);
  const lower = sorted[below] as number;
  return lower + (at - below) * ((sorted[below + 1] ?? lower) - lower);
}
