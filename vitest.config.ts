import { defineConfig } from 'vitest/config'
import { leftOut } from './tests/support/long.ts'

/** Files whose process must be their own: they look at what a process has, or replace a part of it. */
const alone = [
  'tests/node/**/*.test.ts',
  'tests/scripts/hardware-key.test.ts',
  'tests/scripts/later-bounds.test.ts',
  'tests/faults/descriptors.test.ts',
  'tests/statements/made-up-kind.test.ts',
]
/** Of src/core with nothing of Node's: no native primitive may have been installed by another file. */
const pure = ['tests/core/**/*.test.ts', 'tests/property/**/*.test.ts']

/** Nothing depends on how fast the machine is: this only ends what would never end. `npm run faults` may run for days. */
const timeout = process.env['FAULTS_FIGURES'] === undefined ? 900_000 : 0

/** What needs the network: `npm run faults` runs it by name. */
const online = process.env['FAULTS_FIGURES'] === undefined ? ['tests/faults/litewitness.test.ts'] : []

export default defineConfig({
  test: {
    setupFiles: ['./tests/support/umask.ts'],
    reporters: ['default', './scripts/not-run.mjs'],
    // A worker that waits for a disk, a process or a timer leaves its core to another.
    maxWorkers: 4,
    // Coverage of the sources; what runs in processes of its own is not seen by it.
    coverage: { provider: 'v8', include: ['src/**', 'server/**', 'cli/**'] },
    projects: [
      { extends: true, test: { name: 'pure', include: pure, isolate: false } },
      { extends: true, test: { name: 'alone', include: alone, exclude: leftOut() } },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['tests/**/*.test.ts'],
          exclude: [...pure, ...alone, ...online, ...leftOut()],
          isolate: false,
        },
      },
    ],
    pool: 'forks',
    testTimeout: timeout,
    hookTimeout: timeout,
    expect: { poll: { timeout: 300_000 } },
  },
})
