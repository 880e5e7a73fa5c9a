import type { IOpenForm, IInputRule } from '../contract/form';

/** What can be said about a text: at most one problem, and what is only worth a note. */
export interface IFinding {
  readonly problem: string;
  readonly notes: readonly string[];
}

/** A value, and where it is to go. */
export interface IValue {
  readonly text: string;
  readonly sensitive: boolean;
  /** Typed or pasted, that is: not from a file. */
  readonly typed: boolean;
  readonly mediaType: string;
}

/** The kernel's rules for one form. */
export class Checks {
  constructor(form: IOpenForm) {
    this.largest = form.largest;
    this._rules = form.rules.map(compiled);
    this._key_rules = form.key_rules.map(compiled);
  }

  /** How many bytes of UTF-8 a value may have. */
  readonly largest: number;

  /** What is wrong with a value, which is not empty. */
  value(value: IValue): IFinding {
    const { text, sensitive, typed, mediaType } = value;
    if (new TextEncoder().encode(text).length > this.largest) {
      return { problem: tooLarge(this.largest), notes: [] };
    }
    const found = find(
      text,
      this._rules.filter(rule => (sensitive || !rule.sensitive) && (typed || !rule.typed))
    );
    if (found.problem === '' && mediaType === 'application/json' && !isJson(text)) {
      return { ...found, problem: 'This is no JSON.' };
    }
    return found;
  }

  /** What is wrong with the name of a key that is to be added. */
  key(name: string): IFinding {
    return find(name, this._key_rules);
  }

  private readonly _rules: readonly ICompiledRule[];
  private readonly _key_rules: readonly ICompiledRule[];
}

/** What to say about more bytes than there may be. */
export function tooLarge(largest: number): string {
  return `This is too large: at most ${largest.toLocaleString('en')} bytes fit.`;
}

interface ICompiledRule extends IInputRule {
  readonly expression: RegExp;
}

function compiled(rule: IInputRule): ICompiledRule {
  return { ...rule, expression: new RegExp(rule.pattern, 'u') };
}

function find(text: string, rules: readonly ICompiledRule[]): IFinding {
  const broken = rules.filter(rule => rule.expression.test(text));
  return {
    problem: broken.find(rule => rule.refuses)?.text ?? '',
    notes: broken.filter(rule => !rule.refuses).map(rule => rule.text)
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // The error quotes the text.
    return false;
  }
}
