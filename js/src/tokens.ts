/** Names of the extension in JupyterLab. */

/** The prefix of the identifiers of plugins and commands. */
export const NAMESPACE = 'zensecrets-jupyter';

/** The category of our commands in the command palette. */
export const CATEGORY = 'Zen Secrets';
