import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { signJws } from '../../src/statements/compose.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { walk } from '../../src/verify/walk.ts'
import { policyOfFolder } from '../support/folder.ts'
import { type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { name, releaseTyp } from './made-up-kind.ts'

/*
 * A new kind is one file (made-up-kind.ts), one line of the table (here), and a test. This process has the table to itself:
 * vitest.config.ts runs this file alone.
 */
vi.mock(import('../../src/statements/kind-table.ts'), async (original) => {
  const { kindTable } = await original()
  const { handOver } = await import('./made-up-kind.ts')
  return { kindTable: [...kindTable, handOver] as never }
})

let server: TestServer
let giver: Party
let receiver: Party
let stranger: Party
let deposited: DepositAnswer
beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  giver = await server.admit('giver', ['depositor'])
  receiver = await server.admit('receiver', ['attestor'])
  stranger = await server.admit('stranger', ['attestor'])
  const sent = server.deposit('a disk', { sealed: { note: 'in a safe' } }, giver)
  deposited = (await server.post(sent.presentation)).json<DepositAnswer>()
})
afterAll(() => server.remove())

const release = (by: Party, to: Party, of = deposited.index): string =>
  signJws(releaseTyp, { of, to: to.id }, { jwk: by.key.jwk, sign: by.key.sign })

const handed = (to: Party, inner: string) =>
  server.post(
    server.sign(to, name, { of: { index: deposited.index, leafHash: deposited.leafHash }, release: inner })
      .presentation,
  )

const mayRead = async (reader: Party): Promise<boolean> =>
  (await server.get(`/v1/entries/${deposited.index}`, reader)).status === 200

describe('a kind that is one file and one line of the table', () => {
  it('is judged by its own rule: only the holder releases, and to the signer', async () => {
    // A receiver that may not read the deposit is told nothing of it.
    expect(problemIn(await handed(receiver, release(giver, receiver))).code).toBe('reference-not-found')
    const own = (inner: string) => handed(giver, inner)
    expect(problemIn(await own(release(stranger, giver))).code).toBe('possession-invalid')
    expect(problemIn(await own(release(giver, receiver))).code).toBe('possession-invalid')
    expect(problemIn(await own(`${release(giver, giver).slice(0, -4)}AAAA`)).code).toBe('possession-invalid')
  })

  it('keeps state and gives a right to read, entry and claims', async () => {
    expect([await mayRead(receiver), await mayRead(stranger)]).toEqual([false, false])
    const of = { index: deposited.index, leafHash: deposited.leafHash }
    const sent = server.sign(receiver, name, { of, release: release(giver, receiver) })
    expect((await server.post(sent.presentation, showing(deposited.receipt))).status).toBe(201)
    expect([await mayRead(receiver), await mayRead(stranger), await mayRead(giver)]).toEqual([true, false, true])
    const entry = (await server.get(`/v1/entries/${deposited.index}`, receiver)).json<{ disclosures: string[] }>()
    expect(entry.disclosures).toHaveLength(1)
    // The giver holds it no longer.
    expect(problemIn(await handed(giver, release(giver, giver))).code).toBe('possession-invalid')
  })

  it('has its state again after a restart, from the entries', async () => {
    await server.stop()
    server = await server.restart()
    expect([await mayRead(receiver), await mayRead(stranger)]).toEqual([true, false])
    expect((await handed(receiver, release(receiver, receiver))).status).toBe(201)
  })

  it('is judged by a walk, in full and from a trusted size', async () => {
    const policy = policyOfFolder(server.folder)
    const size = await server.size()
    await server.stop()
    const { root, folder } = server.folder
    const source = await FolderSource.open(root, readOwnKey(folder))
    try {
      const whole = await walk({ source, policy })
      expect([whole.faults, whole.unjudged, whole.kinds[name]]).toEqual([[], [], 2])
      const trusted = parseSignedCheckpoint(await source.checkpoint())
      const again = await walk({ source, policy, trusted })
      expect([again.faults, again.unjudged]).toEqual([[], []])
    } finally {
      await source.close()
    }
    server = await server.restart()
    expect(await server.size()).toBe(size)
  })
})
