/** The magics that the command palette can write into a notebook. */

export interface IMagic {
  /** Ends the command's identifier. */
  readonly id: string;
  /** The command's line in the palette. */
  readonly label: string;
  /** The new cell's text. */
  readonly source: string;
  /** The part of `source` that the user has to replace: it is selected. */
  readonly blank?: string;
}

export const MAGICS: readonly IMagic[] = [
  {
    id: 'insert-load-ext',
    label: 'Load the Zen Secrets Magics',
    source: '%load_ext zensecrets_jupyter'
  },
  {
    id: 'insert-secret-register',
    label: 'Register a Secret',
    source: '%secret register NAME',
    blank: 'NAME'
  },
  {
    id: 'insert-secret-list',
    label: 'List Secrets',
    source: '%secret list'
  },
  {
    id: 'insert-stack-register-secrets',
    label: "Register the Active Stack's Missing Secrets",
    source: '%stack register-secrets'
  }
];
