import { blake2b } from '@noble/hashes/blake2.js';
import nacl from 'tweetnacl/nacl.js';

import type { FormMessage, FormState, IOpenForm, ISubmission } from '../src/contract/form';
import type { IModel } from '../src/form/model';

/** The bytes 0 to 31 as a private key, and its public key as PyNaCl computes it. */
export const PRIVATE_KEY = Uint8Array.from({ length: 32 }, (_, index) => index);
export const PUBLIC_KEY = 'j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=';

export function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), character => character.charCodeAt(0));
}

/** Open a sealed box as libsodium does. */
export function openSealedBox(sealed: Uint8Array): Uint8Array {
  const ephemeral = sealed.subarray(0, 32);
  const keys = new Uint8Array([...ephemeral, ...fromBase64(PUBLIC_KEY)]);
  const nonce = blake2b(keys, { dkLen: 24 });
  const message = nacl.box.open(sealed.subarray(32), nonce, ephemeral, PRIVATE_KEY);
  if (message === null) {
    throw new Error('The box was not sealed for this key.');
  }
  return message;
}

/** A fake of anywidget's model; the test acts as its kernel. */
export class FakeModel implements IModel {
  constructor(form: FormState) {
    this._form = form;
  }

  readonly sent: FormMessage[] = [];
  /** The error that `send` throws. */
  failure: Error | null = null;

  get listeners(): number {
    return [...this._callbacks.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The decrypted submissions in the order of sending. */
  get submissions(): readonly ISubmission[] {
    return this.sent.flatMap(message => {
      if (message.kind !== 'submit') {
        return [];
      }
      return [JSON.parse(new TextDecoder().decode(openSealedBox(fromBase64(message.sealed)))) as ISubmission];
    });
  }

  get(): FormState {
    return this._form;
  }

  on(event: string, callback: () => void): void {
    const callbacks = this._callbacks.get(event) ?? new Set();
    this._callbacks.set(event, callbacks.add(callback));
  }

  off(event: string, callback: () => void): void {
    this._callbacks.get(event)?.delete(callback);
  }

  send(message: FormMessage): void {
    if (this.failure !== null) {
      throw this.failure;
    }
    this.sent.push(message);
  }

  /** Change parts of the state of an open form, as the kernel does. */
  change(changes: Partial<IOpenForm>): void {
    this.replace({ ...(this._form as IOpenForm), ...changes });
  }

  /** Replace the state, as the kernel does. */
  replace(form: FormState): void {
    this._form = form;
    this.trigger('change:form');
  }

  trigger(event: string): void {
    for (const callback of this._callbacks.get(event) ?? []) {
      callback();
    }
  }

  private readonly _callbacks = new Map<string, Set<() => void>>();
  private _form: FormState;
}
