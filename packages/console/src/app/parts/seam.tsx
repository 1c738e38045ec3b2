/** Where an answer comes from: the generation up to its cut, then what the speed layer added since; and whether something is missing. */
import type { Meta } from '@tributary/contract/shapes/meta';
import { wordsOf } from '../words.ts';
import { count, duration, instant, NONE } from './format.ts';

type Completeness = Pick<Meta, 'complete' | 'reasons' | 'warnings'>;

export function Seam({ meta }: { readonly meta: Meta }) {
  const { view, generation, cut, speed, pending } = meta;
  const hasBatch = view !== 'speed';
  const hasSpeed = view !== 'batch';
  return (
    <>
      <div class="seam">
        <div class={hasBatch ? 'seam-batch' : 'seam-batch is-off'}>
          <b>Batch</b>
          <span>{generation === 0 ? 'no generation yet' : `generation ${generation}, up to ${instant(cut)} UTC`}</span>
        </div>
        <div class={hasSpeed ? 'seam-speed' : 'seam-speed is-off'}>
          <b>Live</b>
          <span>
            {speed.lagMs === null ? `behind by ${NONE}` : speed.lagMs === 0 ? 'nothing waits' : `${duration(speed.lagMs)} behind`}
          </span>
        </div>
        {pending > 0 && (
          <span class="badge is-pending" title="Late events that count from the next generation on">
            {count(pending)} late, pending
          </span>
        )}
        {meta.complete && <span class="badge is-good">complete</span>}
      </div>
      <Missing of={meta} />
    </>
  );
}

/** A banner where the answer is not complete; notes of a complete one are small. */
export function Missing({ of: { complete, reasons, warnings } }: { readonly of: Completeness }) {
  if (complete && warnings.length === 0) return null;
  return (
    <div class={complete ? 'notes' : 'banner'} role={complete ? undefined : 'status'}>
      {!complete && (
        <p class="banner-title">
          <strong>Not complete.</strong> Something is missing in these figures: <bdi>{wordsOf(reasons)}</bdi>.
        </p>
      )}
      <ul>
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </div>
  );
}

/** The same in a word, for a part of a page whose answer is one of several; what is missing opens at a touch. */
export function NotComplete({ of: { complete, reasons, warnings } }: { readonly of: Completeness }) {
  return complete ? null : (
    <details class="not-complete">
      <summary class="badge is-bad">
        not complete: <bdi>{wordsOf(reasons)}</bdi>
      </summary>
      <ul class="small">
        {warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </details>
  );
}
