/** What a document shows: its fenced blocks, the statements of a script, and the commands of a session with what they print. */

export interface Block {
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** The word behind the fence; '' where there is none. */
  readonly language: string;
  readonly text: string;
  /** Nothing stands between this block and the one before. */
  readonly follows: boolean;
}

/** A command as it stands in a document, and what the document says that it prints. */
export interface Example {
  readonly line: number;
  readonly command: string;
  readonly shown: Block | undefined;
}

const SCRIPT = 'sh';
const SESSION = 'console';
const OUTPUTS = new Set(['json', 'text']);
const PROMPT = '$ ';

export function blocksOf(markdown: string): Block[] {
  let end = 0;
  return [...markdown.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)].map(({ index, 0: whole, 1: language = '', 2: text = '' }) => {
    const follows = markdown.slice(end, index).trim() === '';
    end = index + whole.length;
    return { line: markdown.slice(0, index).split('\n').length, language, text, follows };
  });
}

/**
 * Commands of a document, in order. `sh` is a script; an output (`json`, `text`) right behind it is that of its last command.
 * `console` is a session: commands behind a prompt, each with what it prints.
 */
export function examplesOf(blocks: readonly Block[]): Example[] {
  return blocks.flatMap((block, i) => {
    if (block.language === SESSION) return sessionOf(block);
    if (block.language !== SCRIPT) return [];
    const commands = statementsOf(block.text);
    const next = blocks[i + 1];
    const output = next?.follows && OUTPUTS.has(next.language) ? next : undefined;
    return commands.map((command, at) => ({
      line: block.line,
      command,
      shown: at === commands.length - 1 ? output : undefined,
    }));
  });
}

function sessionOf({ line, text }: Block): Example[] {
  return text
    .split(/^(?=\$ )/m)
    .filter((part) => part.startsWith(PROMPT))
    .map((part) => {
      const [command = ''] = statementsOf(part.slice(PROMPT.length));
      const lines = part.slice(PROMPT.length).split('\n');
      const end = lines.findIndex((each) => !each.endsWith('\\')) + 1;
      return { line, command, shown: { line, language: 'text', text: lines.slice(end).join('\n'), follows: true } };
    });
}

/** A newline ends a statement, but not within quotes, behind a backslash or behind a pipe. Comments are left out. */
export function statementsOf(script: string): string[] {
  const statements: string[] = [];
  let [statement, quote, comment] = ['', '', false];
  const end = () => {
    if (statement.trim() !== '') statements.push(statement.trim());
    statement = '';
  };
  for (let i = 0; i < script.length; i++) {
    const char = script[i] as string;
    if (comment && char !== '\n') continue;
    comment = false;
    if (quote === '' && char === '\\' && script[i + 1] === '\n') {
      i++;
    } else if (quote === '' && char === '#' && /^\s?$/.test(script[i - 1] ?? '')) {
      comment = true;
    } else if (quote === '' && char === '\n' && !statement.trimEnd().endsWith('|')) {
      end();
    } else {
      if (quote === char) quote = '';
      else if (quote === '' && (char === "'" || char === '"')) quote = char;
      statement += char;
    }
  }
  end();
  return statements;
}
