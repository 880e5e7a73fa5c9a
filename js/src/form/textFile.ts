import { tooLargeProblem } from './checks';

/** The text of a file, or the problem for which the file is refused. */
export type FileText = { readonly text: string } | { readonly problem: string };

/** Read a text file of at most `maxBytes` bytes; its content is not changed. */
export async function readText(file: File, maxBytes: number): Promise<FileText> {
  if (file.size > maxBytes) {
    return { problem: tooLargeProblem(maxBytes) };
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
    return text.includes('\0') ? { problem: NOT_TEXT } : { text };
  } catch {
    return { problem: NOT_TEXT };
  } finally {
    new Uint8Array(bytes).fill(0);
  }
}

const NOT_TEXT = 'This file is not a text file.';
