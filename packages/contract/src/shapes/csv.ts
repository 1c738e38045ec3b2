/** Cells of CSV (RFC 4180), as the API and the command line write them. */

/** As it is, in quotes where it has to be. For names of columns and for figures. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text that others wrote. Spreadsheets run cells that begin with = + - @ as formulas: such text is led by an apostrophe. */
export function csvText(text: string): string {
  return csvCell(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
}
