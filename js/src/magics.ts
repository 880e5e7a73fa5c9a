/** The magics that the command palette inserts into a notebook. */

export interface IMagic {
  /** The last part of the identifier of the command. */
  readonly id: string;
  /** The label of the command in the palette. */
  readonly label: string;
  /** The source of the new cell. */
  readonly source: string;
  /** The part of `source` that the user has to replace, which is selected. */
  readonly placeholder?: string;
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
    placeholder: 'NAME'
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
