import buttons from './buttons.css?inline';
import fields from './fields.css?inline';
import frame from './frame.css?inline';
import values from './values.css?inline';

/** The style sheet of a form. A later rule of equal specificity overrides an earlier one. */
export const STYLE = [frame, fields, values, buttons].join('\n');
