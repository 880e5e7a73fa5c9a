import type { Checks } from './checks';

/** A part of the form with inputs and a check of its own. */
export interface IPart {
  /** Show the problems, and return whether there is none. */
  check(): boolean;
  focus(): void;
  /** Clear every value. */
  clear(): void;
}

/** Objects that the parts of one form share. */
export interface IContext {
  readonly checks: Checks;
  /** A signal that is aborted when the form is disposed. */
  readonly signal: AbortSignal;
  /** Return a new identifier for an element. */
  readonly id: () => string;
}
