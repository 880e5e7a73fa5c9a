/** The names by which JupyterLab knows this extension's parts. */

/** Before the colon of every plugin's and every command's identifier. */
export const NAMESPACE = 'zensecrets-jupyter';

/** The palette's heading over our commands. */
export const CATEGORY = 'Zen Secrets';
