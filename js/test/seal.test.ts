import nacl from 'tweetnacl/nacl.js';
import { describe, expect, test } from 'vitest';

import { pad, type UnpaddedSubmission } from '../src/form/submission';
import { seal, sealedBox } from '../src/form/seal';

import { PRIVATE_KEY, PUBLIC_KEY, fromBase64, openSealedBox } from './kernel';

/** Messages with their sealed boxes, made with PyNaCl for `PUBLIC_KEY`; the ephemeral private key is the bytes 32 to 63. */
const VECTORS = [
  ['', 'NYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlTo/I+jNfxZR47Gj6Cgu6FD'],
  [
    'a secret',
    'NYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlQwM5ns8HAHaCpprm/vPXIP5H+j+7OoSRo='
  ],
  [
    'Zürich ✔ 🔑',
    'NYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlRLa+XQFaSCZdWHwnEUjjTC35xs7Lm5RE431l1QMp6gkg=='
  ]
] as const;

/** The message "a secret", sealed by `SealedBox.encrypt` of PyNaCl with a random ephemeral key. */
const FROM_PYNACL =
  'ebTytLhmHccMuJJWuKxQ4rkSquSGW2bsEN93l66pE0jFpPKcgJ7l1mW7/cT2rlvcQslLttoJO8M=';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function submission(value: string): UnpaddedSubmission {
  return {
    form_id: 'f1',
    attempt: 2,
    sections: [{ values: [['token', value]], removed: ['old'] }],
    passphrase: null
  };
}

describe('a sealed box', () => {
  test.each(VECTORS)('of %j equals that of PyNaCl byte for byte', (message, sealed) => {
    const ephemeral = nacl.box.keyPair.fromSecretKey(
      Uint8Array.from({ length: 32 }, (_, index) => 32 + index)
    );
    expect(sealedBox(encoder.encode(message), fromBase64(PUBLIC_KEY), ephemeral)).toEqual(fromBase64(sealed));
  });

  test('of PyNaCl is opened by these tests, so they open boxes as the kernel does', () => {
    expect(decoder.decode(openSealedBox(fromBase64(FROM_PYNACL)))).toBe('a secret');
  });

  test('opens with the private key', () => {
    expect(decoder.decode(openSealedBox(fromBase64(seal(encoder.encode('Zürich 🔑'), PUBLIC_KEY))))).toBe('Zürich 🔑');
  });

  test('does not open with another key', () => {
    const other = nacl.box.keyPair();
    const sealed = sealedBox(encoder.encode('a secret'), other.publicKey);
    expect(() => openSealedBox(sealed)).toThrow('not sealed for this key');
  });

  test('has a new ephemeral key each time', () => {
    // The first 32 bytes of a sealed box are the ephemeral public key; 42 characters of base64 are 31 bytes of it.
    const keys = Array.from({ length: 8 }, () => seal(new Uint8Array(), PUBLIC_KEY).slice(0, 42));
    expect(new Set(keys).size).toBe(8);
  });

  test('erases its ephemeral private key', () => {
    const ephemeral = nacl.box.keyPair.fromSecretKey(PRIVATE_KEY.slice());
    sealedBox(new Uint8Array(), fromBase64(PUBLIC_KEY), ephemeral);
    expect(ephemeral.secretKey).toEqual(new Uint8Array(32));
  });
});

describe('a submission', () => {
  test('contains the typed values', () => {
    expect(JSON.parse(decoder.decode(pad(submission('ü"\n'))))).toEqual({
      ...submission('ü"\n'),
      pad: expect.stringMatching(/^ *$/) as string
    });
  });

  test.each(['', 'short', 'ü'.repeat(900), 'x'.repeat(3900)])(
    'has the length of one block if the value is short (%#)',
    value => {
      expect(pad(submission(value)).length).toBe(4096);
    }
  );

  test('has a length that is a multiple of the block size', () => {
    const lengths = Array.from(
      { length: 200 },
      (_, index) => pad(submission('x'.repeat(3900 + index))).length
    );
    expect(new Set(lengths)).toEqual(new Set([4096, 8192]));
  });
});
