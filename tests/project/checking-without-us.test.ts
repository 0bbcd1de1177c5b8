import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { verifyMlDsa44 } from '../../src/core/mldsa.ts'
import { parseVerifierKey, verifyNote } from '../../src/core/note.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { type CliServer, evidence, evidenceOk, startServer, systemProgram } from '../support/cli.ts'
import { type CommandSection, commandSections, runShell } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sampled } from '../support/long.ts'
import { lacks } from '../support/system-tools.ts'
import { type AuthorityServer, honest, startAuthority, TestAuthority } from '../support/time-authority.ts'
import { WitnessProcess } from '../support/witness-process.ts'

/*
 * The commands of docs/checking-without-us.md, taken out of the page and run with the machine's own sh, openssl, coreutils and Python
 * on what the real command line, a real witness and a real time-stamping authority made; and on the same with one byte changed.
 */
const page = readFileSync(fileURLToPath(new URL('../../docs/checking-without-us.md', import.meta.url)), 'utf8')
const sections = commandSections(page)
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
const desk = at('desk')

/** The ledger's life: witnessed, stamped, forked, rotated, exported. What comes of it lies on the desk, under the page's names. */
async function makeArtefacts(authority: AuthorityServer, anchors: string): Promise<void> {
  const data = at('data')
  const on = (name: string): string => join(desk, name)
  await evidenceOk(['init', '--data', data, '--reading', 'public', '--origin', 'test.example/unaided'])
  const bare = readFileSync(join(data, 'policy'), 'utf8')
  const witness = new WitnessProcess(at('witness'), 'notary.example/w', [readOwnKey(dataFolder(data))])
  await witness.start()
  let server: CliServer | undefined
  let fork: CliServer | undefined
  try {
    const quorum = ['group both all notary ledger-ml-dsa', 'quorum both', '']
    const lines = bare.split('\n').filter((line) => line !== '' && !line.startsWith('quorum'))
    const own = `witness notary ${witness.keys[0].text} ${witness.url}`
    writeFileSync(join(data, 'policy'), [...lines, own, ...quorum].join('\n'))
    const config = at('serve.json')
    const one = { name: 'test', url: authority.url, anchors, crls: [`${authority.url}/crl`] }
    writeFileSync(config, JSON.stringify({ timeStamping: { authorities: [one] } }))
    server = await startServer(data, ['--config', config], 'serve')
    const to = ['--data', data, '--url', server.url]
    writeFileSync(on('photo.jpg'), 'what was photographed')
    mkdirSync(on('case'))
    for (const name of ['note.txt', 'odd\\name.txt', 'third.txt'])
      writeFileSync(on(`case/${name}`), `content of ${name}`)
    await evidenceOk(['deposit', on('photo.jpg'), '--note', 'Counter 2.\u009b2J\u202e', ...to])
    await evidenceOk(['deposit', on('case'), ...to])
    await evidenceOk(['prove', on('case/note.txt'), '--data', data, '--out', on('note.txt.file-proof')])
    cpSync(on('case/note.txt'), on('note.txt'))
    await evidenceOk(['timestamp', ...to])
    await evidenceOk(['timestamp', '--for', on('photo.jpg.tlog-proof'), '--timestamp-anchors', anchors, ...to])
    cpSync(anchors, on('anchors.pem'))
    cpSync(join(data, 'policy'), on('court.policy'))
    await server.stop()

    // A copy that goes on by itself, with nobody to cosign it: two histories under one key, and what a monitor makes of them.
    cpSync(data, at('fork'), { recursive: true })
    writeFileSync(at('fork', 'policy'), bare)
    server = await startServer(data, [], 'serve')
    fork = await startServer(at('fork'), [], 'serve')
    for (const [name, folder, url] of [
      ['ours', data, server.url],
      ['theirs', at('fork'), fork.url],
    ] as const) {
      writeFileSync(at(name), name)
      await evidenceOk(['deposit', at(name), '--data', folder, '--url', url])
    }
    await keepProof([server.url, fork.url], bare, 'split-view', on('ledger.misbehaviour'))
    writeFileSync(at('more'), 'more')
    await evidenceOk(['deposit', at('more'), '--data', at('fork'), '--url', fork.url])
    await keepProof([server.url, fork.url], bare, 'inconsistent', at('inconsistent.misbehaviour'))
    await server.stop()

    await evidenceOk(['keygen', '--out', at('next.pem')])
    const administrator = ['--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator']
    await evidenceOk(['ledger', 'rotate-key', '--data', data, '--new-key', at('next.pem'), ...administrator])
    cpSync(join(data, 'policy'), on('new.policy'))
    await evidenceOk(['transition', on('photo.jpg.tlog-proof'), '--data', data])
    await evidenceOk(['export', on('export'), '--data', data])
  } finally {
    await server?.stop()
    await fork?.stop()
    await witness.end()
  }
}

async function keepProof(urls: readonly string[], bare: string, kind: string, to: string): Promise<void> {
  writeFileSync(at('bare.policy'), bare.replace(/^quorum .*$/m, 'quorum none'))
  const args = ['monitor', ...urls, '--once', '--json', '--policy', at('bare.policy'), '--state', at(`monitor-${kind}`)]
  const { stdout } = await evidence(args)
  const events = stdout.split('\n').filter((line) => line !== '')
  const alarm = events
    .map((line) => JSON.parse(line) as { kind?: string; file?: string })
    .find((one) => one.kind === kind)
  if (alarm?.file === undefined) throw new Error(`the monitor told of no ${kind}: ${stdout}`)
  cpSync(alarm.file, to)
}

/** Sections in order, each in a shell of its own; the number of the first that fails, and what was said. */
function run(folder: string, from = 1, upTo = sections.length): { failed: number | undefined; said: string } {
  let said = ''
  for (const section of sections.slice(from - 1, upTo)) {
    const result = runShell(folder, blocksOf(section).join('\n'))
    said += `## ${section.number}\n${result.said}`
    if (result.code !== 0) return { failed: section.number, said }
  }
  return { failed: undefined, said }
}

/** Where to begin again once something was changed, on a desk where all was done before. */
function beginning(section: number): number {
  if (section > 10) return section
  return section < 8 ? 2 : 8
}

/** OpenSSL of this machine knows ML-DSA from 3.5 on. */
const knowsMldsa = /ML-DSA-44/i.test(systemProgram('openssl', ['list', '-signature-algorithms']).stdout.toString())

/** Section 10 verifies with openssl where it can; where not, what its commands made is judged in the test below. */
function blocksOf({ number, blocks }: CommandSection): readonly string[] {
  return number === 10 && !knowsMldsa ? blocks.slice(0, 1) : blocks
}

/** Whether what section 10 wrote is a signature by this key. */
function mldsaVerifies(folder: string, publicKey: Uint8Array): boolean {
  const [message, signature] = ['mldsa.message', 'mldsa.signature'].map((name) => readFileSync(join(folder, name))) as [
    Buffer,
    Buffer,
  ]
  return verifyMlDsa44(publicKey, new Uint8Array(message), new Uint8Array(signature))
}

/** True for what the page's table asks a reader to copy, and nothing that its commands make. */
function isArtefact(name: string): boolean {
  const plain = [
    'photo.jpg',
    'case',
    'note.txt',
    'anchors.pem',
    'export',
    'ledger.misbehaviour',
    'court.policy',
    'new.policy',
  ]
  return plain.includes(name) || /\.(?:tlog-proof|evidence-manifest|file-proof|time-proof|key-transition)$/.test(name)
}

type Change = (bytes: Buffer) => Buffer
const flip =
  (index: number): Change =>
  (bytes) => {
    const out = Buffer.from(bytes)
    const place = index < 0 ? bytes.length + index : index
    out[place] = (out[place] as number) ^ 1
    return out
  }
/** Changes a byte of what stands in base64 in the first group of a pattern, which may match several times. */
const inside =
  (pattern: RegExp, index: number, nth = 0): Change =>
  (bytes) => {
    const text = bytes.toString('latin1')
    const match = [...text.matchAll(new RegExp(pattern.source, `${pattern.flags}gd`))][nth]
    const [begin, end] = match?.indices?.[1] ?? [0, 0]
    if (end === 0) throw new Error(`nothing is like ${pattern.source}`)
    const changed = flip(index)(Buffer.from(text.slice(begin, end), 'base64')).toString('base64')
    return Buffer.from(text.slice(0, begin) + changed + text.slice(end), 'latin1')
  }
const replaced =
  (pattern: RegExp, by: string): Change =>
  (bytes) => {
    const text = bytes.toString('latin1')
    if (!pattern.test(text)) throw new Error(`nothing is like ${pattern.source}`)
    return Buffer.from(text.replace(pattern, by), 'latin1')
  }
/** A byte of what stands in a receipt's `extra`, found by what stands before it. */
const inExtra =
  (before: string, index: number): Change =>
  (bytes) => {
    const text = bytes.toString('latin1')
    const [whole, base64] = /^extra (.*)$/m.exec(text) as RegExpExecArray as unknown as [string, string]
    const extra = Buffer.from(base64, 'base64')
    const place = extra.indexOf(before) + before.length + index
    return Buffer.from(text.replace(whole, `extra ${flip(place)(extra).toString('base64')}`), 'latin1')
  }

describe.skipIf(lacks('openssl', 'faketime'))('docs/checking-without-us.md', () => {
  let authority: AuthorityServer
  const dash = 'â\x80\x94'

  beforeAll(async () => {
    mkdirSync(desk)
    const root = TestAuthority.root(path, 'Root')
    authority = await startAuthority(honest(root.timeStamper('Authority of the test')))
    writeFileSync(at('anchors.pem'), root.pem)
    await makeArtefacts(authority, at('anchors.pem'))
  })
  afterAll(async () => {
    await authority.close()
    remove()
  })

  function copyOfDesk(): string {
    rmSync(at('copy'), { recursive: true, force: true })
    cpSync(desk, at('copy'), { recursive: true })
    return at('copy')
  }

  it('has commands for every artefact, which find no fault in sound ones', () => {
    expect(sections.map(({ number }) => number)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1))
    // What follows starts from the desk as this leaves it.
    const { failed, said } = run(desk)
    expect([failed, said]).toEqual([undefined, expect.any(String)])
    for (const told of [
      'entry index 2 is in the tree of',
      'evidence.deposit by depositor with key',
      'unchanged since deposit: item 0',
      'sealed claim ["',
      // What a terminal would act on is shown.
      '"Counter 2.\\u{9b}2J\\u{202e}"]',
      '0 withheld',
      'unchanged since deposit: ',
      'Verification: OK',
      'Time stamp: ',
      'are those of the receipt',
      'entries are signed',
      'entries are those that are signed',
    ])
      expect(said).toContain(told)
    for (const control of ['\u001b', '\u009b', '\u202e']) expect(said.includes(control)).toBe(false)
    expect(said.match(/Signature Verified Successfully/g)?.length).toBeGreaterThanOrEqual(14)
  })

  it('F-N17: run literally, every block of the page in one shell, find no fault in sound artefacts', () => {
    // A step that only prose asks for is one that a reader leaves out.
    expect(page).not.toMatch(/sections? \d[^.]* again/)
    expect(page).not.toMatch(/^ *assert /m)
    const copy = copyOfDesk()
    for (const name of readdirSync(copy)) if (!isArtefact(name)) rmSync(join(copy, name), { recursive: true })
    for (const more of [{}, { PYTHONOPTIMIZE: '1' }]) {
      const { code, said } = runShell(copy, sections.flatMap(blocksOf).join('\n'), more)
      expect([code, said]).toEqual([0, expect.stringContaining('are those that are signed')])
    }
  })

  it('F-H6: find the same where Python leaves assertions out', () => {
    const copy = copyOfDesk()
    const cases: readonly [string, Change, number][] = [
      ['photo.jpg', flip(3), 7],
      ['note.txt.file-proof', replaced(/note\.txt/, 'mote.txt'), 8],
      ['photo.jpg.key-transition', inside(/^from \d+\n(\S+)\n/m, 3), 12],
    ]
    for (const [file, change, section] of cases) {
      const bytes = readFileSync(join(copy, file))
      writeFileSync(join(copy, file), change(bytes))
      const blocks = blocksOf(sections[section - 1] as CommandSection).join('\n')
      expect([file, runShell(copy, blocks, { PYTHONOPTIMIZE: '1' }).code]).toEqual([file, 1])
      writeFileSync(join(copy, file), bytes)
    }
  })

  const changes: readonly (readonly [string, string, Change, number, RegExp])[] = [
    ['the key in the policy', 'court.policy', inside(/^log \S+?\+\S+?\+(\S+)/m, 20), 2, /^/],
    ['the root in a checkpoint', 'photo.jpg.tlog-proof', inside(/\n\n\S+\n\d+\n(\S+)\n/, 5), 4, /Verification Failure/],
    [
      'the size in a checkpoint',
      'photo.jpg.tlog-proof',
      replaced(/(\n\n\S+\n)(\d+)/, '$11$2'),
      4,
      /Verification Failure/,
    ],
    [
      'the ledger’s signature',
      'photo.jpg.tlog-proof',
      inside(new RegExp(`^${dash} \\S+ (\\S{92})$`, 'm'), 40),
      4,
      /Failure/,
    ],
    ['the time in an entry', 'photo.jpg.tlog-proof', inExtra('entry/v1\n2\n20', 0), 5, /not in the tree/],
    ['a statement', 'photo.jpg.tlog-proof', inExtra('\neyJ', 200), 5, /not in the tree/],
    ['a hash of the path', 'photo.jpg.tlog-proof', inside(/^index 2\n(\S+)\n/m, 3), 5, /not in the tree/],
    ['the signer’s key', 'photo.jpg.tlog-proof', inExtra('"x":"', 6), 6, /^/],
    ['a sealed claim', 'photo.jpg.tlog-proof', inExtra('"}\n', 30), 7, /not one that was sealed/],
    ['a file', 'photo.jpg', flip(3), 7, /not byte-identical/],
    ['a manifest', 'case.evidence-manifest', flip(10), 8, /Error/],
    ['a file of a folder', 'case/third.txt', flip(3), 8, /third\.txt: FAILED/],
    ['the line in a file proof', 'note.txt.file-proof', replaced(/note\.txt/, 'mote.txt'), 8, /not in the manifest/],
    ['a hash in a file proof', 'note.txt.file-proof', inside(/note\.txt\n(\S+)\n/, 3), 8, /not in the manifest/],
    ['the receipt in a file proof', 'note.txt.file-proof', inside(/\nindex \d+\n(\S+)\n/, 3), 8, /not in the tree/],
    ['a file that was proved', 'note.txt', flip(0), 8, /not byte-identical/],
    ['a cosignature', 'note.txt.file-proof', inside(/ notary\.example\/w (\S{104})\n/, 50), 9, /Failure/],
    ['the time of a cosignature', 'note.txt.file-proof', inside(/ notary\.example\/w (\S{104})\n/, 10), 9, /Failure/],
    ['a stamped checkpoint', 'photo.jpg.time-proof', inside(/^checkpoint (\S+)$/m, 60), 11, /^/],
    ['a time-stamp token', 'photo.jpg.time-proof', inside(/^token (\S+)$/m, -20), 11, /Verification: FAILED/],
    ['the path in a time proof', 'photo.jpg.time-proof', inside(/^index \d+\n(\S+)\n/m, 3), 11, /not in the tree/],
    ['a hash of a transition', 'photo.jpg.key-transition', inside(/^from \d+\n(\S+)\n/m, 3), 12, /not a beginning/],
    ['the size of a transition', 'photo.jpg.key-transition', replaced(/from (\d+)/, 'from 1$1'), 12, /not in order/],
    [
      'a transition’s signature',
      'photo.jpg.key-transition',
      inside(new RegExp(`^${dash} \\S+ (\\S{92})$`, 'm'), 40, 1),
      12,
      /Failure/,
    ],
    ['a checkpoint of a proof', 'ledger.misbehaviour', inside(/^checkpoint (\S+)$/m, 60), 13, /^/],
    ['the other one', 'ledger.misbehaviour', inside(/^checkpoint (\S+)$/m, 60, 1), 13, /^/],
    ['an entry of an export', 'export/tile/entries/000.p/SIZE', flip(500), 14, /does not follow|not those of the tree/],
    ['the last entry of an export', 'export/tile/entries/000.p/SIZE', flip(-5), 14, /not those of the tree/],
    ['the checkpoint of an export', 'export/checkpoint', inside(/^\S+\n\d+\n(\S+)\n/, 3), 14, /Failure/],
  ]
  it.each(sampled('tests/project/checking-without-us.test.ts', 'changes', changes))(
    'find one byte changed in %s',
    (_, file, change, section, why) => {
      const copy = copyOfDesk()
      const size = readFileSync(join(copy, 'export', 'checkpoint'), 'utf8').split('\n')[1] as string
      const place = join(copy, file.replace('SIZE', size))
      writeFileSync(place, change(readFileSync(place)))
      const { failed, said } = run(copy, beginning(section), section)
      expect([failed, said]).toEqual([section, expect.stringMatching(why)])
    },
  )

  it('find a proof of misbehaviour that shows the same twice, and one of two sizes', () => {
    const copy = copyOfDesk()
    const proof = join(copy, 'ledger.misbehaviour')
    const text = readFileSync(proof, 'utf8')
    const [, , first] = text.split('\n') as [string, string, string]
    writeFileSync(proof, text.replace(/(checkpoint .*\n)checkpoint .*/, `$1${first}`))
    expect(run(copy, 13, 13)).toEqual({ failed: 13, said: expect.stringContaining('do not contradict each other') })
    cpSync(at('inconsistent.misbehaviour'), proof)
    expect(run(copy, 13, 13)).toEqual({ failed: undefined, said: expect.stringContaining('does not go on from') })
    writeFileSync(proof, inside(/^hash (\S+)$/m, 3)(readFileSync(proof)))
    expect(run(copy, 13, 13)).toEqual({ failed: 13, said: expect.stringContaining('not those of the larger tree') })
  })

  it('make of the ML-DSA-44 line what FIPS 204 verifies, and openssl verifies it from 3.5 on', () => {
    const copy = copyOfDesk()
    expect(run(copy, 8, 10).failed).toBeUndefined()
    const [read, verify] = (sections[9] as CommandSection).blocks as [string, string]
    const der = readFileSync(join(copy, 'mldsa.der'))
    const key = parseVerifierKey(readFileSync(join(copy, 'mldsa'), 'utf8').trim())
    expect(der.subarray(-1312)).toEqual(Buffer.from(key.publicKey))
    const { note } = parseSignedCheckpoint(readFileSync(join(copy, 'checkpoint')))
    expect(verifyNote(note, [key])).toHaveLength(1)
    // An older OpenSSL must pass nothing at all.
    const judged = (): { byCore: boolean; byOpenssl: boolean } => ({
      byCore: mldsaVerifies(copy, key.publicKey),
      byOpenssl: runShell(copy, verify).code === 0,
    })
    expect(judged()).toEqual({ byCore: true, byOpenssl: knowsMldsa })
    const changed = inside(new RegExp(`\n${dash} \\S+ (\\S{200,})\n`), 500)(readFileSync(join(copy, 'checkpoint')))
    writeFileSync(join(copy, 'checkpoint'), changed)
    expect(runShell(copy, read).code).toBe(0)
    expect(judged()).toEqual({ byCore: false, byOpenssl: false })
  })
})
