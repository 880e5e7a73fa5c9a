/** Bundles each module of the form into one file without imports. */
import { readFile } from 'node:fs/promises';

import { build, transform } from 'esbuild';

/** A plug-in that imports a style sheet as minified text. */
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
  // The comments with the licences of bundled libraries stay in the file.
  legalComments: 'inline',
  plugins: [stylesheets]
});
