import type { Checks } from './checks';

/** A part of the form that has inputs and checks them. */
export interface IPart {
  /** Check the inputs, show their problems, and return whether there are none. */
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
  readonly newId: () => string;
}
