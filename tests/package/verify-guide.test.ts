import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { scanningLocator } from '../../src/package/admission-receipts.ts'
import { writeBag } from '../../src/package/bag-writer.ts'
import { FolderSink } from '../../src/package/folder-sink.ts'
import { packageFiles } from '../../src/package/make-package.ts'
import { LogView } from '../../src/log/view.ts'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/folder-bag.ts'
import { administrator, depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verdict } from '../support/python-verifier.ts'
import { deposit, sha256Hex, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { bagFiles, writeFiles } from '../support/bag.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'

describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl'))('the program of VERIFY.md', () => {
  const { path, remove } = temporaryFolder()
  const program = join(path, 'verify.py')
  const policyText = encodeLogPolicy(ledgerKey)
  const policy = parsePolicy(utf8(policyText))
  let number = 0
  beforeAll(() => writeGuideProgram(program))
  afterAll(remove)

  /** A package of a deposit whose receipt, and that of its signer's admission, disclose their sealed names. */
  async function packageOf(names: JsonValue | undefined, admission: JsonValue | undefined): Promise<string> {
    const options = { iat: startMs / 1000 }
    const sealed = (value: JsonValue | undefined): object => (value === undefined ? {} : { sealed: { names: value } })
    const chain = new TestChain()
    const start = new TestChain().start()
    chain.bytes.push(start.bytes[0] as Uint8Array)
    const participant = { id: 'depositor', type: 'organisation', roles: ['depositor'], keys: [depositor.jwk] }
    const admit = statement(
      administrator,
      origin,
      'participant.admit',
      { participant },
      {
        ...options,
        iss: 'administrator',
        ...sealed(admission),
      },
    )
    chain.add(admit.jws)
    const made = deposit(depositor, origin, 'content', { ...options, ...sealed(names) })
    const index = chain.add(made.jws)
    const tree = await LogView.verified(chain.seal(), policy)
    const shown = ({ disclosures }: typeof made): string[] => disclosures.map(({ text }) => text)
    const receipt = await tree.receipt(await tree.entry(index), depositor.jwk, shown(made))
    const content = join(path, 'content')
    writeFileSync(content, 'content')
    const files = await packageFiles({
      deposits: [
        {
          receipt,
          sidecars: new Map(),
          manifests: new Map(),
          proofs: [],
          files: [{ name: utf8('content'), path: content, size: 7, sha256: sha256Hex('content') }],
        },
      ],
      related: [],
      policy,
      policyBytes: utf8(policyText),
      digestsOnly: false,
      packed: '2026-11-26',
      ledger: { tree, locate: scanningLocator(tree) },
    })
    const own = await tree.receipt(await tree.entry(1), administrator.jwk, shown(admit))
    files.set('data/admissions/1.tlog-proof', { bytes: own })
    const { bytes: info } = files.get('bag-info.txt') as { bytes: Uint8Array }
    files.set('bag-info.txt', {
      bytes: utf8(
        Buffer.from(info)
          .toString()
          .replace(/^Payload-Oxum:.*\n/m, ''),
      ),
    })
    const root = join(path, `package-${number++}`)
    const sink = await FolderSink.create(root)
    await writeBag(sink, files)
    await sink.publish()
    return root
  }

  it.each<[JsonValue | undefined, JsonValue | undefined]>([
    [['content'], undefined],
    [{ a: 1 }, undefined],
    [[5], undefined],
    [[null], undefined],
    [null, undefined],
    [7, undefined],
    [true, undefined],
    ['text', undefined],
    [[], undefined],
    [undefined, ['a', 'b']],
    [undefined, 5],
    [undefined, { a: 1 }],
  ])(
    'Review B, 216 to 233: takes any value of a sealed claim: names %j of the deposit, %j of the admission',
    async (names, admission) => {
      const root = await packageOf(names, admission)
      const { faults, unjudged } = await checkPackage(await FolderBag.open(root), policy)
      expect([faults, unjudged]).toEqual([[], []])
      const { code, stdout, stderr } = checkByHand(program, root)
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toContain('no fault found')
    },
  )

  it('says that what it cannot read is a fault, on one line', async () => {
    const root = await packageOf(undefined, undefined)
    writeFileSync(join(root, 'manifest-sha256.txt'), Buffer.of(0xff))
    const { code, stderr } = checkByHand(program, root)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^FAULT what is here is not in order: UnicodeDecodeError.*\n$/)
  })

  /** Runs it with standard output as given: a pipe that nobody reads any more, or a file. */
  function runInto(target: 'closed pipe' | '/dev/full', root: string): { status: number | null; stderr: string } {
    const open = target === 'closed pipe' ? 'r, w = os.pipe(); os.close(r)' : 'w = os.open("/dev/full", os.O_WRONLY)'
    const launcher = `import os, subprocess, sys; ${open}; sys.exit(subprocess.run(sys.argv[1:], stdout=w).returncode)`
    const args = ['-c', launcher, 'python3', '-I', program, 'policy']
    return spawnSync('python3', args, { cwd: root, encoding: 'utf8' })
  }

  it('does not change its verdict where nobody reads it to its end, and says nothing of it', async () => {
    const root = await packageOf(undefined, undefined)
    expect(runInto('closed pipe', root)).toMatchObject({ status: 0, stderr: '' })
    expect(runInto('/dev/full', root)).toMatchObject({
      status: 3,
      stderr: 'standard output cannot be written: No space left on device\n',
    })
    writeFileSync(join(root, 'data', 'deposits', '001', 'files', 'content'), 'contents')
    const { status, stderr } = runInto('closed pipe', root)
    expect([status, stderr.split('\n').length]).toEqual([1, 2])
    expect(stderr).toMatch(/^FAULT /)
  })

  it.each<[string, string, boolean]>([
    ['from 1, in three digits', 'data/deposits/001', true],
    ['in four digits', 'data/deposits/0001', false],
    ['from 2', 'data/deposits/002', false],
    ['from 0', 'data/deposits/000', false],
  ])('numbers deposits %s, as both verifiers do', async (_what, folder, isSound) => {
    const root = await packageOf(undefined, undefined)
    const paths = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^(?:tag)?manifest-/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    const named = (one: string): string => one.replace('data/deposits/001', folder)
    const files = Object.fromEntries(paths.map((one) => [named(one), readFileSync(join(root, one))]))
    const copy = writeFiles(join(path, `numbered-${number++}`), bagFiles(files))
    const { faults } = await checkPackage(await FolderBag.open(copy), policy)
    expect(faults.map(({ code }) => code)).toEqual(isSound ? [] : ['package-malformed'])
    const policyFile = join(path, 'court.policy')
    writeFileSync(policyFile, policyText)
    expect(verdict(['check', copy, '--policy', policyFile])).toEqual(isSound ? [0] : [1, 'package-malformed'])
    const { status } = spawnSync('python3', ['-I', program, 'policy'], { cwd: copy, encoding: 'utf8' })
    expect(status).toBe(isSound ? 0 : 1)
  })

  it('says the same in a process of its own, with -O as well', async () => {
    const sound = await packageOf(['content'], undefined)
    const faulty = await packageOf(['content'], undefined)
    writeFileSync(join(faulty, 'content.txt'), 'more')
    const unreadable = await packageOf(['content'], undefined)
    writeFileSync(join(unreadable, 'manifest-sha256.txt'), Buffer.of(0xff))
    // When it was checked is in the text.
    const timeless = (text: string): string => text.replace(/ at 20[-0-9]+T[:0-9]+Z/, '')
    for (const [folder, expected] of [
      [sound, 0],
      [faulty, 1],
      [unreadable, 1],
    ] as const) {
      const { code, stdout, stderr } = checkByHand(program, folder)
      expect(code).toBe(expected)
      for (const options of [['-I'], ['-I', '-O']]) {
        const alone = spawnSync('python3', [...options, program, 'policy'], { cwd: folder, encoding: 'utf8' })
        expect([options, alone.status, timeless(alone.stdout), alone.stderr]).toEqual([
          options,
          code,
          timeless(stdout),
          stderr,
        ])
      }
    }
  })

  it('is the same program under -O, which leaves out assertions', () => {
    const compare =
      'import sys; t = open(sys.argv[1]).read(); c = [compile(t, "x", "exec", optimize=n) for n in (0, 1)]'
    const { status } = spawnSync('python3', ['-c', `${compare}; sys.exit(c[0] != c[1])`, program])
    expect(status).toBe(0)
  })
})
