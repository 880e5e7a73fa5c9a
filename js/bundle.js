/** Bundles the form's modules, each of them into one file that asks for nothing else. */
import { readFile } from 'node:fs/promises';

import { build, transform } from 'esbuild';

/** Imports a style sheet as its text, without blanks. */
const stylesheets = {
  name: 'stylesheets',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, 'utf8'), {
        loader: 'css',
        minify: true
      });
      return { contents: code.trim(), loader: 'text' };
    });
  }
};

await build({
  entryPoints: { form: 'src/form/index.ts', line: 'src/form/line.ts' },
  outdir: '../zensecrets_jupyter/notebook/widget',
  bundle: true,
  format: 'esm',
  minify: true,
  platform: 'browser',
  target: 'es2022',
  // The licences of what is bundled.
  legalComments: 'inline',
  plugins: [stylesheets]
});
