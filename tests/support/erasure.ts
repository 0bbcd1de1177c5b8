import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { joinPresentation, makeDisclosure } from '../../src/core/disclosure.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import type { ComposedStatement, Signer } from '../../src/statements/compose.ts'
import type { Party } from './server.ts'
import { statement } from './statements.ts'

/** What an order names of an entry. */
export interface OrderTarget {
  readonly index: number
  readonly leafHash: string
  readonly digests: readonly string[]
}

/** All claims of an entry as a target of an order. */
export function targetOf(
  made: ComposedStatement,
  { index, leafHash }: { readonly index: number; readonly leafHash: string },
): OrderTarget {
  return { index, leafHash, digests: made.disclosures.map(({ digest }) => digest) }
}

/** An order to erase as a change that some approved, handed in by one participant; what is sent. */
export function orderByChange(
  origin: string,
  of: readonly OrderTarget[],
  approvers: readonly Signer[],
  by: Party,
): string {
  const basis = makeDisclosure(randomSalt(16), 'basis', 'Decision 12')
  const context = { aud: origin, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 3600 }
  const members = { of, _sd: [basis.digest], _sd_alg: 'sha-256' }
  const proposal = composeProposal({ ...context, kind: 'erasure.order' }, members, [basis.text])
  const file = approvers.reduce((approved, signer) => approve(approved, signer), proposal)
  const { jws } = statement(by.key, origin, 'ledger.change', changeMembers(file), { iss: by.id })
  return joinPresentation(jws, [basis.text])
}

/** Pieces of the salts of a statement's disclosures: random, so that each is a trace wherever it is found. */
export function tracesOf({ disclosures }: Pick<ComposedStatement, 'disclosures'>): Buffer[] {
  return disclosures.map(({ text }) => Buffer.from(text.slice(6, 26)))
}

/** Files below a folder that hold one of some traces, by their paths in it. */
export function filesWith(root: string, traces: readonly Buffer[]): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(root, name)
    if (!statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return traces.some((trace) => bytes.includes(trace))
  })
}
