import axe from 'axe-core';
import { describe, expect, test } from 'vitest';

import { showForm } from './page';
import { closedForm, field, form, rule, section } from './states';

const AXE_OPTIONS = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] };

const EVERYTHING = form({
  problem: 'Not registered.',
  rules: [rule('x', 'An x?', { is_error: false })],
  sections: [
    section([field('a')], { title: 'one', completed_label: 'registered' }),
    section(
      [
        field('user', { sensitive: false, required: false, description: 'Of the account.' }),
        field('token', { current_value_label: 'set', removable: true, needed_by: ['a.b'] }),
        field('pem', { media_type: 'application/x-pem-file', problem: 'No key.' })
      ],
      { title: 'two', note: 'schema aws', any_key: true }
    )
  ],
  passphrase: { label: 'Passphrase of local', is_new: true, problem: '' }
});

async function violations(root: Element): Promise<readonly string[]> {
  const { violations: violated } = await axe.run(root, AXE_OPTIONS);
  return violated.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`);
}

/** The background colours of text in JupyterLab's two themes. */
const THEMES = {
  'without a theme': {},
  light: {
    '--jp-layout-color0': '#fff',
    '--jp-layout-color1': '#fff',
    '--jp-layout-color2': '#eee',
    '--jp-ui-font-color0': '#000',
    '--jp-ui-font-color1': 'rgba(0,0,0,.87)',
    '--jp-ui-font-color2': 'rgba(0,0,0,.54)',
    '--jp-error-color1': '#d32f2f',
    '--jp-success-color1': '#388e3c',
    '--jp-accept-color-normal': '#1976d2',
    '--jp-reject-color-normal': '#757575'
  },
  dark: {
    '--jp-layout-color0': '#111',
    '--jp-layout-color1': '#212121',
    '--jp-layout-color2': '#424242',
    '--jp-ui-font-color0': '#fff',
    '--jp-ui-font-color1': 'rgba(255,255,255,.87)',
    '--jp-ui-font-color2': 'rgba(255,255,255,.54)',
    '--jp-error-color1': '#f44336',
    '--jp-success-color1': '#4caf50',
    '--jp-accept-color-normal': '#1976d2',
    '--jp-reject-color-normal': '#757575'
  }
};

describe.each(Object.entries(THEMES))('%s', (_, colours) => {
  test('a form with problems, notes, an added and a removed key meets WCAG 2.2 AA', async () => {
    const page = showForm(EVERYTHING);
    for (const [name, colour] of Object.entries(colours)) {
      page.el.style.setProperty(name, colour);
    }
    page.type('user', 'x');
    page.button('Add key').click();
    expect(await violations(page.el)).toEqual([]);
    page.button('Remove token').click();
    page.button('Register').click();
    expect(page.problems.length).toBeGreaterThan(0);
    expect(await violations(page.el)).toEqual([]);
  });
});

test('the line of an ended form meets WCAG 2.2 AA', async () => {
  const page = showForm(closedForm({ line: '✔ registered', details: ['A warning.'] }));
  expect(await violations(page.el)).toEqual([]);
});

test('every button and input is at least 24 pixels wide and high', () => {
  const page = showForm(EVERYTHING);
  page.button('Add key').click();
  for (const target of page.queryAll('button, .zs-input')) {
    const { width, height } = target.getBoundingClientRect();
    expect(Math.min(width, height), target.outerHTML).toBeGreaterThanOrEqual(24);
  }
});
