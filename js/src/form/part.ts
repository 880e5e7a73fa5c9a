import type { Checks } from './checks';

/** A part of the form that a person fills in and that is checked by itself. */
export interface IPart {
  /** Show what is wrong; `true` if nothing is. */
  check(): boolean;
  focus(): void;
  /** Let go of every value. */
  empty(): void;
}

/** What the parts of one form share. */
export interface IContext {
  readonly checks: Checks;
  /** Aborted once the form is no more. */
  readonly signal: AbortSignal;
  /** Make an identifier for an element. */
  readonly id: () => string;
}
