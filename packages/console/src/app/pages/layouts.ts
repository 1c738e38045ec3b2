/** The classes of viewports by their least widths, as people read them. */
export const LAYOUTS: Readonly<Record<string, string>> = {
  '0': 'below 576 px',
  '576': '576 to 991 px',
  '992': '992 to 1439 px',
  '1440': 'from 1440 px',
};
