import { blake2b } from '@noble/hashes/blake2.js';
import nacl from 'tweetnacl/nacl.js';

/**
 * Sealed boxes of libsodium, which the kernel opens with PyNaCl.
 *
 * WebCrypto is not available on plain HTTP, where JupyterHub often runs, and
 * has no XSalsa20. Of the libraries that Cure53 audited, the compact build of
 * tweetnacl (2017) with BLAKE2b from @noble/hashes (2022) makes the smallest
 * bundle: 10.5 KB gzipped. @noble/curves with @noble/ciphers makes 16.4 KB.
 * Random bytes come from `crypto.getRandomValues`.
 */

/** Encrypt a message to a public key; both are bytes in the formats of libsodium. */
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

/** Encrypt a message to a public key; the key and the result are base64. */
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
