import { blake2b } from '@noble/hashes/blake2.js';
import nacl from 'tweetnacl/nacl.js';

/**
 * libsodium's sealed box, of which the kernel opens one with PyNaCl.
 *
 * The browser's own WebCrypto is not there on plain http, where JupyterHub
 * often runs, and it knows no XSalsa20. Of the libraries that Cure53 audited,
 * tweetnacl's compact build (2017) with BLAKE2b from @noble/hashes (2022) makes
 * the smallest bundle, 10.5 KB gzipped; @noble/curves with @noble/ciphers makes
 * 16.4 KB. Random bytes come from `crypto.getRandomValues`.
 */

/** Seal a message for the holder of a public key, both as libsodium has them. */
export function sealedBox(
  message: Uint8Array,
  publicKey: Uint8Array,
  ephemeral: nacl.BoxKeyPair = nacl.box.keyPair()
): Uint8Array {
  const keys = join(ephemeral.publicKey, publicKey);
  const nonce = blake2b(keys, { dkLen: nacl.box.nonceLength });
  const box = nacl.box(message, nonce, publicKey, ephemeral.secretKey);
  ephemeral.secretKey.fill(0);
  return join(ephemeral.publicKey, box);
}

/** Seal a message for the holder of a public key, with key and result in base64. */
export function seal(message: Uint8Array, publicKey: string): string {
  return toBase64(sealedBox(message, fromBase64(publicKey)));
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += String.fromCharCode(byte);
  }
  return btoa(text);
}
