/** The state of the platform: what is served, how fresh it is, what follows which definitions. */
import type { Answer } from '@tributary/client/operations';
import { WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, instant, NONE } from '../parts/format.ts';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { ComputationsPanel } from './computations.tsx';
import { DoctorPanel } from './doctor.tsx';
import { isNone } from './findings.ts';

type Status = Answer<'status'>;
type Partition = Status['partitions'][number];

const EVERY_MS = 2_000;

export function SystemPage() {
  const status = useAnswer('status', {}, EVERY_MS);
  return <WhenAnswered of={status}>{(answer) => <Shown status={answer} />}</WhenAnswered>;
}

function Shown({ status }: { readonly status: Status }) {
  const { generation, partitions, pending, definitionsInForce, complete } = status;
  const behind = partitions.filter(({ behind: isBehind }) => isBehind === true).length;
  const unknown = partitions.filter(({ behind: isBehind }) => isBehind === null).length;
  const oldest = Math.max(0, ...partitions.map(({ lagMs }) => lagMs ?? 0));
  return (
    <>
      <Missing of={status} />
      <dl class="figures">
        <div>
          <dt>Answers</dt>
          <dd class={complete ? 'is-good' : 'is-bad'}>{complete ? 'complete' : 'not complete'}</dd>
          <dd class="small">{complete ? 'nothing is missing in either layer' : 'the banner says what is missing'}</dd>
        </div>
        <div>
          <dt>Generation served</dt>
          <dd>{isNone(generation.served) ? NONE : generation.served}</dd>
          <dd class="small">{currentOf(generation)}</dd>
        </div>
        <div>
          <dt>Partitions behind</dt>
          <dd>
            {behind} <span class="unit">of {partitions.length}</span>
          </dd>
          <dd class="small">{unknown > 0 ? `of ${unknown} it is not known` : `log time is at most ${duration(oldest)} old`}</dd>
        </div>
        <div>
          <dt>Late events</dt>
          <dd>{count(pending)}</dd>
          <dd class="small">counted by the next generation</dd>
        </div>
      </dl>
      {generation.failure !== null && (
        <div class="notice is-bad" role="alert">
          <h2>The current generation is not served</h2>
          <p>{generation.failure}</p>
        </div>
      )}
      <DoctorPanel status={status} />
      <Panel
        title="Partitions"
        about="How far the speed layer has read each part of the log."
        question={addressOfQuestion('status', {})}
        csv={() => csvOf(COLUMNS, partitions)}
      >
        <Table caption="Partitions" columns={COLUMNS} rows={partitions} keyOf={({ partition }) => String(partition)} />
      </Panel>
      <ComputationsPanel />
      <Panel title="Definitions in force" about="Which events are touches and conversions.">
        {definitionsInForce === null ? (
          <p>Those built in: no generation was published yet, or it cannot be read.</p>
        ) : (
          <dl class="facts">
            <dt>Version</dt>
            <dd>
              <code>{definitionsInForce.version}</code>
            </dd>
            <dt>Brought by</dt>
            <dd>{definitionsInForce.source ?? NONE}</dd>
            <dt>Because of</dt>
            <dd>{definitionsInForce.reason ?? NONE}</dd>
            <dt>Since</dt>
            <dd>{definitionsInForce.since === null ? NONE : `${instant(definitionsInForce.since)} UTC`}</dd>
            <dt>The file differs in</dt>
            <dd>
              {definitionsInForce.fileDiffers === null
                ? 'no file is known'
                : definitionsInForce.fileDiffers.join(', ') || 'nothing'}
            </dd>
          </dl>
        )}
      </Panel>
    </>
  );
}

function currentOf({ served, current }: Answer<'status'>['generation']): string {
  if (isNone(current)) return 'none was published yet';
  return served === current ? 'the current one' : `the current one is ${current}`;
}

const COLUMNS: readonly Column<Partition>[] = [
  { head: 'Partition', isFigure: true, cell: ({ partition }) => partition, raw: ({ partition }) => partition },
  {
    head: 'State',
    cell: ({ behind }) => (
      <span class={`state ${behind === null ? 'is-unknown' : behind ? 'is-late' : 'is-good'}`}>
        {behind === null ? 'unknown' : behind ? 'behind' : 'up to date'}
      </span>
    ),
    raw: ({ behind }) => behind,
  },
  { head: 'Age of log time', fileHead: 'lagMs', isFigure: true, cell: ({ lagMs }) => duration(lagMs), raw: ({ lagMs }) => lagMs },
  {
    head: 'Generation',
    isFigure: true,
    isBeside: true,
    cell: ({ generation }) => generation ?? NONE,
    raw: ({ generation }) => generation,
  },
  {
    head: 'Read up to',
    isBeside: true,
    cell: ({ position }) => <code>{position ?? NONE}</code>,
    raw: ({ position }) => position,
  },
  { head: 'Log ends at', isBeside: true, cell: ({ logEnd }) => <code>{logEnd ?? NONE}</code>, raw: ({ logEnd }) => logEnd },
];
