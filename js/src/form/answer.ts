import { seal } from './seal';
import type { IAnswer } from './wire';

/** A sealed message's length is the plaintext's plus a constant, so it is rounded up to this. */
const BLOCK = 4096;

/** What a person filled in, for the kernel's eyes only. */
export function sealAnswer(answer: IAnswer, publicKey: string): string {
  const message = padded(answer);
  const sealed = seal(message, publicKey);
  message.fill(0);
  return sealed;
}

/** The answer as UTF-8 JSON, whose length says nothing about what is in it. */
export function padded(answer: IAnswer): Uint8Array {
  const { length } = encode(answer, 0);
  return encode(answer, (BLOCK - (length % BLOCK)) % BLOCK);
}

function encode(answer: IAnswer, pad: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ ...answer, pad: ' '.repeat(pad) }));
}
