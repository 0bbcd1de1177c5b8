import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openSignatureTables, untabled } from '../../src/accelerator/signature-tables.ts'
import { AppraisalPool } from '../../src/check/node/appraisal-pool.ts'
import { loadSignatureTables, signatureMeans } from '../../src/node/signature-means.ts'
import type { SignatureBatch } from '../../src/core/ed25519.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { fullTileRoots } from '../../src/core/merkle/tile.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { signed } from '../../src/verify/appraisal.ts'
import { appraise } from '../../src/verify/appraise.ts'
import type { Appraiser } from '../../src/verify/appraiser.ts'
import { rehash } from '../../src/verify/rehash.ts'
import { walk } from '../../src/verify/walk.ts'
import { policy, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'

installNativePrimitives()
afterEach(() => vi.restoreAllMocks())

/** A statement with a signature of which one bit is turned. */
function changedSignature(jws: string): string {
  const [header, payload, signature] = jws.split('.') as [string, string, string]
  const bytes = Buffer.from(signature, 'base64url')
  bytes[40] = (bytes[40] as number) ^ 4
  return `${header}.${payload}.${bytes.toString('base64url')}`
}

/** 1,400 deposits, in the middle of which stand two that nobody signed. */
function chainWithForgeries(): TestChain {
  const chain = new TestChain().start().deposits(900)
  for (let i = 0; i < 2; i++) {
    const genuine = new TestChain().start().deposits(1 + i)
    const text = Buffer.from(genuine.bytes.at(-1) as Uint8Array).toString()
    const jws = text.split('\n').find((line) => line.startsWith('ey')) as string
    chain.add(changedSignature(jws))
  }
  return chain.deposits(500).seal()
}

/** A walk whose chunks are appraised here, with a batch. */
function appraiserWith(batch: SignatureBatch | undefined): Appraiser {
  return {
    appraise: async (chunk, registry, context) => appraise(chunk, registry, context, undefined, batch),
    rehash: async (...args) => rehash(...args),
    tileRoots: async (tiles) => fullTileRoots(tiles),
  }
}

describe('a re-walk', () => {
  it('finds the same by tables, by libsodium and alone', async () => {
    const chain = chainWithForgeries()
    const alone = await walk({ source: chain, policy })
    expect(alone.faults.map(({ code, index }) => [code, index])).toEqual([
      ['signature-invalid', 902],
      ['signature-invalid', 903],
    ])
    for (const means of signatureMeans) {
      const pool = new AppraisalPool(undefined, means, 2, 0)
      try {
        expect(await walk({ source: chain, policy, appraiser: pool })).toEqual(alone)
      } finally {
        await pool.close()
      }
    }
  })

  it('takes from tables all but the first signatures of a key and what they do not accept', async () => {
    const tables = openSignatureTables()
    const chain = chainWithForgeries()
    await walk({ source: chain, policy, appraiser: appraiserWith(tables?.accepts) })
    // The genesis, the admission and the deposit after it are judged by the walk itself.
    expect(tables?.figures.accepted).toBe(chain.bytes.length - 3 - untabled - 2)
  })

  it('believes a batch: one that accepted what is not valid would hide it, and so it is held to the rule', async () => {
    const chain = chainWithForgeries()
    // It accepts what stands in the entry, genuine or not: whatever it says is for that job.
    const everything: SignatureBatch = (jobs) => new Uint8Array(jobs.length).fill(1)
    const marks: number[] = []
    const appraiser = appraiserWith(everything)
    const report = await walk({
      source: chain,
      policy,
      appraiser: {
        ...appraiser,
        appraise: async (...args) => {
          const appraisal = await appraiser.appraise(...args)
          marks.push(...(appraisal?.marks ?? []))
          return appraisal
        },
      },
    })
    // This is why a batch may only accept what is valid.
    expect(report.faults).toEqual([])
    expect(marks.every((mark) => (mark & signed) !== 0)).toBe(true)
  })

  it('stops where two implementations disagree: exit code 3, and nothing is said of the entries', async () => {
    const refusal = { code: 'signatures-disagree', message: 'fast verification has gone wrong', facts: {} } as const
    const pool = new AppraisalPool(undefined, 'tables', 2, 0)
    const thread = pool['pool'].thread()
    const call = thread.call.bind(thread)
    vi.spyOn(pool['pool'], 'thread').mockReturnValue(thread)
    vi.spyOn(thread, 'call').mockImplementation(((name: never, ...rest: never[]) =>
      name === 'appraise'
        ? Promise.resolve({ refused: refusal })
        : (call as (...all: never[]) => unknown)(name, ...rest)) as never)
    try {
      const walked = walk({ source: new TestChain().start().deposits(700).seal(), policy, appraiser: pool })
      const error: unknown = await walked.catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(EvidenceError)
      expect(error).toMatchObject({ code: 'signatures-disagree', kind: { exit: 3 } })
    } finally {
      await pool.close()
    }
  })
})

describe('the accelerator', () => {
  it('is loaded from where it was built', async () => {
    expect(typeof (await loadSignatureTables())).toBe('function')
  })

  it('is done without where its folder is not there, or its module was not built', async () => {
    expect(await loadSignatureTables(new URL('../../src/no-such-folder/signature-tables.ts', import.meta.url))).toBe(
      undefined,
    )
    const folder = temporaryFolder()
    try {
      const dist = new URL('../../dist/', import.meta.url).pathname
      for (const part of ['src/core', 'src/accelerator']) {
        mkdirSync(join(folder.path, part), { recursive: true })
        cpSync(join(dist, part), join(folder.path, part), {
          recursive: true,
          filter: (file) => !file.endsWith('.wasm'),
        })
      }
      cpSync(join(dist, '../node_modules/@noble'), join(folder.path, 'node_modules/@noble'), { recursive: true })
      const built = pathToFileURL(join(folder.path, 'src/accelerator/signature-tables.js'))
      const { openSignatureTables: open } = (await import(/* @vite-ignore */ built.href)) as {
        openSignatureTables: () => unknown
      }
      expect(open).toThrow(/ENOENT/)
    } finally {
      folder.remove()
    }
  })
})
