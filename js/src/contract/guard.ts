/** Generated from zensecrets_jupyter.contract.guard by `python -m tests.support.typescript`; change that module instead. */

import { isArrayOf, isBoolean, isNumber, isRecord, isString } from './typeGuards';

/** Name of the Jupyter comm target over which the messages are sent. */
export const GUARD_TARGET = 'zensecrets.guard';

/** State of the guard for the status bar, without values and their names. */
export interface IStatusMessage {
  /** The discriminator of the message. */
  readonly kind: 'status';
  /** Whether the guard masks values. */
  readonly is_on: boolean;
  /** The number of protected values. */
  readonly value_count: number;
  /** The number of masks that the guard has written in this session. */
  readonly mask_count: number;
}

/** Request to replace the source of an executed cell by one without values. */
export interface IRepairMessage {
  /** The discriminator of the message. */
  readonly kind: 'repair';
  /** The identifier of the cell. */
  readonly cell_id: string;
  /** The new source. */
  readonly source: string;
  /** The parts of the executed source before, between and after the values. */
  readonly unchanged: readonly string[];
}

/** Request to ask the user whether to replace the source of an executed cell. */
export interface IOfferMessage {
  /** The discriminator of the message. */
  readonly kind: 'offer';
  /** The identifier of the cell. */
  readonly cell_id: string;
  /** The new source. */
  readonly source: string;
  /** The parts of the executed source before, between and after the values. */
  readonly unchanged: readonly string[];
  /** The names of the values in the cell, such as `db.password`. */
  readonly names: readonly string[];
}

/** One output of a cell. */
export interface ICellOutput {
  /** The identifier of the cell. */
  readonly cell_id: string;
  /** The index of the output in the cell. */
  readonly index: number;
  /** The output, as a notebook file stores it. */
  readonly output: Readonly<Record<string, unknown>>;
}

/** Outputs that a front end sends for redaction, or that the guard returns redacted. */
export interface IOutputsMessage {
  /** The discriminator of the message. */
  readonly kind: 'outputs';
  /** The outputs. */
  readonly outputs: readonly ICellOutput[];
}

/** Request of a front end for the status of the guard. */
export interface IHelloMessage {
  /** The discriminator of the message. */
  readonly kind: 'hello';
}

/** Answer of a front end that was asked to replace the source of a cell. */
export interface IRepairedMessage {
  /** The discriminator of the message. */
  readonly kind: 'repaired';
  /** The identifier of the cell. */
  readonly cell_id: string;
  /** Whether the source was replaced. */
  readonly is_repaired: boolean;
}

/** A message of the guard to the front ends. */
export type GuardMessage = IStatusMessage | IRepairMessage | IOfferMessage | IOutputsMessage;

/** A message of a front end to the guard. */
export type FrontEndMessage = IHelloMessage | IOutputsMessage | IRepairedMessage;

/** Tell whether `data` is an `IStatusMessage`; further properties are allowed. */
export function isStatusMessage(data: unknown): data is IStatusMessage {
  return (
    isRecord(data) &&
    data['kind'] === 'status' &&
    isBoolean(data['is_on']) &&
    isNumber(data['value_count']) &&
    isNumber(data['mask_count'])
  );
}

/** Tell whether `data` is an `IRepairMessage`; further properties are allowed. */
export function isRepairMessage(data: unknown): data is IRepairMessage {
  return (
    isRecord(data) &&
    data['kind'] === 'repair' &&
    isString(data['cell_id']) &&
    isString(data['source']) &&
    isArrayOf(isString)(data['unchanged'])
  );
}

/** Tell whether `data` is an `IOfferMessage`; further properties are allowed. */
export function isOfferMessage(data: unknown): data is IOfferMessage {
  return (
    isRecord(data) &&
    data['kind'] === 'offer' &&
    isString(data['cell_id']) &&
    isString(data['source']) &&
    isArrayOf(isString)(data['unchanged']) &&
    isArrayOf(isString)(data['names'])
  );
}

/** Tell whether `data` is an `ICellOutput`; further properties are allowed. */
export function isCellOutput(data: unknown): data is ICellOutput {
  return (
    isRecord(data) &&
    isString(data['cell_id']) &&
    isNumber(data['index']) &&
    isRecord(data['output'])
  );
}

/** Tell whether `data` is an `IOutputsMessage`; further properties are allowed. */
export function isOutputsMessage(data: unknown): data is IOutputsMessage {
  return (
    isRecord(data) &&
    data['kind'] === 'outputs' &&
    isArrayOf(isCellOutput)(data['outputs'])
  );
}

/** Tell whether `data` is a `GuardMessage`; further properties are allowed. */
export function isGuardMessage(data: unknown): data is GuardMessage {
  return (
    isStatusMessage(data) ||
    isRepairMessage(data) ||
    isOfferMessage(data) ||
    isOutputsMessage(data)
  );
}
