import type { ISubmission } from '../contract/form';
import { seal } from './seal';

/** The content of a submission before it is padded. */
export type UnpaddedSubmission = Omit<ISubmission, 'pad'>;

/**
 * The plaintext is padded to a multiple of this number of bytes, because the
 * length of a sealed box reveals the length of its plaintext.
 */
const BLOCK_SIZE = 4096;

/** Encrypt a submission for the kernel. */
export function sealSubmission(submission: UnpaddedSubmission, publicKey: string): string {
  const message = pad(submission);
  const sealed = seal(message, publicKey);
  message.fill(0);
  return sealed;
}

/** Encode a submission as UTF-8 JSON, padded so that its length reveals little about the values. */
export function pad(submission: UnpaddedSubmission): Uint8Array {
  const { length } = encode(submission, 0);
  return encode(submission, (BLOCK_SIZE - (length % BLOCK_SIZE)) % BLOCK_SIZE);
}

function encode(submission: UnpaddedSubmission, paddingLength: number): Uint8Array {
  const padded: ISubmission = { ...submission, pad: ' '.repeat(paddingLength) };
  return new TextEncoder().encode(JSON.stringify(padded));
}
