import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeBundle } from '../../src/core/bundle.ts'
import { concatAll } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { type CliResult, evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sampled } from '../support/long.ts'
import { python } from '../support/python.ts'
import { lacks } from '../support/system-tools.ts'
import { fromBase64, type Input, type Vector } from '../vectors/input.ts'
import { readVectors } from '../vectors/vector-files.ts'

/*
 * Whole ledgers of the vectors as folders of static tiles (docs/spec/12-export.md): `evidence verify` and the Python verifier find what the vector
 * expects, entry by entry, and end with one exit code. The page re-walks no ledger; its code does so in tests/web/vectors.test.ts.
 */

interface Ledger {
  readonly entries: readonly Uint8Array[]
  readonly leaves: readonly Uint8Array[]
}

/** The tiles and bundles of a vector's ledger; or why a folder cannot hold it. */
function ledgerIn(input: Input): Ledger | string {
  const size = Number(new TextDecoder().decode(input.bytes('checkpoint')).split('\n')[1])
  const stored = input.value<readonly (string | null)[]>('entriesBase64')
  const entries = stored.slice(0, size)
  if (input.has('disclosures')) return 'a folder keeps no disclosures'
  if (!(size <= 256)) return 'the checkpoint cannot be read, or is of more than one tile'
  if (entries.includes(null) || entries.length < size) return 'a bundle cannot lack one of its entries'
  const bytes = entries.map((text) => fromBase64(text as string))
  const hashes = input.has('leafHashesBase64') ? input.list('leafHashes') : bytes.map(leafHash)
  return { entries: bytes, leaves: hashes.slice(0, size) }
}

/** Writes a ledger as a folder; gives the arguments of a re-walk of it, but for the folder. */
function written(input: Input, { entries, leaves }: Ledger, folder: string): string[] {
  const put = (path: string, bytes: Uint8Array): string => {
    const whole = join(folder, path)
    mkdirSync(join(whole, '..'), { recursive: true })
    writeFileSync(whole, bytes)
    return whole
  }
  put('checkpoint', input.bytes('checkpoint'))
  mkdirSync(join(folder, 'tile'))
  if (leaves.length === entries.length && leaves.length > 0) put(`tile/0/000.p/${leaves.length}`, concatAll(leaves))
  if (entries.length > 0) put(`tile/entries/000.p/${entries.length}`, encodeBundle(entries))
  const kept = input.has('earlier') ? input.value<readonly string[]>('earlier') : []
  const earlier = kept.flatMap((note, n) => ['--checkpoint', put(`kept/${n}`, Buffer.from(note))])
  return ['--policy', put('trusted.policy', input.bytes('policy')), ...earlier, '--json']
}

/** Ledgers that a folder cannot hold, with the reason. */
const notAsFolder = {
  'a folder keeps no disclosures': [
    'walk/disclosure-erased',
    'walk/disclosure-foreign',
    'walk/erasure-change',
    'walk/erasure-done',
    'walk/erasure-not-done',
    'walk/erasure-order-altered',
    'walk/erasure-order-void',
    'walk/erasure-ordered-twice',
  ],
  'the checkpoint cannot be read, or is of more than one tile': ['walk/entries-none'],
  'a bundle cannot lack one of its entries': [
    'walk/custody-entry-missing-lieu',
    'walk/custody-entry-missing',
    'walk/erasure-of-missing',
    'walk/erasure-origin-genesis-missing',
    'walk/finding-challenge-missing',
    'walk/ledger-key-rotated-earlier-missing',
    'walk/ledger-key-rotated-entry-missing',
    'walk/ledger-key-rotated-itself-missing',
    'walk/missing-admission',
    'walk/missing',
    'walk/reference-to-missing-without-tile',
    'walk/reference-to-missing',
  ],
}

interface Document {
  readonly error?: { readonly code: string }
  readonly faults?: readonly { readonly code: string; readonly index?: number }[]
  readonly notJudged?: readonly { readonly index?: number }[]
  readonly unjudged?: readonly { readonly index?: number }[]
  readonly flagged?: readonly (number | { readonly index: number })[]
}

/** Exit code and findings, entry by entry, each once. */
function foundBy(result: CliResult): object {
  const { error, faults = [], notJudged, unjudged = notJudged ?? [], flagged = [] } = result.json<Document>()
  const indices = flagged.map((one) => (typeof one === 'number' ? one : one.index))
  return {
    exit: result.code,
    ...(error === undefined ? {} : { error: error.code }),
    faults: sorted(faults.map((one) => [one.index ?? null, one.code])),
    unjudged: sorted(unjudged.map(({ index }) => index ?? null)),
    flagged: sorted(indices),
  }
}

const sorted = (list: readonly unknown[]): string[] => [...new Set(list.map((one) => JSON.stringify(one)))].sort()

function expectedOf({ faults, unjudged, flagged }: Vector['expect']): object {
  const [found, open, marked] = [faults, unjudged, flagged ?? []].map((list) => sorted(list as readonly unknown[])) as [
    string[],
    string[],
    string[],
  ]
  return { exit: found.length > 0 ? 1 : open.length > 0 ? 4 : 0, faults: found, unjudged: open, flagged: marked }
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('the ledgers of the vectors as folders', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)

  it('have one verdict, entry by entry, by the command line and by the Python verifier', async () => {
    const walks = readVectors().filter(({ vector }) => vector.format === 'walk')
    const left: Record<string, string[]> = {}
    const differing: unknown[] = []
    const asFolders = walks.flatMap(({ name, vector }) => {
      const ledger = ledgerIn(vector.input)
      if (typeof ledger !== 'string') return [{ name, vector, ledger }]
      left[ledger] = [...(left[ledger] ?? []), name]
      return []
    })
    const tried = sampled('tests/interop/walks-as-folders.test.ts', 'ledgers', asFolders)
    for (const [n, { name, vector, ledger }] of tried.entries()) {
      const folder = join(path, `${n}`)
      const rest = written(vector.input, ledger, folder)
      const command = foundBy(await evidence(['verify', '--dir', folder, ...rest]))
      const other = foundBy(python('evidence_verify.py', ['verify', folder, ...rest]))
      const expected = expectedOf(vector.expect)
      if (new Set([command, other, expected].map((one) => JSON.stringify(one))).size > 1)
        differing.push([name, { command, other, expected }])
    }
    expect(differing).toEqual([])
    expect(left).toEqual(notAsFolder)
  })
})
