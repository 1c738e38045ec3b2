/** A part of a page under a heading, with what it was asked of the API, and its rows as a file. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export interface PanelProps {
  readonly title: string;
  /** One sentence: what is to be seen, in which unit. */
  readonly about?: ComponentChildren;
  /** The path of the question behind it, as the API takes it. */
  readonly question?: string;
  /** The rows as CSV; made when it is asked for. */
  readonly csv?: () => string;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Panel({ title, about, question, csv, tools, children }: PanelProps) {
  return (
    <section class="panel">
      <header class="panel-head">
        <div class="panel-words">
          <h2>{title}</h2>
          {about !== undefined && <p class="about">{about}</p>}
        </div>
        <div class="panel-tools">
          {tools}
          {csv !== undefined && <CsvButton name={title} csv={csv} />}
          {question !== undefined && <CurlButton title={title} question={question} />}
        </div>
      </header>
      {children}
    </section>
  );
}

export function CsvButton({ name, csv }: { readonly name: string; readonly csv: () => string }) {
  const save = () => {
    const url = URL.createObjectURL(new Blob([csv()], { type: 'text/csv;charset=utf-8' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <button type="button" class="quiet" onClick={save} aria-label={`${name} as CSV`}>
      CSV
    </button>
  );
}

/** The key is named by a variable: no page shows one. */
function curlOf(question: string, body?: string): string {
  const address = `'${location.origin}${question.replaceAll("'", '%27')}'`;
  if (body === undefined) return `curl -H "Authorization: Bearer $READ_KEY" ${address}`;
  const sent = `-H 'Content-Type: application/json' -d '${body.replaceAll("'", `'\\''`)}'`;
  return `curl -H "Authorization: Bearer $ADMIN_KEY" ${sent} ${address}`;
}

interface CurlProps {
  readonly title: string;
  readonly question: string;
  /** What is sent with it, JSON. */
  readonly body?: string;
}

export function CurlButton({ title, question, body }: CurlProps) {
  const [is, setIs] = useState<'closed' | 'open' | 'copied'>('closed');
  const text = curlOf(question, body);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setIs('copied'),
      () => {},
    );
  return (
    <>
      <button
        type="button"
        class="quiet"
        aria-expanded={is !== 'closed'}
        aria-label={`${title} with curl`}
        onClick={() => setIs(is === 'closed' ? 'open' : 'closed')}
      >
        curl
      </button>
      {is !== 'closed' && (
        <div class="curl">
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keys */}
          <pre tabIndex={0}>{text}</pre>
          <button type="button" class="quiet" onClick={() => void copy()}>
            {is === 'copied' ? 'Copied' : 'Copy'}
          </button>
        </div>
      )}
    </>
  );
}
