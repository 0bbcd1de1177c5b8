import { randomUUID } from 'node:crypto'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { leafHash, zeroHash } from '../../src/core/entry.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { verifierKey } from '../../src/core/note.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { composePossession, type Signer } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { emptyRegistry, type Registry } from '../../src/statements/registry.ts'
import { judge, type Judgement } from '../../src/statements/rulebook.ts'
import type { History, TargetFacts } from '../../src/statements/rules.ts'
import { soundnessOf, targetFactsOf } from '../../src/statements/said.ts'
import { readEnvelope, readStatement, type Statement } from '../../src/statements/statement.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { administrator, ledgerKey, origin, startMs } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, type StatementOptions, statement } from '../support/statements.ts'

installNativePrimitives()

export { administrator, ledgerKey, origin, startMs }
export const iat = startMs / 1000

/** Reads a JWS as the rulebook is given it. */
export function statementOf(jws: string): Statement {
  return readStatement(readEnvelope(jws))
}

export function violationsOf(judgement: Judgement): ErrorCode[] {
  return judgement.violations.map(({ code }) => code)
}

/** Where in the statement something was left unjudged. */
export function unjudgedOf(judgement: Judgement): (string | undefined)[] {
  return judgement.unjudged.map(({ facts }) => facts.where)
}

export interface SayOptions extends StatementOptions {
  /** Milliseconds after the genesis; the next second unless given. */
  readonly afterMs?: number
  /** The alg in the header, for those of later versions. */
  readonly jws?: (composed: string) => string
}

/** A registry with its history, entry by entry: what a walk keeps, without entries and tree. */
export class RuleBench implements History {
  registry: Registry = emptyRegistry(origin)
  readonly targets: TargetFacts[] = []
  private readonly used = new Map<string, number>()

  findStatement(iss: string, jti: string): number | undefined {
    return this.used.get(`${iss} ${jti}`)
  }
  target(index: number): TargetFacts | undefined {
    return this.targets[index]
  }

  /** Judges a JWS as the next entry, and changes nothing. */
  judgeJws(jws: string, afterMs = this.targets.length * 1000): Judgement {
    const timeMs = startMs + afterMs
    const entry = {
      index: this.targets.length,
      time: new Date(timeMs).toISOString(),
      timeMs,
      statement: statementOf(jws),
    }
    return judge(this.registry, entry, this, { origin, ledgerKeys: [ledgerKey.text], verifies: verifyEd25519 })
  }

  /** Judges a JWS as the next entry, and goes on as a walk does. */
  sealJws(jws: string, afterMs?: number): Judgement {
    const judgement = this.judgeJws(jws, afterMs)
    const statement = statementOf(jws)
    const { iss, jti } = statement.common
    if (judgement.usesStatementId) this.used.set(`${iss} ${jti}`, this.targets.length)
    this.registry = judgement.next
    this.targets.push(targetFactsOf(statement, leafHash(utf8(jws)), soundnessOf(judgement)))
    return judgement
  }

  /** Says something as somebody, and seals it. */
  say(signer: Signer, iss: string, kind: string, members: object, options: SayOptions = {}): Judgement {
    const { afterMs, jws = (text) => text, ...rest } = options
    return this.sealJws(jws(statement(signer, origin, kind, members, { iss, iat, ...rest }).jws), afterMs)
  }

  /** The genesis of one administrator. */
  begin(): this {
    this.say(administrator, 'administrator', 'ledger.genesis', genesis())
    return this
  }

  admit(id: string, roles: readonly string[], key: SigningKey = signerNamed(id), more: object = {}): Judgement {
    const participant = { id, type: 'organisation', roles, keys: [key.jwk], ...more }
    return this.say(administrator, 'administrator', 'participant.admit', { participant })
  }

  revoke(members: object): Judgement {
    return this.say(administrator, 'administrator', 'participant.revoke', { reason: 'requested', ...members })
  }

  rotate(iss: string, old: SigningKey, newKey: SigningKey): Judgement {
    const jti = `00000000-0000-4000-8000-${String(this.targets.length).padStart(12, '0')}`
    const possession = composePossession({ aud: origin, iss, jti, old: old.thumbprint }, newKey)
    return this.say(old, iss, 'participant.rotate-key', { newKey: newKey.jwk, possession }, { jti })
  }

  deposit(iss: string, count = 1, key: SigningKey = signerNamed(iss)): Judgement {
    const items = Array.from({ length: count }, (_, i) => itemFor(`content ${this.targets.length} ${i}`))
    return this.say(key, iss, 'evidence.deposit', { items })
  }

  /** A reference to an entry. */
  reference(index: number): { index: number; leafHash: string } {
    return { index, leafHash: toBase64(this.targets[index]?.leafHash as Uint8Array) }
  }
}

export function genesis(more: object = {}): object {
  const administrators = [{ id: 'administrator', keys: [administrator.jwk] }]
  return { origin, environment: 'trial', ledgerKeys: [ledgerKey.text], administrators, ...more }
}

/** Members of a rotation to the ledger key of a name, with a checkpoint of size 1 to show that somebody has it. */
export function rotation(name: string, more: object = {}): { newKey: string } & Record<string, unknown> {
  const signer = signerNamed(name)
  const key = verifierKey(origin, signer.publicKey)
  const possession = signCheckpoint({ origin, size: 1, root: zeroHash }, key, signer.sign)
  return { oldKey: ledgerKey.text, newKey: key.text, reason: 'routine', possession, ...more }
}

/** Members of a change that these signers approved; "administrator" is the first administrator's key. */
export function changeBy(
  kind: Kind,
  members: object,
  approvers: readonly string[],
  { exp = iat + 3600, jti = randomUUID(), aud = origin } = {},
): ReturnType<typeof changeMembers> {
  const file = composeProposal({ aud, jti, exp, kind }, members)
  return changeMembers(approvers.reduce((made, name) => approve(made, signerNamed(name)), file))
}

/** Puts another alg in a JWS' header, and signs nothing anew. */
export function withAlg(jws: string, alg: string, signature?: Uint8Array): string {
  const [header, payload, old] = jws.split('.') as [string, string, string]
  const parsed = JSON.parse(Buffer.from(header, 'base64url').toString()) as object
  const changed = Buffer.from(JSON.stringify({ ...parsed, alg })).toString('base64url')
  return `${changed}.${payload}.${signature === undefined ? old : Buffer.from(signature).toString('base64url')}`
}
