/** What needs somebody, and what to do. */
import type { Answer } from '@tributary/client/operations';
import { csvOf } from '../parts/csv.ts';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { inItsDirection } from '../words.ts';
import { type Finding, findingsOf } from './findings.ts';

const EVERY_MS = 30_000;

export function DoctorPanel({ status }: { readonly status: Answer<'status'> }) {
  const schedules = useAnswer('schedules', {}, EVERY_MS);
  const rejections = useAnswer('rejections', { limit: 1 }, EVERY_MS);
  const reconciliations = useAnswer('reconciliations', { limit: 1 }, EVERY_MS);
  const isWaiting = [schedules, rejections, reconciliations].some((one) => one.isWaiting);
  const findings = findingsOf(
    {
      status,
      schedules: schedules.answer?.schedules,
      rejections: rejections.answer,
      reconciliations: reconciliations.answer?.reconciliations,
    },
    Date.now(),
  );
  const wrong = findings.filter(({ fix }) => fix !== null).length;
  return (
    <Panel
      title="Doctor"
      about={
        isWaiting
          ? 'Looking at the platform.'
          : `${wrong === 0 ? 'Nothing needs you.' : `${wrong} of ${findings.length} ${wrong === 1 ? 'needs' : 'need'} a look.`} Redis, disks and clocks are looked at by tributary doctor, on the machine.`
      }
      question={addressOfQuestion('status', {})}
      csv={() => csvOf([...COLUMNS, FIX], findings)}
    >
      {isWaiting ? (
        <div class="waiting" role="status">
          <span class="hidden-text">Loading</span>
          <i />
          <i />
        </div>
      ) : (
        <Table caption="Doctor" columns={COLUMNS} rows={findings} keyOf={({ check }) => check} />
      )}
    </Panel>
  );
}

const WORDS: Readonly<Record<Finding['is'], string>> = { good: 'well', late: 'look', bad: 'wrong', unknown: 'not known' };

const COLUMNS: readonly Column<Finding>[] = [
  { head: 'What', cell: ({ check }) => check, raw: ({ check }) => check },
  {
    head: 'State',
    cell: ({ is }) => <span class={`state ${is === 'unknown' ? '' : `is-${is}`}`}>{WORDS[is]}</span>,
    raw: ({ is }) => is,
  },
  {
    head: 'Found',
    cell: ({ detail, fix }) => (
      <>
        <bdi>{inItsDirection(detail)}</bdi>
        {fix !== null && <span class="small">{fix}</span>}
      </>
    ),
    raw: ({ detail }) => detail,
  },
];

/** In the file alone: on the page it stands below what was found. */
const FIX = { head: 'Fix', raw: ({ fix }: Finding) => fix };
