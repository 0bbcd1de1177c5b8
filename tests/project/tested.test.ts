import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/*
 * A source file of more than 60 lines has a test of its name, or stands here: with the tests that run it, and why they bear another name.
 * A path that ends in "/" stands for every file, or every test, below it.
 */
interface Group {
  readonly files: readonly string[]
  readonly tests: readonly string[]
  readonly why: string
}

const groups: readonly Group[] = [
  {
    files: ['cli/'],
    tests: ['tests/scripts/', 'tests/operations/', 'tests/project/readme.test.ts'],
    why: 'A command is tested as a user runs it: by what it prints, writes and exits with. A test is named by what the user does.',
  },
  {
    files: ['server/', 'src/api/', 'src/client/'],
    tests: ['tests/server/', 'tests/witness/'],
    why: 'Client and server are tested by requests over a socket, one test for each promise of a route.',
  },
  {
    files: ['src/accelerator/arithmetic.ts', 'src/accelerator/assembly/'],
    tests: ['tests/accelerator/'],
    why: 'Arithmetic is tested as the module that is built of it: by what it proves of its bounds, against BigInt, noble and the runtime.',
  },
  {
    files: ['src/certificate/'],
    tests: ['tests/certificate/', 'tests/scripts/'],
    why: 'A certificate is tested whole: written, read, altered in every way that is known, and judged by programs of others.',
  },
  {
    files: ['src/check/', 'src/package/recognize.ts', 'src/package/admission-receipts.ts'],
    tests: ['tests/scripts/', 'tests/package/', 'tests/verify/', 'tests/check/'],
    why: 'The steps of a check are tested by what a check says: of files by "evidence check", of what was dropped in tests/check.',
  },
  {
    files: ['src/told/', 'src/words/'],
    tests: ['tests/words/', 'tests/check/outcome.test.ts'],
    why: 'Words are tested as catalogues that must be equal, and by what is told of each outcome.',
  },
  {
    files: [
      'src/ledger/copy/',
      'src/ledger/signing-state.ts',
      'src/ledger/held-folder.ts',
      'src/ledger/folder-source.ts',
    ],
    tests: ['tests/ledger/backup.test.ts', 'tests/faults/copy-kill.test.ts', 'tests/server/replication.test.ts'],
    why: 'A copy is made, killed half-way, restored and promoted: one story over all of these files.',
  },
  {
    files: ['src/ledger/publish/'],
    tests: ['tests/server/publishing.test.ts', 'tests/faults/witnesses.test.ts'],
    why: 'Publishing is tested beside real witnesses.',
  },
  {
    files: ['src/ledger/leveldb/', 'src/ledger/storage-memory.ts', 'src/ledger/lookup'],
    tests: ['tests/ledger/'],
    why: 'Both storages pass one contract (storage.test.ts); look-ups are tested by damage that they must notice.',
  },
  {
    files: ['src/ledger/'],
    tests: ['tests/ledger/', 'tests/faults/system-calls.test.ts', 'tests/node/pkcs11.test.ts'],
    why: 'The parts of the one writer promise nothing alone: the commit point is tested by kills and by faults of every write.',
  },
  {
    files: ['src/log/', 'src/monitor/'],
    tests: ['tests/monitor/', 'tests/verify/', 'tests/ledger/backup.test.ts'],
    why: 'A log is tested through those who read one: the walk, a verified copy, a monitor.',
  },
  {
    files: ['src/node/'],
    tests: ['tests/node/', 'tests/faults/', 'tests/ledger/open.test.ts', 'tests/scripts/'],
    why: 'What Node adds is tested by what must survive: kills, full disks, foreign files, wrong modes.',
  },
  {
    files: ['src/package/'],
    tests: ['tests/package/', 'tests/scripts/'],
    why: 'The parts of a package are read by one check, which is tested part by part with altered packages.',
  },
  {
    files: ['src/report/'],
    tests: ['tests/report/'],
    why: 'The parts of a report are one document: each is tested by what stands on it, outcome by outcome.',
  },
  {
    files: ['src/statements/'],
    tests: ['tests/statements/', 'tests/vectors/', 'tests/ledger/rotation.test.ts'],
    why: 'Each kind has vectors, accepted and refused, that every verifier reads; the tests are named by rule.',
  },
  {
    files: ['src/timestamp/'],
    tests: ['tests/timestamp/', 'tests/server/timestamps.test.ts'],
    why: 'Certificates, lists and signatures are tested inside the tokens that hold them.',
  },
  {
    files: ['src/verify/', 'src/core/merkle/verify.ts'],
    tests: ['tests/verify/', 'tests/core/', 'tests/monitor/', 'tests/server/status.test.ts'],
    why: 'The parts of a walk give findings only together; trees are tested by random and altered proofs.',
  },
  {
    files: ['src/witness/', 'src/core/witness-request.ts'],
    tests: ['tests/witness/'],
    why: 'A witness is tested by the requests of C2SP tlog-witness, over a restart.',
  },
]

const root = fileURLToPath(new URL('../../', import.meta.url))
const textOf = new Map(
  execFileSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => /^(?:src|server|cli|tests)\/.*(?<!\.d)\.ts$/.test(path))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
)
const tests = [...textOf.keys()].filter((path) => path.endsWith('.test.ts'))
const stem = (path: string): string => path.replace(/^.*\//, '').replace(/(?:\.test)?\.ts$/, '')

/** The file that reads the module that the sources in AssemblyScript are compiled into: no other imports them. */
const moduleReader = 'src/accelerator/arithmetic.ts'

/** What a file imports, at once or when it is needed. */
function importsOf(path: string): string[] {
  const from = (textOf.get(path) as string).matchAll(/(?:^(?:import|export)[^;]*? from |\bimport\()'(\.[^']+)'/gm)
  const imported = [...from]
    .map(([, target]) => relative(root, join(root, dirname(path), target as string)))
    .filter((target) => textOf.has(target))
  if (path !== moduleReader) return imported
  return [...imported, ...[...textOf.keys()].filter((one) => one.startsWith('src/accelerator/assembly/'))]
}

/** All source files that a test runs: what it imports, and the commands that it calls by name. */
function reachedBy(test: string): ReadonlySet<string> {
  const text = textOf.get(test) as string
  const called = [...textOf.keys()].filter(
    (path) => path.startsWith('cli/commands/') && new RegExp(`['\`"]${stem(path)}['\`" ]`).test(text),
  )
  const reached = new Set<string>()
  const queue = [...importsOf(test), ...(called.length > 0 ? [...called, 'cli/run.ts'] : [])]
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (reached.has(path)) continue
    reached.add(path)
    queue.push(...importsOf(path))
  }
  return reached
}

const isBelow = (path: string, place: string): boolean => path.startsWith(place)
const named = new Set(tests.map(stem))
const unnamed = [...textOf]
  .filter(([path, text]) => !path.startsWith('tests/') && text.split('\n').length - 1 > 60 && !named.has(stem(path)))
  .map(([path]) => path)
const groupOf = (path: string): Group | undefined =>
  groups.find(({ files }) => files.some((place) => isBelow(path, place)))

describe('a source file of more than 60 lines', () => {
  const reach = new Map(tests.map((test) => [test, reachedBy(test)]))

  it.each(unnamed)('%s has a test of its name, or a reason and a test that runs it', (path) => {
    const group = groupOf(path)
    expect(group?.why).toMatch(/\w/)
    const running = tests.filter(
      (test) => group?.tests.some((place) => isBelow(test, place)) === true && reach.get(test)?.has(path) === true,
    )
    expect(running).not.toEqual([])
  })

  it.each(groups.flatMap(({ files, tests }) => [...files, ...tests]))('is at %s', (place) => {
    expect([...textOf.keys()].some((path) => isBelow(path, place))).toBe(true)
  })

  it.each(groups.flatMap(({ files }) => files))('%s is a reason that is needed', (place) => {
    expect(unnamed.some((path) => isBelow(path, place))).toBe(true)
  })
})
