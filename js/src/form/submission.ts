import type { ISubmission } from '../contract/form';
import { seal } from './seal';

/** The content of a submission before it is padded. */
export type Answer = Omit<ISubmission, 'pad'>;

/** A sealed box is longer than its plaintext by a constant, so the plaintext is padded to a multiple of this. */
const BLOCK = 4096;

/** Encrypt a submission for the kernel. */
export function sealAnswer(answer: Answer, publicKey: string): string {
  const message = padded(answer);
  const sealed = seal(message, publicKey);
  message.fill(0);
  return sealed;
}

/** Encode a submission as UTF-8 JSON whose length does not depend on the values. */
export function padded(answer: Answer): Uint8Array {
  const { length } = encode(answer, 0);
  return encode(answer, (BLOCK - (length % BLOCK)) % BLOCK);
}

function encode(answer: Answer, pad: number): Uint8Array {
  const submission: ISubmission = { ...answer, pad: ' '.repeat(pad) };
  return new TextEncoder().encode(JSON.stringify(submission));
}
