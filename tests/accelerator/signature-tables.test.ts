import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Arithmetic, readModule, startModule, type Exports } from '../../src/accelerator/arithmetic.ts'
import {
  freeTables,
  mostTables,
  openSignatureTables,
  SignatureTables,
  tablePrice,
  untabled,
} from '../../src/accelerator/signature-tables.ts'
import { type SignatureJob, signEd25519, publicKeyOfSeed, verifyEd25519 } from '../../src/core/ed25519.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { type Crafted, craft, L, littleEndian, numberOf, P } from '../core/torsion.ts'
import { SignedJobs } from './signing.ts'
import { sizeOf } from '../support/long.ts'

installNativePrimitives()

const message = Buffer.from('a statement')
const a = 0x1234567890abcdefn
const good = craft({ message, a, r: 0xfedcba0987654321n })

function opened(options: Parameters<typeof openSignatureTables>[0] = {}): SignatureTables {
  const tables = openSignatureTables(options)
  if (tables === undefined) throw new Error('these tests need WebAssembly with vectors')
  return tables
}

/** Tables in which the key of a job has one. */
function withTableOf(job: SignatureJob): SignatureTables {
  const tables = opened()
  tables.accepts(Array.from({ length: untabled + 1 }, () => job))
  return tables
}

function repeated(job: SignatureJob, times: number): SignatureJob[] {
  return Array.from({ length: times }, () => job)
}

function withS(value: bigint): Crafted {
  return { ...good, signature: Buffer.concat([good.signature.subarray(0, 32), littleEndian(value)]) }
}

const s = numberOf(good.signature.subarray(32))
const refused: [name: string, job: Crafted][] = [
  ...Array.from({ length: 15 }, (_, k): [string, Crafted] => [`S + ${k + 1}L`, withS(s + BigInt(k + 1) * L)]),
  ['S = L', withS(L)],
  ['S = 0', withS(0n)],
  ['S = L - S', withS(L - s)],
  ['S of all ones', withS(2n ** 256n - 1n)],
  ['R the neutral point, for which the equation holds', craft({ message, a, r: 0n })],
  ['R the neutral point, spelt p + 1', craft({ message, a, r: 0n, encodedNonce: littleEndian(P + 1n) })],
  ['R the neutral point with a sign', craft({ message, a, r: 0n, encodedNonce: littleEndian(1n | (1n << 255n)) })],
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((i): [string, Crafted][] => [
    [`R + T${i}`, craft({ message, a, r: 77n, nonceTorsion: i })],
    [`R = T${i}`, craft({ message, a, r: 0n, nonceTorsion: i })],
  ]),
  ['R that is no point', craft({ message, a, r: 77n, encodedNonce: littleEndian(2n) })],
  ['R of y = p + 3', craft({ message, a, r: 77n, encodedNonce: littleEndian(P + 3n) })],
  ['another message', { ...good, message: Buffer.from('a statement.') }],
  ['no message', { ...good, message: new Uint8Array() }],
  ...Array.from({ length: 64 }, (_, i): [string, Crafted] => [
    `bit ${i % 8} of byte ${i} of the signature turned`,
    { ...good, signature: good.signature.map((byte, at) => (at === i ? byte ^ (1 << (i % 8)) : byte)) },
  ]),
  ['a signature of 63 bytes', { ...good, signature: good.signature.subarray(0, 63) }],
  ['a signature of 65 bytes', { ...good, signature: Buffer.concat([good.signature, Buffer.alloc(1)]) }],
]

describe('tables', () => {
  it('accept nothing that the rule refuses, and all beside it that it accepts', () => {
    const tables = withTableOf(good)
    // A refused one beside accepted ones, as the other of its pair and not: one inversion is shared by all.
    const jobs = refused.flatMap(([, job], i) => (i % 3 === 0 ? [good, job] : [job, good, good]))
    const verdicts = tables.accepts(jobs)
    jobs.forEach((job, i) => {
      const name = refused.find(([, one]) => one === job)?.[0] ?? 'the good one'
      expect(verdicts[i], `${name}`).toBe(job === good ? 1 : 0)
      expect(verifyEd25519(job.publicKey, job.message, job.signature), `${name}`).toBe(job === good)
    })
  })

  it.each([1, 2, 3, 4, 5, 6, 7])('are never made of a key moved by T%d', (j) => {
    const tables = opened()
    const crafted = craft({ message, a, r: 77n, keyTorsion: j })
    expect(tables.accepts(repeated(crafted, 100))).toEqual(new Uint8Array(100))
    expect(tables.figures.built).toBe(0)
  })

  it('are never made of 32 bytes that are no key, nor of others', () => {
    const tables = opened()
    for (const publicKey of [
      littleEndian(2n),
      littleEndian(P + 1n),
      littleEndian(1n),
      new Uint8Array(31),
      new Uint8Array(33),
    ])
      expect(tables.accepts(repeated({ ...good, publicKey }, 50))).toEqual(new Uint8Array(50))
    expect(tables.figures.built).toBe(0)
  })

  it('give for each vector of the repository what it expects', () => {
    const folder = new URL('../../fixtures/vectors/ed25519/', import.meta.url)
    let [valid, invalid] = [0, 0]
    for (const name of readdirSync(folder)) {
      const { input, expect: wanted } = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
      const bytesOf = (member: string): Uint8Array => Buffer.from(input[member], 'base64')
      const job = {
        publicKey: bytesOf('publicKeyBase64'),
        message: input.messageBase64 === undefined ? Buffer.from(input.messageText ?? '') : bytesOf('messageBase64'),
        signature: bytesOf('signatureBase64'),
      }
      const verdicts = opened().accepts(repeated(job, untabled + 2))
      expect(verdicts.at(-1), `${name}`).toBe(wanted.valid ? 1 : 0)
      if (wanted.valid) valid++
      else invalid++
    }
    expect(valid).toBeGreaterThan(3)
    expect(invalid).toBeGreaterThan(15)
  })

  it('take messages of every length, and leave those for which there is no room', () => {
    const seed = new Uint8Array(32).fill(7)
    const publicKey = publicKeyOfSeed(seed)
    const jobs = [0, 1, 63, 64, 65, 127, 128, 65_535, 700_000, 400_000, 2 ** 20].map((length) => {
      const content = new Uint8Array(length).fill(length)
      return { publicKey, message: content, signature: signEd25519(seed, content) }
    })
    const tables = withTableOf(jobs[0] as SignatureJob)
    expect([...tables.accepts(jobs)]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    // More than one call of the module takes.
    expect(tables.accepts(repeated(jobs[3] as SignatureJob, 1300))).toEqual(new Uint8Array(1300).fill(1))
    expect(tables.accepts([])).toEqual(new Uint8Array())
  })
})

/** Arithmetic that accepts everything, and does nothing. */
function idle(): Required<NonNullable<Parameters<typeof openSignatureTables>[0]>>['arithmetic'] & {
  readonly rooms: number[]
  readonly keys: string[]
} {
  let [waiting, next] = [0, 0]
  const [rooms, keys]: [number[], string[]] = [[], []]
  return {
    rooms,
    keys,
    tableBytes: 100,
    allocate: () => rooms[rooms.push(++next) - 1] as number,
    buildKey: (_, publicKey) => void keys.push(Buffer.from(publicKey).toString('hex')),
    combination: () => new Uint8Array(32),
    add: () => ++waiting > 0,
    verify: () => {
      const answers = new Array<boolean>(waiting).fill(true)
      waiting = 0
      return answers
    },
  }
}

describe('a table that is wrong', () => {
  const right = (): Arithmetic => new Arithmetic(startModule(readModule()) as Exports)

  it('is found out before it serves', () => {
    const arithmetic = right()
    const combination = arithmetic.combination.bind(arithmetic)
    arithmetic.combination = (...args) => combination(...args).map((byte, i) => (i === 31 ? byte ^ 1 : byte))
    const tables = opened({ arithmetic })
    expect(() => tables.accepts(repeated(good, 100))).toThrow(/gone wrong/)
    expect(tables.figures.accepted).toBe(0)
    expect(tables.accepts(repeated(good, 100))).toEqual(new Uint8Array(100))
  })

  it('is of another key', () => {
    const arithmetic = right()
    const buildKey = arithmetic.buildKey.bind(arithmetic)
    arithmetic.buildKey = (table) => buildKey(table, publicKeyOfSeed(new Uint8Array(32)))
    expect(() => opened({ arithmetic }).accepts(repeated(good, 100))).toThrow(/the table of a key/)
  })

  it('is found out by a signature that is verified again, and turns the tables off', () => {
    const arithmetic = right()
    const verify = arithmetic.verify.bind(arithmetic)
    arithmetic.verify = () => verify().map(() => true)
    const bad = { ...good, message: Buffer.from('another') }
    const tables = opened({ arithmetic })
    tables.accepts(repeated(good, untabled + 1))
    let answers = 0
    const offer = (): void => {
      for (; answers < 100_000; answers += 500) tables.accepts(repeated(bad, 500))
    }
    let refusal: unknown
    try {
      offer()
    } catch (error) {
      refusal = error
    }
    expect(isEvidenceError(refusal, 'signatures-disagree')).toBe(true)
    expect((refusal as { kind: { exit: number } }).kind.exit).toBe(3)
    expect(tables.figures.again).toBeGreaterThanOrEqual(1)
    expect(tables.accepts(repeated(good, 600))).toEqual(new Uint8Array(600))
  })

  it('is looked for in one accepted signature of 256, as the random bytes choose', () => {
    const drawn = Uint8Array.from({ length: 4096 }, (_, i) => i % 256)
    const again: SignatureJob[] = []
    const tables = opened({
      random: (bytes) => bytes.fill(9).map((_, i) => (bytes[i] = drawn[i] as number)) && bytes,
      verifies: (publicKey, content, signature) => again.push({ publicKey, message: content, signature }) > 0,
    })
    tables.accepts(repeated(good, untabled + 256 * 8))
    expect(tables.figures).toEqual({ built: 1, accepted: 256 * 8, again: 8 })
    expect(again.length).toBe(8)
  })
})

describe('keys that come and go', () => {
  const keyOf = (n: number): Uint8Array => publicKeyOfSeed(littleEndian(BigInt(n)))
  const acceptable = Array.from({ length: mostTables + 8 }, (_, n) => keyOf(n))
  const jobsOf = (publicKey: Uint8Array, times: number): SignatureJob[] => repeated({ ...good, publicKey }, times)
  /** Tables over arithmetic that does nothing, whose combinations are taken for right. */
  const counting = () => {
    const arithmetic = idle()
    const tables = new SignatureTables(arithmetic, { verifies: () => true })
    // What is tried of a table is tested above.
    tables['tryTable'] = () => {}
    return { arithmetic, tables }
  }

  it('have none for their first signatures', () => {
    const { arithmetic, tables } = counting()
    expect(tables.accepts(jobsOf(acceptable[0] as Uint8Array, untabled))).toEqual(new Uint8Array(untabled))
    expect(arithmetic.keys).toEqual([])
    expect([...tables.accepts(jobsOf(acceptable[0] as Uint8Array, 2))]).toEqual([1, 1])
    expect(arithmetic.keys.length).toBe(1)
  })

  it('build nothing at all: 20,000 of them with four signatures each', () => {
    const { arithmetic, tables } = counting()
    for (let n = 0; n < 20_000; n++) {
      // Bytes that look like keys: nothing looks at them closer before the thirty-third signature.
      const publicKey = new Uint8Array(32)
      new DataView(publicKey.buffer).setUint32(0, n)
      expect(tables.accepts(jobsOf(publicKey, 4))).toEqual(new Uint8Array(4))
    }
    expect(arithmetic.keys).toEqual([])
    expect(arithmetic.rooms).toEqual([])
    expect(tables['counts'].size).toBeLessThanOrEqual(8192)
  })

  it('pay for their tables with signatures, however they are mixed', () => {
    const { arithmetic, tables } = counting()
    let offered = 0
    for (let round = 0; round < 20; round++) {
      for (const publicKey of acceptable) {
        tables.accepts(jobsOf(publicKey, untabled + 1))
        offered += untabled + 1
        expect(arithmetic.keys.length).toBeLessThanOrEqual(freeTables + offered / tablePrice)
      }
    }
    expect(arithmetic.keys.length).toBeGreaterThan(freeTables)
  })

  it('do with the tables that there is memory for, and with none', () => {
    const { arithmetic, tables } = counting()
    const { allocate } = arithmetic
    let left = 2
    arithmetic.allocate = (length) => {
      if (left-- > 0) return allocate(length)
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')
    }
    for (const publicKey of acceptable.slice(0, 5))
      expect(tables.accepts(jobsOf(publicKey, untabled + 3)).slice(untabled)).toEqual(Uint8Array.of(1, 1, 1))
    expect(new Set(arithmetic.rooms).size).toBe(2)
    const without = counting()
    without.arithmetic.allocate = () => {
      throw new RangeError('no memory')
    }
    expect(without.tables.accepts(jobsOf(acceptable[0] as Uint8Array, 100))).toEqual(new Uint8Array(100))
  })

  it('share the room of 64, the least recently used making way, and begin anew then', () => {
    const { arithmetic, tables } = counting()
    const [first, second] = acceptable as [Uint8Array, Uint8Array]
    const price = (): void => void tables.accepts(repeated({ ...good, publicKey: new Uint8Array(31) }, tablePrice))
    for (const publicKey of acceptable.slice(0, mostTables)) {
      price()
      tables.accepts(jobsOf(publicKey, untabled + 1))
    }
    expect(arithmetic.rooms.length).toBe(mostTables)
    tables.accepts(jobsOf(first, 1))
    price()
    const late = acceptable[mostTables] as Uint8Array
    // In one batch with a job that waits for the table that makes way.
    expect(
      [...tables.accepts([...jobsOf(second, 1), ...jobsOf(first, 1), ...jobsOf(late, untabled + 1)])].filter(
        (v) => v === 1,
      ).length,
    ).toBe(3)
    expect(arithmetic.rooms.length).toBe(mostTables)
    price()
    expect([...tables.accepts(jobsOf(first, 1))]).toEqual([1])
    const third = acceptable[2] as Uint8Array
    expect(tables.accepts(jobsOf(third, untabled))).toEqual(new Uint8Array(untabled))
  })
})

describe('tables and libsodium with noble', () => {
  it('say the same of thousands of signatures, good and changed', () => {
    const tables = opened()
    const signed = new SignedJobs(20261127, 6)
    const many = sizeOf('tests/accelerator/signature-tables.test.ts', 'signatures')
    const made = Array.from({ length: many }, () => signed.next())
    const verdicts = made.flatMap((_, i) =>
      i % 500 === 0 ? [...tables.accepts(made.slice(i, i + 500).map(({ job }) => job))] : [],
    )
    let [known, good] = [0, 0]
    made.forEach(({ job, isGood, change }, i) => {
      expect(verifyEd25519(job.publicKey, job.message, job.signature), `${change}`).toBe(isGood)
      expect(verdicts[i] === 1 && !isGood, `${change}`).toBe(false)
      known += verdicts[i] as number
      if (isGood) good++
    })
    // All that are good are known, but for the first of each key.
    expect(known).toBeGreaterThan(good - 6 * (untabled + 1))
  })
})
