import type { IOutputModel } from '@jupyterlab/rendermime';

/** What a kernel's guard and the notebook tell each other. The kernel's half declares the same in Python. */

/** How the guard does: numbers, and nothing else. */
export interface IStatus {
  readonly kind: 'status';
  readonly on: boolean;
  /** How many values are protected. */
  readonly values: number;
  /** How often one was masked in this session. */
  readonly masked: number;
}

/** A cell that was run is to become this source, which holds no value. */
export interface IRepair {
  readonly kind: 'repair';
  readonly cell_id: string;
  readonly source: string;
  /** What was run, without the values: the parts before, between and behind them. */
  readonly kept: readonly string[];
}

/** The same, if a person agrees. */
export interface IOffer {
  readonly kind: 'offer';
  readonly cell_id: string;
  readonly source: string;
  /** As in a repair. */
  readonly kept: readonly string[];
  /** What the cell holds the values of. */
  readonly names: readonly string[];
}

/** An output as a notebook file has it. */
export type Output = ReturnType<IOutputModel['toJSON']>;

/** An output, and of which cell it is which. */
export interface IPlacedOutput {
  readonly cell_id: string;
  readonly index: number;
  readonly output: Output;
}

/** Outputs that were shown before a value in them was known, masked. */
export interface IOutputs {
  readonly kind: 'outputs';
  readonly outputs: readonly IPlacedOutput[];
}

/** What the kernel says. */
export type Message = IStatus | IRepair | IOffer | IOutputs;

/** What the notebook says. */
export type Answer =
  | { readonly kind: 'hello' }
  | { readonly kind: 'outputs'; readonly outputs: readonly IPlacedOutput[] }
  | { readonly kind: 'repaired'; readonly cell_id: string; readonly done: boolean };

/** Return what a kernel said, or `null` if that is nothing known here: the two may be of different versions. */
export function read(data: unknown): Message | null {
  if (!isRecord(data)) {
    return null;
  }
  const { kind, on, values, masked, cell_id, source, kept, names, outputs } = data;
  if (kind === 'status' && typeof on === 'boolean' && isCount(values) && isCount(masked)) {
    return { kind, on, values, masked };
  }
  if (kind === 'outputs' && Array.isArray(outputs) && outputs.every(isPlacedOutput)) {
    return { kind, outputs };
  }
  if (typeof cell_id !== 'string' || typeof source !== 'string') {
    return null;
  }
  if (kind === 'repair' && isTexts(kept)) {
    return { kind, cell_id, source, kept };
  }
  if (kind === 'offer' && isTexts(kept) && isTexts(names)) {
    return { kind, cell_id, source, kept, names };
  }
  return null;
}

function isRecord(thing: unknown): thing is Readonly<Record<string, unknown>> & {
  readonly [name in keyof (IStatus & IRepair & IOffer & IOutputs & IPlacedOutput)]?: unknown;
} {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing);
}

function isPlacedOutput(thing: unknown): thing is IPlacedOutput {
  if (!isRecord(thing)) {
    return false;
  }
  const { cell_id, index, output } = thing;
  return typeof cell_id === 'string' && isCount(index) && isRecord(output) && 'output_type' in output;
}

function isCount(thing: unknown): thing is number {
  return typeof thing === 'number' && Number.isFinite(thing);
}

function isTexts(thing: unknown): thing is readonly string[] {
  return Array.isArray(thing) && thing.every(text => typeof text === 'string');
}
