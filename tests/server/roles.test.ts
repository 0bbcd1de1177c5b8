import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, LedgerAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { statusHash, zeroHash } from '../../src/core/entry.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { verifierKey } from '../../src/core/note.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { composePossession } from '../../src/statements/compose.ts'
import { kinds } from '../../src/statements/kinds.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { releaseBy, transferMembers, type UnitReference } from '../support/custody.ts'
import { operationsOf } from '../support/openapi.ts'
import { type Party, problemIn, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor } from '../support/statements.ts'

/* docs/design/roles.md, asked of a running server cell by cell. */
const text = readFileSync(fileURLToPath(new URL('../../docs/design/roles.md', import.meta.url)), 'utf8')

/** The rows of a section's table: the first cell, then one for each role. */
function tableOf(heading: string): Map<string, string[]> {
  const section = text.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  const rows = section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
  return new Map(
    rows.map((row) => {
      const [first, ...cells] = row
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim())
      return [first as string, cells]
    }),
  )
}

interface Cast {
  readonly server: TestServer
  /** In the order of the columns: the deposit is the third's, and another the last's. */
  readonly readers: readonly (Party | undefined)[]
  readonly index: number
  /** Shows that somebody has the deposit. */
  readonly entryHash: string
  /** Id of the deposit's statement. */
  readonly jti: string
}

async function cast(reading: 'public' | 'participants'): Promise<Cast> {
  const server = await testServer({ reading })
  const other = await server.admit('other', ['depositor'])
  const attestor = await server.admit('attestor', ['attestor'])
  const auditor = await server.admit('auditor', ['auditor'])
  await server.fill(300)
  const jti = randomUUID()
  const { index, receipt } = (await server.post(server.deposit('own', { jti }).presentation)).json<DepositAnswer>()
  const entryHash = toBase64(statusHash(parseReceipt(utf8(receipt ?? '')).entryBytes))
  // The depositor's first key is revoked, by its second it reads on.
  const second = { id: server.depositor.id, key: signerNamed(`second ${randomUUID()}`) }
  const place = { aud: server.origin, iss: second.id, jti: randomUUID() }
  const possession = composePossession({ ...place, old: server.depositor.key.thumbprint }, second.key)
  const members = { newKey: second.key.jwk, possession }
  await server.post(server.sign(server.depositor, 'participant.rotate-key', members, place).presentation)
  await server.administer('participant.revoke', { key: server.depositor.key.thumbprint, reason: 'compromised' })
  const readers = [undefined, server.administrator, second, other, attestor, auditor, server.depositor]
  return { server, readers, index, entryHash, jti }
}

function pathOf(operation: string, { index, entryHash, jti }: Cast): string {
  const paths: Readonly<Record<string, string>> = {
    'GET /v1/entries/{index}/status with entryHash': `/v1/entries/${index}/status?entryHash=${encodeURIComponent(entryHash)}`,
    'GET /v1/proofs/inclusion': '/v1/proofs/inclusion?index=1&size=200',
    'GET /v1/proofs/consistency': '/v1/proofs/consistency?from=100&to=200',
    'GET /tile/{path}': '/tile/0/000',
    'GET /tile/{path} of entries': '/tile/entries/000',
    'GET /v1/timestamps/{size}': '/v1/timestamps/2',
    'POST /v1/timestamps': '/v1/timestamps',
    'GET /v1/replication': '/v1/replication?from=0&erasures=0&wait=0',
    'GET /v1/statements/{participant}/{jti}': `/v1/statements/depositor/${jti}`,
    'POST /v1/receipts': '/v1/receipts',
    'POST /v1/entries/search': '/v1/entries/search',
  }
  return paths[operation] ?? operation.slice(4).replace('{index}', String(index))
}

/** The body of a request that has one. */
function documentOf(operation: string, { index }: Cast): object | undefined {
  if (operation === 'POST /v1/receipts') return { indices: [index] }
  return operation === 'POST /v1/entries/search' ? { digests: [`sha256:${'0'.repeat(64)}`] } : undefined
}

it('F-H3, F-H4: reading rights are decided in one file', () => {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const files = ['server', 'src/ledger'].flatMap((folder) =>
    readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name}`),
  )
  // Look-up keys are laid out by what a reader may search; who may search what is decided there too.
  const deciding = files.filter((name) =>
    /\.reading ===|\.reading !==|roles\.includes|hasRole/.test(readFileSync(`${root}${name}`, 'utf8')),
  )
  expect(deciding).toEqual(['src/ledger/rights.ts'])
})

describe.each([
  ['Reading, where the ledger is read by participants', 'participants'],
  ['Reading, where it is public', 'public'],
] as const)('%s', (heading, reading) => {
  let all: Cast
  const table = tableOf(heading)

  beforeAll(async () => {
    all = await cast(reading)
  })
  afterAll(() => all.server.remove())

  it('has a row for each route that a server has', async () => {
    const document = (await all.server.request('/openapi.json')).json()
    const operations = operationsOf(document).map(({ method, path }) => `${method} ${path}`)
    const expected = [
      ...operations.filter((one) => one !== 'POST /v1/statements'),
      'GET /tile/{path} of entries',
      'GET /v1/entries/{index}/status with entryHash',
    ]
    expect([...table.keys()].sort()).toEqual(expected.sort())
  })

  it.each([...table])('%s', async (operation, cells) => {
    const { server, readers } = all
    const found = await Promise.all(
      readers.map(async (reader) => {
        const headers = reader === undefined ? {} : { authorization: `Bearer ${server.token(reader)}` }
        const method = operation.slice(0, operation.indexOf(' '))
        const document = documentOf(operation, all)
        const sent = document === undefined ? {} : { body: JSON.stringify(document) }
        const type = document === undefined ? {} : { 'content-type': 'application/json' }
        return String(
          (await server.request(pathOf(operation, all), { method, headers: { ...headers, ...type }, ...sent })).status,
        )
      }),
    )
    expect(found).toEqual(cells)
  })
})

describe('statements', () => {
  let server: TestServer
  const table = tableOf('Statements')

  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it('have a row for each kind', () => {
    expect([...table.keys()]).toEqual([...kinds])
  })

  const sealedDigest = Buffer.alloc(32).toString('base64url')

  /** A reference to a new deposit. */
  async function target(by: Party = server.depositor): Promise<UnitReference> {
    const answer = await server.post(server.deposit(randomUUID(), {}, by).presentation)
    const { index, leafHash } = answer.json<DepositAnswer>()
    return { index, leafHash }
  }

  /** Claims that a kind needs sealed; a depositor grants the reading of its own deposit. */
  async function sealedBeside(kind: string, signer: Party): Promise<Partial<Record<SealedClaim, JsonValue>>> {
    if (kind === 'evidence.challenge') return { reasons: 'not the same telephone' }
    if (kind !== 'access.rule') return {}
    const of = [await target(signer.id.startsWith('depositor-') ? signer : server.depositor)]
    return { terms: { rule: 'grant', of: of.map((one) => ({ ...one })), to: ['administrator'], basis: 'order 1' } }
  }

  /** Members with which the kind would be in order, if the signer might. */
  async function membersOf(kind: string, signer: Party, jti: string): Promise<object> {
    const order = async (): Promise<object> => {
      const court = await server.admit(`court-${jti.slice(0, 8)}`, ['authority'])
      const { disclosures, presentation } = server.deposit(randomUUID(), { sealed: { note: 'x' } })
      const { index, leafHash } = (await server.post(presentation)).json<DepositAnswer>()
      const of = [{ index, leafHash, digests: disclosures.map(({ digest }) => digest) }]
      const ordered = server.sign(court, 'erasure.order', { of }, { sealed: { basis: 'Decision 12' } })
      const answer = (await server.post(ordered.presentation)).json<DepositAnswer>()
      return { index: answer.index, leafHash: answer.leafHash }
    }
    const newKey = signerNamed(`new ${jti}`)
    switch (kind) {
      case 'ledger.rotate-key': {
        const { origin } = server
        const { vkey } = (await server.request('/v1/ledger')).json<LedgerAnswer>()
        const key = verifierKey(origin, newKey.publicKey)
        const possession = signCheckpoint({ origin, size: 1, root: zeroHash }, key, newKey.sign)
        return { oldKey: vkey, newKey: key.text, reason: 'routine', possession }
      }
      case 'ledger.set-approvals':
        return { administrators: 1 }
      case 'ledger.set-format':
        return { version: 2 }
      case 'ledger.close':
      case 'ledger.end-intake':
        return { reason: 'ended' }
      case 'ledger.change': {
        const participant = { id: `p-${jti.slice(0, 8)}`, type: 'court', roles: ['auditor'], keys: [newKey.jwk] }
        const exp = Math.floor(Date.now() / 1000) + 3600
        const proposal = composeProposal({ aud: server.origin, jti, exp, kind: 'participant.admit' }, { participant })
        return changeMembers(approve(proposal, server.administrator.key))
      }
      case 'participant.admit':
        return {
          participant: { id: `p-${jti.slice(0, 8)}`, type: 'organisation', roles: ['auditor'], keys: [newKey.jwk] },
        }
      case 'participant.revoke':
        return { participant: (await server.admit(`gone-${jti.slice(0, 8)}`, ['auditor'])).id, reason: 'other' }
      case 'participant.rotate-key': {
        const place = { aud: server.origin, iss: signer.id, jti, old: thumbprint(signer.key.jwk) }
        return { newKey: newKey.jwk, possession: composePossession(place, newKey) }
      }
      case 'evidence.event':
        return { of: await target(), event: 'opened' }
      case 'evidence.challenge':
        return { of: await target() }
      case 'evidence.finding':
        return { of: await target(), finding: 'admitted' }
      case 'access.rule':
        return {}
      case 'custody.transfer':
        return released(await target(), signer)
      case 'custody.end':
      case 'custody.resume': {
        const of = await target()
        // Where the signer may have custody, it takes over first.
        await server.post(server.sign(signer, 'custody.transfer', released(of, signer)).presentation)
        const end = { of: [of], how: 'lost' }
        if (kind === 'custody.end') return end
        await server.post(server.sign(signer, 'custody.end', end).presentation)
        return { of: [of], reason: 'found' }
      }
      case 'evidence.attest':
        return { of: await target(), as: 'holder' }
      case 'evidence.retract':
        return {
          of: await target(signer.id === 'administrator' || signer.id.startsWith('a') ? server.depositor : signer),
          reason: 'mistake',
        }
      case 'erasure.order':
        return { of: [{ ...(await target()), digests: [sealedDigest] }], _sd: [sealedDigest], _sd_alg: 'sha-256' }
      case 'erasure.report':
        return { of: await order(), where: 'backup', outcome: 'gone' }
      default:
        return { items: [itemFor(jti)] }
    }
  }

  function released(of: UnitReference, { id: to }: Party): object {
    const { origin: aud, depositor } = server
    const told = { aud, iss: depositor.id, to, exhibits: [of], since: of.index, iat: Math.floor(Date.now() / 1000) }
    return transferMembers(releaseBy(depositor.key, told), 'accepted', 1)
  }

  it.each([...table])('%s', async (kind, cells) => {
    const suffix = kind.replace('.', '-')
    const signers: Party[] = [
      { id: 'depositor', key: signerNamed('nobody') },
      server.administrator,
      await server.admit(`depositor-${suffix}`, ['depositor']),
      await server.admit(`attestor-${suffix}`, ['attestor']),
      await server.admit(`auditor-${suffix}`, ['auditor']),
    ]
    // The administrator, whose only key would be replaced, has a second who rotates.
    if (kind === 'participant.rotate-key') signers[1] = await server.admit('second', ['administrator'])
    const found: string[] = []
    for (const signer of signers) {
      const jti = randomUUID()
      const members = await membersOf(kind, signer, jti)
      const sealed = await sealedBeside(kind, signer)
      const answer = await server.post(server.sign(signer, kind, members, { jti, sealed }).presentation)
      found.push(answer.status === 201 ? '201' : problemIn(answer).code)
    }
    expect(found).toEqual(cells)
  })
})
