import type { LedgerClient, LedgerInfo } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ClientOptions } from '../options/client.ts'
import { depositPolicy, findPolicy } from '../options/policy.ts'
import type { Output } from '../render/output.ts'

/*
 * For which ledger a user signs. Anybody who holds a statement can hand it to the ledger that it names, so a server's word does not
 * choose that ledger: docs/design/client.md.
 */

declare const isAudience: unique symbol
/** The origin of a ledger that statements may be signed for: one that a server named and a policy holds, or one that the user named. */
export type Audience = string & { readonly [isAudience]: true }

/** The ledger that the user named: in a request, in a proposal that they approve, or as their own. Never for what a server says. */
export function namedAudience(origin: string): Audience {
  return origin as Audience
}

/** A ledger that statements are signed for and sent to. */
export interface SigningLedger {
  readonly client: LedgerClient
  readonly origin: Audience
  /** The policy under which its receipts are checked before they are believed. */
  readonly policy: Policy
  /** What its server says of it. */
  readonly info: LedgerInfo
}

/**
 * The ledger of a server, to be signed for: one that the user's own policy names. Where they have none, it is the one that the server
 * says, and they are told so. Throws `server-other-ledger`, and the codes of a policy and of a request.
 */
export async function signingLedger(
  options: ClientOptions,
  client: LedgerClient,
  output: Output,
): Promise<SigningLedger> {
  const info = await client.ledger()
  const policy = depositPolicy(options, info, output)
  return trusted(client, info, policy, findPolicy(options)?.path ?? 'the policy that it gives')
}

/** The ledger of a server under a policy that the user named. Throws as {@link signingLedger}. */
export async function signingLedgerUnder(client: LedgerClient, policy: Policy, path: string): Promise<SigningLedger> {
  return trusted(client, await client.ledger(), policy, path)
}

function trusted(client: LedgerClient, info: LedgerInfo, policy: Policy, path: string): SigningLedger {
  const { origin } = info
  const names = policy.logs.map(({ key }) => key.name)
  if (!names.includes(origin)) {
    throw new EvidenceError(
      'server-other-ledger',
      `${client.url} says that it is the ledger ${origin}, and ${path} names ${names.join(', ')}; nothing was signed for it`,
      { where: client.url, expected: names.join(', '), found: origin },
    )
  }
  return { client, origin: origin as Audience, policy, info }
}

/** Requires that what was signed before, or approved, is for the ledger that it would be sent to. Throws `server-other-ledger`. */
export function requireAudience(aud: string, { client, origin }: SigningLedger, path: string): Audience {
  if (aud === origin) return origin
  throw new EvidenceError(
    'server-other-ledger',
    `${path} is for the ledger ${aud}, and ${client.url} is ${origin}; it was not sent`,
    { where: path, expected: aud, found: origin },
  )
}
