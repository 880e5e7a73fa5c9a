/** Generated from zensecrets_jupyter.contract.server by `python -m tests.support.typescript`; change that module instead. */

import { isBoolean, isRecord } from './typeGuards';

/** Path below the base URL of the server; the identifier of a kernel follows it. */
export const CHECKS_PATH = 'zensecrets/checks';

/** Response to the question whether a kernel checks saved files. */
export interface IKernelCheck {
  /** Whether the kernel checks the files that the server saves. */
  readonly checks_saved_files: boolean;
}

/** Tell whether `data` is an `IKernelCheck`; further properties are allowed. */
export function isKernelCheck(data: unknown): data is IKernelCheck {
  return (
    isRecord(data) &&
    isBoolean(data['checks_saved_files'])
  );
}
