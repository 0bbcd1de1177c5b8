import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { encodeLogPolicy, parsePolicy } from '../../src/core/policy.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { scanningLocator } from '../../src/package/admission-receipts.ts'
import { writeBag } from '../../src/package/node/bag-writer.ts'
import { FolderSink } from '../../src/package/node/folder-sink.ts'
import { packageFiles } from '../../src/package/make-package.ts'
import { LogView } from '../../src/log/view.ts'
import { checkPackage } from '../../src/package/check-package.ts'
import { FolderBag } from '../../src/package/node/folder-bag.ts'
import { verifierKey } from '../../src/core/note.ts'
import { verifyGuide } from '../../src/package/verify-guide.ts'
import { verifyGuideSha256 } from '../../src/package/verify-guide-digest.ts'
import { signerNamed } from '../support/signers.ts'
import { administrator, depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verdict } from '../support/python-verifier.ts'
import { deposit, sha256Hex, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'
import { bagFiles, writeFiles } from '../support/bag.ts'
import { checkByHand, writeGuideProgram } from '../support/verify-guide.ts'

describe('VERIFY.md', () => {
  it('is known by its digest, to the checkers and to the specification', () => {
    expect(sha256Hex(verifyGuide)).toBe(verifyGuideSha256)
    const page = join(import.meta.dirname, '..', '..', 'docs', 'spec', '18-package.md')
    expect(readFileSync(page, 'utf8')).toContain(`\`${verifyGuideSha256}\``)
  })
})

describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl'))('the program of VERIFY.md', () => {
  const { path, remove } = temporaryFolder()
  const program = join(path, 'verify.py')
  const pythonVerifier = join(import.meta.dirname, '..', '..', 'verifiers', 'python', 'evidence_verify.py')
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

  /** What the reading functions of the program make of vectors: whether each is taken, by its name. */
  function read(vectors: readonly object[]): unknown {
    const script = String.raw`
import ast, base64, json, sys
tree = ast.parse(open(sys.argv[1]).read())
is_def = lambda n: isinstance(n, (ast.Import, ast.FunctionDef)) or isinstance(n, ast.Assign) and isinstance(n.value, (ast.Lambda, ast.Constant))
exec(compile(ast.Module([n for n in tree.body if is_def(n)], []), "guide", "exec"))
def b(v, name): return base64.b64decode(v[name + "Base64"]) if name + "Base64" in v else v[name].encode()
h = lambda v: [base64.b64decode(one) for one in v["proofBase64"]]
def follows(v):
    roots = [base64.b64decode(v["root%dBase64" % n]) for n in (1, 2)]
    need(grown(v["size1"], roots[0], v["size2"], h(v)) == roots[1], "other")
takes = {
    "base64": lambda v: b64(v["text"]), "base64url": lambda v: url(v["text"]), "vkey": lambda v: vkey(b(v, "text").decode()),
    "policy": lambda v: policy_logs(b(v, "policy")), "manifest": lambda v: manifest(b(v, "manifest"), "it"), "json": lambda v: loads(b(v, "json")),
    "consistency": follows, "checkpoint": lambda v: note_parts(b(v, "note").decode()),
    "note": lambda v: note_lines(b(v, "note").decode())}
answers = []
for v in json.load(sys.stdin):
    try:
        takes[v["format"]](v["input"])
        answers.append(True)
    except (SystemExit, Exception): answers.append(False)
print(json.dumps(answers))
`
    const run = spawnSync('python3', ['-I', '-c', script, program], {
      input: JSON.stringify(vectors),
      encoding: 'utf8',
    })
    expect(run.stderr).toBe('')
    return JSON.parse(run.stdout)
  }

  it('R5 reads policies, keys, manifests, notes and base64 as the vectors say', () => {
    const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'vectors')
    const formats = ['base64', 'base64url', 'vkey', 'policy', 'manifest', 'json', 'consistency', 'checkpoint', 'note']
    const vectors = formats.flatMap((format) =>
      readdirSync(join(folder, format)).map((name) => ({
        name: `${format}/${name}`,
        ...(JSON.parse(readFileSync(join(folder, format, name), 'utf8')) as {
          readonly expect: { readonly valid: boolean; readonly code?: string }
        }),
      })),
    )
    const taken = read(vectors) as boolean[]
    // Reading a note verifies none of its signatures.
    const reads = ({ name, expect: { valid, code } }: (typeof vectors)[number]): boolean =>
      valid || (name.startsWith('note/') && code === 'signature-invalid')
    const differing = vectors.flatMap((vector, i) => (taken[i] === reads(vector) ? [] : [vector.name]))
    // Trees of manifests are compared by what reads the item.
    const elsewhere = /^manifest\/tree-/
    expect(differing.filter((name) => !elsewhere.test(name))).toEqual([])
  })

  /** A package of one deposit, its files changed, and its lists made to fit. */
  async function forged(change: (files: Record<string, string | Buffer>) => void): Promise<string> {
    const root = await packageOf(['content'], undefined)
    const paths = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/^(?:tag)?manifest-/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    const files: Record<string, string | Buffer> = {}
    for (const one of paths) files[one] = readFileSync(join(root, one))
    change(files)
    return writeFiles(join(path, `forged-${number++}`), bagFiles(files))
  }
  const stranger = verifierKey(origin, signerNamed('a ledger that the reader trusts').publicKey)

  /** A package whose policy names a ledger that the reader trusts, and the key that signed it on a line that is made otherwise. */
  const withPolicy = (hide: (text: string) => string): Promise<string> =>
    forged((files) => {
      files['policy'] = `log ${stranger.text}\n${hide(`log ${ledgerKey.text}`)}\nquorum none\n`
    })

  it.each<[string, (text: string) => string]>([
    ['hides behind a carriage return', (text) => `# a comment\r${text}`],
    ['hides behind a vertical tab', (text) => `# a comment\v${text}`],
    ['hides behind a next line', (text) => `# a comment\u0085${text}`],
  ])('R5 judges by no line of the policy that %s', async (_what, hide) => {
    const { code, stderr } = checkByHand(program, await withPolicy(hide))
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^FAULT /)])
  })

  it.each<[string, (text: string) => string]>([
    ['begins with a tab', (text) => `\t${text}`],
    ['begins with a space', (text) => ` ${text}`],
    ['has tabs between', (text) => text.replace(' ', '\t')],
  ])('R5 prints each key by which it judges, as section 2 does: of a line that %s', async (_what, hide) => {
    const root = await withPolicy(hide)
    const [, section] = /## 2[^]*?```sh\n([^]*?)```/.exec(verifyGuide) ?? []
    const shown = spawnSync('sh', ['-c', section as string], { cwd: root, encoding: 'utf8' }).stdout
    const run = checkByHand(program, root)
    expect(run.code).toBe(0)
    const printed = [...run.stdout.matchAll(/^judged by the key of (.+), id ([0-9a-f]{8}): (.+)$/gm)].map(
      ([, ...own]) => own,
    )
    const both = [stranger, ledgerKey].map(({ text }) => text)
    expect(shown.split('\n')).toEqual([...both, ''])
    expect(printed).toEqual(both.map((text) => [...text.split('+', 2), text]))
  })

  it('R5 names what it did not check: time proofs, and the rest of statements', async () => {
    const root = await forged((files) => (files['data/deposits/001/receipt.time-proof'] = 'no time proof'))
    const { code, stdout } = checkByHand(program, root)
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^time proof not checked: data\/deposits\/001\/receipt\.time-proof$/m),
    ])
    expect(stdout).toMatch(/^not checked: what statements say beyond what is used here: /m)
  })

  it('R5 takes a key transition between equal sizes, beside a receipt whose name holds an ending', async () => {
    const root = await forged((files) => {
      const receipt = String(files['data/admissions/1.tlog-proof'])
      const [, note] = /\n\n([^]*)$/.exec(receipt) ?? []
      const [, size] = (note as string).split('\n')
      delete files['data/admissions/1.tlog-proof']
      files['data/admissions/1.tlog-proof.tlog-proof'] = receipt
      files['data/admissions/1.tlog-proof.key-transition'] =
        `evidence-ledger/key-transition/v1\nfrom ${size}\n\n${note}`
    })
    expect((await checkPackage(await FolderBag.open(root), policy)).faults).toEqual([])
    const { code, stderr } = checkByHand(program, root)
    expect([code, stderr]).toEqual([0, ''])
  })

  /** What each program says of a package: its exit code. */
  async function exits(root: string): Promise<(number | null)[]> {
    const policyFile = join(path, 'court.policy')
    writeFileSync(policyFile, policyText)
    let own = 0
    try {
      const { faults } = await checkPackage(await FolderBag.open(root), policy)
      own = faults.length > 0 ? 1 : 0
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error
      own = 1
    }
    return [own, verdict(['check', root, '--policy', policyFile])[0], checkByHand(program, root).code]
  }
  const receiptPath = 'data/deposits/001/receipt.tlog-proof'
  const withLine = (line: string): Promise<string> =>
    forged((files) => (files[receiptPath] = `${String(files[receiptPath])}${line}`))
  /** A signature line of a stranger, of this many bytes. */
  const longLine = (bytes: number): string => {
    const [start, end] = ['— ', ' MTIzNDV4eXo=\n']
    return start + 'x'.repeat(bytes - Buffer.byteLength(start + end)) + end
  }

  it.each<[string, string, 0 | 1]>([
    ['by a stranger', '— a MTIzNDV4eXo=\n', 0],
    ['by a name with U+200B', '— a\u200bb MTIzNDV4eXo=\n', 0],
    ['by a name with U+00A0', '— a\u00a0b MTIzNDV4eXo=\n', 1],
    ['by a name with U+0085', '— a\u0085 MTIzNDV4eXo=\n', 1],
    ['by a name with U+180E', '— a\u180e MTIzNDV4eXo=\n', 1],
    ['by a name with U+2028', '— a\u2028 MTIzNDV4eXo=\n', 1],
    ['by a name with U+3000', '— a\u3000 MTIzNDV4eXo=\n', 1],
    ['by a name with U+FEFF', '— \ufeffa MTIzNDV4eXo=\n', 1],
    ['of the id of a key alone', '— x MTIzNA==\n', 1],
    ['of one byte more', '— x MTIzNDU=\n', 0],
  ])('R6 judges a signature line under a receipt as both verifiers do: %s', async (_what, line, exit) => {
    expect(await exits(await withLine(line))).toEqual([exit, exit, exit])
  })

  it.each<[string, 0 | 1]>([
    ['— a MTIzNDV4eXo=\n', 0],
    ['— a\u00a0b MTIzNDV4eXo=\n', 1],
    ['— x MTIzNA==\n', 1],
  ])('R6 judges a signature line under a key transition as both verifiers do: %j', async (line, exit) => {
    const root = await forged((files) => {
      const [, note] = /\n\n([^]*)$/.exec(String(files[receiptPath])) as RegExpExecArray
      const [, size] = (note as string).split('\n')
      files[receiptPath.replace('tlog-proof', 'key-transition')] =
        `evidence-ledger/key-transition/v1\nfrom ${size}\n\n${note}${line}`
    })
    expect(await exits(root)).toEqual([exit, exit, exit])
  })

  it('R6 bounds a note as both verifiers do', async () => {
    const receipt = readFileSync(join(await packageOf(['content'], undefined), receiptPath), 'utf8')
    const [note] = /(?<=\n\n)[^]*$/.exec(receipt) as RegExpExecArray
    const most = 262_144 - Buffer.byteLength(note)
    expect(await exits(await withLine(longLine(most)))).toEqual([0, 0, 0])
    expect(await exits(await withLine(longLine(most + 1)))).toEqual([1, 1, 1])
  })

  it.each<[string, number]>([
    ['receipt.tlog-proof', 1_048_576],
    ['receipt.key-transition', 270_336],
    ['receipt.time-proof', 8_392_704],
    ['proofs/x.file-proof', 1_114_112],
  ])('R6 bounds %s as both verifiers do', async (name, most) => {
    const root = await forged((files) => (files[`data/deposits/001/${name}`] = Buffer.alloc(most + 1, 0x0a)))
    expect(await exits(root)).toEqual([1, 1, 1])
    expect(checkByHand(program, root).stderr).toContain(`a package allows: ${most} bytes`)
  })

  it('R6 gives no verdict where standard output is closed, and says so, as the verifier in Python does', async () => {
    const root = await packageOf(undefined, undefined)
    const policyFile = join(path, 'court.policy')
    writeFileSync(policyFile, policyText)
    // Itself: a script that starts it could have the closed stream's number.
    const which = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' })
    const interpreter = which.stdout.trim()
    const closed = (
      command: readonly string[],
      closes: string,
    ): { status: number | null; out: string; err: string } => {
      const args = ['-c', `"$@" ${closes}`, 'sh', interpreter, ...command]
      const { status, stdout, stderr } = spawnSync('sh', args, { cwd: root, encoding: 'utf8' })
      return { status, out: stdout, err: stderr }
    }
    const byHand = ['-I', program, 'policy']
    for (const command of [byHand, [pythonVerifier, 'check', root, '--policy', policyFile]]) {
      expect(closed(command, '>&-')).toEqual({
        status: 3,
        out: '',
        err: expect.stringMatching(/^[^\n]*standard output[^\n]* closed\n$/),
      })
      expect(closed(command, '>&- 2>&-')).toEqual({ status: 3, out: '', err: '' })
      expect(closed(command, '2>&-')).toEqual({ status: 0, out: expect.stringContaining('no fault found'), err: '' })
    }
    writeFileSync(join(root, 'data', 'deposits', '001', 'files', 'content'), 'contents')
    expect(closed(byHand, '2>&-').status).toBe(1)
  })

  it('R8 a closed standard output changes no fault, and nothing that is not judged: those are told by the exit code', async () => {
    const root = await packageOf(undefined, undefined)
    const policyFile = join(path, 'court.policy')
    writeFileSync(policyFile, policyText)
    const which = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' })
    const closed = (command: readonly string[], closes: string): (number | null)[] => {
      const args = ['-c', `"$@" ${closes}`, 'sh', which.stdout.trim(), ...command]
      return [spawnSync('sh', args, { cwd: root, encoding: 'utf8' }).status]
    }
    const exitsOf = (): (number | null)[] =>
      [
        ['-I', program, 'policy'],
        [pythonVerifier, 'check', root, '--policy', policyFile],
      ].flatMap((command) => ['>&-', '>&- 2>&-'].flatMap((closes) => closed(command, closes)))
    expect(exitsOf()).toEqual([3, 3, 3, 3])
    writeFileSync(join(root, 'data', 'deposits', '001', 'files', 'content'), 'contents')
    expect(exitsOf()).toEqual([1, 1, 1, 1])
  })

  it('R6 takes files of a deposit for files, whatever their folders are called', async () => {
    const root = await forged((files) => {
      const [name, content] = Object.entries(files).find(([path]) => path.includes('/files/')) as [string, Buffer]
      const folder = name.slice(0, name.indexOf('/files/'))
      for (const path of ['manifests/0.evidence-manifest', 'proofs/x.file-proof', 'manifests/proofs/y'])
        files[`${folder}/files/${path}`] = content
    })
    const { faults } = await checkPackage(await FolderBag.open(root), policy)
    const { code, stderr } = checkByHand(program, root)
    expect([faults, code, stderr]).toEqual([[], 0, ''])
  })

  it('R7 F4 marks what is not judged in one place, which what is told asks', () => {
    const appended = verifyGuide.split('\n').filter((line) => line.includes('unjudged.append'))
    expect(appended).toEqual(['    unjudged.append(path + ": " + what)'])
  })

  it('is the same program under -O, which leaves out assertions', () => {
    const compare =
      'import sys; t = open(sys.argv[1]).read(); c = [compile(t, "x", "exec", optimize=n) for n in (0, 1)]'
    const { status } = spawnSync('python3', ['-c', `${compare}; sys.exit(c[0] != c[1])`, program])
    expect(status).toBe(0)
  })
})
