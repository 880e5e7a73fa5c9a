import { tooLarge } from './checks';

/** A file's text, or why it is not taken. */
export type FileText = { readonly text: string } | { readonly problem: string };

/** Read a file that a person picked, exactly as it is. */
export async function readText(file: File, largest: number): Promise<FileText> {
  if (file.size > largest) {
    return { problem: tooLarge(largest) };
  }
  if (file.size === 0) {
    return { problem: 'This file is empty.' };
  }
  let bytes: ArrayBuffer;
  try {
    bytes = await file.arrayBuffer();
  } catch {
    return { problem: 'This file cannot be read.' };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? { problem: NO_TEXT } : { text };
  } catch {
    return { problem: NO_TEXT };
  } finally {
    new Uint8Array(bytes).fill(0);
  }
}

const NO_TEXT = 'This file is no text.';
