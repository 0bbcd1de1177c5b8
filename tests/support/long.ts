/*
 * The long harnesses of the tests: the one table that says what each runs in the short form, which is `npm test`, and in the long
 * form, which is CI's and that of `npm test -- --long`. The tests take their sizes from it, vitest.config.ts what is left out, and
 * scripts/not-run.mjs what it says at the end. CONTRIBUTING.md, "Commands", has the rules for a line of it.
 */

/** How much of something the short form runs, and how much the long one: `'all'` of what there is. */
export interface Size {
  readonly short: number
  readonly long: number | 'all'
}

/** One file of tests that costs more than a developer waits for. */
export interface Harness {
  /** By what they count. */
  readonly sizes?: Readonly<Record<string, Size>>
  /** Why the short form leaves the whole file out: other toolchains, or packages that are installed. */
  readonly leftOut?: string
}

/** Why most files of tests/web are left out: the short form drives a browser in the others. */
const browser = 'minutes of a real browser'
/** Why the slowest harnesses of tests/faults are: `npm run faults -- NAME` runs one alone. */
const hardship = 'real servers under hardship, for minutes'

const table = {
  'tests/accelerator/signature-tables.test.ts': { sizes: { signatures: { short: 1_500, long: 6_000 } } },
  'tests/certificate/hostile.test.ts': { sizes: { changes: { short: 100, long: 400 } } },
  'tests/core/merkle.test.ts': { sizes: { trees: { short: 40, long: 'all' } } },
  'tests/ledger/folder-verify.test.ts': { sizes: { entries: { short: 2, long: 'all' } } },
  'tests/ledger/lookup-codec.test.ts': { sizes: { keys: { short: 500, long: 3_000 } } },
  'tests/ledger/table-reader.test.ts': { sizes: { databases: { short: 10, long: 25 } } },
  'tests/scripts/check-faults.test.ts': { sizes: { outputs: { short: 1, long: 'all' } } },
  'tests/scripts/later-floods.test.ts': { leftOut: 'every command on a deposit with hundreds of later entries' },
  'tests/scripts/refusals.test.ts': { sizes: { places: { short: 4, long: 'all' } } },
  'tests/statements/registry-property.test.ts': { sizes: { sequences: { short: 40, long: 150 } } },
  'tests/clients/python.test.ts': {
    leftOut: 'the client in Python against a server',
  },
  'tests/faults/clock.test.ts': { leftOut: hardship },
  'tests/faults/descriptors.test.ts': { leftOut: hardship },
  'tests/faults/disk-full.test.ts': { leftOut: hardship },
  'tests/faults/flood.test.ts': { leftOut: hardship },
  'tests/faults/given-folder.test.ts': { leftOut: hardship },
  'tests/faults/lock-holders.test.ts': { leftOut: hardship },
  'tests/faults/locks.test.ts': { leftOut: hardship },
  'tests/faults/witnesses.test.ts': { leftOut: hardship },
  'tests/interop/walks-as-folders.test.ts': { sizes: { ledgers: { short: 24, long: 'all' } } },
  'tests/project/cross-examination.test.ts': { leftOut: 'runs every command of the page for a cross-examination' },
  'tests/timestamp/certificate.test.ts': { sizes: { bytes: { short: 150, long: 'all' } } },
  'tests/timestamp/record.test.ts': { sizes: { mutations: { short: 30, long: 150 } } },
  'tests/vectors/browser-means.test.ts': { leftOut: browser },
  'tests/verify/walk-ranges.test.ts': {
    leftOut: 'walks one ledger anew for each damage',
    sizes: { damages: { short: 3, long: 'all' }, 'random damages': { short: 3, long: 12 } },
  },
  'tests/web/agreement.test.ts': { leftOut: browser },
  'tests/web/axe.test.ts': { leftOut: browser },
  'tests/web/case-page.test.ts': { leftOut: browser },
  'tests/web/certificate.test.ts': { leftOut: browser },
  'tests/web/deposit.test.ts': { leftOut: browser },
  'tests/web/firefox.test.ts': { leftOut: browser },
  'tests/web/make-certificate.test.ts': { leftOut: browser },
  'tests/clients/go.test.ts': {
    leftOut: 'compiles and vets the client in Go',
  },
  'tests/faults/copy-kill.test.ts': { leftOut: hardship, sizes: { cycles: { short: 1, long: 2 } } },
  'tests/faults/custody.test.ts': {
    sizes: { sequences: { short: 100, long: 1_500 }, ledgers: { short: 4, long: 40 } },
  },
  'tests/faults/damage.test.ts': { sizes: { cases: { short: 8, long: 20 } } },
  'tests/faults/differential.test.ts': { sizes: { cases: { short: 150, long: 500 } } },
  'tests/faults/erasure-kill.test.ts': { leftOut: hardship, sizes: { moments: { short: 2, long: 6 } } },
  'tests/faults/fuzz.test.ts': { sizes: { inputs: { short: 5_000, long: 20_000 } } },
  'tests/faults/http.test.ts': { sizes: { requests: { short: 500, long: 1500 } } },
  'tests/faults/kill.test.ts': { leftOut: hardship, sizes: { cycles: { short: 3, long: 8 } } },
  'tests/faults/partial-knowledge.test.ts': {
    sizes: { cases: { short: 60, long: 240 }, ledgers: { short: 60, long: 'all' } },
  },
  'tests/faults/recogniser.test.ts': { sizes: { inputs: { short: 5_000, long: 20_000 } } },
  'tests/faults/signatures.test.ts': { sizes: { cases: { short: 2_000, long: 20_000 } } },
  'tests/faults/slow-clients.test.ts': { leftOut: hardship, sizes: { connections: { short: 600, long: 1500 } } },
  'tests/faults/system-calls.test.ts': {
    leftOut: hardship,
    sizes: { 'calls of each kind': { short: 1, long: 'all' } },
  },
  'tests/faults/take-over.test.ts': { leftOut: hardship, sizes: { cycles: { short: 1, long: 2 } } },
  'tests/interop/generators.test.ts': { leftOut: 'three makers of clients, the Go compiler, and schemathesis' },
  'tests/interop/hostile-packages.test.ts': {
    sizes: { packages: { short: 14, long: 'all' }, custody: { short: 12, long: 'all' } },
  },
  'tests/interop/python-differential.test.ts': {
    sizes: {
      vectors: { short: 750, long: 3000 },
      ledgers: { short: 150, long: 600 },
      walks: { short: 75, long: 300 },
    },
  },
  'tests/operations/image.test.ts': { leftOut: 'builds the container image, and installs packages in it' },
  'tests/operations/installing.test.ts': { leftOut: 'installs packages, and builds, on a machine of its own' },
  'tests/operations/package-deb.test.ts': { leftOut: 'builds the Debian package twice, and installs it' },
  'tests/operations/package-npm.test.ts': { leftOut: 'packs the tarball, and installs it in a clean folder' },
  'tests/interop/certificates.test.ts': { leftOut: 'a validator in Java over forty certificates' },
  'tests/web/deposit-trouble.test.ts': { leftOut: browser },
  'tests/web/explorer-rights.test.ts': { leftOut: browser },
  'tests/web/explorer.test.ts': { leftOut: browser },
  'tests/web/hostile.test.ts': { leftOut: browser },
  'tests/web/reader.test.ts': { leftOut: browser },
  'tests/web/server-check.test.ts': { leftOut: browser },
  'tests/web/trouble.test.ts': { leftOut: browser },
  'tests/web/vectors.test.ts': { leftOut: browser },
  'tests/package/admissions.test.ts': { sizes: { changes: { short: 80, long: 200 } } },
  'tests/project/checking-without-us.test.ts': {
    leftOut: 'runs every command of the page for a check without us',
    sizes: { changes: { short: 5, long: 'all' } },
  },
  'tests/faults/two-servers.test.ts': { leftOut: hardship },
  'tests/faults/refused-take-over.test.ts': { leftOut: hardship },
  'tests/faults/two-histories.test.ts': { leftOut: hardship },
  'tests/server/graceful-stop.test.ts': { leftOut: hardship },
  'tests/witness/restart.test.ts': { leftOut: hardship },
  'tests/accelerator/build.test.ts': { leftOut: 'builds the module twice' },
  'tests/scripts/network.test.ts': { leftOut: hardship },
  'tests/project/http.test.ts': { leftOut: 'runs the page of the HTTP interface by curl, Python and Go' },
  'tests/interop/unjudged-packages.test.ts': {
    leftOut: 'judges each package by three programs, as processes',
  },
} satisfies Record<string, Harness>

type File = keyof typeof table
type Sized = { [F in File]: (typeof table)[F] extends { sizes: object } ? F : never }[File]
type NameOf<F extends Sized> = keyof (typeof table)[F]['sizes'] & string

/** The table by file of tests. */
export const harnesses: Readonly<Record<string, Harness>> = table

/**
 * Whether the short forms are to run: where `npm test` asks for them (`EVIDENCE_TEST_FORM=short`, scripts/test.mjs), and never in CI or
 * for `npm run faults`. A file that is run by vitest itself is run whole.
 */
export function isShort(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['EVIDENCE_TEST_FORM'] === 'short' && env['CI'] !== 'true' && env['FAULTS_FIGURES'] === undefined
}

/** The files that are left out with this environment. */
export function leftOut(env: NodeJS.ProcessEnv = process.env): string[] {
  return isShort(env) ? Object.keys(harnesses).filter((file) => harnesses[file]?.leftOut !== undefined) : []
}

/** How much of something a harness runs; `'all'` is more than there ever is. */
export function sizeOf<F extends Sized>(file: F, name: NameOf<F>, env: NodeJS.ProcessEnv = process.env): number {
  const { sizes } = table[file] as { readonly sizes: Readonly<Record<string, Size>> }
  const { short, long } = sizes[name] as Size
  if (isShort(env)) return short
  return long === 'all' ? Number.POSITIVE_INFINITY : long
}

/** Of rows, as many as a harness runs, evenly spread from the first to the last. */
export function sampled<F extends Sized, T>(
  file: F,
  name: NameOf<F>,
  rows: readonly T[],
  env: NodeJS.ProcessEnv = process.env,
): readonly T[] {
  const many = sizeOf(file, name, env)
  if (many >= rows.length) return rows
  return Array.from({ length: many }, (_, i) => rows[Math.round((i * (rows.length - 1)) / Math.max(1, many - 1))] as T)
}
