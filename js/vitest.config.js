import process from 'node:process';

import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

/** The tests run in the Chromium of the system. */
export default defineConfig({
  // Vite reloads the tests when it discovers a dependency that is not listed here.
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
