/** What the kernel and the form tell each other. The kernel's half declares the same in Python. */

/** Whether a form waits for someone, and how it came to its end if it doesn't. */
export type Phase = 'open' | 'done' | 'cancelled' | 'gone';

/** The model's one synchronised trait, `form`: always replaced as a whole. */
export interface IForm {
  /** Repeated inside the sealed message. */
  readonly id: string;
  readonly phase: Phase;
  /** In every phase but `open`: the one line that is left of the form. */
  readonly line: string;
  /** Further lines below it, such as warnings. */
  readonly details: readonly string[];
  /** On the submit button: "Register", "Update", "Import". */
  readonly verb: string;
  /** What the verb is about: "aws_prod → default (local)". */
  readonly title: string;
  /** The kernel's one-time X25519 public key in base64; empty unless the form is open. */
  readonly key: string;
  /** Grows with each submit that the kernel has dealt with. */
  readonly attempt: number;
  /** A front end has shown the form already. */
  readonly shown: boolean;
  /** What is wrong with the form as a whole, after a submit that failed. */
  readonly problem: string;
  readonly sections: readonly ISection[];
  /** The store's passphrase, where that is needed as well. */
  readonly passphrase: IPassphrase | null;
  /** For values. */
  readonly rules: readonly IRule[];
  /** For the names of keys that a person adds. */
  readonly keyRules: readonly IRule[];
  /** How many bytes of UTF-8 a value may have. */
  readonly largest: number;
}

/** One secret in a form. */
export interface ISection {
  /** The secret's name; empty where the form's own title begins with it. */
  readonly title: string;
  /** A line below the title, such as "schema aws". */
  readonly note: string;
  /** What has become of the section, once it needs no more: "registered". */
  readonly done: string;
  /** A person may add keys. */
  readonly any_key: boolean;
  readonly fields: readonly IField[];
}

/** One key that the kernel asks for. */
export interface IField {
  readonly key: string;
  readonly description: string;
  readonly required: boolean;
  /** Shown as dots. */
  readonly sensitive: boolean;
  /** A word for what is there already, which an empty field keeps: "set", "in the file". */
  readonly present: string;
  /** Typed in an earlier attempt and held by the kernel, which an empty field keeps too. */
  readonly kept: boolean;
  /** What is there may be dropped. */
  readonly removable: boolean;
  /** Who needs the value: "annotator 'labels'.authentication_secret". */
  readonly needed_by: readonly string[];
  /** If there is one, the value has several lines. */
  readonly media_type: string;
  /** What the kernel found, after a submit that failed. */
  readonly problem: string;
}

/** The passphrase that a store asks for beside the values. */
export interface IPassphrase {
  /** "Passphrase of secrets manager 'default'". */
  readonly label: string;
  /** Asked twice; both may be empty, and the key is then kept in a file. */
  readonly is_new: boolean;
  readonly problem: string;
}

/** Something that text may not be, or had better not be. */
export interface IRule {
  /** Of a regular expression with the flag `u`, which finds what the rule is about. */
  readonly pattern: string;
  readonly text: string;
  /** Keeps the form from being submitted; otherwise it is only said. */
  readonly refuses: boolean;
  /** Only for sensitive fields. */
  readonly sensitive: boolean;
  /** Only for what was typed or pasted, not for what came from a file. */
  readonly typed: boolean;
}

/** What is inside the sealed message of a submit. */
export interface IAnswer {
  readonly form: string;
  readonly attempt: number;
  /** One for each section of the form, in its order. */
  readonly sections: readonly ISectionAnswer[];
  /** `null` in a form that asks for none. */
  readonly passphrase: string | null;
}

/** What a person wants of one section. */
export interface ISectionAnswer {
  /** Keys and values. A field that was left empty is not in it. */
  readonly values: readonly (readonly [key: string, value: string])[];
  /** The keys to drop. */
  readonly removed: readonly string[];
}

/** What the form tells the kernel. `sealed` is the base64 of a sealed box. */
export type Message =
  | { readonly kind: 'shown' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'submit'; readonly sealed: string };

/** As much of anywidget's model as the form uses. */
export interface IModel {
  get(name: 'form'): IForm;
  on(event: string, callback: () => void): void;
  off(event: string, callback: () => void): void;
  send(message: Message): void;
}

/** What anywidget hands to a view. */
export interface IRenderContext {
  readonly model: IModel;
  readonly el: HTMLElement;
}
