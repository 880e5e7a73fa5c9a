import process from 'node:process';

import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

/** The form is tested where it runs: in a browser, which is the system's own. */
export default defineConfig({
  // What Vite finds out only while the tests run, it reloads them for.
  optimizeDeps: {
    include: ['@lumino/widgets', '@noble/hashes/blake2.js', 'axe-core', 'tweetnacl/nacl.js']
  },
  test: {
    include: ['test/**/*.test.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
          args: ['--no-sandbox']
        }
      }),
      instances: [{ browser: 'chromium' }]
    }
  }
});
