import { blake2b } from '@noble/hashes/blake2.js';
import nacl from 'tweetnacl/nacl.js';

/**
 * Sealed boxes of libsodium, which the kernel opens with PyNaCl.
 *
 * WebCrypto is not available on plain HTTP, where JupyterHub often runs, and
 * has no XSalsa20. Cure53 has audited tweetnacl (in 2017) and @noble/hashes
 * (in 2022). The compact build of tweetnacl with BLAKE2b from @noble/hashes
 * makes a bundle of 10.5 KB gzipped. The alternative, @noble/curves with
 * @noble/ciphers, makes 16.4 KB. Random bytes come from `crypto.getRandomValues`.
 */

/** Encrypt a message to a public key of 32 bytes. `ephemeralKeys` is the one-time key pair of the sender, which is erased. */
export function sealedBox(
  message: Uint8Array,
  publicKey: Uint8Array,
  ephemeralKeys: nacl.BoxKeyPair = nacl.box.keyPair()
): Uint8Array {
  // libsodium derives the nonce from the two public keys in this way.
  const publicKeys = join(ephemeralKeys.publicKey, publicKey);
  const nonce = blake2b(publicKeys, { dkLen: nacl.box.nonceLength });
  const box = nacl.box(message, nonce, publicKey, ephemeralKeys.secretKey);
  ephemeralKeys.secretKey.fill(0);
  return join(ephemeralKeys.publicKey, box);
}

/** Encrypt a message to a public key in base64, and return the sealed box in base64. */
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
