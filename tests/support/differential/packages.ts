import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { timeJudge } from '../../../src/check/node/time.ts'
import { toHex } from '../../../src/core/base64.ts'
import { utf8 } from '../../../src/core/bytes.ts'
import { encodeFileProof } from '../../../src/core/file-proof.ts'
import { encodeManifest, encodeManifestLine, manifestTree } from '../../../src/core/manifest.ts'
import { encodeLogPolicy, parsePolicy } from '../../../src/core/policy.ts'
import { scanningLocator } from '../../../src/package/admission-receipts.ts'
import { writeBag } from '../../../src/package/node/bag-writer.ts'
import { checkPackage } from '../../../src/package/check-package.ts'
import { FolderSink } from '../../../src/package/node/folder-sink.ts'
import { type DepositInput, packageFiles } from '../../../src/package/make-package.ts'
import type { ReceiptInput } from '../../../src/package/sound-receipt.ts'
import { openZipFile } from '../../../src/package/node/zip-file.ts'
import { LogView } from '../../../src/log/view.ts'
import { bagFiles } from '../bag.ts'
import { depositor, ledgerKey, origin, startMs, TestChain } from '../chain.ts'
import type { Random } from '../random.ts'
import { type RawEntry, rawZip } from '../raw-zip.ts'
import { deposit, sha256Hex, statement } from '../statements.ts'
import { type Files, withName, withProof, withText } from './bag-texts.ts'
import { changedLines } from './lines.ts'

/* Packages with one change: a file, a list, the zip; the lists made to fit, or not. */

export const packagePolicy: string = encodeLogPolicy(ledgerKey)

/**
 * The files of a sound package of three deposits, one of them of a folder, one attested and one retracted later, by path. The same
 * every time.
 */
export async function soundPackage(folder: string): Promise<Files> {
  const contents = ['an exhibit\n', 'another\n']
  const chain = new TestChain().start()
  const policy = parsePolicy(utf8(packagePolicy))
  const indices = contents.map((content, i) =>
    chain.add(
      deposit(depositor, origin, content, { iat: startMs / 1000, jti: `00000000-0000-4000-8000-00000000000${i}` }).jws,
    ),
  )
  const inFolder = 'in a folder\n'
  const line = { sha256: sha256Hex(inFolder), path: utf8('inside.txt') }
  const manifest = encodeManifest([line])
  const made = manifestTree(manifest)
  const item = {
    size: manifest.length,
    digest: { sha256: sha256Hex(manifest) },
    tree: { root: toHex(made.root), size: 1 },
  }
  const options = { iat: startMs / 1000, jti: '00000000-0000-4000-8000-000000000009' }
  const ofFolder = chain.add(statement(depositor, origin, 'evidence.deposit', { items: [item] }, options).jws)
  const tree = await LogView.verified(chain.seal(), policy)
  const deposits: DepositInput[] = []
  for (const [i, content] of contents.entries()) {
    const path = join(folder, `exhibit-${i}.txt`)
    writeFileSync(path, content)
    const receipt = tree.receipt(await tree.entry(indices[i] as number), depositor.jwk, [])
    const file = { name: utf8(`exhibit-${i}.txt`), path, size: statSync(path).size, sha256: sha256Hex(content) }
    deposits.push({ receipt: await receipt, sidecars: new Map(), manifests: new Map(), proofs: [], files: [file] })
  }
  const path = join(folder, 'inside.txt')
  writeFileSync(path, inFolder)
  const receipt = await tree.receipt(await tree.entry(ofFolder), depositor.jwk, [])
  const proof = encodeFileProof({ item: 0, lineIndex: 0, line: encodeManifestLine(line), hashes: [], receipt })
  deposits.push({
    receipt,
    sidecars: new Map(),
    manifests: new Map([[0, manifest]]),
    proofs: [{ bytes: proof, item: 0, line }],
    files: [{ name: line.path, path, size: inFolder.length, sha256: line.sha256 }],
  })
  const later = [
    ['evidence.attest', { of: chain.reference(indices[0] as number), as: 'holder' }],
    ['evidence.retract', { of: chain.reference(indices[1] as number), reason: 'mistake' }],
  ] as const
  const events = later.map(([kind, members], i) =>
    chain.add(
      statement(depositor, origin, kind, members, {
        iat: startMs / 1000,
        jti: `00000000-0000-4000-8000-00000000001${i}`,
      }).jws,
    ),
  )
  const newer = await LogView.verified(chain.seal(), policy)
  const related: ReceiptInput[] = []
  for (const index of events)
    related.push({ receipt: await newer.receipt(await newer.entry(index), depositor.jwk, []), sidecars: new Map() })
  const ledger = { tree: newer, locate: scanningLocator(newer) }
  const policyBytes = utf8(packagePolicy)
  const files = await packageFiles({
    deposits,
    related,
    eventsNotShown: 0,
    policy,
    policyBytes,
    digestsOnly: false,
    ledger,
    packed: '2026-11-26',
  })
  const root = join(folder, 'package')
  const sink = await FolderSink.create(root)
  await writeBag(sink, files)
  await sink.publish()
  const found = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  const paths = found.map((one) => join(one.parentPath, one.name)).sort()
  return Object.fromEntries(paths.map((path) => [path.slice(root.length + 1), readFileSync(path)]))
}

const entriesOf = (files: Files): RawEntry[] =>
  Object.entries(files).map(([name, content]) => ({ name: `p/${name}`, content }))

/** The package with lists made anew for its payload and tag files. */
function mended(files: Files): Files {
  const own = Object.entries(files).filter(([name]) => !/^(?:tag)?manifest-/.test(name))
  const made = bagFiles(Object.fromEntries(own))
  return Object.fromEntries(Object.entries(made).map(([name, content]) => [name, Buffer.from(content as string)]))
}

/** The package whose `Payload-Oxum` is that of its payload, with its lists. */
function mendedAll(files: Files): Files {
  const payload = Object.entries(files).filter(([name]) => name.startsWith('data/'))
  const bytes = payload.reduce((sum, [, content]) => sum + content.length, 0)
  const info = String(files['bag-info.txt']).replace(/^Payload-Oxum: .*$/m, `Payload-Oxum: ${bytes}.${payload.length}`)
  return mended({ ...files, 'bag-info.txt': Buffer.from(info) })
}

/** The package with a tag manifest made anew. */
function mendedTags(files: Files): Files {
  const manifest = files['manifest-sha256.txt'] as Buffer
  const { 'tagmanifest-sha256.txt': _old, ...rest } = files
  const lines = Object.entries(rest).filter(([name]) => !name.startsWith('data/'))
  const text = lines.map(([name, content]) => `${sha256Hex(content)}  ${name}\n`).join('')
  return { ...rest, 'manifest-sha256.txt': manifest, 'tagmanifest-sha256.txt': Buffer.from(text) }
}

/** Of the form of a time proof, with a token that is DER and says nothing. */
const timeProof =
  'evidence-ledger/time-proof/v1\nindex 0\n\nevidence-ledger/time-stamps/v1\ncheckpoint AA==\nhash sha256\ntoken MAA=\n'

function withFile(files: Files, random: Random): { files: Files; what: string } {
  const names = Object.keys(files)
  const name = random.pick(names)
  const content = files[name] as Buffer
  const other = random.pick(names)
  const { [name]: _gone, ...rest } = files
  const what = random.pick([
    'altered',
    'altered',
    'altered',
    'left out',
    'twice',
    'exchanged',
    'renamed',
    'empty',
    'renumbered',
    'time proof',
  ])
  if (what === 'left out') return { files: rest, what }
  if (what === 'twice') return { files: { ...files, [`${name}2`]: content }, what }
  if (what === 'exchanged') return { files: { ...files, [name]: files[other] as Buffer, [other]: content }, what }
  if (what === 'renamed') {
    const renamed = [`${name}x`, name.toUpperCase(), `data/${name}`, name.replace('deposits/', 'deposits/0')]
    return { files: { ...rest, [random.pick(renamed)]: content }, what }
  }
  if (what === 'renumbered') {
    const [from, to] = [random.pick(['001', '002', '003']), random.pick(['0001', '0003', '004', '000', '1000'])]
    const named = (path: string): string => path.replace(`deposits/${from}/`, `deposits/${to}/`)
    return { files: Object.fromEntries(names.map((path) => [named(path), files[path] as Buffer])), what }
  }
  if (what === 'time proof') {
    const { text } = changedLines(timeProof, random, [timeProof])
    return { files: { ...files, 'data/deposits/001/receipt.time-proof': Buffer.from(text, 'latin1') }, what }
  }
  if (what === 'empty') return { files: { ...files, [name]: Buffer.alloc(0) }, what }
  const text = content.toString('latin1')
  return { files: { ...files, [name]: Buffer.from(changedLines(text, random, [text]).text, 'latin1') }, what }
}

/** The tag manifest, which no list names, with its lines in another order says the same. */
function isReordered(files: Files, changed: Files): boolean {
  const linesOf = (all: Files): string => String(all['tagmanifest-sha256.txt']).split('\n').sort().join('\n')
  const isOther = String(changed['tagmanifest-sha256.txt']) !== String(files['tagmanifest-sha256.txt'])
  return isOther && linesOf(files) === linesOf(changed)
}

type ZipChange = (entry: RawEntry, random: Random) => RawEntry
const zipChanges: readonly (readonly [string, ZipChange])[] = [
  ['flags', (entry, random) => ({ ...entry, flags: random.pick([0, 1, 8, 0x801, 0x808, 0x840, 0x2800]) })],
  ['size', (entry, random) => ({ ...entry, size: random.pick([0, 1, 0xffffffff]) })],
  ['crc', (entry, random) => ({ ...entry, crc: random.pick([0, 1]) })],
  ['local name', (entry) => ({ ...entry, local: { name: `${String(entry.name)}x` } })],
  ['local size', (entry, random) => ({ ...entry, local: { size: random.pick([0, 1, 0xffffffff]) } })],
  ['local checksum', (entry, random) => ({ ...entry, local: { crc: random.pick([0, 1]) } })],
  ['local method', (entry, random) => ({ ...entry, local: { method: random.pick([0, 8, 9, 99]) } })],
  ['local flags', (entry, random) => ({ ...entry, local: { flags: random.pick([0, 1, 8, 0x808]) } })],
  ['mode', (entry, random) => ({ ...entry, mode: random.pick([0o120777, 0o040755, 0o010644, 0o104755, 0]) })],
  ['bytes before', (entry) => ({ ...entry, before: Buffer.from('PK') })],
  [
    'extra field',
    (entry, random) => ({
      ...entry,
      extra: random.pick([
        Buffer.from('ux\x01\x00\x01', 'latin1'),
        Buffer.of(1, 0, 0, 0),
        Buffer.of(0x75, 0x70, 1, 0, 1),
        Buffer.of(1),
      ]),
    }),
  ],
  ['deflated', (entry) => ({ ...entry, deflate: true })],
  [
    'name',
    (entry, random) => ({
      ...entry,
      name: random.pick([
        'p/../x',
        '/p/x',
        'p\\x',
        'q/x',
        'p/a:b',
        'p/CON',
        'p/data/',
        'p/.',
        `${String(entry.name)}.`,
      ]),
    }),
  ],
]

export interface PackageCase {
  readonly what: string
  readonly zip: Buffer
  readonly broken: boolean
}

/** Classes of changes to a package. */
export const packageClasses: Readonly<Record<string, (files: Files, random: Random) => PackageCase>> = {
  'package, a file, lists kept': (files, random) => {
    const { files: changed, what } = withFile(files, random)
    return { what, zip: rawZip(entriesOf(changed)), broken: what === 'altered' && !isReordered(files, changed) }
  },
  'package, a file, lists mended': (files, random) => {
    const { files: changed, what } = withFile(files, random)
    return { what, zip: rawZip(entriesOf((random.below(2) === 0 ? mended : mendedAll)(changed))), broken: false }
  },
  'package, a list': (files, random) => {
    const name = random.pick(Object.keys(files).filter((one) => /^(?:tag)?manifest-|^bag/.test(one)))
    const text = (files[name] as Buffer).toString('latin1')
    const { text: changed, what } = changedLines(text, random, [text])
    return { what, zip: rawZip(entriesOf({ ...files, [name]: Buffer.from(changed, 'latin1') })), broken: false }
  },
  'package, a text of the bag': (files, random) => {
    const { files: changed, what } = withText(files, random, mended, mendedTags)
    return { what, zip: rawZip(entriesOf(changed)), broken: false }
  },
  'package, a name': (files, random) => {
    const { files: changed, what } = withName(files, random, mendedAll)
    return { what, zip: rawZip(entriesOf(changed)), broken: false }
  },
  'package, a file proof': (files, random) => {
    const changed = (text: string): string => changedLines(text, random, [text]).text
    const { files: other, what } = withProof(files, random, mendedAll, changed)
    return { what, zip: rawZip(entriesOf(other)), broken: false }
  },
  'package, the zip': (files, random) => {
    const entries = entriesOf(files)
    const at = random.below(entries.length)
    const [what, change] = random.pick(zipChanges)
    return { what, zip: rawZip(entries.with(at, change(entries[at] as RawEntry, random))), broken: false }
  },
  'package, entries of the zip': (files, random) => {
    const entries = entriesOf(files)
    const at = random.below(entries.length)
    const what = random.pick(['twice', 'in another order', 'comment', 'end', 'cut', 'pointed elsewhere', 'folder'])
    const copy = entries[at] as RawEntry
    if (what === 'twice') return { what, zip: rawZip([...entries, copy]), broken: false }
    if (what === 'folder') {
      const name = random.pick(['', 'empty', 'data', 'bagit.txt', 'BAGIT.TXT', 'DATA', 'bagit.txt/x', 'con', 'x\ufffd'])
      return {
        what,
        zip: rawZip(entries.toSpliced(at, 0, { name: `p/${name}${name === '' ? '' : '/'}`, content: '' })),
        broken: false,
      }
    }
    if (what === 'in another order') return { what, zip: rawZip(entries.toReversed()), broken: false }
    if (what === 'comment') return { what, zip: rawZip(entries, { comment: 'x' }), broken: false }
    if (what === 'end') return { what, zip: rawZip(entries, { after: Buffer.from('x') }), broken: false }
    const zip = rawZip(what === 'cut' ? entries : entries.with(at, { ...copy, at: 0 }))
    return { what, zip: what === 'cut' ? zip.subarray(0, random.below(zip.length)) : zip, broken: false }
  },
}

interface PackageCodes {
  readonly faults: string[]
  readonly unjudged: string[]
  readonly standing: string | undefined
}

/** Codes of what our own check finds. */
export async function packageCodes(file: string): Promise<PackageCodes> {
  const bag = await openZipFile(file)
  try {
    const { faults, unjudged, standing } = await checkPackage(bag, parsePolicy(utf8(packagePolicy)), {
      judgeTime: timeJudge(undefined),
    })
    const codes = (list: readonly { readonly code: string }[]): string[] => [...new Set(list.map(({ code }) => code))]
    return { faults: codes(faults), unjudged: codes(unjudged), standing }
  } finally {
    await bag.close()
  }
}
