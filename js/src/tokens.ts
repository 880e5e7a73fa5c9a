/** The names by which JupyterLab knows this extension's parts. */

/** Before the colon of every plugin's and every command's identifier. */
export const NAMESPACE = 'zensecrets-jupyter';

/** The palette's heading over our commands. */
export const CATEGORY = 'Zen Secrets';

/** The output of a form: `{ model_id, line }`, beside ipywidgets' own. */
export const FORM_TYPE = 'application/vnd.zensecrets.form+json';

/** The output of any widget of ipywidgets. */
export const WIDGET_TYPE = 'application/vnd.jupyter.widget-view+json';

/** The target of the comm through which a kernel's guard is heard; `notebook/inputs/front_ends.py` has the same. */
export const GUARD_TARGET = 'zensecrets.guard';
