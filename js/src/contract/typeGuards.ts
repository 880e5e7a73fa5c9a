/** Type guards for JSON values, which the generated type guards call. */

export function isRecord(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

export function isBoolean(data: unknown): data is boolean {
  return typeof data === 'boolean';
}

export function isNumber(data: unknown): data is number {
  return Number.isFinite(data);
}

export function isString(data: unknown): data is string {
  return typeof data === 'string';
}

/** Make a type guard for arrays from one for their items. */
export function isArrayOf<Item>(
  isItem: (data: unknown) => data is Item
): (data: unknown) => data is readonly Item[] {
  return (data): data is readonly Item[] => Array.isArray(data) && data.every(isItem);
}
