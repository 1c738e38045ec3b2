/** A name that somebody else wrote: any letters, any length, in its own direction. It is text and never markup. */
export function Name({ text, most = 60 }: { readonly text: string; readonly most?: number }) {
  const short = shortened(text, most);
  return (
    <bdi class="name" title={short === text ? undefined : text}>
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
