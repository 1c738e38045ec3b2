import { useState } from 'preact/hooks';
import { Done, Empty } from '../parts/answered.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { Ask, Segmented } from '../parts/controls.tsx';
import { duration, instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { useAction } from '../state/actions.ts';
import { addressWith, go, type Place } from '../state/place.ts';
import { MODES, PROMOTE } from './action.tsx';
import {
  actionsOnSchedule,
  computes,
  promotes,
  type Schedule,
  type ScheduleProps,
  scheduleAddress,
  WHAT,
  WORDS,
  whenOf,
} from './schedule-texts.ts';

/** What a run of it does, and when: what is set. */
type Rule = Pick<Schedule, 'everyMs' | 'cron' | 'timeZone' | 'mode' | 'promote' | 'catchUp'>;

export function ScheduleActionPanel({ place, schedules }: ScheduleProps) {
  const what = WHAT.find((known) => known === place.query.get('do'));
  const [said, say] = useState<string | null>(null);
  if (what === undefined) return null;
  const name = place.query.get('schedule') ?? '';
  const one = schedules.find((schedule) => schedule.name === name);
  const title = what === 'set' && one === undefined ? 'Set a schedule' : `${WORDS[what]} the schedule ${name}`;
  const leave = <a href={scheduleAddress(place, null)}>Close</a>;
  if (said !== null)
    return (
      <Panel title={title} tools={leave}>
        <Done>{said}</Done>
      </Panel>
    );
  return (
    <Panel title={title} tools={leave} about="Nothing happens before you type its words.">
      {what === 'set' ? (
        <SetOne place={place} name={name} was={one} say={say} />
      ) : one === undefined || !actionsOnSchedule(one).includes(what) ? (
        <Empty title={`The schedule ${name} is not one to ${what}`}>It may have been done already: the list below says.</Empty>
      ) : (
        <Move what={what} one={one} say={say} />
      )}
    </Panel>
  );
}

const OPERATIONS = { pause: 'pauseSchedule', resume: 'resumeSchedule', remove: 'removeSchedule' } as const;
const EFFECTS: Readonly<Record<keyof typeof OPERATIONS, string>> = {
  pause: 'It begins no run until somebody resumes it, over restarts too. A run that is under way goes on.',
  resume: 'It begins runs again, from its next time on.',
  remove: 'It begins no further run, and is gone from the list. What its runs computed stays.',
};
const DONE: Readonly<Record<keyof typeof OPERATIONS, string>> = {
  pause: 'begins no run until it is resumed.',
  resume: 'begins runs again.',
  remove: 'was removed.',
};

interface MoveProps {
  readonly what: keyof typeof OPERATIONS;
  readonly one: Schedule;
  /** Called with what was done. */
  readonly say: (done: string) => void;
}

function Move({ what, one, say }: MoveProps) {
  const { name, next } = one;
  const [acted, begin] = useAction(OPERATIONS[what], () => say(`${name} ${DONE[what]}`));
  return (
    <>
      <p>{EFFECTS[what]}</p>
      <dl class="facts">
        <dt>Begins</dt>
        <dd>{whenOf(one)}</dd>
        <dt>Next</dt>
        <dd>{next[0] === undefined ? 'none, it is paused' : `${instant(next[0])} UTC`}</dd>
      </dl>
      <Confirm acted={acted} words={`${what} ${name}`} begin={() => begin({ name })} />
    </>
  );
}

const BY_CRON = 'cron';
const EVERY = [
  { value: '900000', text: 'Each 15 min' },
  { value: '3600000', text: 'Each hour' },
  { value: '86400000', text: 'Each day' },
  { value: BY_CRON, text: 'By cron' },
] as const;
const AS_IT_IS = 'as it is';

interface SetProps {
  readonly place: Place;
  readonly name: string;
  readonly was: Schedule | undefined;
  readonly say: (done: string) => void;
}

function SetOne({ place, name, was, say }: SetProps) {
  const rule = ruleIn(place, was);
  const [acted, begin] = useAction('setSchedule', ({ schedule: { next } }) =>
    say(`${name} is set. ${next[0] === undefined ? 'It is paused.' : `Its next run is due ${instant(next[0])} UTC.`}`),
  );
  const choose = (changes: Readonly<Record<string, string>>) => go(addressWith(place, changes), { replaces: true });
  const every = rule.everyMs === null ? BY_CRON : String(rule.everyMs);
  const isUsual = EVERY.some(({ value }) => value === every);
  const { everyMs, cron, timeZone, mode, promote, catchUp } = rule;
  const isWhole = name !== '' && (everyMs !== null || cron !== null);
  return (
    <>
      <div class="controls">
        {was === undefined && (
          <Ask
            name="Name of the schedule"
            value={name}
            placeholder="nightly"
            button="Name it"
            ask={(schedule) => choose({ schedule })}
          />
        )}
        <Segmented
          name="Begins"
          options={isUsual ? EVERY : [{ value: every, text: `Each ${duration(everyMs)}` }, ...EVERY]}
          value={every}
          choose={(value) => choose({ every: value })}
        />
        {every === BY_CRON && (
          <>
            <Ask
              name="Minute, hour, day, month, weekday"
              value={cron ?? ''}
              placeholder="30 3 * * *"
              button="Take it"
              ask={(value) => choose({ cron: value })}
            />
            <Ask
              name="Time zone of it"
              value={timeZone}
              placeholder="Europe/Berlin"
              button="Take it"
              ask={(zone) => choose({ zone })}
            />
          </>
        )}
        <Segmented name="Computes" options={MODES} value={mode} choose={(value) => choose({ mode: value })} />
        <Segmented
          name="Then"
          options={[
            ...(typeof promote === 'object' ? [{ value: AS_IT_IS, text: `Below ${promote.below * 100} % moved at once` }] : []),
            ...PROMOTE,
          ]}
          value={typeof promote === 'object' ? AS_IT_IS : promote}
          choose={(value) => choose({ promote: value })}
        />
      </div>
      <dl class="facts">
        <dt>It will be</dt>
        <dd>
          {isWhole ? saidOf(rule) : 'not whole yet: it needs a name, and when it begins'}
          {isWhole && was?.paused === true && '; it is paused now, and begins runs again'}
        </dd>
        <dt>It is</dt>
        <dd>{was === undefined ? 'not there' : saidOf(was)}</dd>
      </dl>
      {isWhole && (
        <Confirm
          acted={acted}
          words={`set ${name}`}
          begin={() =>
            begin({ name, ...(everyMs === null ? { cron: cron ?? '', timeZone } : { everyMs }), mode, promote, catchUp })
          }
        />
      )}
    </>
  );
}

/** What is chosen in the address; where nothing is, what the schedule has. */
function ruleIn({ query }: Place, was: Schedule | undefined): Rule {
  const every = query.get('every') ?? (was === undefined ? '3600000' : was.everyMs === null ? BY_CRON : String(was.everyMs));
  const promote = query.get('promote');
  return {
    everyMs: /^\d{1,9}$/.test(every) ? Number(every) : null,
    cron: query.get('cron') ?? was?.cron ?? null,
    timeZone: query.get('zone') ?? was?.timeZone ?? 'UTC',
    mode: MODES.find(({ value }) => value === query.get('mode'))?.value ?? was?.mode ?? 'incremental',
    promote: promote === 'auto' || promote === 'ask' ? promote : (was?.promote ?? 'auto'),
    catchUp: was?.catchUp ?? 'once',
  };
}

function saidOf(rule: Rule) {
  const { everyMs, timeZone, mode, promote } = rule;
  return (
    <>
      {everyMs === null ? (
        <>
          <code>{whenOf(rule)}</code> in <Name text={timeZone} most={64} />
        </>
      ) : (
        whenOf(rule)
      )}
      ; computes {computes(mode)}; {promotes(promote)}
    </>
  );
}
