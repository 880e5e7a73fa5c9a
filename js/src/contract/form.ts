/** Generated from zensecrets_jupyter.contract.form by `python -m tests.support.typescript`; change that module instead. */

import { isNumber, isRecord, isString } from './typeGuards';

/** MIME type of a form in an output, for front ends with our extension. */
export const FORM_MIME = 'application/vnd.zensecrets.form+json';

/** MIME type of a widget of ipywidgets in an output. */
export const WIDGET_MIME = 'application/vnd.jupyter.widget-view+json';

/** A check of a value or of a key's name, which the browser makes. */
export interface IInputRule {
  /** A regular expression with the flag `u` that finds a violation. */
  readonly pattern: string;
  /** The message that the user sees. */
  readonly text: string;
  /** Whether a violation prevents the submission; otherwise the message is a note. */
  readonly is_error: boolean;
  /** Whether the rule applies only to sensitive fields. */
  readonly sensitive_only: boolean;
  /** Whether the rule applies only to typed or pasted text, and not to the content of a file. */
  readonly typed_only: boolean;
}

/** A field of the form, for one key. */
export interface IFormField {
  /** The key of the secret, or the name of the component's attribute. */
  readonly key: string;
  /** A short explanation; may be empty. */
  readonly description: string;
  /** Whether an empty field is a problem, if the kernel has no value that the field keeps. */
  readonly required: boolean;
  /** Whether the browser shows dots instead of the typed value. */
  readonly sensitive: boolean;
  /** The label of the stored value that an empty field keeps, such as "set"; empty if no value is stored. */
  readonly current_value_label: string;
  /** Whether the kernel has a valid value from an earlier submission of this form, which an empty field keeps. */
  readonly has_earlier_input: boolean;
  /** Whether the user may remove the stored value. */
  readonly removable: boolean;
  /** The attributes that refer to the key, such as "annotator 'labels'.authentication_secret". */
  readonly needed_by: readonly string[];
  /** The media type of the value; may be empty. A value with a media type may have several lines. */
  readonly media_type: string;
  /** The problem that the kernel found in the last submission; may be empty. */
  readonly problem: string;
}

/** The part of a form for one secret or one component. */
export interface IFormSection {
  /** The name of the secret or component; empty if the title of the form begins with it. */
  readonly title: string;
  /** A line below the title, such as "schema aws"; may be empty. */
  readonly note: string;
  /** The label of a completed section, such as "done"; otherwise empty. */
  readonly completed_label: string;
  /** Whether the user may add keys. */
  readonly any_key: boolean;
  /** The fields of the section. */
  readonly fields: readonly IFormField[];
}

/** The field for the passphrase of a store. */
export interface IPassphraseField {
  /** The label, such as "Passphrase of secrets manager 'default'". */
  readonly label: string;
  /** Whether the user chooses a new passphrase. It is typed twice; if it is empty, a key file protects the store instead. */
  readonly is_new: boolean;
  /** The problem that the kernel found in the last submission; may be empty. */
  readonly problem: string;
}

/** State of a form that waits for the user. */
export interface IOpenForm {
  /** The identifier of the form, repeated in the sealed submission. */
  readonly id: string;
  /** The discriminator of the state. */
  readonly phase: 'open';
  /** The label of the submit button: "Register", "Update", "Import". */
  readonly verb: string;
  /** The object of the verb and its location, such as "aws_prod → default (local)". */
  readonly title: string;
  /** The one-time X25519 public key of the kernel in base64, to which the browser seals the submission. */
  readonly public_key: string;
  /** The number of submissions that the kernel has processed. */
  readonly attempt: number;
  /** Whether a front end has displayed the form. */
  readonly is_displayed: boolean;
  /** The problem of the whole form after the last submission; may be empty. */
  readonly problem: string;
  /** The sections, one for each secret or component. */
  readonly sections: readonly IFormSection[];
  /** The field for a passphrase, if the command needs one. */
  readonly passphrase: IPassphraseField | null;
  /** The checks of values. */
  readonly rules: readonly IInputRule[];
  /** The checks of the names of added keys. */
  readonly key_rules: readonly IInputRule[];
  /** The maximum size of a value in bytes of UTF-8. */
  readonly max_bytes: number;
}

/** State of a form that has ended; a line replaces the form. */
export interface IClosedForm {
  /** The identifier of the form. */
  readonly id: string;
  /** The outcome: submitted, cancelled by the user, or dismissed by the kernel. */
  readonly phase: 'submitted' | 'cancelled' | 'dismissed';
  /** The line that replaces the form. */
  readonly line: string;
  /** Further lines below it, such as warnings. */
  readonly details: readonly string[];
}

/** Data of a form in an output, with the fields of ipywidgets' own MIME type. */
export interface IFormOutput {
  /** The major version of ipywidgets' protocol. */
  readonly version_major: number;
  /** The minor version of ipywidgets' protocol. */
  readonly version_minor: number;
  /** The identifier of the widget's model. */
  readonly model_id: string;
  /** The line to show when the form itself is unavailable. */
  readonly line: string;
}

/** The values of one section of a submission. */
export interface ISectionAnswer {
  /** Pairs of a key and a value, without empty fields. A mapping would lose a repeated key, which is a mistake to report. */
  readonly values: readonly (readonly [string, string])[];
  /** The keys to remove. */
  readonly removed: readonly string[];
}

/** Content of the sealed message of a submission. */
export interface ISubmission {
  /** The identifier of the form. */
  readonly form_id: string;
  /** The attribute `attempt` of the state that the browser displayed. */
  readonly attempt: number;
  /** The values of each section, in the order of the form. */
  readonly sections: readonly ISectionAnswer[];
  /** The passphrase of the store, if the form has a field for it. */
  readonly passphrase: string | null;
  /** Spaces that make the length a round number, so that it does not reveal the length of the values. */
  readonly pad: string;
}

/** Message of a front end that has displayed the form. */
export interface IShownMessage {
  /** The discriminator of the message. */
  readonly kind: 'shown';
}

/** Message of a front end whose user has cancelled the form. */
export interface ICancelMessage {
  /** The discriminator of the message. */
  readonly kind: 'cancel';
}

/** Message of a front end whose user has submitted the form. */
export interface ISubmitMessage {
  /** The discriminator of the message. */
  readonly kind: 'submit';
  /** The submission as a sealed box in base64. */
  readonly sealed: string;
}

/** The value of the widget's synchronised trait `form`; each change replaces the whole value. */
export type FormState = IOpenForm | IClosedForm;

/** A custom message of a front end to a form. */
export type FormMessage = IShownMessage | ICancelMessage | ISubmitMessage;

/** Tell whether `data` is an `IFormOutput`; further properties are allowed. */
export function isFormOutput(data: unknown): data is IFormOutput {
  return (
    isRecord(data) &&
    isNumber(data['version_major']) &&
    isNumber(data['version_minor']) &&
    isString(data['model_id']) &&
    isString(data['line'])
  );
}
