/** So short that it has room on one line of a telephone, beside a text. */
const SHORT = 16;

interface Props {
  readonly text: string;
  /** Characters. */
  readonly most?: number;
  /** What is beside it in a row: a text makes room for a short name, figures do not. */
  readonly beside?: 'text';
}

/** A name that somebody else wrote: any letters, any length, in its own direction. It is text and never markup. */
export function Name({ text, most = 60, beside }: Props) {
  const short = shortened(text, most);
  return (
    <bdi class={beside === 'text' && text.length <= SHORT ? 'name nowrap' : 'name'} title={short === text ? undefined : text}>
      {short}
    </bdi>
  );
}

/** The same in a text without markup, such as what is shown where a pointer rests: what follows keeps its direction. */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

/** At most `most` characters, the last of them three dots where there are more. */
export function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}
