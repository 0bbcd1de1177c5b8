import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { EvidenceError } from '../../src/core/errors.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mutated } from '../support/mutator.ts'
import { sizeOf } from '../support/long.ts'
import { python } from '../support/python.ts'
import { Random } from '../support/random.ts'
import { RandomLedger } from '../support/random-ledger.ts'
import { lacks } from '../support/system-tools.ts'
import type { Facts } from '../vectors/check-formats.ts'
import { Input, type Vector } from '../vectors/input.ts'
import { readVectors } from '../vectors/vector-files.ts'
import { comparable, verdictOf } from '../vectors/verdict.ts'

interface Case {
  readonly format: string
  readonly input: Readonly<Record<string, unknown>>
}

/** Codes of exit code 4: nothing is wrong, and something is unknown. */
const notJudged: readonly unknown[] = ['not-judged', 'policy-unsupported', 'digest-not-computable']
/** Where several rules of one object are broken together, either code conforms (docs/spec/02-statement.md). */
const schemaCodes: readonly unknown[] = [
  'statement-member',
  'statement-member-unknown',
  'claim-in-clear',
  'digest-malformed',
]

/** Whether it is accepted, refused or not judged; of a walk also where. Codes may differ where several rules are broken. */
function essence({ format }: Case, verdict: Facts): Facts {
  const { valid, code, faults, unjudged } = verdict
  if (format !== 'walk' || !Array.isArray(faults)) {
    const refused = Array.isArray(faults) ? faults.length > 0 : valid === false && !notJudged.includes(code)
    const open = Array.isArray(unjudged) && !refused ? unjudged.length > 0 : valid === false && !refused
    return { valid, refused, open }
  }
  const pairs = (faults as [number | null, string][]).map(([index, found]) =>
    JSON.stringify([index, schemaCodes.includes(found) ? 'statement-member' : found]),
  )
  const { flagged, trusted, size, participants } = verdict
  return comparable({
    faults: [...new Set(pairs)],
    unjudged: [...new Set(unjudged as unknown[])],
    flagged,
    trusted,
    // Of a checkpoint that cannot be read no size is known.
    size: size ?? 0,
    participants,
  })
}

async function ours({ format, input }: Case): Promise<Facts> {
  const vector = { format, input: new Input(input), description: '', rule: '', expect: { valid: false } } as Vector
  try {
    return await verdictOf(vector)
  } catch (error) {
    if (error instanceof EvidenceError) return { valid: false, code: error.code }
    throw error
  }
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('both verifiers, of inputs that nobody thought of', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)

  /** What both say of each case. A case that they differ in is shown with its input. */
  async function compare(cases: readonly Case[]): Promise<number> {
    const file = join(path, 'cases.jsonl')
    writeFileSync(file, cases.map((one) => JSON.stringify(one)).join('\n'))
    const result = python('vectors.py', [file])
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: '' })
    const theirs = result.stdout.trimEnd().split('\n')
    expect(theirs).toHaveLength(cases.length)
    for (const [i, one] of cases.entries()) {
      const found = essence(one, JSON.parse(theirs[i] as string) as Facts)
      expect({ ...found, of: one }).toEqual({ ...essence(one, await ours(one)), of: one })
    }
    return cases.length
  }

  it('agree on vectors with random changes', async () => {
    const random = new Random(20261121)
    // A vector of a file asks for a receipt that can be read; a walk is made anew below.
    const files = readVectors().filter(({ vector }) => vector.format !== 'file' && vector.format !== 'walk')
    const inputs = files.map(({ text }) => JSON.parse(text) as Case)
    const cases = Array.from({ length: sizeOf('tests/interop/python-differential.test.ts', 'vectors') }, () =>
      changed(random.pick(inputs), inputs, random),
    )
    expect(await compare(cases)).toBe(cases.length)
  })

  it('agree on the ledgers of vectors with entries missing, altered or exchanged', async () => {
    const random = new Random(20261125)
    const walks = readVectors().filter(({ vector }) => vector.format === 'walk')
    const inputs = walks.map(({ text }) => JSON.parse(text) as Case)
    const cases = Array.from({ length: sizeOf('tests/interop/python-differential.test.ts', 'ledgers') }, () =>
      damaged(random.pick(inputs), inputs, random),
    )
    expect(await compare(cases)).toBe(cases.length)
  })

  it('agree on small ledgers that no server would make', async () => {
    const random = new Random(20261122)
    const cases = Array.from({ length: sizeOf('tests/interop/python-differential.test.ts', 'walks') }, () => ({
      format: 'walk',
      input: new RandomLedger(random).input(),
    }))
    expect(await compare(cases)).toBe(cases.length)
  })
})

/** A vector's ledger with one entry missing or altered, or exchanged with another; or under another vector's policy. */
function damaged({ format, input }: Case, all: readonly Case[], random: Random): Case {
  const entries = [...(input['entriesBase64'] as readonly (string | null)[])]
  if (entries.length === 0) return { format, input }
  const [at, other] = [random.below(entries.length), random.below(entries.length)]
  const bytes = Buffer.from(entries[at] ?? '', 'base64')
  const way = random.below(5)
  if (way === 0) entries[at] = null
  if (way === 1 && bytes.length > 0) {
    const place = random.below(bytes.length)
    bytes[place] = (bytes[place] as number) ^ (1 << random.below(7))
    entries[at] = bytes.toString('base64')
  }
  if (way === 2) [entries[at], entries[other]] = [entries[other] as string | null, entries[at] as string | null]
  const policy = way === 3 ? random.pick(all).input['policy'] : input['policy']
  // Past its end a verifier may say once what is missing: no checkpoint of more entries than there are.
  const fits = ({ input: { checkpoint } }: Case): boolean => Number(String(checkpoint).split('\n')[1]) <= entries.length
  const checkpoint = way === 4 ? random.pick(all.filter(fits)).input['checkpoint'] : input['checkpoint']
  // Mostly with the tile as it was, so that it is known what was sealed.
  const hashes = (input['entriesBase64'] as readonly (string | null)[]).map((entry) =>
    createHash('sha256')
      .update(Buffer.concat([Buffer.of(0), Buffer.from(entry ?? '', 'base64')]))
      .digest('base64'),
  )
  const given = input['leafHashesBase64'] !== undefined || (way !== 0 && random.below(2) === 0)
  const tile = given ? {} : { leafHashesBase64: hashes }
  return { format, input: { ...input, ...tile, policy, checkpoint, entriesBase64: entries } }
}

/** One member of a vector's input, text or bytes, with random changes. */
function changed({ format, input }: Case, all: readonly Case[], random: Random): Case {
  const names = Object.keys(input).filter((name) => typeof input[name] === 'string')
  if (names.length === 0) return { format, input }
  const name = random.pick(names)
  const encoding = name.endsWith('Base64') ? 'base64' : 'utf8'
  const samples = [input, ...all.filter((other) => other.format === format).map((other) => other.input)]
    .map((other) => other[name])
    .filter((value) => typeof value === 'string')
    .map((value) => Buffer.from(value, encoding))
  // Mostly this one, sometimes a splice with another of its format.
  const bytes = mutated(random.below(4) === 0 ? samples : samples.slice(0, 1), random)
  return { format, input: { ...input, [name]: Buffer.from(bytes).toString(encoding) } }
}
