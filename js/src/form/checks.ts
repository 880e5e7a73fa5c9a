import type { IInputRule, IOpenForm } from '../contract/form';

/** The result of a check. An empty `problem` means that the text is valid; `notes` are shown in both cases. */
export interface ICheckResult {
  readonly problem: string;
  readonly notes: readonly string[];
}

/** A value, and the properties that decide which rules apply to it. */
export interface IValue {
  readonly text: string;
  readonly sensitive: boolean;
  /** Whether the value was typed or pasted; otherwise it comes from a file. */
  readonly isTyped: boolean;
  readonly mediaType: string;
}

/** Checks of values and key names by the rules of the kernel. */
export class Checks {
  constructor(form: IOpenForm) {
    this.maxBytes = form.max_bytes;
    this._rules = form.rules.map(compile);
    this._keyRules = form.key_rules.map(compile);
  }

  /** The maximum size of a value in bytes of UTF-8. */
  readonly maxBytes: number;

  /** Check a value that is not empty. */
  checkValue(value: IValue): ICheckResult {
    const { text, sensitive, isTyped, mediaType } = value;
    if (new TextEncoder().encode(text).length > this.maxBytes) {
      return { problem: tooLargeProblem(this.maxBytes), notes: [] };
    }
    const result = applyRules(
      text,
      this._rules.filter(rule => (sensitive || !rule.sensitive_only) && (isTyped || !rule.typed_only))
    );
    if (result.problem === '' && mediaType === 'application/json' && !isJson(text)) {
      return { ...result, problem: 'The value is not valid JSON.' };
    }
    return result;
  }

  /** Check the name of an added key. */
  checkKeyName(name: string): ICheckResult {
    return applyRules(name, this._keyRules);
  }

  private readonly _rules: readonly ICompiledRule[];
  private readonly _keyRules: readonly ICompiledRule[];
}

/** Return the problem of a value or file that is too large. */
export function tooLargeProblem(maxBytes: number): string {
  return `This is too large: the limit is ${maxBytes.toLocaleString('en')} bytes.`;
}

interface ICompiledRule extends IInputRule {
  readonly expression: RegExp;
}

function compile(rule: IInputRule): ICompiledRule {
  return { ...rule, expression: new RegExp(rule.pattern, 'u') };
}

function applyRules(text: string, rules: readonly ICompiledRule[]): ICheckResult {
  const violatedRules = rules.filter(rule => rule.expression.test(text));
  return {
    problem: violatedRules.find(rule => rule.is_error)?.text ?? '',
    notes: violatedRules.filter(rule => !rule.is_error).map(rule => rule.text)
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The error is dropped, because its message quotes the text.
    return false;
  }
}
